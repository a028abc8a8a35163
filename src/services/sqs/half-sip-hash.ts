/**
 * HalfSipHash-2-4 with 64 bits of output: a keyed hash for short inputs, in 32-bit arithmetic (Aumasson and Bernstein, "SipHash: a fast
 * short-input PRF"; reference implementation halfsiphash.c). Node's own hashes cost ten times as much for a few words, and a
 * receipt handle is made or checked for every message that is received or deleted.
 */

export interface HashKey {
  readonly k0: number;
  readonly k1: number;
}

const rotate = (word: number, bits: number): number => (word << bits) | (word >>> (32 - bits));

/** Of whole 32-bit words, little-endian as in the reference; the two halves of the output. */
export function halfSipHash({ k0, k1 }: HashKey, words: readonly number[]): [low: number, high: number] {
  const { length } = words;
  let v0 = k0;
  let v1 = k1 ^ 0xee;
  let v2 = 0x6c796765 ^ k0;
  let v3 = 0x74656462 ^ k1;
  let low = 0;
  // The words, then their length, two rounds each; then four rounds for each half. One loop, so that all stays in registers.
  for (let step = 0; step < length + 3; step++) {
    const word = step < length ? (words[step] ?? 0) : step === length ? (length * 4) << 24 : 0;
    if (step === length + 1) v2 ^= 0xee;
    if (step === length + 2) {
      low = v1 ^ v3;
      v1 ^= 0xdd;
    }
    v3 ^= word;
    for (let rounds = step <= length ? 2 : 4; rounds > 0; rounds--) {
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
    v0 ^= word;
  }
  return [low >>> 0, (v1 ^ v3) >>> 0];
}
