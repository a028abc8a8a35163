import assert from 'node:assert/strict';
import { test } from 'node:test';
import { waitingRecords } from '#platform/audit/journal.fixture.ts';
import { inRemovalOrder, removeAccountResources } from '#platform/removal.ts';
import type { Kind } from '#platform/service.ts';
import { noteArn, notes, notesService, OTHER, OWN, REGION, tinyCloud } from '#platform/tiny-cloud.fixture.ts';

const NEVER = new AbortController().signal;

test('all that an account has is removed by the public operations, and nothing of others', async (t) => {
  const { cloud, partition } = tinyCloud(t);
  const other = cloud.store.partition({ service: 'notes', account: OTHER, region: REGION });
  for (const each of [partition, other]) {
    each.transact((tx) => {
      for (let i = 0; i < 250; i++) tx.put(notes, notes.key(`note-${i}`), { body: '' });
    });
    await each.durable();
  }
  assert.deepEqual(await removeAccountResources(cloud, OWN, NEVER), { removed: 250, left: [] });
  assert.equal(partition.read((tx) => tx.range(notes)).length, 0);
  assert.equal(other.read((tx) => tx.range(notes)).length, 250);
  const records = partition.read((tx) => waitingRecords(tx));
  assert.equal(records.length, 250);
  assert.equal(records[0]?.userIdentity['type'], 'Root');
});

test('what can’t go yet goes in a later round, and what never can is said', async (t) => {
  const { cloud, partition } = tinyCloud(t);
  partition.transact((tx) => {
    for (const name of ['first', 'second', 'third']) tx.put(notes, notes.key(name), { body: '' });
  });
  await partition.durable();
  assert.deepEqual(await removeAccountResources(cloud, OWN, NEVER), { removed: 3, left: [] });
  partition.transact((tx) => {
    for (const name of ['first', 'held']) tx.put(notes, notes.key(name), { body: '' });
  });
  const { removed, left } = await removeAccountResources(cloud, OWN, NEVER);
  assert.equal(removed, 0);
  assert.deepEqual(left, [
    { arn: noteArn('first'), reason: 'NotEmpty: It holds other notes.' },
    { arn: noteArn('held'), reason: 'NotYours: It is held.' },
  ]);
});

test('kinds go after those that must be gone before, and a circle is broken', () => {
  const kind = (name: string, removeAfter: string[] = []): Kind => ({
    ...notesService().kinds.note,
    name,
    removeAfter,
  });
  const order = (kinds: Kind[]): string[] =>
    inRemovalOrder({
      declaration: { ...notesService(), kinds: Object.fromEntries(kinds.map((each) => [each.name, each])) },
    }).map(({ name }) => name);
  const chain = order([
    kind('network', ['machine', 'gateway']),
    kind('machine', ['disk']),
    kind('gateway'),
    kind('disk'),
  ]);
  assert.deepEqual(chain, ['gateway', 'disk', 'machine', 'network']);
  assert.deepEqual(order([kind('a', ['b']), kind('b', ['a'])]), ['a', 'b']);
  assert.deepEqual(order([kind('a', ['gone long ago'])]), ['a']);
});
