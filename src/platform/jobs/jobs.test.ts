import assert from 'node:assert/strict';
import { test } from 'node:test';
import { minutes, SimulatedClock, seconds } from '#platform/base/clock.ts';
import { silent } from '#platform/base/log.ts';
import { Jobs } from '#platform/jobs/jobs.ts';
import { send } from '#platform/jobs/outbox.ts';
import { setTimer } from '#platform/jobs/timers.ts';
import type { Reconciler, ServiceDeclaration } from '#platform/service.ts';
import { memoryDrivers } from '#platform/store/memory/drivers.ts';
import { openStore } from '#platform/store/open-store.ts';
import { notesService, OWN, REGION, registryOf } from '#platform/tiny-cloud.fixture.ts';
import { until } from '#test/until.ts';

test('a start takes up what every partition has pending, and a stop ends it', async () => {
  const drivers = memoryDrivers();
  const clock = new SimulatedClock();
  const place = { service: 'notes', account: OWN, region: REGION };
  const before = openStore({ drivers }).partition(place);
  const message = {
    service: 'sqs',
    operation: 'SendMessage',
    input: {},
    region: REGION,
    sourceArn: 'arn',
    target: 'a queue',
  };
  before.transact((tx) => {
    setTimer(tx, { job: 'ring', id: 'a', due: clock.now() + seconds(5) });
    send(tx, clock.now(), message);
  });
  await before.durable();

  const seen: string[] = [];
  let runs = 0;
  const reconcile: Reconciler = async () => {
    if (++runs === 2) throw new Error('this time it fails');
    return seconds(10);
  };
  const service: ServiceDeclaration = {
    ...notesService(),
    timers: { ring: (_tx, _payload, { account }) => seen.push(`timer of ${account}`) },
    reconcilers: { machines: reconcile },
  };
  const jobs = new Jobs({
    clock,
    log: silent,
    registry: registryOf(service),
    deliver: async ({ from }) => void seen.push(from),
  });
  const store = openStore({ drivers, onOpen: (partition) => jobs.attach(partition) });
  await jobs.resume(store);
  await until(() => seen.length === 1 && runs === 1, 'the relay and the first reconciliation');
  clock.advance(seconds(5));
  assert.deepEqual(seen, ['notes', `timer of ${OWN}`]);
  clock.advance(seconds(5));
  await until(() => runs === 2, 'the second reconciliation');
  await new Promise((resolve) => setImmediate(resolve));
  clock.advance(minutes(1));
  await until(() => runs === 3, 'the one after the failure');
  await new Promise((resolve) => setImmediate(resolve));
  await jobs.stop();
  store.partition(place).transact((tx) => setTimer(tx, { job: 'ring', id: 'b', due: clock.now() + 1 }));
  clock.advance(minutes(10));
  assert.equal(runs, 3);
  assert.equal(seen.length, 2);
});

test('a partition that was open before there were jobs is taken up too', async () => {
  const clock = new SimulatedClock();
  const seen: string[] = [];
  const service: ServiceDeclaration = { ...notesService(), timers: { ring: () => seen.push('rings') } };
  const late: { jobs?: Jobs } = {};
  const store = openStore({ drivers: memoryDrivers(), onOpen: (partition) => late.jobs?.attach(partition) });
  const partition = store.partition({ service: 'notes', account: OWN, region: REGION });
  partition.transact((tx) => setTimer(tx, { job: 'ring', id: 'a', due: clock.now() }));
  await partition.durable();
  const jobs = new Jobs({ clock, log: silent, registry: registryOf(service), deliver: async () => {} });
  late.jobs = jobs;
  await jobs.resume(store);
  await jobs.resume(store);
  await until(() => seen.length > 0, 'the timer');
  assert.deepEqual(seen, ['rings']);
  await jobs.stop();
});
