import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { randomBytes } from '#platform/base/ids.ts';
import type { VolumeKey } from '#platform/compute/volume.ts';
import { type VolumesUnderTest, volumesConformance } from '#platform/compute/volumes/conformance.ts';
import { writeEmptyLayer } from '#platform/compute/volumes/qemu/empty-layer.ts';
import { chainName, layerOptions, passphraseOf } from '#platform/compute/volumes/qemu/qemu-img.ts';
import { chainOf, layerPath } from '#platform/compute/volumes/qemu/records.ts';
import { QemuVolumes } from '#platform/compute/volumes/qemu/volumes.ts';

const skip = spawnSync('qemu-io', ['--version']).error !== undefined && 'no qemu-utils here';
const BLOCK = 512 * 1024;

/** A whole block is filled with each character; the text is the block's beginning, one sector a character. */
function io(folder: string, volume: string, commands: readonly string[], key?: VolumeKey): Promise<string> {
  const secrets = key === undefined ? [] : ['--object', 'secret,id=target,file=/dev/stdin'];
  const { layers } = chainOf(folder, volume);
  const args = [...secrets, ...commands.flatMap((command) => ['-c', command]), chainName(layers, 'target')];
  return new Promise((resolve, reject) => {
    const child = spawn('/bin/sh', ['-c', 'cat | "$@"', 'sh', 'qemu-io', ...args]);
    let [output, complaint] = ['', ''];
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (complaint += chunk));
    child.on('close', (code) => (code === 0 ? resolve(output) : reject(new Error(complaint + output))));
    child.stdin.on('error', () => {});
    child.stdin.end(key === undefined ? '' : passphraseOf(key));
  });
}

function under(folder: string, volumes: QemuVolumes): VolumesUnderTest {
  return {
    volumes,
    async write(volume, block, text, key) {
      const fill = `write -q -P 0x01 ${block * BLOCK} ${BLOCK}`;
      const characters = [...text].map(
        (character, i) => `write -q -P ${character.charCodeAt(0)} ${block * BLOCK + i * 512} 512`,
      );
      await io(folder, volume, [fill, ...characters], key);
    },
    async read(volume, block, key) {
      const dump = await io(folder, volume, [`read -v ${block * BLOCK} 16384`], key);
      const bytes = [...dump.matchAll(/^[0-9a-f]+:\s+((?:[0-9a-f]{2} ){16})/gm)].flatMap(([, line = '']) =>
        line.trim().split(' '),
      );
      const sectors = bytes.filter((_, i) => i % 512 === 0).map((byte) => Number.parseInt(byte, 16));
      return String.fromCharCode(...sectors.filter((byte) => byte > 1));
    },
    reopen: async () => under(folder, await QemuVolumes.open(folder)),
  };
}

