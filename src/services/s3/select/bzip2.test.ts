import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bunzip2 } from '#services/s3/select/bzip2.ts';
import { SelectError } from '#services/s3/select/errors.ts';

/** By Python's bz2: a small text, and behind it a stream of its own of a thousand `x`. */
const SMALL = Buffer.from(
  'QlpoOTFBWSZTWWFmaFQAAA/dgAAQAAQvQCCALocQACAAIiDI09QHpCmTEyDIzdrtksmHQCglyKuRwmFWaCPi7kinChIMLM0KgA==',
  'base64',
);
const TWO = Buffer.from(
  'QlpoOTFBWSZTWWFmaFQAAA/dgAAQAAQvQCCALocQACAAIiDI09QHpCmTEyDIzdrtksmHQCglyKuRwmFWaCPi7kinChIMLM0KgEJaaDExQVkmU1lK6xFnAAACQIGAEABAAIAACCAAISGgzTTMyAcXckU4UJBK6xFn',
  'base64',
);
const TEXT = 'name,age\nAda,36\nGrace,85\nAlan,41\n';

async function* cut(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const plain = async (bytes: Uint8Array, size = 7): Promise<string> =>
  Buffer.concat(await Array.fromAsync(bunzip2(cut(bytes, size)))).toString('latin1');

test('streams are decompressed, one after the other, wherever they are cut', async () => {
  assert.equal(await plain(SMALL), TEXT);
  assert.equal(await plain(SMALL, 1000), TEXT);
  assert.equal(await plain(TWO), `${TEXT}${'x'.repeat(1000)}\n`);
});

test('what is cut short or damaged is refused, and nothing else happens', async () => {
  const isRefused = (error: unknown): boolean => error instanceof SelectError;
  for (let length = 1; length < SMALL.length; length++) {
    await assert.rejects(plain(SMALL.subarray(0, length)), isRefused, `${length} bytes`);
  }
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: SMALL.length * 8 - 1 }), async (bit) => {
      const damaged = Buffer.from(SMALL);
      damaged[bit >>> 3] = (damaged[bit >>> 3] ?? 0) ^ (1 << (bit & 7));
      // The last bits are the check sum of the whole, and padding.
      const text = await plain(damaged).catch((error: unknown) => (isRefused(error) ? TEXT : String(error)));
      assert.equal(text, TEXT);
    }),
  );
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), async (tail) => {
      await assert.rejects(plain(Buffer.concat([SMALL.subarray(0, 14), tail])), isRefused);
    }),
  );
});
