/**
 * The memory by which bodies that came whole are handed to the thread that hashes them: places for bodies, which are taken in turns, and
 * two counts, of the bodies that were given and of those that are done. Who waits sleeps on a count: a message in each direction would
 * cost as much as hashing 16 KiB.
 */
import { CHECKSUM_NAMES } from '#services/s3/objects/checksums.ts';
import type { ChecksumName } from '#services/s3/state.ts';

/** As much as the gateway reads whole; a power of two of them. */
export const LONGEST_BYTES = 128 * 1024;
export const PLACES = 16;
export const MOST_NAMES = 3;

export const GIVEN = 0;
export const DONE = 1;
const COUNT_WORDS = 2;
/** The body's length, then its names' numbers, from 1. */
const ORDER_WORDS = 1 + MOST_NAMES;
/** SHA-512 has the longest. */
const DIGEST_BYTES = 64;

const HEAD_BYTES = 4 * (COUNT_WORDS + PLACES * ORDER_WORDS);
const PLACE_BYTES = MOST_NAMES * (1 + DIGEST_BYTES) + LONGEST_BYTES;

export interface Desk {
  readonly memory: SharedArrayBuffer;
  readonly words: Int32Array;
  readonly bytes: Uint8Array;
}

export const deskOf = (memory: SharedArrayBuffer): Desk => ({
  memory,
  words: new Int32Array(memory, 0, HEAD_BYTES / 4),
  bytes: new Uint8Array(memory, HEAD_BYTES),
});

export const newDesk = (): Desk => deskOf(new SharedArrayBuffer(HEAD_BYTES + PLACES * PLACE_BYTES));

/** Counts wrap to negative numbers after 2^31 bodies; the mask takes them on. */
const placeOf = (count: number): number => count & (PLACES - 1);
const orderAt = (count: number): number => COUNT_WORDS + placeOf(count) * ORDER_WORDS;
const bodyAt = (count: number): number => placeOf(count) * PLACE_BYTES;
/** Each digest has its length before it. */
const digestAt = (count: number, index: number): number => bodyAt(count) + LONGEST_BYTES + index * (1 + DIGEST_BYTES);

/** Body number `count`. */
export function putBody({ words, bytes }: Desk, count: number, names: readonly ChecksumName[], body: Uint8Array): void {
  const at = orderAt(count);
  words[at] = body.length;
  for (let index = 0; index < MOST_NAMES; index++) {
    const name = names[index];
    words[at + 1 + index] = name === undefined ? 0 : CHECKSUM_NAMES.indexOf(name) + 1;
  }
  bytes.set(body, bodyAt(count));
}

export function bodyOf({ words, bytes }: Desk, count: number): { names: ChecksumName[]; body: Uint8Array } {
  const at = orderAt(count);
  const names: ChecksumName[] = [];
  for (const number of words.subarray(at + 1, at + 1 + MOST_NAMES)) {
    const name = CHECKSUM_NAMES[number - 1];
    if (name !== undefined) names.push(name);
  }
  return { names, body: bytes.subarray(bodyAt(count), bodyAt(count) + (words[at] ?? 0)) };
}

export function putDigest({ bytes }: Desk, count: number, index: number, digest: Uint8Array): void {
  const at = digestAt(count, index);
  bytes[at] = digest.length;
  bytes.set(digest, at + 1);
}

/** A copy: the place serves another body then. */
export function digestOf({ bytes }: Desk, count: number, index: number): Buffer {
  const at = digestAt(count, index);
  return Buffer.from(bytes.subarray(at + 1, at + 1 + (bytes[at] ?? 0)));
}
