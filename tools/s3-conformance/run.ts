/**
 * ceph/s3-tests, whole, by one command: `node tools/s3-conformance/run.ts CHECKOUT [--old-bucket-defaults] [--shards N] [-k EXPRESSION]`.
 * The checkout is fetched by hand; nothing of it is in this repository. The tests are dealt to a few shards, since many of them sleep;
 * each shard has a cloud of its own over TLS (cloud.ts), gone afterwards. Results stay in .cache/s3-conformance/.
 */
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { startCloud } from './cloud.ts';
import { readResults, type TestResult, tableOf } from './results.ts';

const ROOT = join(import.meta.dirname, '../..');
const FOLDER = join(ROOT, '.cache', 's3-conformance');
const PYTHON = join(FOLDER, 'python', 'bin', 'python');
/** What the suite's tests import; its own list has more, which needs a compiler. */
const PACKAGES = 'boto3 httplib2 isodate lxml munch pytest pytest-timeout pytz PyYAML requests'.split(' ');
/** What AWS itself does not pass, by the suite's own word. */
const MARKS = 'not fails_on_aws';
const TEST_LIMIT_SECONDS = 300;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    'old-bucket-defaults': { type: 'boolean', default: false },
    shards: { type: 'string', default: '4' },
    k: { type: 'string', short: 'k', default: '' },
  },
});
const [given = ''] = positionals;
const checkout = resolve(given);
if (!existsSync(join(checkout, 's3tests', 'functional'))) {
  console.log(`"${given}" is no checkout of ceph/s3-tests: node tools/s3-conformance/run.ts CHECKOUT`);
  process.exit(2);
}

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

const pytest = (args: readonly string[], conf: string, onText: (text: string) => void, authorityFile = '') =>
  run({
    command: PYTHON,
    args: ['-m', 'pytest', '-p', 'no:cacheprovider', '-p', 'regions', '-p', 'dialect', ...args],
    env: {
      S3TEST_CONF: conf,
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
  await pytest(['--collect-only', '-q', '-m', MARKS, ...expression, 's3tests/functional'], conf, onText);
  const tests = text.split('\n').filter((line) => line.includes('::'));
  if (tests.length === 0) throw new Error(`pytest collected nothing:\n${text}`);
  return tests;
}

/** They read from a header in how many days something ends. */
const NEEDS_WHOLE_DAY = /lifecycle_expiration_header/;

/** Tests of one shard, one after another; `done` hears how many more have ended. */
async function runShard(index: number, tests: readonly string[], done: (count: number) => void): Promise<TestResult[]> {
  const day = NEEDS_WHOLE_DAY.test(tests[0] ?? '') ? 'whole' : 'short';
  const home = mkdtempSync(join(tmpdir(), 'makonis-s3-tests-'));
  // A cloud that root starts becomes another user.
  chmodSync(home, 0o755);
  const cloud = await startCloud(ROOT, home, { oldBucketDefaults: values['old-bucket-defaults'], day });
  try {
    const [list, report] = [join(home, 'tests.txt'), join(home, 'report.xml')];
    writeFileSync(list, tests.join('\n'));
    let said = '';
    const onText = (text: string): void => {
      said += text;
      done(text.match(/\d%\]/g)?.length ?? 0);
    };
    const limits = [`--timeout=${TEST_LIMIT_SECONDS}`, '--tb=short', '-v', `--junitxml=${report}`];
    await pytest([...limits, `@${list}`], cloud.conf, onText, cloud.authorityFile);
    writeFileSync(join(FOLDER, `shard-${index}.log`), said);
    return readResults(report);
  } finally {
    await cloud.stop();
    rmSync(home, { recursive: true, force: true });
  }
}

await installPython();
const tests = await collect(join(checkout, 's3tests.conf.SAMPLE'));
const shards = Math.min(Number(values.shards), tests.length);
const start = performance.now();
let ended = 0;
const done = (count: number): void => {
  if (count === 0) return;
  ended += count;
  process.stdout.write(`\r${ended} of ${tests.length}, ${((performance.now() - start) / 1000).toFixed(0)} s `);
};
const others = tests.filter((test) => !NEEDS_WHOLE_DAY.test(test));
const dealt = [
  ...Array.from({ length: shards }, (_, shard) => others.filter((_, at) => at % shards === shard)),
  tests.filter((test) => NEEDS_WHOLE_DAY.test(test)),
].filter((mine) => mine.length > 0);
const running = dealt.map((mine, index) => runShard(index, mine, done));
// One that fails ends all, each with its cloud.
for (const shard of running) shard.catch(() => stopping.abort());
await Promise.allSettled(running);
const results = (await Promise.all(running)).flat();
const file = join(FOLDER, values['old-bucket-defaults'] ? 'old-defaults.tsv' : 'defaults.tsv');
writeFileSync(file, tableOf(results));
const count = (outcome: TestResult['outcome']): number => results.filter((each) => each.outcome === outcome).length;
console.log(`\n${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped: ${file}`);
