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

/** A cipher for block `index`. */
const cipherOf = (key: KeyObject, index: number) =>
  createCipheriv('aes-256-gcm', key, nonceOf(index), { authTagLength: TAG_BYTES });

/** Takes a blob's bytes as they come and gives out what is written of them. */
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
  /** Of the block that fills: its number, how much of it is there, and the check sum of that. */
  #index = 0;
  #filled = 0;
  #sum = 0;
  #cipher: ReturnType<typeof cipherOf> | undefined;
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
    for (let at = 0; at < chunk.length; ) {
      const part = chunk.subarray(at, at + BLOCK_BYTES - this.#filled);
      at += part.length;
      output.push(this.#add(part));
      if (this.#filled === BLOCK_BYTES) output.push(...this.#close());
    }
    return output;
  }

  end(): Uint8Array[] {
    return this.#filled === 0 ? [] : this.#close();
  }

  #add(part: Uint8Array): Uint8Array {
    if (this.#key !== undefined) this.#cipher ??= cipherOf(this.#key, this.#index);
    const stored = this.#cipher?.update(part) ?? part;
    this.#sum = crc32(stored, this.#sum);
    this.#filled += part.length;
    return stored;
  }

  #close(): Uint8Array[] {
    this.#cipher?.final();
    const tag = this.#cipher?.getAuthTag();
    const sum = Buffer.alloc(SUM_BYTES);
    sum.writeUInt32BE(tag === undefined ? this.#sum : crc32(tag, this.#sum));
    this.#index++;
    this.#filled = 0;
    this.#sum = 0;
    this.#cipher = undefined;
    return tag === undefined ? [sum] : [tag, sum];
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
