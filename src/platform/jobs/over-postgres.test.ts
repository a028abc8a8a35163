/** What no request waits for, over a database that takes its time, and with nothing in memory. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedClock, seconds } from '#platform/base/clock.ts';
import { silent } from '#platform/base/log.ts';
import { Jobs } from '#platform/jobs/jobs.ts';
import { send } from '#platform/jobs/outbox.ts';
import { setTimer } from '#platform/jobs/timers.ts';
import type { Reconciler, ServiceDeclaration, TimerJob } from '#platform/service.ts';
import { again, heldThread } from '#platform/store/again.ts';
import { openStore } from '#platform/store/open-store.ts';
import { startCluster, withPostgres } from '#platform/store/postgres/cluster.fixture.ts';
import { postgresDrivers } from '#platform/store/postgres/drivers.ts';
import { startNetwork } from '#platform/store/postgres/network.fixture.ts';
import type { Store } from '#platform/store/store.ts';
import { notes, notesService, OWN, REGION, registryOf } from '#platform/tiny-cloud.fixture.ts';
import { until } from '#test/until.ts';

const COUNT = 30;
const NAMES = Array.from({ length: COUNT }, (_, at) => `note ${at}`);
/** Memory keeps no row of this length. */
const LONG = 'x'.repeat(20_000);
const PLACE = { service: 'notes', account: OWN, region: REGION };

/** Things to do, as an earlier process has left them. */
async function leaveWork(store: Store, now: number): Promise<void> {
  const partition = store.partition(PLACE);
  partition.transact((tx) => {
    for (const [at, name] of NAMES.entries()) {
      tx.put(notes, notes.key(name), { body: LONG });
      setTimer(tx, { job: 'ring', id: name, due: now, payload: { name, LONG } });
      const call = { service: 'sqs', operation: 'SendMessage', input: { name, LONG }, region: REGION };
      send(tx, now, { ...call, sourceArn: 'arn', target: `target ${at % 5}` });
    }
  });
  await partition.durable();
  await store.close();
}

test('timers, relays, reconcilers and hooks of commits wait for a slow database without holding the thread', {
  ...withPostgres,
  timeout: 120_000,
}, async (t) => {
  const cluster = await startCluster();
  t.after(() => cluster.remove());
  const network = await startNetwork(cluster.port);
  t.after(() => network.close());
  const clock = new SimulatedClock();
  const drivers = () => postgresDrivers({ ...cluster.address('jobs'), port: network.port });
  await leaveWork(openStore({ drivers: drivers() }), clock.now());

  const seen = { timers: 0, hooks: 0, messages: 0, failures: 0, looks: 0 };
  const ring: TimerJob = (tx, { name }, { partition }) => {
    const key = notes.key(String(name));
    assert.equal(tx.get(notes, key)?.body, LONG);
    seen.timers++;
    partition.beforeCommit((last) => {
      assert.equal(last.get(notes, key)?.body, LONG);
      last.put(notes, notes.key(`seen ${name}`), { body: '' });
      seen.hooks++;
    });
  };
  const look: Reconciler = async ({ partition }) => {
    const all = await again(() => partition.read((tx) => tx.range(notes, { from: notes.key('note'), limit: COUNT })));
    seen.looks += all.length;
    return seconds(1);
  };
  const service: ServiceDeclaration = { ...notesService(), timers: { ring }, reconcilers: { look } };
  const jobs = new Jobs({
    clock,
    log: { ...silent, log: (_, event) => assert.equal(event, 'delivery failed') },
    registry: registryOf(service),
    async deliver() {
      // Each target fails once and is tried again.
      if (seen.failures < 5 && seen.failures++ < 5) throw new Error('not yet');
      seen.messages++;
    },
  });
  await network.tell({ delay: 20 });
  const store = openStore({ drivers: drivers(), onOpen: (partition) => jobs.attach(partition) });
  const held = heldThread.times;
  await jobs.resume(store);
  const isDone = (): boolean => {
    clock.advance(seconds(1));
    return seen.timers >= COUNT && seen.hooks >= COUNT && seen.messages >= COUNT && seen.looks > COUNT;
  };
  await until(isDone, 'all is done', 60);
  await jobs.stop();
  await store.partition(PLACE).durable();
  assert.deepEqual({ ...seen, looks: 0 }, { timers: COUNT, hooks: COUNT, messages: COUNT, failures: 5, looks: 0 });
  assert.equal(heldThread.times - held, 0, 'the thread slept');
  await network.tell({ delay: 0 });
  await store.close();
});
