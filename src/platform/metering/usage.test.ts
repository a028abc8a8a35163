import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hours, SimulatedClock } from '#platform/base/clock.ts';
import { meter, usageFinalBefore, usageOf } from '#platform/metering/usage.ts';
import { faulty } from '#platform/store/faults.ts';
import { jsonRows, table } from '#platform/store/keys.ts';
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

/** Not a count. */
const notes = table('note', [], jsonRows<{ words: string }>(1));

test('whatever is metered, and whichever commits fail, rows say what was answered', async () => {
  const step = fc.record({
    resource: fc.constantFrom('a', 'b'),
    amount: fc.integer({ min: 1, max: 9 }),
    minutes: fc.constantFrom(0, 1, 40),
    fault: fc.constantFrom('none', 'none', 'before', 'after', 'restart'),
    writes: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const { drivers, faults } = faulty(memoryDrivers());
      let partition = openStore({ drivers, onFault: () => {} }).partition(PLACE);
      let now = NOON;
      const wanted = new Map<string, number>();
      /** As of the last batch that was taken: what a restart leaves. */
      let onDisk = new Map<string, number>();
      for (const { resource, amount, minutes, fault, writes } of steps) {
        now += minutes * 60_000;
        const key = `${Math.floor(now / hours(1))} ${resource}`;
        if (fault === 'restart') {
          partition = openStore({ drivers, onFault: () => {} }).partition(PLACE);
          wanted.clear();
          for (const [each, sum] of onDisk) wanted.set(each, sum);
        }
        const isRefused = fault === 'before' || fault === 'after';
        // Whether a lost write is on the disk nobody knows: it is not asked for what it counted.
        if (isRefused) faults.failNext(writes ? 'before' : fault);
        meter(partition, now, dimension(resource), amount);
        if (writes) partition.transact((tx) => tx.put(notes, notes.key(), { words: 'more than a count' }));
        const isAnswered = await partition.durable()?.then(
          () => true,
          () => false,
        );
        assert.equal(isAnswered, !isRefused || !writes, 'who only reads is answered');
        if (isAnswered) wanted.set(key, (wanted.get(key) ?? 0) + amount);
        // A batch holds all that is owed.
        if (!isRefused || (fault === 'after' && !writes)) onDisk = new Map(wanted);
      }
      // What is owed joins the next batch.
      meter(partition, now, dimension(), 1);
      await partition.durable();
      wanted.set(`${Math.floor(now / hours(1))} arn`, 1);
      const rows = partition.read((tx) => usageOf(tx, NOON, now + 1));
      const found = new Map(rows.map(({ hour, resource, amount }) => [`${hour / hours(1)} ${resource}`, amount]));
      assert.deepEqual(new Map([...found].sort()), new Map([...wanted].sort()));
    }),
    { numRuns: 100 },
  );
});
