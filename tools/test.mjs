/**
 * `npm test`: the set-up, `npm run check`, then every test. `npm test -- PATTERN…` runs the tests of these files alone. Plain
 * JavaScript for Node 20, since it fetches what the rest runs on.
 */
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { root } from '../bin/runtime.mjs';
import { check } from './check.mjs';
import { run, say, setUp, timed } from './set-up.mjs';

/** A test that hangs is a failure; the longest ones kill and restart a server many times. */
const TEST_LIMIT_MILLISECONDS = 300_000;

const testFiles = () =>
  ['src', 'test', 'tools'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true })
      .map((path) => `${folder}/${path}`)
      .filter((path) => path.endsWith('.test.ts'))
      .sort(),
  );

const start = performance.now();
const patterns = process.argv.slice(2);
const parts = await setUp();
const isClean = patterns.length > 0 || (await check(parts));
const args = [
  '--test',
  `--test-concurrency=${availableParallelism()}`,
  `--test-timeout=${TEST_LIMIT_MILLISECONDS}`,
  '--test-reporter=./tools/reporter.mjs',
  ...(patterns.length > 0 ? patterns : testFiles()),
];
const isPassed = await timed('tests', () => run(parts.node, args, parts.env));
say(`npm test: ${isClean && isPassed ? 'passed' : 'FAILED'} in ${((performance.now() - start) / 1000).toFixed(0)} s`);
process.exitCode = isClean && isPassed ? 0 : 1;
