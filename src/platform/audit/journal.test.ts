import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dropPacksBefore, type JournalRecord, listen, packsAfter, writeRecord } from '#platform/audit/journal.ts';
import { memoryDrivers } from '#platform/store/memory/drivers.ts';
import { openStore } from '#platform/store/open-store.ts';
import type { Partition } from '#platform/store/store.ts';
import { OWN, REGION } from '#platform/tiny-cloud.fixture.ts';

const open = (drivers = memoryDrivers()): Partition =>
  openStore({ drivers }).partition({ service: 'sqs', account: OWN, region: REGION });
const write = (partition: Partition, record: JournalRecord): void =>
  partition.transact((tx) => writeRecord(tx, record));
const packs = (partition: Partition) => partition.read((tx) => packsAfter(tx, undefined, 100));

test('the records of a batch are one row, in their order; who listens is told once', async () => {
  const partition = open();
  let told = 0;
  listen(partition, () => told++);
  for (const record of ['a', 'b', 'c']) write(partition, record);
  await partition.durable();
  write(partition, 'd');
  await partition.durable();
  assert.deepEqual(
    packs(partition).map(({ records }) => records),
    [['a', 'b', 'c'], ['d']],
  );
  assert.equal(told, 2);
});

test('what records have in common is written once, and each is read as it was', async () => {
  const record = (who: string, id: number, rest = 'true') => ({
    before: `{"userIdentity":"${who}"`,
    ids: `,"requestID":"${id}","eventID":"${id}"`,
    after: `,"readOnly":${rest}}`,
  });
  const records = [
    ...[record('ann', 1), record('ann', 2), record('bob', 3), record('bob', 4, 'false'), record('ann', 5, 'false')],
    ...['of a service itself', record('ann', 6, 'false'), record('é𝄞', 7), record('é𝄞', 8), record('', 9)],
  ];
  const drivers = memoryDrivers();
  const partition = open(drivers);
  for (const each of records) write(partition, each);
  await partition.durable();
  const found = open(drivers).read((tx) => packsAfter(tx, undefined, 100));
  assert.deepEqual(
    found.map((pack) => pack.records),
    [records.map((each) => (typeof each === 'string' ? each : each.before + each.ids + each.after))],
  );
});

test('a record goes with its transaction', async () => {
  const partition = open();
  write(partition, 'a');
  assert.throws(() =>
    partition.transact((tx) => {
      writeRecord(tx, 'b');
      throw new Error('undone');
    }),
  );
  await partition.durable();
  assert.deepEqual(
    packs(partition).map(({ records }) => records),
    [['a']],
  );
});

test('the newest pack stays, so that the next process goes on behind it', async () => {
  const drivers = memoryDrivers();
  const first = open(drivers);
  for (const record of ['a', 'b']) {
    write(first, record);
    await first.durable();
  }
  const last = packs(first).at(-1)?.key ?? assert.fail();
  first.transact((tx) => dropPacksBefore(tx, last));
  await first.durable();
  const second = open(drivers);
  write(second, 'c');
  await second.durable();
  const after = second.read((tx) => packsAfter(tx, last, 100));
  assert.deepEqual(
    after.map(({ records }) => records),
    [['c']],
  );
  assert.equal(packs(second).length, 2);
});
