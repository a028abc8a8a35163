import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeMailSafe, encodeMailSafe } from '#services/s3/objects/mail-safe.ts';

test('encoded words of both forms are read', () => {
  assert.equal(decodeMailSafe('=?UTF-8?Q?=C3=84M=C3=84Z=C3=95=C3=91_S3?='), 'ÄMÄZÕÑ S3');
  assert.equal(decodeMailSafe('=?utf-8?b?w6Q=?= =?utf-8?b?w7Y=?= and plain'), 'äö and plain');
  assert.equal(decodeMailSafe('=?iso-8859-1?Q?=E4?='), 'ä');
  assert.equal(decodeMailSafe('=?koi8-r?B?w6Q=?='), '=?koi8-r?B?w6Q=?=');
});

test('text beyond ASCII comes back, in words that mail can carry; ASCII stays as it is', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 200 }).filter((each) => !each.includes('=?'));
  fc.assert(
    fc.property(text, (value) => {
      const encoded = encodeMailSafe(value);
      assert.equal(decodeMailSafe(encoded), value.isWellFormed() ? value : decodeMailSafe(encoded));
      for (const word of encoded.match(/=\?UTF-8\?B\?\S*/g) ?? []) assert.ok(word.length <= 75);
    }),
  );
  assert.equal(encodeMailSafe('plain'), 'plain');
});
