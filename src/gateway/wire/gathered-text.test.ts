import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { gatheredText } from '#gateway/wire/gathered-text.ts';

const pieces = fc.array(
  fc.oneof(
    fc.string({ unit: 'binary' }),
    fc
      .tuple(fc.string({ minLength: 1 }), fc.integer({ min: 1, max: 3000 }))
      .map(([piece, times]) => piece.repeat(times)),
    fc.constant('é€😀'.repeat(3000)),
    fc.constant('é€😀'.repeat(60_000)),
  ),
);

test('pieces are one text, or its bytes', () => {
  fc.assert(
    fc.property(pieces, (all) => {
      const found = gatheredText((push) => all.forEach(push));
      assert.equal(typeof found === 'string' ? found : Buffer.from(found).toString(), all.join('').toWellFormed());
      if (typeof found !== 'string') assert.equal(found.buffer.byteLength, found.length);
    }),
  );
});
