/** What every blob store keeps to: run by each driver's test over folders of its own. */
import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import fc from 'fast-check';
import { randomBytes } from '#platform/base/ids.ts';
import { BlobDamaged, type BlobOwners, type BlobPlace, type Blobs } from '#platform/blobs/blobs.ts';
import { inSharedPieces } from '#platform/threads/shared-pieces.ts';

export interface BlobsUnderTest {
  open(): Promise<Blobs>;
  /** Turns one bit of the stored bytes over. */
  damage(place: BlobPlace): Promise<void>;
}

const KEY = randomBytes(32);
const SIZES = [0, 1, 4096, 65_535, 65_536, 65_537, 1_048_576, 1_048_577, 5_000_000];
const never = new AbortController().signal;

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function readAll(blobs: Blobs, place: BlobPlace, start: number, end: number, key?: Uint8Array): Promise<Buffer> {
  const found = await blobs.read(place, { start, end }, key && { key });
  if (found instanceof Uint8Array) return Buffer.from(found);
  const parts: Uint8Array[] = [];
  for await (const part of found) parts.push(part);
  return Buffer.concat(parts);
}

/** Rows as a service keeps them: owner -> place. */
function rows(): BlobOwners & { readonly at: Map<string, BlobPlace> } {
  const at = new Map<string, BlobPlace>();
  return {
    at,
    isWanted: async (owner, place) => at.get(owner) === place,
    async moved(owner, from, to) {
      if (at.get(owner) !== from) return false;
      at.set(owner, to);
      return true;
    },
  };
}

type Make = (t: TestContext) => BlobsUnderTest;

export function blobsConformance(make: Make): void {
  readsWhatWasPut(make);
  findsDamage(make);
  startsAgain(make);
}

async function openedBy(make: Make, t: TestContext): Promise<{ blobs: Blobs; store: BlobsUnderTest }> {
  const store = make(t);
  const blobs = await store.open();
  t.after(() => blobs.close());
  return { blobs, store };
}

function readsWhatWasPut(make: Make): void {
  test('what was put comes back, sealed or not, as a buffer or a stream', async (t) => {
    const { blobs } = await openedBy(make, t);
    for (const size of SIZES) {
      for (const key of [undefined, KEY]) {
        for (const streamed of ['no', 'unannounced', 'shared']) {
          const bytes = randomBytes(size);
          const shared = key && streamed === 'shared' ? { announcedBytes: size, isShared: true } : undefined;
          const options = { owner: `row/${size}`, ...(key && { key }), ...shared };
          const pieces = inPieces(bytes, 50_000);
          const source = shared ? inSharedPieces(pieces, new SharedArrayBuffer(200_000), async () => {}) : pieces;
          const stored = await blobs.put(streamed === 'no' ? bytes : source, options);
          stored.settle();
          assert.equal(stored.bytes, size);
          assert.ok((await readAll(blobs, stored.place, 0, size, key)).equals(bytes), `${size} bytes`);
        }
      }
    }
  });

  test('any range of a blob', async (t) => {
    const { blobs } = await openedBy(make, t);
    const bytes = randomBytes(2_500_000);
    const stored = await blobs.put(bytes, { owner: 'row', key: KEY });
    const small = await blobs.put(bytes.subarray(0, 200_000), { owner: 'row', key: KEY });
    const range = fc
      .tuple(fc.nat(bytes.length), fc.nat(bytes.length))
      .map(([a, b]) => [Math.min(a, b), Math.max(a, b)]);
    await fc.assert(
      fc.asyncProperty(range, async ([start = 0, end = 0]) => {
        assert.ok((await readAll(blobs, stored.place, start, end, KEY)).equals(bytes.subarray(start, end)));
        const [from, to] = [start % 200_001, Math.max(start % 200_001, end % 200_001)];
        assert.ok((await readAll(blobs, small.place, from, to, KEY)).equals(bytes.subarray(from, to)));
      }),
      { numRuns: 60 },
    );
    await assert.rejects(blobs.read(stored.place, { start: 0, end: bytes.length + 1 }, { key: KEY }), RangeError);
  });
}

