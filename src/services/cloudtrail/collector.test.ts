import assert from 'node:assert/strict';
import { test } from 'node:test';
import { packsAfter, writeRecord } from '#platform/audit/journal.ts';
import { minutes, SimulatedClock } from '#platform/base/clock.ts';
import { timedId } from '#platform/base/ids.ts';
import { faulty } from '#platform/store/faults.ts';
import { memoryDrivers } from '#platform/store/memory/drivers.ts';
import { openStore } from '#platform/store/open-store.ts';
import { OWN, REGION } from '#platform/tiny-cloud.fixture.ts';
import { until } from '#test/until.ts';
import { Collector } from './collector.ts';
import { segments } from './state.ts';
import { TrailDirectory } from './trail-directory.ts';

function start() {
  const { drivers, faults } = faulty(memoryDrivers());
  const store = openStore({ drivers, onFault: () => {} });
  const clock = new SimulatedClock();
  const errors: unknown[] = [];
  const source = store.partition({ service: 'sqs', account: OWN, region: REGION });
  const collector = (): Collector => {
    const made = new Collector({
      store,
      trails: new TrailDirectory(store),
      clock,
      onFault: (error) => errors.push(error),
    });
    made.opened(source);
    return made;
  };
  let count = 0;
  return {
    faults,
    clock,
    errors,
    collector,
    source,
    /** Each in a batch of its own. */
    async write(records: number): Promise<void> {
      for (let n = 0; n < records; n++) {
        const eventID = timedId(clock.now());
        const eventTime = new Date(clock.now()).toISOString();
        const record = { eventID, eventTime, eventName: `Call${count++}`, managementEvent: true, userIdentity: {} };
        source.transact((tx) => writeRecord(tx, JSON.stringify(record)));
        await source.durable();
      }
    },
    taken: (): string[] =>
      store
        .partition({ service: 'cloudtrail', account: OWN, region: REGION })
        .read((tx) => tx.range(segments))
        .flatMap(({ row }) => row.map((text) => JSON.parse(text).eventName)),
    waiting: (): number => source.read((tx) => packsAfter(tx, undefined, 1000)).length,
  };
}

const calls = (count: number): string[] => Array.from({ length: count }, (_, n) => `Call${n}`);

test('records are taken in their order within a minute, in steps, and leave their partition', async () => {
  const bench = start();
  const collector = bench.collector();
  await bench.write(100);
  bench.clock.advance(minutes(1));
  await until(() => bench.taken().length === 100, 'all records');
  assert.deepEqual(bench.taken(), calls(100));
  await collector.stop();
  // The newest pack stays, so that its number is not given again.
  assert.equal(bench.waiting(), 1);
});

test('taking again takes nothing twice, in this process or the next', async () => {
  const bench = start();
  const first = bench.collector();
  await bench.write(3);
  await Promise.all([first.take(OWN, REGION), first.take(OWN, REGION)]);
  const second = bench.collector();
  await second.take(OWN, REGION);
  await bench.write(2);
  await second.take(OWN, REGION);
  assert.deepEqual(bench.taken(), calls(5));
});

test('what a failing disk refuses is taken later, once', async () => {
  const bench = start();
  const collector = bench.collector();
  await bench.write(3);
  bench.faults.failNext('before');
  await assert.rejects(collector.take(OWN, REGION));
  assert.deepEqual(bench.taken(), []);
  await collector.take(OWN, REGION);
  assert.deepEqual(bench.taken(), calls(3));
});
