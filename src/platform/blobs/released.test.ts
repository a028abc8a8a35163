import assert from 'node:assert/strict';
import { test } from 'node:test';
import { released } from '#platform/blobs/released.ts';

async function* three() {
  for (let at = 0; at < 3; at++) yield Buffer.from([at]);
}

async function* broken() {
  yield Buffer.from([0]);
  throw new Error('broken');
}

test('what was taken is given back once, however the stream ends', async () => {
  const counted = (source: AsyncIterable<Uint8Array>) => {
    const count = { released: 0 };
    const stream = released(source, () => {
      count.released++;
    });
    return { stream, count };
  };
  const whole = counted(three());
  let bytes = 0;
  for await (const chunk of whole.stream) bytes += chunk.length;
  assert.deepEqual([bytes, whole.count.released], [3, 1]);
  const half = counted(three());
  for await (const _ of half.stream) break;
  assert.equal(half.count.released, 1);
  const unread = counted(three());
  await unread.stream[Symbol.asyncIterator]().return?.();
  assert.equal(unread.count.released, 1);
  const failing = counted(broken());
  await assert.rejects(async () => {
    for await (const _ of failing.stream);
  }, /broken/);
  assert.equal(failing.count.released, 1);
});
