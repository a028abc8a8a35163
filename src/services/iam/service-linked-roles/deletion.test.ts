import assert from 'node:assert/strict';
import { test } from 'node:test';
import { present } from '#platform/base/assert.ts';
import { systemClock } from '#platform/base/clock.ts';
import type { AccountId, Region } from '#platform/base/ids.ts';
import { silent } from '#platform/base/log.ts';
import type { Registry } from '#platform/registry.ts';
import type { Kind } from '#platform/service.ts';
import { jsonRows, table, text } from '#platform/store/keys.ts';
import { memoryDrivers } from '#platform/store/memory/drivers.ts';
import { openStore } from '#platform/store/open-store.ts';
import { deletionJob } from '#services/iam/service-linked-roles/deletion.ts';
import { deletionTasks, openDeletions } from '#services/iam/service-linked-roles/state.ts';
import { entities, partitionOf, roles } from '#services/iam/state.ts';

const OWN = '123456789012' as AccountId;
const NOW = Date.UTC(2026, 0, 31);
const TASK = 'task';
const clusters = table('cluster', [text], jsonRows<object>(1));

/** Clusters need the role as long as there are any. */
const cluster: Kind = {
  name: 'cluster',
  linkedRole: 'ecs.amazonaws.com',
  list: (tx) => tx.range(clusters).map(({ key }) => clusters.parts(key)[0]),
  exists: () => true,
  remove: { operation: 'DeleteCluster', input: () => ({}) },
  holdsData: false,
};

function start() {
  const store = openStore({ drivers: memoryDrivers() });
  const service = { name: 'ecs' };
  // All that the job asks of a registry.
  const registry = { services: [service], kinds: () => [cluster] } as unknown as Registry;
  const partition = partitionOf(store, OWN);
  const role = {
    name: 'AWSServiceRoleForECS',
    path: '/aws-service-role/ecs.amazonaws.com/',
    id: 'AROA1',
    createdAt: NOW,
    trustPolicy: '{}',
    maxSessionSeconds: 3600,
  };
  partition.transact((tx) => {
    tx.put(roles, roles.key('awsserviceroleforecs'), role);
    tx.put(entities, entities.key('AROA1'), { kind: 'role', name: 'awsserviceroleforecs' });
    tx.put(deletionTasks, deletionTasks.key(TASK), { roleId: 'AROA1', status: 'NOT_STARTED' });
    tx.put(openDeletions, openDeletions.key('AROA1'), { task: TASK });
  });
  const job = deletionJob(store, () => registry);
  const call = { account: OWN, region: 'aws-global' as Region, now: NOW, partition, clock: systemClock, log: silent };
  const step = () => {
    partition.transact((tx) => job(tx, { task: TASK }, call));
    return partition.read((tx) => tx.get(deletionTasks, deletionTasks.key(TASK)));
  };
  const regional = store.partition({ service: 'ecs', account: OWN, region: 'eu-west-1' as Region });
  const isThere = () => partition.read((tx) => tx.get(roles, roles.key('awsserviceroleforecs'))) !== undefined;
  return { step, regional, isThere };
}

test('a role that nothing needs goes, one step at a time', () => {
  const { step, isThere } = start();
  assert.equal(step()?.status, 'IN_PROGRESS');
  assert.equal(isThere(), true);
  assert.equal(step()?.status, 'SUCCEEDED');
  assert.equal(isThere(), false);
  // A week later.
  assert.equal(step(), undefined);
});

test('a role that a resource in some region needs stays, and the task says which', async () => {
  const { step, regional, isThere } = start();
  regional.transact((tx) => tx.put(clusters, clusters.key('arn:aws:ecs:eu-west-1:123456789012:cluster/a'), {}));
  await regional.durable();
  step();
  const failed = present(step(), 'kept for a week');
  assert.equal(failed.status, 'FAILED');
  assert.deepEqual(failed.usage, [
    { region: 'eu-west-1', resources: ['arn:aws:ecs:eu-west-1:123456789012:cluster/a'] },
  ]);
  assert.equal(isThere(), true);
});
