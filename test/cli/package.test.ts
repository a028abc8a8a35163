/** Where the program lies: in node_modules of an empty folder, and in a clone that only root may read. */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Program, program, ROOT } from '#test/cli/makonis.ts';

async function serves(p: Program): Promise<void> {
  const up = await p.run('up', '--detach', '--port', '0');
  assert.equal(up.code, 0, up.err);
  // A queue's region is new: files are made and code is loaded after root was given up.
  const queue = ['sqs', 'create-queue', '--queue-name', 'q', '--region', 'eu-west-1'];
  const settings = await p.settings();
  const made = await p.exec('aws', ['--endpoint-url', settings['AWS_ENDPOINT_URL'] ?? '', ...queue], settings);
  assert.equal(made.code, 0, made.err);
  for (const args of [
    ['iam', 'list-policies'],
    ['service-quotas', 'list-services'],
  ]) {
    const listed = await p.exec('aws', ['--endpoint-url', settings['AWS_ENDPOINT_URL'] ?? '', ...args], settings);
    assert.equal(listed.code, 0, listed.err);
  }
  const down = await p.run('down');
  assert.equal(down.code, 0, down.err);
}

test('a package runs in an empty folder', async (t: TestContext) => {
  const p = program(t);
  const folder = join(p.home, 'empty');
  mkdirSync(folder);
  // With the packages that it stands on, as they are here: no registry is asked.
  const sources = [ROOT, ...packages().map((path) => join(ROOT, path))];
  const packed = await p.exec('npm', [
    'pack',
    ...sources,
    '--pack-destination',
    p.home,
    '--silent',
    '--ignore-scripts',
  ]);
  assert.equal(packed.code, 0, packed.err);
  const archives = packed.out
    .trim()
    .split('\n')
    .map((name) => join(p.home, name));
  const installed = await p.exec('npm', ['install', '--prefix', folder, '--offline', '--ignore-scripts', ...archives]);
  assert.equal(installed.code, 0, installed.err);
  const files = readdirSync(join(folder, 'node_modules/makonis/src'), { recursive: true }).map(String);
  assert.deepEqual(
    files.filter((path) => /test|fixture|conformance/.test(path)),
    [],
  );
  await serves({ ...p, run: (command = '', ...args) => inFolder(p, folder, command, args) });
});

/** `node_modules/jose` and the like: what is installed for more than tests. */
function packages(): string[] {
  const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'));
  const entries = Object.entries<{ readonly dev?: boolean }>(lock.packages);
  return entries.flatMap(([path, { dev }]) => (path !== '' && dev !== true ? [path] : []));
}

const inFolder = (p: Program, folder: string, command: string, args: readonly string[]) =>
  p.exec(join(folder, 'node_modules/.bin/makonis'), [command, ...args, '--data', p.data]);

test('a clone that only root may read', { skip: process.getuid?.() !== 0 && 'needs root' }, async (t) => {
  const clone = join(program(t).home, 'closed');
  mkdirSync(clone, { mode: 0o700 });
  for (const part of ['bin', 'src', 'models', 'package.json'])
    cpSync(join(ROOT, part), join(clone, part), { recursive: true });
  await serves(program(t, join(clone, 'bin/makonis')));
});
