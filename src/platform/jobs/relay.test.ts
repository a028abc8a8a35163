import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { hours, SimulatedClock, seconds } from '#platform/base/clock.ts';
import { silent } from '#platform/base/log.ts';
import { ServiceError, ThrottlingError } from '#platform/error.ts';
import { type Delivery, send } from '#platform/jobs/outbox.ts';
import { RETRY_JOB, Relay, retryTarget } from '#platform/jobs/relay.ts';
import { TimerRunner } from '#platform/jobs/timers.ts';
import type { StoreDrivers } from '#platform/store/driver.ts';
import { faulty } from '#platform/store/faults.ts';
import { memoryDrivers } from '#platform/store/memory/drivers.ts';
import { openStore } from '#platform/store/open-store.ts';
import { OWN, REGION } from '#platform/tiny-cloud.fixture.ts';
import { until } from '#test/until.ts';

type Answer = (delivery: Delivery) => Promise<void>;

function start(t: TestContext, drivers: StoreDrivers, answer: Answer = async () => {}) {
  const clock = new SimulatedClock();
  const partition = openStore({ drivers, onFault: () => {} }).partition({
    service: 'test',
    account: OWN,
    region: REGION,
  });
  const deliveries: Delivery[] = [];
  const delivered = new Set<string>();
  const relay = new Relay(partition, {
    clock,
    log: silent,
    deliver: async (delivery) => {
      deliveries.push(delivery);
      await answer(delivery);
      delivered.add(delivery.target);
    },
  });
  const timers = new TimerRunner(partition, {
    clock,
    log: silent,
    jobOf: (name) => (name === RETRY_JOB ? retryTarget : undefined),
  });
  const stop = (): void => {
    relay.stop();
    timers.stop();
  };
  t.after(stop);
  return {
    clock,
    partition,
    stop,
    deliveries,
    delivered,
    names: () => deliveries.map(({ input }) => input['n']),
    send: (n: number, target = 'one') =>
      partition.transact((tx) =>
        send(tx, clock.now(), {
          service: 'sqs',
          operation: 'SendMessage',
          input: { n },
          region: REGION,
          sourceArn: 'arn:aws:test:us-east-1:123456789012:thing',
          target,
        }),
      ),
  };
}

const count = (length: number): number[] => Array.from({ length }, (_, n) => n);

test('messages of a target are delivered in their order, each once', async (t) => {
  const bench = start(t, memoryDrivers());
  for (const n of count(250)) bench.send(n);
  await until(() => bench.deliveries.length === 250, '250 deliveries');
  for (const n of count(10)) bench.send(250 + n);
  await until(() => bench.deliveries.length === 260, '260 deliveries');
  assert.deepEqual(bench.names(), count(260));
  const [first] = bench.deliveries;
  assert.equal(first?.sourceAccount, OWN);
  assert.equal(first.from, 'test');
  assert.equal(new Set(bench.deliveries.map(({ idempotencyToken }) => idempotencyToken)).size, 260);
});

test('nothing is sent before it is on disk, and nothing of a transaction that fails', async (t) => {
  const { drivers, faults } = faulty(memoryDrivers());
  const bench = start(t, drivers, () => new Promise((resolve) => setImmediate(resolve)));
  bench.send(0);
  await until(() => bench.deliveries.length === 1, 'the first delivery');
  faults.hold();
  bench.send(1);
  await until(() => faults.underWay > 0, 'the commit');
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(bench.names(), [0]);
  faults.release();
  await until(() => bench.deliveries.length === 2, 'the second delivery');
  assert.throws(() =>
    bench.partition.transact(() => {
      bench.send(2);
      throw new Error('undone');
    }),
  );
  bench.send(3);
  await until(() => bench.deliveries.length === 3, 'the third delivery');
  assert.deepEqual(bench.names(), [0, 1, 3]);
});

test('a failure is tried again with the same token, later each time, before the next message', async (t) => {
  let isDown = true;
  const bench = start(t, memoryDrivers(), async () => {
    if (isDown) throw new ServiceError('InternalFailure', 'no', { status: 500 });
  });
  bench.send(0);
  bench.send(1);
  await until(() => bench.deliveries.length === 1, 'the first try');
  for (const [tries, pause] of [
    [2, 1],
    [3, 2],
    [4, 4],
  ] as const) {
    await new Promise((resolve) => setImmediate(resolve));
    bench.clock.advance(seconds(pause));
    await until(() => bench.deliveries.length === tries, `try ${tries}`);
  }
  isDown = false;
  bench.clock.advance(seconds(8));
  await until(() => bench.deliveries.length === 6, 'both');
  assert.deepEqual(bench.names(), [0, 0, 0, 0, 0, 1]);
  assert.equal(new Set(bench.deliveries.map(({ idempotencyToken }) => idempotencyToken)).size, 2);
});

