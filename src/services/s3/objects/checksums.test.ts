import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import type { ChecksumName } from '#services/s3/state.ts';
import { CHECKSUM_NAMES, DIGEST_BYTES, digestOf, newHasher } from './checksums.ts';
import { combineCrcs } from './crc-combine.ts';

/** The check values of the catalogue of CRCs and of xxHash's own tests: of the text 123456789, or of nothing. */
const KNOWN: [ChecksumName, string, string][] = [
  ['CRC32', '123456789', 'cbf43926'],
  ['CRC32C', '123456789', 'e3069283'],
  ['CRC64NVME', '123456789', 'ae8b14860a799888'],
  ['SHA1', 'abc', 'a9993e364706816aba3e25717850c26c9cd0d89d'],
  ['SHA256', 'abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  ['MD5', 'abc', '900150983cd24fb0d6963f7d28e17f72'],
  ['XXHASH64', '', 'ef46db3751d8e999'],
  ['XXHASH3', '', '2d06800538d394c2'],
  ['XXHASH128', '', '99aa06d3014798d86001c324468d497f'],
];

test('known values', async () => {
  for (const [name, text, hex] of KNOWN)
    assert.equal((await digestOf(name, Buffer.from(text))).toString('hex'), hex, name);
});

test('in pieces, by hashers that were used before, as at once', async () => {
  for (const name of CHECKSUM_NAMES) {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 5 }), async (pieces) => {
        const hasher = await newHasher(name);
        for (const piece of pieces) hasher.update(piece);
        const digest = hasher.digest();
        hasher.release();
        assert.equal(digest.length, DIGEST_BYTES[name]);
        assert.deepEqual(digest, await digestOf(name, Buffer.concat(pieces)));
      }),
      { numRuns: 30 },
    );
  }
});

test('CRCs of parts combine to that of the whole', async () => {
  for (const name of ['CRC32', 'CRC32C', 'CRC64NVME'] as const) {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 2000 }), { maxLength: 6 }), async (pieces) => {
        const parts = await Promise.all(
          pieces.map(async (piece) => ({ digest: await digestOf(name, piece), bytes: piece.length })),
        );
        assert.deepEqual(combineCrcs(name, parts), await digestOf(name, Buffer.concat(pieces)));
      }),
      { numRuns: 50 },
    );
  }
});
