import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EarlySyncs } from './early-syncs.ts';

const MIB = 2 ** 20;

async function* chunks(count: number): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < count; i++) yield Buffer.alloc(MIB);
}

/** A disk whose syncs end when the test says so. */
function slowDisk() {
  const waiting: PromiseWithResolvers<void>[] = [];
  return {
    waiting,
    datasync(): Promise<void> {
      const sync = Promise.withResolvers<void>();
      waiting.push(sync);
      return sync.promise;
    },
  };
}

test('what has come is synced now and then, one sync at a time', async () => {
  const disk = slowDisk();
  const early = new EarlySyncs(disk);
  let bytes = 0;
  const seen: number[] = [];
  for await (const chunk of early.through(chunks(40))) {
    bytes += chunk.length;
    seen.push(disk.waiting.length);
    if (bytes === 30 * MIB) disk.waiting[0]?.resolve();
  }
  assert.equal(bytes, 40 * MIB);
  assert.deepEqual([seen[7], seen[8], seen[29], seen.at(-1)], [0, 1, 1, 2]);
  const ended = early.ended();
  assert.equal(await Promise.race([ended.then(() => 'ended'), Promise.resolve('waits')]), 'waits');
  disk.waiting[1]?.resolve();
  await ended;
});

test('what is short is not synced before its end', async () => {
  const disk = slowDisk();
  const early = new EarlySyncs(disk);
  await Array.fromAsync(early.through(chunks(7)), () => {});
  await early.ended();
  assert.equal(disk.waiting.length, 0);
});

test('a sync that fails is the blob’s failure, whatever comes after it', async () => {
  let syncs = 0;
  const early = new EarlySyncs({
    datasync: async () => {
      if (++syncs === 1) throw new Error('EIO');
    },
  });
  await Array.fromAsync(early.through(chunks(40)), () => new Promise((resolve) => setImmediate(resolve)));
  await assert.rejects(early.ended(), /EIO/);
});
