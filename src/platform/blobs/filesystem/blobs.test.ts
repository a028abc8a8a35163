import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { open, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { SimulatedClock } from '#platform/base/clock.ts';
import { BlobDamaged, type BlobPlace, type Blobs, type StoredBlob } from '#platform/blobs/blobs.ts';
import { blobsConformance, scrubbed } from '#platform/blobs/conformance.ts';
import { openFilesystemBlobs } from './blobs.ts';
import { HoldWatch, holdBlobs } from './hold.ts';
import { isStored, readPlace, type StoredPlace } from './places.ts';

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'makonis-blobs-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const clock = new SimulatedClock();
const refuse = (error: unknown): never => {
  throw error;
};

blobsConformance((t) => {
  const folder = folderOf(t);
  return { open: () => openFilesystemBlobs(folder, clock, refuse), damage: (place) => damage(folder, place) };
});

function storedPlace(text: BlobPlace): StoredPlace {
  const place = readPlace(text);
  assert.ok(isStored(place));
  return place;
}

async function damage(folder: string, text: BlobPlace): Promise<void> {
  const place = storedPlace(text);
  const path =
    place.kind === 'segment'
      ? join(folder, 'segments', `${String(place.segment).padStart(8, '0')}.seg`)
      : join(folder, 'files', place.id.slice(0, 2), place.id);
  const handle = await open(path, 'r+');
  const byte = Buffer.alloc(1);
  const at = place.offset + 100;
  await handle.read(byte, 0, 1, at);
  byte[0] = (byte[0] ?? 0) ^ 4;
  await handle.write(byte, 0, 1, at);
  await handle.close();
}

test('many small blobs at a time share their syncs and segments', async (t) => {
  const folder = folderOf(t);
  const blobs = await openFilesystemBlobs(folder, clock, refuse);
  t.after(() => blobs.close());
  const contents = Array.from({ length: 300 }, (_, i) => Buffer.alloc(1000 + i, i));
  const stored = await Promise.all(contents.map((bytes, i) => blobs.put(bytes, { owner: `row/${i}` })));
  assert.deepEqual(await readdir(join(folder, 'segments')), ['00000001.seg']);
  for (const [i, { place, bytes }] of stored.entries()) {
    const found = await blobs.read(place, { start: 0, end: bytes });
    assert.ok(found instanceof Uint8Array && contents[i]?.equals(found));
  }
});

test('what is sealed and very short lies in its place', async (t) => {
  const folder = folderOf(t);
  const key = Buffer.alloc(32, 1);
  const bytes = Buffer.alloc(512, 'short');
  const first = await openFilesystemBlobs(folder, clock, refuse);
  const { place } = await first.put(bytes, { owner: 'row', key });
  first.discard(place);
  await first.close();
  assert.deepEqual(await readdir(join(folder, 'segments')), []);
  const blobs = await openFilesystemBlobs(folder, clock, refuse);
  t.after(() => blobs.close());
  const found = await blobs.read(place, { start: 3, end: 500 }, { key });
  assert.ok(found instanceof Uint8Array && bytes.subarray(3, 500).equals(found));
  const at = place.length / 2;
  const turned = `${place.slice(0, at)}${place[at] === 'A' ? 'B' : 'A'}${place.slice(at + 1)}` as BlobPlace;
  await assert.rejects(blobs.read(turned, { start: 0, end: 512 }, { key }), BlobDamaged);
});

test('what is read again and again may come from memory, until it is discarded; a damaged blob is never kept', async (t) => {
  const folder = folderOf(t);
  const key = Buffer.alloc(32, 1);
  const all = { start: 0, end: 5000 };
  const blobs = await openFilesystemBlobs(folder, clock, refuse);
  t.after(() => blobs.close());
  const contents = [Buffer.alloc(5000, 'one'), Buffer.alloc(5000, 'two')];
  const [one, two] = await Promise.all(contents.map((bytes) => blobs.put(bytes, { owner: 'row', key })));
  assert.ok(one && two);
  const read = async (place: BlobPlace, mayKeep: boolean): Promise<Uint8Array> => {
    const found = await blobs.read(place, all, { key, mayKeep });
    assert.ok(found instanceof Uint8Array);
    return found;
  };
  // The first reading opens the segment.
  for (let i = 0; i < 3; i++) assert.ok(contents[0]?.equals(await read(one.place, true)));
  assert.ok(contents[1]?.equals(await read(two.place, true)));
  for (const { place } of [one, two]) await damage(folder, place);
  assert.ok(contents[0]?.equals(await read(one.place, true)), 'as it was when it was read and checked');
  await assert.rejects(read(one.place, false), BlobDamaged, 'who may not keep it reads the disk');
  const other = { key: Buffer.alloc(32, 2), mayKeep: true };
  await assert.rejects(blobs.read(one.place, all, other), BlobDamaged, 'another key');
  for (let i = 0; i < 2; i++) await assert.rejects(read(two.place, true), BlobDamaged);
  blobs.discard(one.place);
  await assert.rejects(read(one.place, true), BlobDamaged, 'nothing is kept of what is discarded');
});

test('a draft that a crash left is removed, a torn segment is read up to its tear', async (t) => {
  const folder = folderOf(t);
  const first = await openFilesystemBlobs(folder, clock, refuse);
  await first.put(Buffer.alloc(5000, 1), { owner: 'row/1' });
  const { place } = await first.put(Buffer.alloc(5000, 2), { owner: 'row/2' });
  await first.close();
  await writeFile(join(folder, 'files', 'incoming', 'draft'), 'half of it');
  const segment = await open(join(folder, 'segments', '00000001.seg'), 'r+');
  await segment.truncate(storedPlace(place).offset + 3000);
  await segment.close();
  const blobs = await openFilesystemBlobs(folder, clock, refuse);
  t.after(() => blobs.close());
  assert.deepEqual(await readdir(join(folder, 'files', 'incoming')), []);
  const seen: string[] = [];
  const isWanted = async (owner: string): Promise<boolean> => seen.push(owner) > 0;
  await blobs.sweep({ isWanted, moved: async () => true }, new AbortController().signal);
  assert.deepEqual(seen, ['row/1']);
});

const never = new AbortController().signal;
const nobody = { isWanted: async () => false, moved: async () => false };

test('a segment with a damaged head is never dropped, and the scrub tells of it', async (t) => {
  const folder = folderOf(t);
  const first = await openFilesystemBlobs(folder, clock, refuse);
  await first.put(Buffer.alloc(5000, 1), { owner: 'row/1' });
  const { place } = await first.put(Buffer.alloc(5000, 2), { owner: 'row/2' });
  await first.close();
  const segment = await open(join(folder, 'segments', '00000001.seg'), 'r+');
  await segment.write(Buffer.from('X'), 0, 1, 0);
  await segment.close();
  const faults: unknown[] = [];
  const blobs = await openFilesystemBlobs(folder, clock, (error) => faults.push(error));
  t.after(() => blobs.close());
  assert.deepEqual(await blobs.sweep(nobody, never), { dropped: 0, moved: 0, freedBytes: 0 });
  assert.equal(faults.length, 1);
  assert.equal((await scrubbed(blobs)).damaged.length, 1);
  assert.ok((await blobs.read(place, { start: 0, end: 5000 })) instanceof Uint8Array, 'what is whole can be read');
});

test('while a backup holds nothing is removed', async (t) => {
  const folder = folderOf(t);
  const blobs = await openFilesystemBlobs(folder, clock, refuse);
  t.after(() => blobs.close());
  const large = await blobs.put(Buffer.alloc(2_000_000), { owner: 'row/1' });
  large.settle();
  const hold = holdBlobs(folder);
  assert.ok(hold);
  blobs.discard(large.place);
  assert.equal((await blobs.sweep(nobody, never)).dropped, 0);
  const whole = await blobs.read(large.place, { start: 0, end: 2_000_000 });
  for await (const part of whole as AsyncIterable<Uint8Array>) assert.ok(part.length > 0);
  hold.release();
  assert.equal((await blobs.sweep(nobody, never)).dropped, 1);
});

test('a hold of another process counts, and dies with it', async (t) => {
  const folder = folderOf(t);
  const watch = new HoldWatch(folder);
  t.after(() => watch.close());
  assert.equal(watch.isHeld, false);
  const script = `import { holdBlobs } from ${JSON.stringify(new URL('./hold.ts', import.meta.url).href)};
    globalThis.kept = holdBlobs(process.argv[1]); console.log('held'); setInterval(() => {}, 1000);`;
  const holder = spawn(process.execPath, ['--input-type=module-typescript', '-e', script, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => holder.kill('SIGKILL'));
  await once(holder.stdout, 'data');
  assert.equal(watch.isHeld, true);
  const gone = once(holder, 'exit');
  holder.kill('SIGKILL');
  await gone;
  assert.equal(watch.isHeld, false);
});

test('a sweep asks about what may have changed alone', async (t) => {
  const folder = folderOf(t);
  const asked: string[] = [];
  const owners = { isWanted: async (owner: string) => asked.push(owner) > 0, moved: async () => true };
  const askedBy = async (blobs: Blobs): Promise<string[]> => {
    await blobs.sweep(owners, never);
    return asked.splice(0).sort();
  };
  const first = await openFilesystemBlobs(folder, clock, refuse);
  const put = async (blobs: Blobs, owner: string, bytes: number): Promise<StoredBlob> => {
    const stored = await blobs.put(Buffer.alloc(bytes, 1), { owner });
    stored.settle();
    return stored;
  };
  const small = [await put(first, 'small/1', 9000), await put(first, 'small/2', 5000)];
  const large = await put(first, 'large', 2_000_000);
  await first.close();
  const second = await openFilesystemBlobs(folder, clock, refuse);
  assert.deepEqual(await askedBy(second), ['large', 'small/1', 'small/2'], 'after a start all files, and new segments');
  assert.deepEqual(await askedBy(second), []);
  await put(second, 'later', 2_000_000);
  assert.deepEqual(await askedBy(second), ['later']);
  await second.close();
  const third = await openFilesystemBlobs(folder, clock, refuse);
  t.after(() => third.close());
  assert.deepEqual(await askedBy(third), ['large', 'later'], 'what was counted of segments is kept');
  third.discard(small[0]?.place ?? large.place);
  assert.deepEqual(await askedBy(third), ['small/1', 'small/2'], 'half of the segment was given up');
  await scrubbed(third);
  assert.deepEqual(await askedBy(third), ['large', 'later', 'small/1', 'small/2'], 'after a scrub everything');
});

test('what was counted of a segment says nothing of another with its number', async (t) => {
  const folder = folderOf(t);
  const first = await openFilesystemBlobs(folder, clock, refuse);
  (await first.put(Buffer.alloc(5000, 1), { owner: 'row/1' })).settle();
  await first.close();
  await writeFile(join(folder, 'counted.json'), '[[1, 999999, 999999]]');
  const second = await openFilesystemBlobs(folder, clock, refuse);
  assert.equal((await second.sweep(nobody, never)).dropped, 1);
  await second.close();
  await writeFile(join(folder, 'counted.json'), '[[1, 999');
  await (await openFilesystemBlobs(folder, clock, refuse)).close();
});
