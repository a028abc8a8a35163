import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type PasswordHash, PasswordHasher } from '#services/iam/passwords/hasher.ts';

test('a hash is told from others, says its parameters, and shares the salt of its owner', async () => {
  const hasher = new PasswordHasher();
  const first = await hasher.hash('Correct-Horse-1');
  const second = await hasher.hash('Correct-Horse-2', [first]);
  const stranger = await hasher.hash('Correct-Horse-1');
  assert.equal(second.salt, first.salt);
  assert.notEqual(second.hash, first.hash);
  assert.notEqual(stranger.salt, first.salt);
  assert.notEqual(stranger.hash, first.hash);
  assert.deepEqual([first.cost, first.blockSize, first.parallelization], [32768, 8, 3]);
  assert.equal(await hasher.isPassword('Correct-Horse-1', first), true);
  assert.equal(await hasher.isPassword('correct-horse-1', first), false);
  assert.equal(await hasher.isPassword('Correct-Horse-1', undefined), false);
  assert.equal(await hasher.isAmong('Correct-Horse-1', [second, first]), true);
  assert.equal(await hasher.isAmong('Correct-Horse-3', [second, first]), false);
});

test('hashes of other parameters still count, and the next one gets those of today', async () => {
  const hasher = new PasswordHasher();
  const vector = Buffer.from(
    // RFC 7914, section 12, third vector: P="pleaseletmein", S="SodiumChloride", N=16384, r=8, p=1; its first 32 bytes.
    '7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2',
    'hex',
  );
  const old: PasswordHash = {
    salt: Buffer.from('SodiumChloride').toString('base64'),
    cost: 16384,
    blockSize: 8,
    parallelization: 1,
    hash: vector.toString('base64'),
  };
  assert.equal(await hasher.isPassword('pleaseletmein', old), true);
  const renewed = await hasher.hash('pleaseletmein', [old]);
  assert.notEqual(renewed.salt, old.salt);
  assert.equal(renewed.cost, 32768);
});

test('a flood is turned away, the queue is served', async () => {
  const hasher = new PasswordHasher({ cost: 1024, blockSize: 8, parallelization: 1 });
  const settled = await Promise.allSettled(Array.from({ length: 70 }, () => hasher.isPassword('x', undefined)));
  const refused = settled.filter(({ status }) => status === 'rejected');
  assert.equal(refused.length, 70 - 64 - 2);
  assert.equal(await hasher.isPassword('x', undefined), false);
});
