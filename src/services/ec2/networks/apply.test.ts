/** The host's networks follow the rows: through failures, and through a restart. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { SimulatedClock, seconds } from '#platform/base/clock.ts';
import { silent } from '#platform/base/log.ts';
import { simulatedNetworks } from '#platform/network/simulated/networks.ts';
import { memoryDrivers } from '#platform/store/memory/drivers.ts';
import { openStore } from '#platform/store/open-store.ts';
import type { Transaction } from '#platform/store/store.ts';
import { OWN, REGION } from '#platform/tiny-cloud.fixture.ts';
import {
  attachInterface,
  createInterface,
  deleteInterface,
  detachInterface,
} from '#services/ec2/network-interfaces/lifecycle.ts';
import { type NetworkInterfaceRow, networkInterfaces } from '#services/ec2/network-interfaces/state.ts';
import { securityGroups } from '#services/ec2/security-groups/state.ts';
import { subnets } from '#services/ec2/subnets/state.ts';
import { ensureDefaultVpc } from '#services/ec2/vpcs/make-vpc.ts';
import { vpcs } from '#services/ec2/vpcs/state.ts';
import { until } from '#test/until.ts';
import { vpcNetworks } from './apply.ts';

const place = { account: OWN, region: REGION, now: 0, quota: () => 5000 };

function start(t: TestContext, drivers = memoryDrivers(), networks = simulatedNetworks()) {
  const clock = new SimulatedClock();
  const store = openStore({ drivers });
  const partition = store.partition({ service: 'ec2', account: OWN, region: REGION });
  const follow = vpcNetworks(networks, store);
  const stopping = new AbortController();
  const job = { account: OWN, region: REGION, now: 0, partition, clock, log: silent };
  const stop = () => stopping.abort();
  t.after(stop);
  const done = follow.reconcile(job, stopping.signal);
  const write = <T>(action: (tx: Transaction) => T): T => partition.transact(action);
  return { drivers, networks, clock, partition, follow, stop, done, write };
}

/** Of the first subnet, attached to a machine. */
function newAttached(tx: Transaction, instance: string): NetworkInterfaceRow {
  ensureDefaultVpc(tx, place);
  const subnet = subnets.all(tx)[0]?.id ?? '';
  const row = createInterface(tx, place, { subnet });
  return attachInterface(tx, row, { instance, deviceIndex: 0, deletesOnTermination: true }, 0);
}

test('a VPC has a network as long as an interface is attached in it', async (t) => {
  const { networks, write } = start(t);
  const row = write((tx) => newAttached(tx, 'i-1'));
  await until(() => networks.plans.size === 1, 'the network');
  const planned = () => networks.plans.get(row.vpc)?.interfaces ?? [];
  assert.deepEqual(
    planned().map(({ machine }) => machine),
    ['i-1'],
  );
  write((tx) => {
    const [group] = securityGroups.all(tx);
    if (group !== undefined) securityGroups.put(tx, { ...group, rules: [] });
  });
  await until(() => planned()[0]?.egress.length === 0, 'the rules that are left');
  const { applied } = networks;
  // What the plan says nothing of.
  write((tx) => networkInterfaces.put(tx, { ...row, description: 'other' }));
  write((tx) => detachInterface(tx, row, 0));
  await until(() => networks.plans.size === 0, 'its end');
  assert.equal(networks.applied, applied);
});

test('who needs a network waits for it', async (t) => {
  const { networks, partition, follow, write } = start(t);
  const row = write((tx) => newAttached(tx, 'i-1'));
  await follow.apply(partition, row.vpc);
  assert.equal(networks.plans.size, 1);
  assert.equal(follow.partitionOf(row.vpc), partition);
  const [{ ip } = { ip: '' }] = row.addresses;
  assert.deepEqual(follow.resolve(row.vpc, `ip-${ip.replaceAll('.', '-')}.ec2.internal`), [ip]);
  assert.deepEqual(follow.resolve(row.vpc, 'ip-1-2-3-4.ec2.internal'), []);
  assert.deepEqual(follow.resolve(row.vpc, 'ec2-1-2-3-4.compute-1.amazonaws.com'), ['1.2.3.4']);
  assert.equal(follow.resolve(row.vpc, 'example.com'), undefined);
  assert.equal(follow.resolve('vpc-other', 'ip-1-2-3-4.ec2.internal'), undefined);
});

test('what fails is tried again', async (t) => {
  const networks = simulatedNetworks();
  const { clock, write } = start(t, memoryDrivers(), networks);
  networks.failNext(...[1, 2, 3, 4, 5].map((at) => new Error(`failure ${at}`)));
  write((tx) => newAttached(tx, 'i-1'));
  // The first attempts come with the write: the last ones only as time goes by.
  await until(() => networks.failuresLeft < 5, 'the first failure');
  await until(() => {
    clock.advance(seconds(10));
    return networks.plans.size === 1;
  }, 'the network');
  assert.equal(networks.failuresLeft, 0);
});

test('a start takes up the networks that are there, and removes those that nobody needs', async (t) => {
  const networks = simulatedNetworks();
  const before = start(t, memoryDrivers(), networks);
  const row = before.write((tx) => newAttached(tx, 'i-1'));
  await until(() => networks.plans.size === 1, 'the network');
  before.stop();
  await before.done;
  const plan = networks.plans.get(row.vpc) ?? assert.fail('it is gone');
  // Left by a crash: of a VPC that is no more.
  await networks.apply({ ...plan, id: 'vpc-gone' });
  const { applied } = networks;
  const after = start(t, before.drivers, networks);
  await until(() => !networks.plans.has('vpc-gone') && networks.applied > applied, 'what is needed');
  assert.deepEqual([...networks.plans.keys()], [row.vpc]);
  after.stop();
  await after.done;

  // While nobody looked, its last interface went, and the VPC with it.
  after.write((tx) => {
    deleteInterface(tx, place, detachInterface(tx, row, 0));
    vpcs.drop(tx, row.vpc);
  });
  await after.partition.durable();
  start(t, before.drivers, networks);
  await until(() => networks.plans.size === 0, 'the end of all networks');
});
