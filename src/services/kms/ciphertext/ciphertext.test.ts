import assert from 'node:assert/strict';
import { createSecretKey, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import type { AccountId } from '#platform/base/ids.ts';
import { decryptUnder, encryptUnder, readHead } from '#services/kms/ciphertext/ciphertext.ts';

const material = createSecretKey(randomBytes(32));
const head = {
  account: '123456789012' as AccountId,
  keyId: '1234abcd-12ab-34cd-56ef-1234567890ab',
  materialId: 'ab'.repeat(32),
};
const contexts = fc.dictionary(fc.string({ maxLength: 8 }), fc.string({ maxLength: 8 }), { maxKeys: 4 });

test('what was encrypted comes back, with its head, under the same context in any order', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 1, maxLength: 4096 }),
      contexts,
      fc.boolean(),
      (plaintext, context, isMrk) => {
        const own = isMrk ? { ...head, keyId: `mrk-${'0'.repeat(31)}f` } : head;
        const blob = encryptUnder(material, own, plaintext, context);
        assert.deepEqual(readHead(blob), own);
        const reordered = Object.fromEntries(Object.entries(context).reverse());
        assert.deepEqual(decryptUnder(material, blob, reordered), Buffer.from(plaintext));
      },
    ),
  );
});

test('one altered bit, another context or another material, and it does not open', () => {
  const blob = encryptUnder(material, head, Buffer.from('secret'), { a: 'b' });
  for (let at = 0; at < blob.length; at++) {
    const altered = Buffer.from(blob);
    altered[at] = (altered[at] ?? 0) ^ 1;
    assert.equal(decryptUnder(material, altered, { a: 'b' }), undefined, `byte ${at}`);
  }
  for (const context of [undefined, {}, { a: 'c' }, { A: 'b' }, { a: 'b', c: '' }, { ab: '' }, { '': 'ab' }]) {
    assert.equal(decryptUnder(material, blob, context), undefined);
  }
  assert.equal(decryptUnder(createSecretKey(randomBytes(32)), blob, { a: 'b' }), undefined);
});

test('no two ciphertexts are alike, and no context is an empty one', () => {
  const blobs = [1, 2].map(() => encryptUnder(material, head, Buffer.from('x'), undefined).toString('hex'));
  assert.notEqual(blobs[0], blobs[1]);
  assert.ok(decryptUnder(material, encryptUnder(material, head, Buffer.from('x'), undefined), {}));
});

test('no two messages of a material share a key and a nonce', () => {
  const zeros = Buffer.alloc(64);
  const [first = zeros, second = zeros] = [1, 2].map(() => encryptUnder(material, head, zeros, undefined));
  // The same key and nonce would give the same key stream.
  assert.notDeepEqual(first.subarray(-64), second.subarray(-64));
  for (const blob of [first, second, first]) assert.deepEqual(decryptUnder(material, blob, undefined), zeros);
});

test('a ciphertext of the first format opens, under its context alone', () => {
  const blob = Buffer.from(
    'AQASNFZ4kBISNKvNEqs0zVbvEjRWeJCrq6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6tEuUvVkCFLUrW0fA9QFycL079NOvvqsKXXUQAR5TUqZpAbsjgOCQ==',
    'base64',
  );
  const own = createSecretKey(Buffer.alloc(32, 7));
  assert.deepEqual(readHead(blob), head);
  assert.equal(decryptUnder(own, blob, { purpose: 'test "1"', a: 'é' })?.toString(), 'secret');
  assert.equal(decryptUnder(own, blob, { purpose: 'test "1"', a: 'e' }), undefined);
  const asCounted = Buffer.from([2, ...blob.subarray(1)]);
  assert.equal(decryptUnder(own, asCounted, { purpose: 'test "1"', a: 'é' }), undefined);
});

test('anything else has no head', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => readHead(Buffer.from([3, ...bytes])) === undefined),
  );
  for (const [length, format] of [
    [0, 1],
    [1, 1],
    [55, 2],
    [88, 1],
    [92, 2],
  ] as const) {
    assert.equal(readHead(Buffer.alloc(length, format)), undefined);
  }
});
