/**
 * How a blob's bytes are written: blocks of 64 KiB, each followed by its check sum, so that a range is read and checked without
 * the rest. A sealed block is its ciphertext and a tag (AES-256-GCM); its number is the nonce, since a key is of one blob alone:
 * blocks can't change places. The check sum covers what is stored: a scrub needs no key. (CRC-32 as Node has it: zlib's is
 * twenty times as fast as a CRC-32C in JavaScript, and finds as much.)
 */
import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { BlobDamaged, type PutOptions } from '#platform/blobs/blobs.ts';
import { giveBack } from '#platform/blobs/give-back.ts';

export const BLOCK_BYTES = 64 * 1024;
const TAG_BYTES = 16;
/** Of a block, as they are sealed and written. */
const MOST_PARTS = 8;
const SUM_BYTES = 4;

const extraBytes = (isSealed: boolean): number => (isSealed ? TAG_BYTES : 0) + SUM_BYTES;

/** The room that `bytes` of a blob take, from a block's beginning. */
export const storedBytes = (bytes: number, isSealed: boolean): number =>
  bytes + Math.ceil(bytes / BLOCK_BYTES) * extraBytes(isSealed);

/** Where block `index` begins. */
export const blockOffset = (index: number, isSealed: boolean): number => index * (BLOCK_BYTES + extraBytes(isSealed));

function nonceOf(index: number): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeBigUInt64BE(BigInt(index), 4);
  return nonce;
}

/** Node spends 10 us a block on a key that is bytes. */
const keyObject = (key: Uint8Array | undefined): KeyObject | undefined => key && createSecretKey(key);

/** One block as it is written. */
function encodeBlock(plain: readonly Uint8Array[], index: number, key: KeyObject | undefined): Uint8Array[] {
  const parts = key === undefined ? plain : seal(plain, index, key);
  const sum = Buffer.alloc(SUM_BYTES);
  let value = 0;
  for (const part of parts) value = crc32(part, value);
  sum.writeUInt32BE(value);
  return [...parts, sum];
}

function seal(plain: readonly Uint8Array[], index: number, key: KeyObject): Uint8Array[] {
  const cipher = createCipheriv('aes-256-gcm', key, nonceOf(index), { authTagLength: TAG_BYTES });
  const sealed: Uint8Array[] = plain.map((part) => cipher.update(part));
  cipher.final();
  return [...sealed, cipher.getAuthTag()];
}

/** Takes a blob's bytes as they come and gives blocks out as they fill. */
export interface BlockWriter {
  /** How many bytes of the blob came so far. */
  readonly bytes: number;
  /** What is given out was made here, and is nobody else's. */
  readonly ownsBlocks: boolean;
  push(chunk: Uint8Array): Uint8Array[];
  end(): Uint8Array[];
}

class BlockEncoder implements BlockWriter {
  readonly #key: KeyObject | undefined;
  #index = 0;
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  #bytes = 0;

  constructor(key: Uint8Array | undefined) {
    this.#key = keyObject(key);
  }

  get bytes(): number {
    return this.#bytes;
  }

  get ownsBlocks(): boolean {
    return this.#key !== undefined;
  }

  push(chunk: Uint8Array): Uint8Array[] {
    this.#bytes += chunk.length;
    const output: Uint8Array[] = [];
    let at = 0;
    while (this.#heldBytes + chunk.length - at >= BLOCK_BYTES) {
      const end = at + BLOCK_BYTES - this.#heldBytes;
      this.#held.push(chunk.subarray(at, end));
      at = end;
      output.push(...this.#release());
    }
    if (at < chunk.length) {
      this.#held.push(chunk.subarray(at));
      this.#heldBytes += chunk.length - at;
    }
    return output;
  }

  end(): Uint8Array[] {
    return this.#heldBytes === 0 ? [] : this.#release();
  }

  #release(): Uint8Array[] {
    // Whoever sends a byte at a time makes no cipher's call and no buffer of a write of each.
    const block = this.#held.length > MOST_PARTS ? [Buffer.concat(this.#held)] : this.#held;
    this.#held = [];
    this.#heldBytes = 0;
    return encodeBlock(block, this.#index++, this.#key);
  }
}

/** Blocks that were made before, and pass as they are. */
class MadeBlocks implements BlockWriter {
  readonly bytes: number;
  readonly ownsBlocks = false;

  constructor(bytes: number) {
    this.bytes = bytes;
  }

  push(chunk: Uint8Array): Uint8Array[] {
    return [chunk];
  }

  end(): Uint8Array[] {
    return [];
  }
}

export const blockWriter = ({ key, sealedBytes }: Pick<PutOptions, 'key' | 'sealedBytes'>): BlockWriter =>
  sealedBytes === undefined ? new BlockEncoder(key) : new MadeBlocks(sealedBytes);

export const isSealedBy = ({ key, sealedBytes }: Pick<PutOptions, 'key' | 'sealedBytes'>): boolean =>
  key !== undefined || sealedBytes !== undefined;

/** Checks blocks that stand one after another in `stored`, the first of them number `first`; answers their bytes. */
export function openBlocks(stored: Buffer, first: number, key: Uint8Array | undefined): Buffer {
  const secret = keyObject(key);
  const extra = extraBytes(secret !== undefined);
  const parts: Buffer[] = [];
  let index = first;
  for (let at = 0; at < stored.length; at += BLOCK_BYTES + extra) {
    const block = stored.subarray(at, at + BLOCK_BYTES + extra);
    checkBlock(block, index);
    const content = block.subarray(0, block.length - extra);
    parts.push(
      secret === undefined ? content : open(content, block.subarray(content.length, -SUM_BYTES), index, secret),
    );
    index++;
  }
  const [only] = parts;
  if (parts.length === 1 && only) return only;
  const whole = Buffer.concat(parts);
  if (secret !== undefined) for (const part of parts) giveBack(part);
  return whole;
}

/** Checks sums alone: for a scrub. */
export function checkBlocks(stored: Buffer, isSealed: boolean): void {
  const size = BLOCK_BYTES + extraBytes(isSealed);
  for (let at = 0; at < stored.length; at += size) checkBlock(stored.subarray(at, at + size), at / size);
}

function checkBlock(block: Buffer, index: number): void {
  const end = block.length - SUM_BYTES;
  if (end <= 0 || crc32(block.subarray(0, end)) !== block.readUInt32BE(end)) {
    throw new BlobDamaged(`block ${index} is not what was written`);
  }
}

function open(sealed: Buffer, tag: Buffer, index: number, key: KeyObject): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, nonceOf(index), { authTagLength: TAG_BYTES });
  decipher.setAuthTag(tag);
  const plain = decipher.update(sealed);
  try {
    decipher.final();
  } catch {
    throw new BlobDamaged(`block ${index} does not open with this key`);
  }
  return plain;
}
