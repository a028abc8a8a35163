import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { days, hours } from '#platform/base/clock.ts';
import {
  type KeyTimes,
  needsNewKey,
  outdatedKeys,
  signingKey,
} from '#services/iam/outbound-federation/signing-keys.ts';

const at = (createdAt: number): KeyTimes => ({ algorithm: 'RS256', createdAt });

test('a key signs, gets a successor after thirty days, and is gone two days after that took over', () => {
  const first = at(0);
  assert.equal(needsNewKey([], 'RS256', 0), true);
  assert.equal(signingKey([], 'RS256', 0), undefined);
  assert.equal(signingKey([first], 'RS256', 0), first);
  assert.equal(signingKey([first], 'ES384', 0), undefined);
  assert.equal(needsNewKey([first], 'RS256', days(30) - 1), false);
  assert.equal(needsNewKey([first], 'RS256', days(30)), true);
  const second = at(days(30));
  const both = [first, second];
  assert.equal(signingKey(both, 'RS256', days(31) - 1), first);
  assert.equal(signingKey(both, 'RS256', days(31)), second);
  assert.deepEqual(outdatedKeys(both, days(33) - 1), []);
  assert.deepEqual(outdatedKeys(both, days(33)), [first]);
});

test('whenever tokens are asked for, each can be verified for an hour by who has kept the key set for a day', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: days(20) }), { maxLength: 40 }), (steps) => {
      let keys: KeyTimes[] = [];
      let now = 0;
      for (const step of steps) {
        now += step;
        const before = keys;
        if (needsNewKey(keys, 'RS256', now)) keys = [...keys, at(now)];
        const gone = outdatedKeys(keys, now);
        keys = keys.filter((key) => !gone.includes(key));
        const key = signingKey(keys, 'RS256', now);
        assert.ok(key !== undefined);
        assert.ok(before.length === 0 || key.createdAt <= now - days(1) || before.every((each) => each === key));
        assert.ok(!outdatedKeys(keys, now + hours(1)).includes(key));
      }
    }),
  );
});
