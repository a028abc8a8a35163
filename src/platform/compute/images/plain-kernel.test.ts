/** A kernel inside of a bzImage, as each of the ways in which distributions pack theirs has it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { plainKernel } from '#platform/compute/images/plain-kernel.ts';

const HEADER = Buffer.from('0201010000000000000000000200', 'hex');
const KERNEL = Buffer.concat([
  Buffer.from('\x7fELF', 'latin1'),
  HEADER,
  // Runs of one byte, and of several: what LZ4 says by pointing back.
  Buffer.alloc(700, 0),
  Buffer.from('abcabcabcabcabcabcabcabc the end', 'latin1'),
]);

function bzImage(payload: Buffer): Buffer {
  const image = Buffer.alloc(1024 + 16);
  image[0x1f1] = 1;
  image.write('HdrS', 0x202, 'latin1');
  image.writeUInt32LE(16, 0x248);
  image.writeUInt32LE(payload.length, 0x24c);
  return Buffer.concat([image, payload]);
}

/** As lz4 -l writes it, by hand: one block of literals and two matches, then the kernel's own length. */
function lz4Legacy(plain: Buffer): Buffer {
  const zeros = 4 + HEADER.length;
  const letters = zeros + 700;
  const block = Buffer.concat([
    // 19 literals (15 and 4 more) and the first zero; a match of 699 (15 + 4, then 255, 255 and 170 more) one byte back.
    Buffer.from([0xff, zeros + 1 - 15]),
    plain.subarray(0, zeros + 1),
    Buffer.from([1, 0, 255, 255, 170]),
    // abc, and 21 letters three back.
    Buffer.from([0x3f]),
    plain.subarray(letters, letters + 3),
    Buffer.from([3, 0, 2]),
    // The last literals stand alone.
    Buffer.from([0x80]),
    plain.subarray(letters + 24),
  ]);
  const [magic, length, whole] = [Buffer.from('02214c18', 'hex'), Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32LE(block.length);
  whole.writeUInt32LE(plain.length);
  return Buffer.concat([magic, length, block, whole]);
}

test('a kernel comes out of its bzImage', () => {
  for (const payload of [lz4Legacy(KERNEL), gzipSync(KERNEL), zstdCompressSync(KERNEL)]) {
    assert.deepEqual(plainKernel(bzImage(payload)), KERNEL);
  }
});

test('one that nothing here can read is none', () => {
  const xz = Buffer.from('fd377a585a000000', 'hex');
  const notKernel = gzipSync(Buffer.alloc(100));
  for (const image of [bzImage(notKernel), bzImage(xz), Buffer.alloc(2048)])
    assert.equal(plainKernel(image), undefined);
});
