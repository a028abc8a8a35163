/**
 * PNG (RFC 2083) of a black and white picture: one bit a pixel, no filter, one chunk of data. A set bit is white.
 */
import { crc32, deflateSync } from 'node:zlib';

const SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex');

/** `rows[y][x]` is true where the picture is black; each of them becomes a square of `scale` pixels. */
export function blackAndWhitePng(rows: readonly (readonly boolean[])[], scale: number): Buffer {
  const [width, height] = [(rows[0]?.length ?? 0) * scale, rows.length * scale];
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  // One bit a pixel, grey; compression, filter and interlace methods are those that there are.
  header.set([1, 0, 0, 0, 0], 8);
  const lines = rows.flatMap((row) => Array<Buffer>(scale).fill(lineOf(row, scale)));
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.concat(lines), { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** The filter's number (none), then the pixels, the leftmost in the highest bit. */
function lineOf(row: readonly boolean[], scale: number): Buffer {
  const width = row.length * scale;
  const line = Buffer.alloc(1 + Math.ceil(width / 8));
  for (let x = 0; x < width; x++) {
    if (!row[Math.floor(x / scale)]) line.writeUInt8(line.readUInt8(1 + (x >> 3)) | (0x80 >> (x & 7)), 1 + (x >> 3));
  }
  return line;
}

function chunk(type: string, data: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  check.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, check]);
}
