import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pooledRandom, randomBytes, timedId, timeOfId, uuid } from '#platform/base/ids.ts';

test('random bytes are as many as asked for, no two alike, and not left in the pool', () => {
  for (const count of [0, 1, 64, 65, 1024]) assert.equal(randomBytes(count).length, count);
  const seen = new Set<string>();
  for (let i = 0; i < 1000; i++) seen.add(randomBytes(32).toString('hex')).add(pooledRandom(16).toString('hex'));
  assert.equal(seen.size, 2000);
  const secret = randomBytes(32);
  const pool = Buffer.from(pooledRandom(1).buffer);
  assert.equal(pool.includes(secret), false);
});

test('ids are UUIDs of their version, no two alike', () => {
  const ids = Array.from({ length: 2000 }, uuid);
  for (const id of ids) assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.equal(new Set(ids).size, ids.length);
  for (let place = 0; place < 36; place++) {
    const digits = new Set(ids.map((id) => id[place]));
    assert.equal(digits.size, [8, 13, 14, 18, 23].includes(place) ? 1 : place === 19 ? 4 : 16, `at ${place}`);
  }
  assert.equal(timeOfId(timedId(1_764_200_000_000)), 1_764_200_000_000);
});
