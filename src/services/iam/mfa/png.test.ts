import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32, inflateSync } from 'node:zlib';
import { blackAndWhitePng } from '#services/iam/mfa/png.ts';

/** The chunks, each with its check verified. */
function chunksOf(png: Buffer): Map<string, Buffer> {
  const chunks = new Map<string, Buffer>();
  assert.equal(png.subarray(0, 8).toString('hex'), '89504e470d0a1a0a');
  for (let at = 8; at < png.length; ) {
    const end = at + 8 + png.readUInt32BE(at);
    assert.equal(png.readUInt32BE(end), crc32(png.subarray(at + 4, end)));
    chunks.set(png.subarray(at + 4, at + 8).toString('latin1'), png.subarray(at + 8, end));
    at = end + 4;
  }
  return chunks;
}

test('a picture’s pixels are where they belong', () => {
  const chunks = chunksOf(
    blackAndWhitePng(
      [
        [true, false, true],
        [false, false, true],
      ],
      3,
    ),
  );
  assert.deepEqual([...chunks.keys()], ['IHDR', 'IDAT', 'IEND']);
  assert.equal(chunks.get('IHDR')?.toString('hex'), '00000009000000060100000000');
  const lines = inflateSync(chunks.get('IDAT') ?? Buffer.alloc(0));
  assert.equal(lines.length, 6 * 3);
  assert.deepEqual([...lines.subarray(0, 3)], [0, 0b00011100, 0]);
  assert.deepEqual([...lines.subarray(9, 12)], [0, 0b11111100, 0]);
});