test('a refusal is final, too high a rate is not, and a day of failures is enough', async (t) => {
  const answers = new Map<unknown, () => Error>([
    [0, () => new ServiceError('AccessDenied', 'no')],
    [1, () => new ThrottlingError('RequestThrottled', 'later')],
    [2, () => new Error('a fault')],
  ]);
  const bench = start(t, memoryDrivers(), async ({ input }) => {
    const error = answers.get(input['n']);
    if (error) throw error();
  });
  bench.send(0);
  bench.send(1);
  await until(() => bench.deliveries.length === 2, 'two tries');
  answers.delete(1);
  await new Promise((resolve) => setImmediate(resolve));
  bench.clock.advance(seconds(1));
  await until(() => bench.deliveries.length === 3, 'the second try');
  bench.send(2);
  bench.send(3);
  await until(() => bench.deliveries.length === 4, 'the failing one');
  await new Promise((resolve) => setImmediate(resolve));
  bench.clock.advance(hours(24));
  await until(() => bench.deliveries.length === 6, 'the one behind it');
  assert.deepEqual(bench.names(), [0, 1, 1, 2, 2, 3]);
});

test('what was not delivered before a crash is delivered after it, with the same token', async (t) => {
  const drivers = memoryDrivers();
  const first = start(t, drivers, () => new Promise(() => {}));
  first.send(0);
  first.send(1);
  await until(() => first.deliveries.length === 1, 'the first try');
  first.stop();
  const second = start(t, drivers);
  await until(() => second.deliveries.length === 2, 'both');
  assert.deepEqual(second.names(), [0, 1]);
  assert.equal(second.deliveries[0]?.idempotencyToken, first.deliveries[0]?.idempotencyToken);
});

test('a removal that a failed commit takes back is sent again', async (t) => {
  const { drivers, faults } = faulty(memoryDrivers());
  const bench = start(t, drivers, async () => faults.failNext('before'));
  bench.send(0);
  await until(() => bench.partition.losses === 1, 'the loss');
  bench.clock.advance(seconds(1));
  await until(() => bench.deliveries.length >= 2, 'the second delivery');
  assert.equal(bench.deliveries[0]?.idempotencyToken, bench.deliveries[1]?.idempotencyToken);
});

const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
};

test('a target that fails or never answers delays no other', async (t) => {
  const bench = start(t, memoryDrivers(), async ({ target }) => {
    if (target === 'dead') throw new ServiceError('InternalFailure', 'no', { status: 500 });
    if (target === 'hanging') await new Promise(() => {});
  });
  const targets = ['dead', 'hanging', 'well', 'other'];
  for (const n of count(40)) bench.send(n, targets[n % 4]);
  await until(
    () => bench.deliveries.filter(({ target }) => target === 'well' || target === 'other').length === 20,
    '20',
  );
  const namesOf = (wanted: string) =>
    bench.deliveries.filter(({ target }) => target === wanted).map(({ input }) => input['n']);
  assert.deepEqual(namesOf('well'), [2, 6, 10, 14, 18, 22, 26, 30, 34, 38]);
  assert.deepEqual(namesOf('dead'), [0]);
  assert.deepEqual(namesOf('hanging'), [1]);
  // New messages of a target that waits for its next try don't bring it forward.
  bench.send(100, 'dead');
  await bench.partition.durable();
  await turns(5);
  assert.deepEqual(namesOf('dead'), [0]);
  bench.clock.advance(seconds(1));
  await until(() => namesOf('dead').length === 2, 'the second try');
});

test('more failing targets than lanes, and a restart, lose nobody and hurry nobody', async (t) => {
  const drivers = memoryDrivers();
  const tries = new Map<string, number>();
  let isDown = true;
  const answer: Answer = async ({ target }) => {
    tries.set(target, (tries.get(target) ?? 0) + 1);
    if (isDown && target !== 'z well') throw new ThrottlingError('RequestThrottled', 'later');
  };
  const first = start(t, drivers, answer);
  const begin = first.clock.now();
  const targets = count(500).map((n) => `target ${n}`);
  for (const [n, target] of targets.entries()) first.send(n, target);
  await until(() => tries.size === 500, 'a try each');
  await turns(5);
  first.send(1000, 'z well');
  await until(() => tries.has('z well'), 'the one behind them');
  await first.partition.durable();
  first.stop();

  const second = start(t, drivers, answer);
  second.send(1001, 'z well');
  await until(() => tries.get('z well') === 2, 'the one behind them');
  // The clock runs: on a busy machine their second try may have come by itself.
  if (second.clock.now() - begin < seconds(1)) assert.ok(targets.every((target) => tries.get(target) === 1));
  isDown = false;
  second.clock.advance(seconds(1));
  await until(() => second.delivered.size === targets.length + 1, 'all');
  await turns(20);
  const before = second.deliveries.length;
  second.clock.advance(hours(1));
  await turns(20);
  assert.equal(second.deliveries.length, before);
});

test('while nothing can be read messages wait, from the start on', async (t) => {
  const { drivers, faults } = faulty(memoryDrivers());
  faults.areReadsRefused = true;
  const bench = start(t, drivers);
  bench.clock.advance(seconds(10));
  faults.areReadsRefused = false;
  bench.send(0);
  await until(() => bench.deliveries.length === 1, 'the first');
  faults.areReadsRefused = true;
  bench.send(1);
  await bench.partition.durable();
  // In this turn and the next the relay looks, and finds nothing that it could read.
  await new Promise((resolve) => setImmediate(resolve));
  faults.areReadsRefused = false;
  await until(() => {
    bench.clock.advance(seconds(1));
    return bench.deliveries.length === 2;
  }, 'the second');
});
