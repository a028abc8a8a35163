import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { hmac, hmacKey, sha256Hex } from '#gateway/auth/digest.ts';

const bytes = (maxLength: number): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ maxLength }).map((array) => Buffer.from(array));

test('an HMAC is that of node, for short, long and no keys', () => {
  fc.assert(
    fc.property(bytes(200), bytes(300), (key, message) => {
      const expected = createHmac('sha256', key).update(message).digest('hex');
      assert.equal(hmac(hmacKey(key), message, 'hex'), expected);
      assert.equal(hmac(hmacKey(key), message.toString('latin1'), 'hex'), expected);
      assert.equal(Buffer.from(hmac(hmacKey(key), message, 'binary'), 'binary').toString('hex'), expected);
    }),
  );
  const key = hmacKey(Buffer.from('key'));
  for (const length of [16_319, 16_320, 16_321, 100_000]) {
    const message = 'm'.repeat(length);
    assert.equal(hmac(key, message, 'hex'), createHmac('sha256', 'key').update(message).digest('hex'));
  }
});

test('text of bytes is hashed as those bytes, decoded text as UTF-8', () => {
  const expected = (data: string, encoding: 'latin1' | 'utf8'): string =>
    createHash('sha256').update(data, encoding).digest('hex');
  for (const text of ['', 'plain', 'caf\xc3\xa9', 'x'.repeat(20_000), 'é'.repeat(20_000)]) {
    assert.equal(sha256Hex(text), expected(text, 'latin1'));
  }
  // Cut to one byte, this would be the control character 01, and one text could stand for the other.
  assert.equal(sha256Hex('\u0101'), expected('\u0101', 'utf8'));
});
