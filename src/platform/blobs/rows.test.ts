import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { SimulatedClock } from '#platform/base/clock.ts';
import type { AccountId, Region } from '#platform/base/ids.ts';
import { BlobDamaged, type BlobPlace } from '#platform/blobs/blobs.ts';
import { openFilesystemBlobs } from '#platform/blobs/filesystem/blobs.ts';
import { giveUpBlobs, nameBlob, readRowPlace, scrubBlobRows } from '#platform/blobs/rows.ts';
import { type RowCodec, table } from '#platform/store/keys.ts';
import { memoryDrivers } from '#platform/store/memory/drivers.ts';
import { openStore } from '#platform/store/open-store.ts';

const KEY = Buffer.alloc(32, 1);
const OPTIONS = { owner: 'row', key: KEY, mayBeRow: true };
const plain: RowCodec<Uint8Array> = { encode: (row) => row, decode: (bytes) => bytes };
const rawBlobs = table('blob', [], plain);

async function scene(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'makonis-blob-rows-'));
  const blobs = await openFilesystemBlobs(folder, new SimulatedClock(), assert.ifError);
  const store = openStore({ drivers: memoryDrivers() });
  const rows = store.partition({ service: 's3', account: '123456789012' as AccountId, region: 'us-east-1' as Region });
  t.after(async () => {
    await blobs.close();
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const read = async (place: BlobPlace, bytes: number): Promise<Uint8Array> => {
    const found = await blobs.read(place, { start: 0, end: bytes }, { key: KEY, rows });
    assert.ok(found instanceof Uint8Array);
    return found;
  };
  const segments = (): string[] => readdirSync(join(folder, 'segments'));
  const damagedRows = async (): Promise<string[]> => {
    const damaged: string[] = [];
    const told = (what: string): void => void damaged.push(what);
    const { signal } = new AbortController();
    await scrubBlobRows(rows, { signal, read: () => undefined, damaged: told });
    return damaged;
  };
  return { blobs, rows, read, segments, damagedRows };
}

test('a short blob is a row of the transaction that names it, and goes with the one that names it no more', async (t) => {
  const { blobs, rows, read, segments } = await scene(t);
  const bytes = Buffer.alloc(8192, 'short');
  const stored = await blobs.put(bytes, OPTIONS);
  assert.throws(() =>
    rows.transact((tx) => {
      nameBlob(tx, stored);
      throw new Error('undone');
    }),
  );
  await assert.rejects(read(stored.place, bytes.length), BlobDamaged, 'nothing of it is there');
  rows.transact((tx) => nameBlob(tx, stored));
  assert.ok(bytes.equals(await read(stored.place, bytes.length)), 'before it is on disk');
  await rows.durable();
  assert.ok(bytes.equals(await read(stored.place, bytes.length)));
  const sealed = Buffer.concat(await Array.fromAsync(await blobs.readSealed(stored.place, rows)));
  const copy = await blobs.put(sealed, { owner: 'copy', mayBeRow: true, sealedBytes: bytes.length });
  rows.transact((tx) => {
    nameBlob(tx, copy);
    giveUpBlobs(tx, blobs, [stored.place]);
  });
  await rows.durable();
  assert.ok(bytes.equals(await read(copy.place, bytes.length)), 'a copy by who does not have its key');
  await assert.rejects(read(stored.place, bytes.length), BlobDamaged);
  assert.deepEqual(segments(), []);
});

test('what is longer, what is not sealed, and whose owner does not name it so has no row', async (t) => {
  const { blobs, segments } = await scene(t);
  const { key: _, ...unsealed } = OPTIONS;
  for (const [bytes, options] of [
    [8193, OPTIONS],
    [1000, unsealed],
    [1000, { owner: 'row', key: KEY }],
  ] as const) {
    const { place, row } = await blobs.put(Buffer.alloc(bytes), options);
    assert.equal(row, undefined);
    assert.equal(readRowPlace(place), undefined);
  }
  assert.equal(segments().length, 1);
});

test('a bit that turned over in a row is found, by a read and by the scrub', async (t) => {
  const { blobs, rows, read, damagedRows } = await scene(t);
  const all = await Promise.all(Array.from({ length: 150 }, (_, at) => blobs.put(Buffer.alloc(600 + at, at), OPTIONS)));
  rows.transact((tx) => {
    for (const stored of all) nameBlob(tx, stored);
  });
  assert.deepEqual(await damagedRows(), []);
  const broken = rows.read((tx) => tx.range(rawBlobs)).at(-3);
  assert.ok(broken);
  const turned = Buffer.from(broken.row);
  turned[300] = (turned[300] ?? 0) ^ 4;
  rows.transact((tx) => tx.put(rawBlobs, broken.key, turned));
  assert.equal((await damagedRows()).length, 1);
  const place = all.find((each) => each.row?.key === broken.key)?.place;
  assert.ok(place);
  await assert.rejects(read(place, turned.length - 20), BlobDamaged);
});
