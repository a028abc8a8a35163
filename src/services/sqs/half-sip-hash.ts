/**
 * HalfSipHash-2-4 with 64 bits of output: a keyed hash for short inputs, in 32-bit arithmetic (Aumasson and Bernstein, "SipHash: a fast
 * short-input PRF"; reference implementation halfsiphash.c). Node's own hashes cost ten times as much for a few words, and a
 * receipt handle is made or checked for every message that is received or deleted.
 */

export interface HashKey {
  readonly k0: number;
  readonly k1: number;
}

let v0 = 0;
let v1 = 0;
let v2 = 0;
let v3 = 0;

const rotate = (word: number, bits: number): number => (word << bits) | (word >>> (32 - bits));

function round(): void {
  v0 = (v0 + v1) | 0;
  v1 = rotate(v1, 5) ^ v0;
  v0 = rotate(v0, 16);
  v2 = (v2 + v3) | 0;
  v3 = rotate(v3, 8) ^ v2;
  v0 = (v0 + v3) | 0;
  v3 = rotate(v3, 7) ^ v0;
  v2 = (v2 + v1) | 0;
  v1 = rotate(v1, 13) ^ v2;
  v2 = rotate(v2, 16);
}

function absorb(word: number): void {
  v3 ^= word;
  round();
  round();
  v0 ^= word;
}

function finish(): number {
  for (let count = 0; count < 4; count++) round();
  return (v1 ^ v3) >>> 0;
}

/** Of whole 32-bit words, little-endian as in the reference; the two halves of the output. */
export function halfSipHash({ k0, k1 }: HashKey, words: readonly number[]): [low: number, high: number] {
  v0 = k0;
  v1 = k1 ^ 0xee;
  v2 = 0x6c796765 ^ k0;
  v3 = 0x74656462 ^ k1;
  for (const word of words) absorb(word);
  absorb((words.length * 4) << 24);
  v2 ^= 0xee;
  const low = finish();
  v1 ^= 0xdd;
  return [low, finish()];
}
