import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pooledRandom, randomBytes } from '#platform/base/ids.ts';

test('random bytes are as many as asked for, no two alike, and not left in the pool', () => {
  for (const count of [0, 1, 64, 65, 1024]) assert.equal(randomBytes(count).length, count);
  const seen = new Set<string>();
  for (let i = 0; i < 1000; i++) seen.add(randomBytes(32).toString('hex')).add(pooledRandom(16).toString('hex'));
  assert.equal(seen.size, 2000);
  const secret = randomBytes(32);
  const pool = Buffer.from(pooledRandom(1).buffer);
  assert.equal(pool.includes(secret), false);
});
