/**
 * `npm test`: the set-up, `npm run check`, then every test. `npm test -- PATTERN…` runs the tests of these files alone. Plain
 * JavaScript for Node 20, since it fetches what the rest runs on.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../bin/runtime.mjs';
import { check } from './check.mjs';
import { run, say, setUp, timed } from './set-up.mjs';

/** A test that hangs is a failure; the longest ones kill and restart a server many times. */
const TEST_LIMIT_MILLISECONDS = 300_000;

/** They drive AWS's Python clients, or read vectors that pip fetches. */
const NEEDS_PYTHON = /^test\/(clients\/|cli\/(clients|package)\.|protocol\/(wire-|sigv4-vectors\.))/;

const testFiles = () =>
  ['src', 'test', 'tools'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true })
      .map((path) => `${folder}/${path}`)
      .filter((path) => path.endsWith('.test.ts'))
      .sort(),
  );

const start = performance.now();
const patterns = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'makonis-seen-'));
const seen = join(folder, 'answers.txt');
const parts = await setUp();
const isClean = patterns.length > 0 || (await check(parts));
const runTests = (files, concurrency) =>
  run(
    parts.node,
    [
      '--test',
      `--test-concurrency=${concurrency}`,
      `--test-timeout=${TEST_LIMIT_MILLISECONDS}`,
      '--test-reporter=./tools/reporter.mjs',
      ...files,
    ],
    { ...parts.env, SEEN_ANSWERS: seen },
  );
const wanted = patterns.length > 0 ? patterns : testFiles();
const files = parts.hasPython ? wanted : wanted.filter((file) => !NEEDS_PYTHON.test(file));
if (files.length < wanted.length) say(`left out, without Python: ${wanted.length - files.length} test files`);
// What measures CPU time runs when nothing else does.
const measuring = files.filter((file) => file.startsWith('test/performance/'));
const others = files.filter((file) => !measuring.includes(file));
const isMeasured = measuring.length === 0 || (await timed('measurements', () => runTests(measuring, 1)));
const isTested = others.length === 0 || (await timed('tests', () => runTests(others, availableParallelism())));
// Only a whole run meets all that is to be met.
const isMet =
  patterns.length > 0 ||
  (await timed('documented errors', () => run(parts.node, ['tools/met-errors/main.ts', seen], parts.env)));
rmSync(folder, { recursive: true, force: true });
const isPassed = isMeasured && isTested && isMet;
say(`npm test: ${isClean && isPassed ? 'passed' : 'FAILED'} in ${((performance.now() - start) / 1000).toFixed(0)} s`);
process.exitCode = isClean && isPassed ? 0 : 1;
