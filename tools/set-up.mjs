/**
 * Everything that the checks and tests need on a fresh machine with Node 20 and npm: packages, Node 24, Debian packages (as root),
 * a Python environment with AWS's clients, the published vectors, generated types. Each step does only what is missing.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { buildConsole, compileCache, findNode, installPackages, root } from '../bin/runtime.mjs';

/** The clients that tests drive from outside. aws-cli 1 carries its own botocore; boto3's is that of our models. */
const PYTHON_PACKAGES = ['awscli==1.46.3', 'boto3==1.44.5', 'aws-encryption-sdk==4.0.7'];
const python = join(root, '.cache', 'python');

const MACHINES = 'the tests of virtual machines and their networks are left out';
/** Programs that tests start: the Debian package, how to see that it is there, and what is lost without it. */
const DEBIAN_PACKAGES = [
  { name: 'qemu-system-x86', test: ['qemu-system-x86_64', '--version'], loss: MACHINES },
  { name: 'qemu-utils', test: ['qemu-img', '--version'], loss: MACHINES },
  { name: 'iproute2', test: ['ip', '-V'], loss: MACHINES },
  { name: 'nftables', test: ['nft', '--version'], loss: MACHINES },
  { name: 'e2fsprogs', test: ['mke2fs', '-V'], loss: 'the tests that build images are left out' },
  {
    name: 'postgresql',
    test: ['sh', '-c', 'ls /usr/lib/postgresql/*/bin/initdb'],
    loss: 'the tests of the store over PostgreSQL are left out',
  },
  { name: 'strace', test: ['strace', '-V'], loss: 'the tests that count fdatasync calls are left out' },
  { name: 'openssl', test: ['openssl', 'version'], loss: 'the tests of certificates are left out' },
  {
    name: 'python3-venv',
    test: ['python3', '-c', 'import ensurepip, venv'],
    loss: 'the tests by AWS CLI and boto3 and those of the published vectors are left out',
  },
  {
    name: 'chromium',
    test: ['sh', '-c', 'command -v chromium'],
    loss: 'the tests of the web console in a browser are left out',
  },
  { name: 'openssh-client', test: ['sh', '-c', 'command -v ssh'], loss: 'no test goes into a machine by ssh' },
  {
    // Version 2 is not on PyPI; version 1 is, and comes from there. `aws login` needs 2.32: a newer one on the PATH is used for it.
    name: 'awscli',
    test: ['sh', '-c', 'for aws in $(which -a aws); do $aws --version; done 2>&1 | grep -q ^aws-cli/2'],
    loss: 'the tests by version 2 of the AWS CLI are left out',
  },
];

export const say = (text) => process.stdout.write(`${text}\n`);

/** Runs one step of a list and says how long it took. */
export async function timed(name, action) {
  const start = performance.now();
  say(`── ${name}`);
  const result = await action();
  say(`   ${((performance.now() - start) / 1000).toFixed(1)} s`);
  return result;
}

/** Runs a program with its output shown; answers whether it succeeded. */
export function run(command, args, env = process.env) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, env, stdio: ['ignore', 'inherit', 'inherit'] });
    child.on('error', (error) => {
      say(`${command}: ${error.message}`);
      resolve(false);
    });
    child.on('exit', (code) => resolve(code === 0));
  });
}

/** What tests and checks run in: no settings of the user's own, Node 24 and the Python clients first. */
export function environment(node) {
  const own = Object.entries(process.env).filter(([name]) => !/^(AWS|MAKONIS|NODE_TEST)_/.test(name));
  return {
    ...Object.fromEntries(own),
    PATH: [join(python, 'bin'), dirname(node), process.env.PATH].join(delimiter),
    NODE_COMPILE_CACHE: compileCache,
    NODE_NO_WARNINGS: '1',
  };
}

/** Node and npm packages: enough for `npm run check`. */
export async function setUpNode() {
  await timed('npm packages', () => installPackages({ dev: true }));
  const node = await timed('Node 24', findNode);
  await timed('web console', () => buildConsole(node));
  const env = environment(node);
  await timed('types of the models', () => must(run(node, ['tools/generate-models/types.ts'], env), 'types'));
  return { node, env };
}

export async function setUp() {
  const { node, env } = await setUpNode();
  const { hasPython } = await timed('Debian packages', installDebianPackages);
  if (hasPython) {
    await timed('Python clients', () => installPython(env));
    await timed('published vectors', () => must(run(node, ['tools/vectors/fetch.ts'], env), 'the vectors'));
  }
  return { node, env, hasPython };
}

async function must(succeeded, what) {
  if (await succeeded) return;
  say(`set-up failed: ${what}`);
  process.exit(1);
}

const isThere = ([command, ...args]) => spawnSync(command, args, { stdio: 'ignore' }).status === 0;

/** Its hundred lines are shown only when it fails. */
function apt(...args) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const { status, error, stdout, stderr } = spawnSync('apt-get', ['-qq', ...args], { env, encoding: 'utf8' });
  if (status !== 0) say(`${error?.message ?? stdout + stderr}\n   apt-get ${args[0]} failed`);
}

/** Tests make clusters of their own: the package shall neither make one nor start it. */
function leaveOutMainCluster() {
  const settings = '/etc/postgresql-common/createcluster.conf';
  if (existsSync(settings)) return;
  mkdirSync(dirname(settings), { recursive: true });
  writeFileSync(settings, 'create_main_cluster = false\n');
}

function installDebianPackages() {
  const missing = DEBIAN_PACKAGES.filter(({ test }) => !isThere(test));
  const isAble = process.getuid?.() === 0 && isThere(['apt-get', '--version']);
  if (missing.length > 0 && isAble) {
    apt('update');
    if (missing.some(({ name }) => name === 'postgresql')) leaveOutMainCluster();
    const settings = ['-y', '--no-install-recommends', '-o', 'Dpkg::Options::=--force-confold'];
    apt('install', ...settings, ...missing.map(({ name }) => name));
  }
  const left = missing.filter(({ test }) => !isThere(test));
  for (const { name, loss } of left) say(`   missing: ${name}. ${loss}. Install it: apt-get install ${name}`);
  return { hasPython: left.every(({ name }) => name !== 'python3-venv') };
}

async function installPython(env) {
  const marker = join(python, 'packages.txt');
  const wanted = PYTHON_PACKAGES.join('\n');
  if (existsSync(marker) && spawnSync('cmp', ['-s', marker, '-'], { input: wanted }).status === 0) return;
  rmSync(python, { recursive: true, force: true });
  mkdirSync(dirname(python), { recursive: true });
  await must(run('python3', ['-m', 'venv', python]), 'a Python environment');
  const pip = join(python, 'bin', 'pip');
  const options = ['--quiet', '--disable-pip-version-check', '--no-compile'];
  await must(run(pip, ['install', ...options, ...PYTHON_PACKAGES], env), PYTHON_PACKAGES.join(' and '));
  writeFileSync(marker, wanted);
}
