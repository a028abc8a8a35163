/**
 * A blob on disk is a record: a head that tells its owner and its size, then its blocks. Records lie one after another in a
 * segment, or alone in a file of their own. With the heads alone a sweep knows what there is, whatever the rows say.
 *
 *     "MKB1" | flags 1 | 0 | owner's length 2 | blob's bytes 8 | check sum of all this 4 | owner | blocks
 */
import { crc32 } from 'node:zlib';
import { storedBytes } from '#platform/blobs/blocks.ts';

const MAGIC = 0x4d4b4231;
export const FIXED_HEAD_BYTES = 20;
export const LONGEST_OWNER = 4096;
const SUM_AT = 16;
const SEALED = 1;

export interface RecordHead {
  readonly owner: string;
  readonly bytes: number;
  readonly isSealed: boolean;
}

export function encodeHead({ owner, bytes, isSealed }: RecordHead): Buffer {
  const text = Buffer.from(owner, 'utf8');
  if (text.length > LONGEST_OWNER) throw new RangeError(`an owner's name has at most ${LONGEST_OWNER} bytes`);
  const head = Buffer.alloc(FIXED_HEAD_BYTES + text.length);
  head.writeUInt32BE(MAGIC, 0);
  head.writeUInt8(isSealed ? SEALED : 0, 4);
  head.writeUInt16BE(text.length, 6);
  head.writeBigUInt64BE(BigInt(bytes), 8);
  text.copy(head, FIXED_HEAD_BYTES);
  head.writeUInt32BE(sumOf(head), SUM_AT);
  return head;
}

const sumOf = (head: Buffer): number => crc32(head.subarray(FIXED_HEAD_BYTES), crc32(head.subarray(0, SUM_AT)));

/** The head that `bytes` begin with; undefined where there is none (the torn end of a segment). */
export function decodeHead(bytes: Buffer): (RecordHead & { readonly headBytes: number }) | undefined {
  if (bytes.length < FIXED_HEAD_BYTES || bytes.readUInt32BE(0) !== MAGIC) return undefined;
  const headBytes = FIXED_HEAD_BYTES + bytes.readUInt16BE(6);
  if (bytes.length < headBytes) return undefined;
  const head = bytes.subarray(0, headBytes);
  if (sumOf(head) !== head.readUInt32BE(SUM_AT)) return undefined;
  return {
    owner: head.toString('utf8', FIXED_HEAD_BYTES),
    // Blobs are far below 2^53 bytes.
    bytes: Number(head.readBigUInt64BE(8)),
    isSealed: (head.readUInt8(4) & SEALED) !== 0,
    headBytes,
  };
}

/**
 * Of the bytes after the last record of a segment: whether a write that a crash cut off explains them (a part of a head, or
 * room that was never filled). Anything else was a record once.
 */
export function isTorn(bytes: Buffer): boolean {
  if (bytes.length < FIXED_HEAD_BYTES || bytes.every((byte) => byte === 0)) return true;
  return bytes.readUInt32BE(0) === MAGIC && bytes.length < FIXED_HEAD_BYTES + bytes.readUInt16BE(6);
}

/** The room that a whole record takes. */
export const recordBytes = (head: RecordHead, headBytes: number): number =>
  headBytes + storedBytes(head.bytes, head.isSealed);
