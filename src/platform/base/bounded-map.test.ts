import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BoundedMap } from '#platform/base/bounded-map.ts';

test('the oldest leave, by number and by characters', () => {
  const map = new BoundedMap<number>({ entries: 3, characters: 20 });
  for (const [value, key] of ['a', 'b', 'c', 'd'].entries()) map.set(key, value);
  assert.deepEqual(
    ['a', 'b', 'c', 'd'].map((key) => map.get(key)),
    [undefined, 1, 2, 3],
  );
  map.set('b', 7);
  map.set('e', 8);
  assert.deepEqual(
    ['b', 'c', 'd', 'e'].map((key) => map.get(key)),
    [7, undefined, 3, 8],
  );
  map.set('x'.repeat(10), 9, 9);
  assert.equal(map.size, 2);
  assert.equal(map.get('e'), 8);
  map.set('y'.repeat(21), 10);
  assert.equal(map.get('y'.repeat(21)), undefined);
  assert.equal(map.size, 2);
  map.delete('e');
  map.delete('e');
  map.set('z', 11);
  assert.equal(map.size, 2);
});
