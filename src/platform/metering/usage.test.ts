import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hours, SimulatedClock } from '#platform/base/clock.ts';
import { meter, usageFinalBefore, usageOf } from '#platform/metering/usage.ts';
import { faulty } from '#platform/store/faults.ts';
import { memoryDrivers } from '#platform/store/memory/drivers.ts';
import { openStore } from '#platform/store/open-store.ts';
import { OWN, REGION } from '#platform/tiny-cloud.fixture.ts';

const NOON = Date.UTC(2026, 0, 31, 12);
const PLACE = { service: 'test', account: OWN, region: REGION };
const dimension = (resource = 'arn', operation = 'Send') => ({ usageType: 'Requests', operation, resource });

test('sums are kept per hour, go on after a restart, and hours close', async () => {
  const drivers = memoryDrivers();
  const first = openStore({ drivers }).partition(PLACE);
  for (let i = 0; i < 3; i++) meter(first, NOON + i, dimension(), 2);
  meter(first, NOON, dimension('other'), 1);
  await first.durable();
  const second = openStore({ drivers }).partition(PLACE);
  meter(second, NOON + 10, dimension(), 1);
  meter(second, NOON + hours(1), dimension(), 5);
  // Begun before the hour, ended after it.
  meter(second, NOON + hours(1) - 1, dimension(), 1);
  await second.durable();
  const rows = second.read((tx) => usageOf(tx, NOON, NOON + hours(2)));
  assert.deepEqual(
    rows.map(({ hour, resource, amount }) => [(hour - NOON) / hours(1), resource, amount]),
    [
      [0, 'arn', 7],
      [0, 'other', 1],
      [1, 'arn', 6],
    ],
  );
  assert.equal(second.read((tx) => usageOf(tx, NOON, NOON + hours(1))).length, 2);
  const clock = new SimulatedClock();
  assert.equal(
    second.read((tx) => usageFinalBefore(tx, clock)),
    NOON + hours(1),
  );
});

test('whatever is metered, and whichever commits fail, rows say what was durable', async () => {
  const step = fc.record({
    resource: fc.constantFrom('a', 'b'),
    amount: fc.integer({ min: 1, max: 9 }),
    minutes: fc.constantFrom(0, 1, 40),
    fault: fc.constantFrom('none', 'none', 'before', 'restart'),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const { drivers, faults } = faulty(memoryDrivers());
      let partition = openStore({ drivers, onFault: () => {} }).partition(PLACE);
      let now = NOON;
      const wanted = new Map<string, number>();
      for (const { resource, amount, minutes, fault } of steps) {
        now += minutes * 60_000;
        if (fault === 'restart') partition = openStore({ drivers, onFault: () => {} }).partition(PLACE);
        if (fault === 'before') faults.failNext('before');
        meter(partition, now, dimension(resource), amount);
        const isThere = await partition.durable()?.then(
          () => true,
          () => false,
        );
        assert.equal(isThere, fault !== 'before');
        const key = `${Math.floor(now / hours(1))} ${resource}`;
        if (isThere) wanted.set(key, (wanted.get(key) ?? 0) + amount);
      }
      const rows = partition.read((tx) => usageOf(tx, NOON, now + 1));
      const found = new Map(rows.map(({ hour, resource, amount }) => [`${hour / hours(1)} ${resource}`, amount]));
      assert.deepEqual(new Map([...found].sort()), new Map([...wanted].sort()));
    }),
    { numRuns: 100 },
  );
});
