import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { NumberMap } from './number-map.ts';

const near = fc.integer({ min: 1, max: 40 });
const key = fc.oneof(
  near,
  near.map((n) => n * 1024),
  near.map((n) => 1_764_200_000_000 * 1024 + n * 10),
  near.map((n) => Number.MAX_SAFE_INTEGER - n),
);

test('it holds what a map of JavaScript holds', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(key, fc.boolean()), { maxLength: 200 }), (steps) => {
      const ours = new NumberMap<string>();
      const theirs = new Map<number, string>();
      for (const [at, [number, isSet]] of steps.entries()) {
        if (isSet) {
          ours.set(number, `value ${at}`);
          theirs.set(number, `value ${at}`);
        } else {
          ours.delete(number);
          theirs.delete(number);
        }
        assert.equal(ours.size, theirs.size);
      }
      for (const [number] of steps) assert.equal(ours.get(number), theirs.get(number));
    }),
    { numRuns: 2000 },
  );
});

test('sequences that follow each other are found at once, however many', () => {
  const map = new NumberMap<number>();
  const first = 1_764_200_000_000 * 1024;
  for (const step of [1, 10, 1024]) {
    for (let i = 0; i < 100_000; i++) map.set(first + i * step, i);
    for (let i = 0; i < 100_000; i++) assert.equal(map.get(first + i * step), i);
    for (let i = 0; i < 100_000; i++) map.delete(first + i * step);
    assert.equal(map.size, 0);
  }
});
