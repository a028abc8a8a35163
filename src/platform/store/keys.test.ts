import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { afterPrefix, jsonRows, type Key, table, text, u64 } from '#platform/store/keys.ts';

const sample = table('sample', [text, u64], jsonRows<{ name: string }>(1));
const anyText = fc.string({
  unit: fc.oneof(fc.constantFrom('\0', '\x01', '\xff'), fc.string({ unit: 'binary', maxLength: 1 })),
});
const parts = fc.tuple(anyText, fc.nat({ max: Number.MAX_SAFE_INTEGER }));

const orderOf = (a: string | number, b: string | number): number => (a < b ? -1 : a > b ? 1 : 0);

test('keys are in the order of their parts, text by its UTF-8 bytes, and give the parts back', () => {
  fc.assert(
    fc.property(parts, parts, ([textA, numberA], [textB, numberB]) => {
      const a = sample.key(textA, numberA);
      const b = sample.key(textB, numberB);
      assert.deepEqual(sample.parts(a), [textA, numberA]);
      assert.match(a, /^[\0-\xff]*$/);
      const expected = Buffer.compare(Buffer.from(textA), Buffer.from(textB)) || orderOf(numberA, numberB);
      assert.equal(orderOf(a, b), expected);
    }),
    { numRuns: 2000 },
  );
});

test('a prefix takes in the keys that share its parts, and no others', () => {
  fc.assert(
    fc.property(parts, anyText, ([name, number], other) => {
      const prefix = sample.keyPrefix(other);
      const key = sample.key(name, number);
      assert.equal(key >= prefix && key < afterPrefix(prefix), name === other);
    }),
  );
  assert.equal(afterPrefix('a\xff\xff'), 'b');
  assert.ok(afterPrefix('\xff') > ('\xff\xff' as Key));
});

test('rows of older versions are upgraded, of newer ones refused', () => {
  const first = jsonRows<{ name: string }>(1);
  const second = jsonRows<{ title: string }>(2, (old) => ({ title: String(old['name']) }));
  const asBuffer = (encoded: string | Uint8Array): Buffer => Buffer.from(encoded as string);
  assert.deepEqual(second.decode(asBuffer(first.encode({ name: 'é' }))), { title: 'é' });
  assert.throws(() => first.decode(asBuffer(second.encode({ title: 'x' }))), /version 2/);
});
