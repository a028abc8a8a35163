/**
 * A kernel as its loader wants it at once: the ELF image inside of a bzImage (Documentation/arch/x86/boot.rst), which unpacks itself with
 * code of its own. An emulated processor takes most of a second for that, this one some hundredths, once.
 */
import { gunzipSync, zstdDecompressSync } from 'node:zlib';

/** Of its boot protocol: 2.08 tells where the packed image lies. */
const HEADER = { magicAt: 0x202, setupSectorsAt: 0x1f1, payloadAt: 0x248, payloadLengthAt: 0x24c } as const;
const SECTOR = 512;
const BOOT_MAGIC = 'HdrS';
const ELF_MAGIC = Buffer.from('\x7fELF', 'latin1');
/** A kernel is unpacked to some 60 MiB. */
const MOST_BYTES = 256 * 2 ** 20;

/** Undefined: it is packed in a way that nothing here reads. */
export function plainKernel(image: Buffer): Buffer | undefined {
  if (image.toString('latin1', HEADER.magicAt, HEADER.magicAt + 4) !== BOOT_MAGIC) return undefined;
  const setup = ((image[HEADER.setupSectorsAt] || 4) + 1) * SECTOR;
  const start = setup + image.readUInt32LE(HEADER.payloadAt);
  const plain = unpacked(image.subarray(start, start + image.readUInt32LE(HEADER.payloadLengthAt)));
  return plain?.subarray(0, ELF_MAGIC.length).equals(ELF_MAGIC) ? plain : undefined;
}

function unpacked(payload: Buffer): Buffer | undefined {
  const options = { maxOutputLength: MOST_BYTES };
  switch (payload.readUInt32BE(0)) {
    case 0x02214c18:
      return unpackLz4(payload.subarray(4));
    case 0x28b52ffd:
      return zstdDecompressSync(payload, options);
    default:
      return payload.readUInt16BE(0) === 0x1f8b ? gunzipSync(payload, options) : undefined;
  }
}

/** LZ4's legacy frame: blocks after their lengths, each of 8 MiB unpacked; the last four bytes are the kernel's own, the length of all. */
function unpackLz4(frame: Buffer): Buffer {
  const whole = Buffer.alloc(Math.min(frame.readUInt32LE(frame.length - 4), MOST_BYTES));
  let written = 0;
  for (let at = 0; at + 8 <= frame.length; ) {
    const length = frame.readUInt32LE(at);
    written = unpackBlock(frame.subarray(at + 4, at + 4 + length), whole, written);
    at += 4 + length;
  }
  return whole;
}

/** Sequences of literals and of what was there before (doc/lz4_Block_format.md). Answers where it has come to. */
function unpackBlock(block: Buffer, whole: Buffer, start: number): number {
  let [at, to] = [0, start];
  const lengthOf = (nibble: number): number => {
    let length = nibble;
    for (let more = nibble === 15; more; ) {
      const byte = block[at++] ?? 0;
      length += byte;
      more = byte === 255;
    }
    return length;
  };
  while (at < block.length) {
    const token = block[at++] ?? 0;
    const literals = lengthOf(token >> 4);
    block.copy(whole, to, at, at + literals);
    [at, to] = [at + literals, to + literals];
    if (at >= block.length) break;
    const distance = block.readUInt16LE(at);
    at += 2;
    // What is copied may reach into what it becomes: byte by byte, as it repeats itself.
    for (let left = lengthOf(token & 15) + 4; left > 0; left--, to++) whole[to] = whole[to - distance] ?? 0;
  }
  return to;
}
