import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { SimulatedClock, seconds } from '#platform/base/clock.ts';
import { LONGEST_BYTES, MOST_NAMES, PLACES } from '#services/s3/hashing/desk.ts';
import { HashingThread, wholeHashing } from '#services/s3/hashing/whole.ts';
import { CHECKSUM_NAMES, digestOf } from '#services/s3/objects/checksums.ts';
import type { ChecksumName } from '#services/s3/state.ts';

const bytes = randomBytes(LONGEST_BYTES);
const unexpected = (error: unknown): never => {
  throw error;
};

const expected = (names: readonly ChecksumName[], body: Uint8Array): Promise<Buffer[]> =>
  Promise.all(names.map((name) => digestOf(name, body)));

async function awake(): Promise<HashingThread> {
  const thread = new HashingThread(unexpected);
  for (;;) {
    const given = thread.give(['MD5'], bytes);
    if (given === undefined) await new Promise((resolve) => setImmediate(resolve));
    else {
      await given;
      return thread;
    }
  }
}

const body = fc
  .tuple(fc.integer({ min: 0, max: LONGEST_BYTES }), fc.integer({ min: 0, max: LONGEST_BYTES }))
  .map(([a, b]) => bytes.subarray(Math.min(a, b), Math.max(a, b)));
const names = fc.subarray([...CHECKSUM_NAMES], { minLength: 1, maxLength: MOST_NAMES });

test('the thread computes what is computed here, of many bodies at a time', async () => {
  const thread = await awake();
  const bodies = fc.array(fc.record({ names, body }), { minLength: 1, maxLength: PLACES });
  await fc.assert(
    fc.asyncProperty(bodies, async (given) => {
      const found = given.map((each) => thread.give(each.names, each.body) ?? assert.fail('there is a place for each'));
      assert.deepEqual(
        await Promise.all(found),
        await Promise.all(given.map((each) => expected(each.names, each.body))),
      );
    }),
    { numRuns: 40 },
  );
  thread.end();
});

test('without a place there is none, and bodies of a thread that ends are hashed here', async () => {
  const thread = await awake();
  const given = Array.from({ length: PLACES }, (_, at) => thread.give(['MD5', 'CRC64NVME'], bytes.subarray(at * 1000)));
  assert.equal(thread.give(['MD5'], bytes), undefined);
  thread.end();
  const wanted = given.map((_, at) => expected(['MD5', 'CRC64NVME'], bytes.subarray(at * 1000)));
  assert.deepEqual(await Promise.all(given), await Promise.all(wanted));
  assert.equal(thread.give(['MD5'], bytes), undefined, 'it has ended');
});

test('what is short, and what comes before, while and after a thread runs, has its digests', async () => {
  const clock = new SimulatedClock();
  const hashing = wholeHashing(clock, unexpected, true);
  for (let round = 0; round < 3; round++) {
    for (const length of [0, 100, 20_000, LONGEST_BYTES]) {
      const given = bytes.subarray(0, length);
      for (let i = 0; i < 40; i++) {
        assert.deepEqual(await hashing(['MD5', 'SHA512'], given), await expected(['MD5', 'SHA512'], given));
        // A thread that has started tells so between two turns.
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    // The second time nothing has come since.
    for (let i = 0; i < 2; i++) clock.advance(seconds(31));
  }
});
