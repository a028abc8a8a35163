/**
 * ceph/s3-tests, by one command: `node tools/s3-conformance/run.ts CHECKOUT [--old-bucket-defaults] [--shards N] [-k EXPRESSION] [--again]
 * [--anew]`. All of it, or with --again what did not pass the last time, or with -k what the expression names, beside what is known of the rest.
 * Results are kept as they come: a run that was stopped goes on, or begins anew with --anew.
 * The checkout is fetched by hand; nothing of it is in this repository. The tests are dealt to a few shards, since many of them sleep;
 * each shard has a cloud of its own over TLS (cloud.ts), gone afterwards. Results stay in .cache/s3-conformance/.
 */
import { spawn } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { startCloud } from './cloud.ts';
import { canSetUp } from './reasons.ts';
import { readTable, type TestResult, tableOf } from './results.ts';

const ROOT = join(import.meta.dirname, '../..');
const FOLDER = join(ROOT, '.cache', 's3-conformance');
const PYTHON = join(FOLDER, 'python', 'bin', 'python');
/** What the suite's tests import; its own list has more, which needs a compiler. */
const PACKAGES = 'boto3 httplib2 isodate lxml munch pytest pytest-timeout pytz PyYAML requests'.split(' ');
/** Beside this file; the first come first. */
const PLUGINS = ['regions', 'dialect', 'headers', 'set_up', 'keep'];
/** What AWS itself does not pass, by the suite's own word. */
const MARKS = 'not fails_on_aws';
const TEST_LIMIT_SECONDS = 300;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    'old-bucket-defaults': { type: 'boolean', default: false },
    shards: { type: 'string', default: '4' },
    k: { type: 'string', short: 'k', default: '' },
    again: { type: 'boolean', default: false },
    anew: { type: 'boolean', default: false },
  },
});
const [given = ''] = positionals;
const checkout = resolve(given);
if (!existsSync(join(checkout, 's3tests', 'functional'))) {
  console.log(`"${given}" is no checkout of ceph/s3-tests: node tools/s3-conformance/run.ts CHECKOUT`);
  process.exit(2);
}

const file = join(FOLDER, values['old-bucket-defaults'] ? 'old-defaults.tsv' : 'defaults.tsv');
/** What a run that has not ended has found. */
const unended = file.replace(/(?=\.tsv$)/, values.k === '' ? '-under-way' : '-some-under-way');
const underWay = { first: unended, setUp: unended.replace(/(?=\.tsv$)/, '-set-up') };

/** Ctrl-C, however often, ends the tests; each shard then stops its cloud. */
const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stopping.abort());

interface Run {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly onText?: (text: string) => void;
}

/** Runs to its end; what it says goes to `onText`. */
const run = ({ command, args, env = {}, onText = () => {} }: Run): Promise<number | null> =>
  new Promise((ended, failed) => {
    const options = { cwd: checkout, env: { ...process.env, ...env }, signal: stopping.signal };
    const child = spawn(command, args, options);
    child.stdout.setEncoding('utf8').on('data', onText);
    child.stderr.setEncoding('utf8').on('data', onText);
    child.on('error', failed).on('close', ended);
  });

async function installPython(): Promise<void> {
  if (existsSync(PYTHON)) return;
  mkdirSync(FOLDER, { recursive: true });
  await run({ command: 'python3', args: ['-m', 'venv', join(FOLDER, 'python')] });
  const code = await run({ command: PYTHON, args: ['-m', 'pip', 'install', '-q', ...PACKAGES] });
  if (code === 0) return;
  rmSync(join(FOLDER, 'python'), { recursive: true, force: true });
  throw new Error('pip could not install what the suite needs');
}

interface Pytest {
  readonly args: readonly string[];
  readonly conf: string;
  readonly authorityFile?: string;
  readonly bucketsSetUp?: boolean;
  /** The file that results go to. */
  readonly results?: string;
  readonly onText: (text: string) => void;
}

const pytest = ({ args, conf, authorityFile = '', bucketsSetUp = false, results, onText }: Pytest) =>
  run({
    command: PYTHON,
    args: ['-m', 'pytest', ...['no:cacheprovider', ...PLUGINS].flatMap((plugin) => ['-p', plugin]), ...args],
    env: {
      S3TEST_CONF: conf,
      ...(bucketsSetUp && { BUCKETS_SET_UP: 'yes' }),
      ...(results !== undefined && { RESULTS: results }),
      AWS_DEFAULT_REGION: 'us-east-1',
      // Whoever runs this may have settings of their own.
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
      AWS_CA_BUNDLE: authorityFile,
      REQUESTS_CA_BUNDLE: authorityFile,
      ...(authorityFile !== '' && { SSL_CERT_FILE: authorityFile }),
      PYTHONPATH: import.meta.dirname,
      PYTHONDONTWRITEBYTECODE: '1',
      PYTHONUNBUFFERED: '1',
    },
    onText,
  });

async function collect(conf: string): Promise<string[]> {
  let text = '';
  const expression = values.k === '' ? [] : ['-k', values.k];
  const onText = (more: string): void => {
    text += more;
  };
  await pytest({ args: ['--collect-only', '-q', '-m', MARKS, ...expression, 's3tests/functional'], conf, onText });
  const tests = text.split('\n').filter((line) => line.includes('::'));
  if (tests.length === 0) throw new Error(`pytest collected nothing:\n${text}`);
  return tests;
}

/** They read from a header in how many days something ends. */
const NEEDS_WHOLE_DAY = /lifecycle_expiration_header/;