async function open(t: TestContext): Promise<{ folder: string; volumes: QemuVolumes }> {
  const folder = mkdtempSync(join(tmpdir(), 'makonis-volumes-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return { folder, volumes: await QemuVolumes.open(folder) };
}

volumesConformance(
  async (t) => {
    const { folder, volumes } = await open(t);
    return under(folder, volumes);
  },
  { skip },
);

const layersIn = (folder: string): string[] => readdirSync(join(folder, 'layers'));

test('files go when nothing stands on them; what a crash has left, at the next start', { skip }, async (t) => {
  const { folder, volumes } = await open(t);
  await volumes.create({ id: 'vol-01', sizeGiB: 1 });
  await volumes.snapshot('snap-01', 'vol-01');
  await volumes.snapshot('snap-02', 'vol-01');
  assert.equal(layersIn(folder).length, 3);
  const modes = layersIn(folder).map((name) => (statSync(join(folder, 'layers', name)).mode & 0o777).toString(8));
  assert.deepEqual(modes.sort(), ['440', '440', '600']);
  await volumes.remove('vol-01');
  assert.equal(layersIn(folder).length, 2);
  await volumes.removeSnapshot('snap-02');
  assert.equal(layersIn(folder).length, 1);
  writeFileSync(layerPath(folder, 'half-made'), '');
  writeFileSync(join(folder, 'incoming', 'draft'), '');
  await QemuVolumes.open(folder);
  assert.deepEqual([layersIn(folder).length, readdirSync(join(folder, 'incoming'))], [1, []]);
  await volumes.removeSnapshot('snap-01');
  assert.deepEqual(layersIn(folder), []);
});

test('a snapshot that a crash broke off goes on with the layer that it had', { skip }, async (t) => {
  const { folder, volumes } = await open(t);
  const { write } = under(folder, volumes);
  await volumes.create({ id: 'vol-01', sizeGiB: 1 });
  await write('vol-01', 0, 'before');
  const crash = (): Promise<void> => Promise.reject(new Error('crash'));
  await assert.rejects(volumes.snapshot('snap-01', 'vol-01', { onRunning: crash }));
  // The machine has gone on in the new layer all the same.
  await write('vol-01', 0, 'after!');
  const again = under(folder, await QemuVolumes.open(folder));
  await again.volumes.snapshot('snap-01', 'vol-01');
  assert.equal(chainOf(folder, 'vol-01').layers.length, 2);
  await again.volumes.create({ id: 'vol-02', sizeGiB: 1, from: 'snap-01' });
  assert.equal(await again.read('vol-02', 0), 'before');
  assert.equal(await again.read('vol-01', 0), 'after!');
});

test('an empty layer is as QEMU would make it', { skip }, async (t) => {
  const { folder } = await open(t);
  const path = join(folder, 'incoming', 'a,b.qcow2');
  for (const sizeGiB of [1, 600, 65_536]) {
    await writeEmptyLayer({ path, sizeGiB, below: 'below.qcow2', passphrase: undefined });
    const { stdout, stderr } = spawnSync('qemu-img', ['info', '--output=json', '-f', 'qcow2', path]);
    const info = JSON.parse(stdout.toString()) as Record<string, unknown>;
    assert.deepEqual(
      [info['virtual-size'], info['backing-filename'], String(stderr)],
      [sizeGiB * 2 ** 30, 'below.qcow2', ''],
    );
    rmSync(path);
  }
  await writeEmptyLayer({ path, sizeGiB: 5, below: undefined, passphrase: 'passphrase' });
  const options = [
    '--object',
    'secret,id=target,data=passphrase',
    '--image-opts',
    layerOptions({ path, isEncrypted: true }, 'target'),
  ];
  const { stdout } = spawnSync('qemu-img', ['check', ...options]);
  assert.match(stdout.toString(), /^No errors were found/);
});

test('a layer that a fault left goes, also while volumes are in use', { skip }, async (t) => {
  const { folder, volumes } = await open(t);
  await volumes.create({ id: 'vol-01', sizeGiB: 1 });
  const own = layersIn(folder);
  const making = volumes.snapshot('snap-01', 'vol-01');
  writeFileSync(layerPath(folder, '0'.repeat(24)), '');
  await Promise.all([making, volumes.dropUnused()]);
  await volumes.dropUnused();
  assert.equal(layersIn(folder).length, 2);
  assert.ok(layersIn(folder).includes(own[0] ?? ''));
});

test('layers do not become more and more', { skip, timeout: 300_000 }, async (t) => {
  const { folder, volumes } = await open(t);
  const { write, read } = under(folder, volumes);
  await volumes.create({ id: 'vol-01', sizeGiB: 1 });
  await write('vol-01', 9, 'x');
  for (let i = 0; i < 40; i++) await volumes.snapshot(`snap-${i}`, 'vol-01');
  assert.ok(chainOf(folder, 'vol-01').layers.length <= 32);
  assert.equal(await read('vol-01', 9), 'x');
});

test('a key is in no command line, no environment and no file', { skip }, async (t) => {
  const { folder, volumes } = await open(t);
  const shims = mkdtempSync(join(tmpdir(), 'makonis-shims-'));
  const real = spawnSync('/bin/sh', ['-c', 'command -v qemu-img']).stdout.toString().trim();
  const path = process.env['PATH'];
  t.after(() => {
    process.env['PATH'] = path;
    rmSync(shims, { recursive: true });
  });
  const noting = `#!/bin/sh\n{ printf '%s\\n' "$@"; env; } >> ${shims}/noted\nexec ${real} "$@"\n`;
  writeFileSync(join(shims, 'qemu-img'), noting, { mode: 0o755 });
  process.env['PATH'] = `${shims}:${path}`;
  const [key, other] = [randomBytes(32), randomBytes(32)];
  await volumes.create({ id: 'vol-01', sizeGiB: 1, key });
  await volumes.grow('vol-01', 2, { key });
  await volumes.snapshot('snap-01', 'vol-01', { key });
  await volumes.copySnapshot('snap-02', 'snap-01', { fromKey: key, key: other });
  const noted = readFileSync(join(shims, 'noted'), 'utf8');
  assert.match(noted, /resize.*secret,id=target.*convert.*secret,id=source/s);
  for (const each of [key, other]) {
    assert.ok(!noted.includes(passphraseOf(each)));
    const files = spawnSync('grep', ['-rlF', passphraseOf(each), folder]).stdout.toString();
    assert.equal(files, '');
  }
});

test('names that would lead elsewhere are refused', { skip }, async (t) => {
  const { volumes } = await open(t);
  assert.throws(() => volumes.create({ id: '../vol-01', sizeGiB: 1 }), /no id/);
  await assert.rejects(async () => volumes.create({ id: 'vol-01', sizeGiB: 1, from: 'snap-/../x' }), /no id/);
});
