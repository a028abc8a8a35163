import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Throttle } from '#platform/throttle.ts';

test('never more than the burst and what the time has refilled, and never less', () => {
  const steps = fc.array(fc.integer({ min: 0, max: 3000 }), { minLength: 1, maxLength: 200 });
  const rates = fc.record({ perSecond: fc.integer({ min: 1, max: 20 }), burst: fc.integer({ min: 1, max: 40 }) });
  fc.assert(
    fc.property(rates, steps, (rate, pauses) => {
      const throttle = new Throttle();
      let now = 0;
      let tokens = rate.burst;
      for (const pause of pauses) {
        now += pause;
        tokens = Math.min(rate.burst, tokens + (pause / 1000) * rate.perSecond);
        const isAdmitted = throttle.admit('key', rate, now);
        // At the edge the two ways to add may differ in the last bit.
        if (Math.abs(tokens - 1) > 1e-9) assert.equal(isAdmitted, tokens > 1);
        if (isAdmitted) tokens -= 1;
      }
    }),
  );
});

test('keys do not share tokens', () => {
  const throttle = new Throttle();
  const rate = { perSecond: 1, burst: 1 };
  assert.deepEqual(
    ['a', 'b', 'a', 'b'].map((key) => throttle.admit(key, rate, 0)),
    [true, true, false, false],
  );
});

test('many keys cost neither memory without end nor a scan for each, and no bucket is refilled by being forgotten', () => {
  const throttle = new Throttle();
  const slow = { perSecond: 0.001, burst: 1 };
  assert.ok(throttle.admit('slow', slow, 0));
  const begin = performance.now();
  for (let i = 0; i < 200_000; i++) throttle.admit(`key ${i}`, { perSecond: 1000, burst: 10 }, i);
  assert.ok(performance.now() - begin < 5000);
  assert.equal(throttle.admit('slow', slow, 200_000), false);
  // Buckets that stay in use are not looked through for each new one.
  for (let i = 0; i < 80_000; i++) throttle.admit(`busy ${i}`, slow, 200_000);
  assert.ok(performance.now() - begin < 5000);
});

test('a rate that can change is asked for again after a while', () => {
  const throttle = new Throttle();
  let perSecond = 1;
  const current = () => ({ perSecond, burst: perSecond });
  const admitted = (now: number) => [1, 2, 3].filter(() => throttle.admit('key', current, now)).length;
  assert.equal(admitted(0), 1);
  perSecond = 3;
  assert.equal(admitted(5000), 1);
  assert.equal(admitted(10_000), 3);
});
