import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { SimulatedClock } from '#platform/base/clock.ts';
import { type Hashing, hashings } from '#services/s3/hashing/hashing.ts';
import { CHECKSUM_NAMES, digestOf } from '#services/s3/objects/checksums.ts';
import type { ChecksumName } from '#services/s3/state.ts';

const LONG = 4 * 1024 * 1024;
const bytes = randomBytes(600_000);
const unexpected = (error: unknown): never => {
  throw error;
};

async function* each(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

async function hashed(hashing: Hashing, chunks: readonly Uint8Array[]): Promise<string[]> {
  const through = await Array.fromAsync(hashing.through(each(chunks)), (piece) => piece.length);
  assert.equal(
    through.reduce((sum, length) => sum + length, 0),
    chunks.reduce((sum, { length }) => sum + length, 0),
  );
  const digests = await hashing.digests();
  hashing.release();
  return digests.map((digest) => digest.toString('hex'));
}

const expected = async (names: readonly ChecksumName[], whole: Uint8Array): Promise<string[]> =>
  (await Promise.all(names.map((name) => digestOf(name, whole)))).map((digest) => digest.toString('hex'));

function cut(lengths: readonly number[]): Uint8Array[] {
  let at = 0;
  return lengths.map((length) => {
    at += length;
    return bytes.subarray(at - length, at);
  });
}

test('threads compute what is computed here, however the bytes come and whoever shares the threads', async () => {
  const all = hashings(new SimulatedClock(), unexpected, 3);
  const chunks = fc.array(fc.integer({ min: 0, max: 150_000 }), { maxLength: 4 });
  const names = fc.subarray([...CHECKSUM_NAMES], { minLength: 1, maxLength: 4 });
  const streams = fc.array(fc.record({ chunks, names }), { minLength: 1, maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(streams, async (given) => {
      const found = await Promise.all(
        given.map(async (each) => hashed(await all.begin(each.names, LONG), cut(each.chunks))),
      );
      const wanted = given.map((each) => expected(each.names, Buffer.concat(cut(each.chunks))));
      assert.deepEqual(found, await Promise.all(wanted));
    }),
    { numRuns: 15 },
  );
});

test('a stream that is given up disturbs nobody', async () => {
  const all = hashings(new SimulatedClock(), unexpected, 1);
  const [broken, whole] = await Promise.all([all.begin(['MD5'], LONG), all.begin(['MD5'], LONG)]);
  await broken
    .through(each([bytes, bytes]))
    [Symbol.asyncIterator]()
    .next();
  broken.release();
  assert.deepEqual(await hashed(whole, [bytes]), await expected(['MD5'], bytes));
});
