import assert from 'node:assert/strict';
import { test } from 'node:test';
import { halfSipHash } from './half-sip-hash.ts';

/** `vectors_hsip64` of the reference implementation: key 00 01 … 07, input 00 01 … of that length. */
const VECTORS: readonly [bytes: number, output: string][] = [
  [0, '218d1f59b9b83cc8'],
  [4, 'd5e78a175be52ea1'],
  [8, 'edfee820bce4858c'],
  [12, '7bc71f9faef5c799'],
];

test('the reference vectors of whole words', () => {
  const key = { k0: 0x03020100, k1: 0x07060504 };
  for (const [bytes, output] of VECTORS) {
    const input = Buffer.from(Array.from({ length: bytes }, (_, at) => at));
    const words = Array.from({ length: bytes / 4 }, (_, at) => input.readInt32LE(at * 4));
    const [low, high] = halfSipHash(key, words);
    const written = Buffer.alloc(8);
    written.writeUInt32LE(low, 0);
    written.writeUInt32LE(high, 4);
    assert.equal(written.toString('hex'), output);
  }
});
