import assert from 'node:assert/strict';
import { open } from 'node:fs/promises';
import { test } from 'node:test';
import { SimulatedClock, seconds } from '#platform/base/clock.ts';
import { randomBytes } from '#platform/base/ids.ts';
import { sealThreads } from '#platform/blobs/filesystem/seal-threads.ts';
import { inSharedPieces } from '#platform/threads/shared-pieces.ts';

test('a disk that is full is told as such, and nothing more is written', async (t) => {
  const clock = new SimulatedClock();
  const threads = sealThreads(clock, (error) => {
    throw error;
  });
  const handle = await open('/dev/full', 'r+');
  t.after(() => handle.close());
  let taken = 0;
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (; taken < 1000; taken++) yield new Uint8Array(50_000);
  }
  const source = inSharedPieces(endless(), new SharedArrayBuffer(200_000), async () => {});
  const to = { file: handle.fd, offset: 0, key: randomBytes(32) };
  await assert.rejects(threads.write(to, source), { code: 'ENOSPC' });
  assert.ok(taken < 20, `${taken} chunks were taken`);
  clock.advance(seconds(31));
});
