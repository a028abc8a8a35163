import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SHARES, WEIGHT, weightOfAll } from '#platform/compute/qemu/cgroup.ts';

test('machines weigh together what they weigh one by one, up to the host’s processors', () => {
  assert.equal(weightOfAll([2560], SHARES, 4), 2560);
  assert.equal(weightOfAll([2560, 1536], SHARES, 4), 4096);
  assert.equal(weightOfAll([2560, 1536, 1536], SHARES, 4), 4096);
  assert.equal(weightOfAll([250, 150], WEIGHT, 16), 400);
  // What groups weigh that nobody says anything about.
  assert.equal(weightOfAll([], SHARES, 2), 1024);
  assert.equal(weightOfAll([9000, 9000], WEIGHT, 200), 10_000);
});
