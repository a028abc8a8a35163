/**
 * The inner of DSSE-KMS's two layers: AES-256 in counter mode under a key of KMS's, so that a range opens by itself. The outer
 * layer, which every blob has (AES-256-GCM under the bucket's key), tells whether anything was changed.
 */
import { createCipheriv } from 'node:crypto';

const BLOCK_BYTES = 16;

/** The same for both directions. `start`: where in the blob the bytes begin. */
function cipherAt(key: Uint8Array, start: number) {
  const counter = Buffer.alloc(BLOCK_BYTES);
  counter.writeBigUInt64BE(BigInt(Math.floor(start / BLOCK_BYTES)), 8);
  const cipher = createCipheriv('aes-256-ctr', key, counter);
  cipher.update(Buffer.alloc(start % BLOCK_BYTES));
  return cipher;
}

export const innerLayer = (key: Uint8Array, bytes: Uint8Array, start = 0): Buffer => cipherAt(key, start).update(bytes);

export async function* innerLayerOf(
  key: Uint8Array,
  source: AsyncIterable<Uint8Array>,
  start = 0,
): AsyncGenerator<Uint8Array> {
  const cipher = cipherAt(key, start);
  for await (const chunk of source) yield cipher.update(chunk);
}
