import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isByMessage, Numbered, newRing, RingReader, RingWriter, SLOTS } from '#platform/store/sqlite/order-ring.ts';

test('orders come out as they went in, also where the count wraps', () => {
  for (const start of [0, 2 ** 31 - SLOTS / 2]) {
    const ring = newRing();
    const writer = new RingWriter(ring, start);
    const reader = new RingReader(ring, start);
    for (let round = 0; round < 2 * SLOTS; round++) {
      writer.give({ file: round + 1, memory: round + 2, bytes: round });
      if (round % 3 === 0) writer.giveMessage();
      assert.deepEqual(reader.take(), { file: round + 1, memory: round + 2, bytes: round });
      if (round % 3 === 0) assert.ok(isByMessage(reader.take()));
    }
  }
});

test('the other side is told of what it does not know, and of what was forgotten', () => {
  const told: number[] = [];
  const known = new Numbered<object>(2);
  const things = [{}, {}, {}] as const;
  const number = (index: 0 | 1 | 2): number => known.numberOf(things[index], (each) => told.push(each));
  assert.deepEqual([number(0), number(1), number(0), number(2), number(0)], [1, 2, 1, 3, 4]);
  assert.deepEqual(told, [1, 2, 3, 4]);
});
