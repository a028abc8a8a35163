import assert from 'node:assert/strict';
import { test } from 'node:test';
import { afterFailure, type Failures, isForgotten, isLocked, type LockRule, withoutLast } from '#platform/attempts.ts';
import { minutes } from '#platform/base/clock.ts';

const rule: LockRule = {
  free: 3,
  firstLock: minutes(1),
  longestLock: minutes(10),
  forgetAfter: minutes(15),
};

test('a few failures are free; then locks double up to the longest', () => {
  let failures: Failures | undefined;
  const locks: number[] = [];
  for (let i = 0; i < 9; i++) {
    const at = failures?.lockedUntil ?? 0;
    failures = afterFailure(failures, at, rule);
    locks.push((failures.lockedUntil - at) / minutes(1));
  }
  assert.deepEqual(locks, [0, 0, 0, 1, 2, 4, 8, 10, 10]);
});

test('a lock ends on time, and failures are forgotten after a quiet while', () => {
  const fourth = [0, 0, 0, 0].reduce<Failures | undefined>((before, at) => afterFailure(before, at, rule), undefined);
  assert.ok(isLocked(fourth, minutes(1) - 1));
  assert.ok(!isLocked(fourth, minutes(1)));
  assert.equal(afterFailure(fourth, minutes(14), rule).count, 5);
  assert.ok(fourth && isForgotten(fourth, minutes(15), rule));
  assert.equal(afterFailure(fourth, minutes(15), rule).count, 1);
});

test('an attempt that was none leaves what was before it', () => {
  const one = afterFailure(undefined, 0, rule);
  assert.equal(withoutLast(one), undefined);
  assert.equal(withoutLast(afterFailure(one, 5, rule))?.count, 1);
});
