/**
 * Everything that the checks and tests need on a fresh machine with Node 20 and npm: packages, Node 24, Debian packages (as root),
 * a Python environment with AWS's clients, the published vectors, generated types. Each step does only what is missing.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { buildConsole, compileCache, findNode, installPackages, root } from '../bin/runtime.mjs';

/** The clients that tests drive from outside. aws-cli 1 carries its own botocore; boto3's is that of our models. DuckDB writes Parquet. */
const PYTHON_PACKAGES = ['awscli==1.46.3', 'boto3==1.44.5', 'aws-encryption-sdk==4.0.7', 'duckdb==1.5.6'];
const python = join(root, '.cache', 'python');

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
  await timed('Debian packages', () => run(node, ['tools/debian-packages.ts'], env));
  const hasPython = isThere(['python3', '-c', 'import ensurepip, venv']);
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
