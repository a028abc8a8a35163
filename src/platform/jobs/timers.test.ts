import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { hours, SimulatedClock, seconds } from '#platform/base/clock.ts';
import type { AccountId, Region } from '#platform/base/ids.ts';
import { silent } from '#platform/base/log.ts';
import { cancelTimer, setTimer, TimerRunner } from '#platform/jobs/timers.ts';
import type { Input, TimerJob } from '#platform/service.ts';
import type { StoreDrivers } from '#platform/store/driver.ts';
import { faulty } from '#platform/store/faults.ts';
import { memoryDrivers } from '#platform/store/memory/drivers.ts';
import { openStore } from '#platform/store/open-store.ts';
import type { Partition } from '#platform/store/store.ts';
import { until } from '#test/until.ts';

const NAME = { service: 'test', account: '123456789012' as AccountId, region: 'us-east-1' as Region };

interface Bench {
  readonly clock: SimulatedClock;
  readonly partition: Partition;
  /** Ids, in the order of their runs. */
  readonly ran: string[];
  set(id: string, due: number, job?: string): void;
}

function start(t: TestContext, drivers: StoreDrivers, clock = new SimulatedClock(), ran: string[] = []): Bench {
  const store = openStore({ drivers, onFault: () => {} });
  const partition = store.partition(NAME);
  const note: TimerJob = (_tx, payload) => ran.push(String(payload['id']));
  const fail: TimerJob = (_tx, payload) => {
    ran.push(String(payload['id']));
    throw new Error('this job always fails');
  };
  const runner = new TimerRunner(partition, { clock, log: silent, jobOf: (name) => ({ note, fail })[name] });
  t.after(() => runner.stop());
  return {
    clock,
    partition,
    ran,
    set: (id, due, job = 'note') =>
      partition.transact((tx) => setTimer(tx, { job, id, due, payload: { id } satisfies Input })),
  };
}

test('a timer runs at its time, not before, once', (t) => {
  const { clock, ran, set } = start(t, memoryDrivers());
  set('a', clock.now() + seconds(10));
  clock.advance(seconds(9));
  assert.deepEqual(ran, []);
  clock.advance(seconds(1));
  assert.deepEqual(ran, ['a']);
  clock.advance(hours(1));
  assert.deepEqual(ran, ['a']);
});

test('timers run in the order of their times, whatever the order in which they are set, moved and cancelled', (t) => {
  const action = fc.record({
    id: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
    due: fc.option(fc.integer({ min: 1, max: 50 }), { nil: undefined }),
  });
  fc.assert(
    fc.property(fc.array(action, { maxLength: 20 }), (actions) => {
      const { clock, ran, set, partition } = start(t, memoryDrivers());
      const begin = clock.now();
      const wanted = new Map<string, number>();
      for (const { id, due } of actions) {
        if (due === undefined) {
          partition.transact((tx) => cancelTimer(tx, 'note', id));
          wanted.delete(id);
        } else {
          set(id, begin + seconds(due));
          wanted.set(id, due);
        }
      }
      for (let second = 1; second <= 50; second++) {
        clock.advance(seconds(1));
        const due = [...wanted].filter(([, at]) => at <= second).length;
        assert.equal(ran.length, due);
      }
      const order = [...wanted].sort(([a, x], [b, y]) => x - y || (a < b ? -1 : 1)).map(([id]) => id);
      assert.deepEqual(ran, order);
    }),
    { numRuns: 50 },
  );
});

test('a timer set by a transaction that fails is not there', (t) => {
  const { clock, ran, partition } = start(t, memoryDrivers());
  assert.throws(() =>
    partition.transact((tx) => {
      setTimer(tx, { job: 'note', id: 'a', due: clock.now() + 10, payload: { id: 'a' } });
      throw new Error('undone');
    }),
  );
  clock.advance(seconds(1));
  assert.deepEqual(ran, []);
});

test('of hundreds of thousands only the due ones are read', async (t) => {
  let rows = 0;
  const inner = memoryDrivers();
  const counting: StoreDrivers = {
    ...inner,
    open(region) {
      const driver = inner.open(region);
      const { range } = driver;
      driver.range = (partition, options) => {
        const found = range.call(driver, partition, options);
        rows += found.length;
        return found;
      };
      return driver;
    },
  };
  const { clock, ran, partition } = start(t, counting);
  const begin = clock.now();
  for (let page = 0; page < 20; page++) {
    partition.transact((tx) => {
      for (let i = 0; i < 10_000; i++) {
        const id = String(page * 10_000 + i);
        setTimer(tx, { job: 'note', id, due: begin + hours(1) + seconds(100 * Number(id)), payload: { id } });
      }
    });
    await partition.durable();
  }
  rows = 0;
  clock.advance(begin + hours(1) + seconds(450) - clock.now());
  await until(() => ran.length >= 5, 'five timers');
  assert.deepEqual(ran, ['0', '1', '2', '3', '4']);
  assert.ok(rows < 50, `${rows} rows were read`);
});

test('what came due while the cloud was down runs at the next start', async (t) => {
  const drivers = memoryDrivers();
  const first = start(t, drivers);
  first.set('a', first.clock.now() + seconds(10));
  first.set('b', first.clock.now() + seconds(20));
  await first.partition.durable();
  const clock = new SimulatedClock();
  clock.advance(seconds(15));
  const second = start(t, drivers, clock);
  await until(() => second.ran.length === 1, 'the first timer');
  clock.advance(seconds(5));
  assert.deepEqual(second.ran, ['a', 'b']);
});

test('a failing job is tried again, later each time, and holds up no other', (t) => {
  const { clock, ran, set } = start(t, memoryDrivers());
  const begin = clock.now();
  set('bad', begin + 1000, 'fail');
  set('good', begin + 1000);
  clock.advance(1000);
  assert.deepEqual(ran, ['bad', 'good']);
  const tries: number[] = [];
  for (let second = 1; second <= 20; second++) {
    const before = ran.length;
    clock.advance(1000);
    if (ran.length > before) tries.push(second);
  }
  assert.deepEqual(tries, [2, 6, 14]);
});

test('a run that a failed commit takes back is run again', async (t) => {
  const { drivers, faults } = faulty(memoryDrivers());
  const { clock, ran, set, partition } = start(t, drivers);
  set('a', clock.now() + 1000);
  await partition.durable();
  faults.failNext('before');
  clock.advance(1000);
  assert.deepEqual(ran, ['a']);
  await until(() => partition.losses === 1, 'the loss');
  clock.advance(1000);
  await until(() => ran.length === 2, 'the second run');
  await partition.durable();
  clock.advance(hours(1));
  assert.deepEqual(ran, ['a', 'a']);
});

test('while nothing can be read timers wait, from the start on', async (t) => {
  const disk = memoryDrivers();
  const before = start(t, disk);
  before.set('a', before.clock.now() + seconds(1));
  await before.partition.durable();
  const { drivers, faults } = faulty(disk);
  faults.areReadsRefused = true;
  const { clock, ran } = start(t, drivers);
  clock.advance(seconds(10));
  assert.deepEqual(ran, []);
  faults.areReadsRefused = false;
  clock.advance(seconds(10));
  assert.deepEqual(ran, ['a']);
});
