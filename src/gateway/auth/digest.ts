/**
 * SHA-256 and HMAC-SHA-256 by one-shot `crypto.hash`: createHmac costs 24 us on Node 24, two one-shot hashes over the
 * key's prepared blocks 0.7 us (RFC 2104: H(K^opad || H(K^ipad || message))). Digests travel as `binary` strings, which
 * costs a third of what a fresh Buffer does.
 *
 * Text is hashed as the bytes that came over the wire. Node hands those out one character a byte ('latin1'); text with
 * characters beyond that was decoded by somebody, and counts as UTF-8.
 */
import { hash } from 'node:crypto';

const BLOCK = 64;
const DIGEST = 32;
/** Where text becomes bytes. Larger texts get a buffer of their own. */
const scratch = Buffer.alloc(16_384);

/** As latin1 where each character is one byte of the wire, as UTF-8 where a reader has already decoded it. */
export function wireEncoding(text: string): 'latin1' | 'utf8' {
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) > 0xff) return 'utf8';
  return 'latin1';
}

/** Text with characters beyond ASCII is rare and takes the careful way: 'latin1' would cut their upper byte off. */
const isAscii = (text: string): boolean => Buffer.byteLength(text, 'utf8') === text.length;

export function sha256Hex(data: string | Uint8Array): string {
  // `hash` takes text as UTF-8.
  const bytes = typeof data !== 'string' || isAscii(data) ? data : Buffer.from(data, wireEncoding(data));
  return hash('sha256', bytes, 'hex');
}

/** A key made ready: its inner block, and its outer block with room for the inner digest. */
export interface HmacKey {
  readonly inner: Uint8Array;
  readonly outer: Buffer;
}

export function hmacKey(key: Uint8Array): HmacKey {
  const material = key.length > BLOCK ? hash('sha256', key, 'buffer') : key;
  const inner = new Uint8Array(BLOCK).fill(0x36);
  const outer = Buffer.alloc(BLOCK + DIGEST, 0x5c);
  for (let index = 0; index < material.length; index++) {
    // Both blocks are longer than the material, so neither index is out of range.
    inner[index] = 0x36 ^ (material[index] as number);
    outer[index] = 0x5c ^ (material[index] as number);
  }
  return { inner, outer };
}

/** The digest as `hex`, or as `binary`, one character a byte. */
export function hmac(key: HmacKey, message: string | Uint8Array, as: 'hex' | 'binary'): string {
  if (typeof message === 'string' && BLOCK + message.length <= scratch.length && isAscii(message)) {
    scratch.set(key.inner);
    return finish(key, scratch.subarray(0, BLOCK + scratch.write(message, BLOCK, 'latin1')), as);
  }
  const bytes = typeof message === 'string' ? Buffer.from(message, wireEncoding(message)) : message;
  return finish(key, Buffer.concat([key.inner, bytes]), as);
}

function finish(key: HmacKey, inner: Buffer, as: 'hex' | 'binary'): string {
  key.outer.write(hash('sha256', inner, 'binary'), BLOCK, 'binary');
  return hash('sha256', key.outer, as);
}