function findsDamage(make: Make): void {
  test('a sealed blob is copied by who does not have its key', async (t) => {
    const { blobs } = await openedBy(make, t);
    const { blobs: others } = await openedBy(make, t);
    for (const size of [1, 65_536, 200_000, 1_048_577, 3_000_000]) {
      const bytes = randomBytes(size);
      const { place } = await blobs.put(bytes, { owner: 'row', key: KEY });
      const copy = await others.put(await blobs.readSealed(place), { owner: 'its copy', sealedBytes: size });
      assert.equal(copy.bytes, size);
      assert.ok((await readAll(others, copy.place, 0, size, KEY)).equals(bytes), `${size} bytes`);
    }
  });

  test('what is pinned is there until its last reader lets it go', async (t) => {
    const { blobs } = await openedBy(make, t);
    for (const size of [1000, 3_000_000]) {
      const { place, settle } = await blobs.put(Buffer.alloc(size, 'x'), { owner: `row/${size}` });
      settle();
      const [one, other] = [blobs.pin([place]), blobs.pin([place])];
      blobs.discard(place);
      await blobs.sweep(rows(), never);
      one();
      assert.equal((await readAll(blobs, place, 0, size)).length, size);
      other();
      if (size > 1000) await assert.rejects(async () => readAll(blobs, place, 0, size), BlobDamaged);
    }
  });

  test('bytes that stop coming leave nothing', async (t) => {
    const { blobs } = await openedBy(make, t);
    for (const size of [1000, 3_000_000]) {
      async function* broken(): AsyncGenerator<Uint8Array> {
        yield randomBytes(size);
        throw new Error('the client went away');
      }
      await assert.rejects(blobs.put(broken(), { owner: 'row' }), /went away/);
      const shared = inSharedPieces(broken(), new SharedArrayBuffer(200_000), async () => {});
      const options = { owner: 'row', key: KEY, announcedBytes: 10_000_000, isShared: true };
      await assert.rejects(blobs.put(shared, options), /went away/);
    }
    const { dropped } = await blobs.sweep(rows(), never);
    assert.equal(dropped, 0);
  });

  test('a bit that turned over is found, by a read and by the scrub', async (t) => {
    const { blobs, store } = await openedBy(make, t);
    const stored = [];
    for (const size of [5000, 2_000_000]) {
      for (const key of [undefined, KEY]) {
        const { place } = await blobs.put(randomBytes(size), { owner: 'row', ...(key && { key }) });
        stored.push(place);
        await store.damage(place);
        await assert.rejects(readAll(blobs, place, 0, size, key), BlobDamaged);
      }
    }
    await blobs.close();
    const again = await store.open();
    t.after(() => again.close());
    assert.deepEqual(new Set((await scrubbed(again)).damaged), new Set(stored));
  });

  test('a blob opens with its own key alone', async (t) => {
    const { blobs } = await openedBy(make, t);
    const { place } = await blobs.put(randomBytes(1000), { owner: 'row', key: KEY });
    await assert.rejects(readAll(blobs, place, 0, 1000, randomBytes(32)), BlobDamaged);
  });
}

/** What a scrub found, and how much it read. */
export async function scrubbed(blobs: Blobs): Promise<{ damaged: readonly string[]; bytes: number }> {
  const damaged: string[] = [];
  let bytes = 0;
  await blobs.scrub({
    signal: never,
    read(count) {
      bytes += count;
      return undefined;
    },
    damaged: (what) => void damaged.push(what),
  });
  return { damaged, bytes };
}

function startsAgain(make: Make): void {
  test('everything is there after a new start, and the sweep drops what no row names', async (t) => {
    const { blobs, store } = await openedBy(make, t);
    const owners = rows();
    const contents = new Map<string, Buffer>();
    for (let i = 0; i < 40; i++) {
      const bytes = randomBytes(i % 10 === 0 ? 1_500_000 : 20_000);
      const stored = await blobs.put(bytes, { owner: `row/${i}`, key: KEY });
      // Two thirds were never committed, or were overwritten since.
      if (i % 3 === 0) {
        owners.at.set(`row/${i}`, stored.place);
        contents.set(`row/${i}`, bytes);
      }
    }
    assert.equal((await blobs.sweep(owners, never)).dropped, 0, 'what is not settled is left alone');
    await blobs.close();
    const again = await store.open();
    t.after(() => again.close());
    const swept = await again.sweep(owners, never);
    assert.ok(swept.moved > 0, 'what was wanted of a half-empty segment moved');
    // Its segment goes with the next sweep.
    const { dropped } = await again.sweep(owners, never);
    assert.equal(swept.dropped + dropped, 26 + swept.moved);
    for (const [owner, bytes] of contents) {
      const place = owners.at.get(owner);
      assert.ok(place && (await readAll(again, place, 0, bytes.length, KEY)).equals(bytes), owner);
    }
    const second = await again.sweep(owners, never);
    assert.deepEqual(second, { dropped: 0, moved: 0, freedBytes: 0 });
  });
}
