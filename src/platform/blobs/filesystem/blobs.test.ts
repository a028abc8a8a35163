import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { open, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import type { BlobPlace } from '#platform/blobs/blobs.ts';
import { blobsConformance } from '#platform/blobs/conformance.ts';
import { openFilesystemBlobs } from './blobs.ts';
import { readPlace } from './places.ts';

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'makonis-blobs-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const refuse = (error: unknown): never => {
  throw error;
};

blobsConformance((t) => {
  const folder = folderOf(t);
  return { open: () => openFilesystemBlobs(folder, refuse), damage: (place) => damage(folder, place) };
});

async function damage(folder: string, text: BlobPlace): Promise<void> {
  const place = readPlace(text);
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
  const blobs = await openFilesystemBlobs(folder, refuse);
  t.after(() => blobs.close());
  const contents = Array.from({ length: 300 }, (_, i) => Buffer.alloc(1000 + i, i));
  const stored = await Promise.all(contents.map((bytes, i) => blobs.put(bytes, { owner: `row/${i}` })));
  assert.deepEqual(await readdir(join(folder, 'segments')), ['00000001.seg']);
  for (const [i, { place, bytes }] of stored.entries()) {
    const found = await blobs.read(place, { start: 0, end: bytes });
    assert.ok(found instanceof Uint8Array && contents[i]?.equals(found));
  }
});

test('a draft that a crash left is removed, a torn segment is read up to its tear', async (t) => {
  const folder = folderOf(t);
  const first = await openFilesystemBlobs(folder, refuse);
  await first.put(Buffer.alloc(5000, 1), { owner: 'row/1' });
  const { place } = await first.put(Buffer.alloc(5000, 2), { owner: 'row/2' });
  await first.close();
  await writeFile(join(folder, 'files', 'incoming', 'draft'), 'half of it');
  const segment = await open(join(folder, 'segments', '00000001.seg'), 'r+');
  await segment.truncate(readPlace(place).offset + 3000);
  await segment.close();
  const blobs = await openFilesystemBlobs(folder, refuse);
  t.after(() => blobs.close());
  assert.deepEqual(await readdir(join(folder, 'files', 'incoming')), []);
  const seen: string[] = [];
  const isWanted = (owner: string): boolean => seen.push(owner) > 0;
  await blobs.sweep({ isWanted, moved: async () => true }, new AbortController().signal);
  assert.deepEqual(seen, ['row/1']);
});