interface Shard {
  readonly label: string;
  readonly tests: readonly string[];
  readonly bucketsSetUp: boolean;
  readonly results: string;
  /** Hears how many more have ended. */
  readonly done: (count: number) => void;
}

/** Its tests one after another. */
async function runShard({ label, tests, bucketsSetUp, results, done }: Shard): Promise<void> {
  const day = NEEDS_WHOLE_DAY.test(tests[0] ?? '') ? 'whole' : 'short';
  const home = mkdtempSync(join(tmpdir(), 'makonis-s3-tests-'));
  // A cloud that root starts becomes another user.
  chmodSync(home, 0o755);
  const cloud = await startCloud(ROOT, home, { oldBucketDefaults: values['old-bucket-defaults'], day });
  try {
    const [list, log] = [join(home, 'tests.txt'), join(FOLDER, `shard-${label}.log`)];
    writeFileSync(list, tests.join('\n'));
    writeFileSync(log, '');
    const onText = (text: string): void => {
      appendFileSync(log, text);
      done(text.match(/\d%\]/g)?.length ?? 0);
    };
    const args = [`--timeout=${TEST_LIMIT_SECONDS}`, '--tb=short', '-v', `@${list}`];
    await pytest({ args, conf: cloud.conf, authorityFile: cloud.authorityFile, bucketsSetUp, results, onText });
  } finally {
    await cloud.stop();
    rmSync(home, { recursive: true, force: true });
  }
}

/** `s3tests/functional/test_s3.py::test_x` as results have it. */
const nameOf = (test: string): string => test.replace(/^.*\//, '').replace('.py::', '::');

const tableIn = (path: string): TestResult[] => (existsSync(path) ? readTable(readFileSync(path, 'utf8')) : []);

const named = (results: readonly TestResult[]): Map<string, TestResult> =>
  new Map(results.map((each) => [each.name, each]));

/** What is not in `results` yet, dealt to shards, each with a cloud of its own. */
async function runAll(all: readonly string[], results: string, bucketsSetUp: boolean): Promise<TestResult[]> {
  const kept = named(tableIn(results));
  const tests = all.filter((test) => !kept.has(nameOf(test)));
  if (tests.length < all.length) console.log(`${all.length - tests.length} have run before the run was stopped`);
  const start = performance.now();
  let ended = 0;
  const done = (count: number): void => {
    if (count === 0) return;
    ended += count;
    process.stdout.write(`\r${ended} of ${tests.length}, ${((performance.now() - start) / 1000).toFixed(0)} s `);
  };
  const others = tests.filter((test) => !NEEDS_WHOLE_DAY.test(test));
  const shards = Number(values.shards);
  const dealt = [
    ...Array.from({ length: shards }, (_, shard) => others.filter((_, at) => at % shards === shard)),
    tests.filter((test) => NEEDS_WHOLE_DAY.test(test)),
  ].filter((mine) => mine.length > 0);
  const running = dealt.map((mine, index) =>
    runShard({ label: `${bucketsSetUp ? 'set-up-' : ''}${index}`, tests: mine, bucketsSetUp, results, done }),
  );
  // One that fails ends all, each with its cloud.
  for (const shard of running) shard.catch(() => stopping.abort());
  await Promise.allSettled(running);
  await Promise.all(running);
  const found = named(tableIn(results));
  return all.map(nameOf).flatMap((name) => found.get(name) ?? []);
}

/** Those that fail by what a bucket of today is are run once more, on buckets that are set up for what they do. */
async function withBucketsSetUp(tests: readonly string[], results: readonly TestResult[]): Promise<TestResult[]> {
  const failed = named(results.filter(({ outcome, name, why }) => outcome === 'failed' && canSetUp(name, why)));
  if (failed.size === 0) return [...results];
  console.log(`\n${failed.size} once more, with buckets set up`);
  const again = await runAll(
    tests.filter((test) => failed.has(nameOf(test))),
    underWay.setUp,
    true,
  );
  const second = named(again);
  return results.map((each) => {
    const other = second.get(each.name);
    if (other === undefined) return each;
    return other.outcome === 'passed' ? { ...other, why: each.why } : other;
  });
}

async function main(): Promise<void> {
  await installPython();
  const collected = await collect(join(checkout, 's3tests.conf.SAMPLE'));
  const asked = new Set(collected.map(nameOf));
  const before = tableIn(file).filter(
    ({ name, outcome }) => (values.again && outcome === 'passed') || (values.k !== '' && !asked.has(name)),
  );
  const known = named(before);
  const tests = collected.filter((test) => !known.has(nameOf(test)));
  const first = await runAll(tests, underWay.first, false);
  const results = [...before, ...(values['old-bucket-defaults'] ? first : await withBucketsSetUp(tests, first))];
  writeFileSync(file, tableOf(results));
  for (const each of Object.values(underWay)) rmSync(each, { force: true });
  const count = (outcome: TestResult['outcome']): number => results.filter((each) => each.outcome === outcome).length;
  console.log(`\n${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped: ${file}`);
}

// A few tests are run because something changed: what they gave before says nothing.
if (values.anew || values.k !== '') for (const each of Object.values(underWay)) rmSync(each, { force: true });
try {
  await main();
} catch (error) {
  if (!stopping.signal.aborted) throw error;
  if (!(error instanceof Error && error.name === 'AbortError')) console.error(error);
  console.log('\nstopped; the same command goes on from here');
  process.exitCode = 1;
}
