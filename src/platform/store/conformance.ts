/**
 * What every driver must do, as tests: `driverConformance('sqlite', place)` in the driver's own test file. A place is
 * where the data is; drivers that are opened at the same place one after the other see the same data.
 */
import assert from 'node:assert/strict';
import { suite, type TestContext, test } from 'node:test';
import type { AccountId, Region } from '#platform/base/ids.ts';
import { BatchWriter } from '#platform/store/batch.ts';
import { modelTest } from '#platform/store/conformance-model.ts';
import type { OwnedNumber, StoreDriver, StoreDrivers } from '#platform/store/driver.ts';
import { faulty } from '#platform/store/faults.ts';
import { jsonRows, type Key, table, text, u64 } from '#platform/store/keys.ts';
import { openStore } from '#platform/store/open-store.ts';
import { type PartitionName, StoreBusy, StoreUnavailable } from '#platform/store/store.ts';

/** Drivers on a place of the test's own that is removed after it. */
export type Place = (t: TestContext) => () => StoreDrivers;

const region = 'us-east-1' as Region;
const nameOf = (service: string): PartitionName => ({ service, account: '123456789012' as AccountId, region });
const note = table('note', [u64, text], jsonRows<{ text: string }>(1));
const key = (name: string): Key => name as Key;

function batchOf(owner: OwnedNumber & { path: string }, write: (writer: BatchWriter) => void): Uint8Array {
  const writer = new BatchWriter();
  write(writer);
  return writer.finish([owner]);
}

const all = (driver: StoreDriver, partition: number, reverse = false): string[] =>
  driver
    .range(partition, { from: key(''), before: key('\xff\xff'), limit: 1000, reverse })
    .map((row) => `${row.key}=${row.value.toString()}`);

/** `histories`: how many random ones to try. */
export function driverConformance(name: string, place: Place, histories: number): void {
  suite(`${name}: driver`, () => {
    batches(place);
    epochs(place);
  });
  suite(`${name}: store`, () => {
    gate(place);
    slowness(place);
    hooks(place);
    failures(place);
    reopening(place);
    modelTest(place, histories);
  });
}

function batches(place: Place): void {
  test('a batch applies in order, and ranges follow the bytes of the keys', async (t) => {
    const drivers = place(t)();
    const driver = drivers.open(region);
    const owner = { ...driver.own('a/b/c'), path: 'a/b/c' };
    const [large, middle] = ['x'.repeat(100_000), 'é'.repeat(2000)];
    await driver.commit(
      batchOf(owner, (writer) => {
        writer.put(owner.number, key('b\0'), 'old');
        writer.put(owner.number, key('b\xff'), 'é');
        writer.put(owner.number, key('a'), Buffer.from([0, 255]));
        writer.put(owner.number, key('c'), large);
        writer.put(owner.number, key('c2'), middle);
        writer.put(owner.number, key('d'), 'gone');
        writer.put(owner.number + 1, key('a'), 'of another partition');
        writer.deleteRange(owner.number, key('d'), key('e'));
        writer.put(owner.number, key('d2'), '');
        writer.put(owner.number, key('b\0'), 'new');
        writer.delete(owner.number, key('nothing'));
      }),
    );
    const rows = ['a=\0\ufffd', 'b\0=new', 'b\xff=é', `c=${large}`, `c2=${middle}`, 'd2='];
    assert.deepEqual(all(driver, owner.number), rows);
    assert.deepEqual(all(driver, owner.number, true), rows.toReversed());
    assert.equal(
      driver.range(owner.number, { from: key('b'), before: key('c'), limit: 1, reverse: true })[0]?.key,
      'b\xff',
    );
    assert.deepEqual(driver.get(owner.number, key('a')), Buffer.from([0, 255]));
    assert.equal(driver.get(owner.number, key('d')), undefined);
    await driver.commit(batchOf(owner, (writer) => writer.put(owner.number, key('c'), 'small')));
    assert.equal(driver.get(owner.number, key('c'))?.toString(), 'small');
    await driver.close();
    await drivers.close();
  });
}

function epochs(place: Place): void {
  test('an owner that was replaced can no longer write', async (t) => {
    const drivers = place(t)();
    const driver = drivers.open(region);
    const first = { ...driver.own('a/b/c'), path: 'a/b/c' };
    const put = (owner: typeof first, value: string) =>
      driver.commit(batchOf(owner, (writer) => writer.put(owner.number, key('k'), value)));
    await put(first, 'first');
    const second = { ...first, epoch: first.epoch + 1 };
    await put(second, 'second');
    await assert.rejects(put(first, 'first again'), StoreUnavailable);
    assert.equal(driver.get(first.number, key('k'))?.toString(), 'second');
    await put(second, 'still second');
    assert.equal(driver.get(first.number, key('k'))?.toString(), 'still second');
    await driver.close();
    const reopened = drivers.open(region);
    assert.deepEqual(reopened.names(), ['a/b/c']);
    const { number, epoch } = reopened.own('a/b/c');
    assert.deepEqual({ number, epoch }, { number: first.number, epoch: second.epoch + 1 });
    assert.notEqual(reopened.own('a/b/d').number, first.number);
    await reopened.close();
    await drivers.close();
  });
}

function gate(place: Place): void {
  test('who wrote or read what is not on disk waits until it is', async (t) => {
    const { drivers, faults } = faulty(place(t)());
    const store = openStore({ drivers });
    const partition = store.partition(nameOf('sqs'));
    assert.equal(partition.durable(), undefined);
    faults.hold();
    const events: string[] = [];
    partition.transact((tx) => {
      tx.put(note, note.key(1, 'a'), { text: 'one' });
      tx.onDurable(() => events.push('callback'));
    });
    const written = partition.durable();
    assert.ok(written);
    // A read of it is held by the same batch, in this turn and in later ones.
    assert.equal(partition.read((tx) => tx.get(note, note.key(1, 'a')))?.text, 'one');
    const seen = partition.durable()?.then(() => events.push('reader'));
    assert.equal(store.partition(nameOf('sns')).durable(), undefined, 'others do not wait');
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(faults.underWay, 1);
    assert.deepEqual(events, []);
    faults.release();
    await Promise.all([written, seen]);
    assert.deepEqual(events, ['callback', 'reader']);
    assert.equal(partition.durable(), undefined);
    await store.close();
  });

  test('a slow disk fills up to the bound, then writes are refused and reads go on', async (t) => {
    const { drivers, faults } = faulty(place(t)());
    const store = openStore({ drivers, limits: { operations: 100 } });
    const partition = store.partition(nameOf('sqs'));
    faults.hold();
    const put = (n: number) => partition.transact((tx) => tx.put(note, note.key(n, ''), { text: 'x' }));
    let written = 0;
    const fill = (): void => {
      for (;;) put(written++);
    };
    for (let i = 0; i < 60; i++) put(written++);
    await new Promise((resolve) => setImmediate(resolve));
    assert.throws(fill, StoreBusy);
    written--;
    assert.equal(written, 100);
    assert.equal(partition.read((tx) => tx.range(note)).length, 100);
    faults.release();
    await partition.durable();
    put(written++);
    assert.equal(partition.read((tx) => tx.range(note)).length, 101);
    await store.close();
  });
}

function slowness(place: Place): void {
  test('a batch that is under way for too long holds up further writes', async (t) => {
    const { drivers, faults } = faulty(place(t)());
    const store = openStore({ drivers, limits: { age: 0 } });
    const partition = store.partition(nameOf('sqs'));
    const put = () => partition.transact((tx) => tx.put(note, note.key(1, ''), { text: 'x' }));
    faults.hold();
    put();
    put();
    await new Promise((resolve) => setImmediate(resolve));
    assert.throws(put, StoreBusy);
    faults.release();
    await partition.durable();
    put();
    await store.close();
  });
}

function hooks(place: Place): void {
  test('what runs before the commit is waited for like a write, and lost like one', async (t) => {
    const { drivers, faults } = faulty(place(t)());
    const store = openStore({ drivers });
    const [partition, other] = [store.partition(nameOf('sqs')), store.partition(nameOf('sns'))];
    const slot = { name: 'sum', load: () => ({ sum: 0 }) };
    const count = (): void => {
      const memory = partition.memory(slot);
      memory.sum++;
      const { sum } = memory;
      if (sum === 1) partition.beforeCommit((tx) => tx.put(note, note.key(1, ''), { text: String(memory.sum) }));
    };
    partition.memory(slot);
    assert.throws(() => {
      partition.transact(() => {
        count();
        throw new Error('undone');
      });
    }, /undone/);
    count();
    assert.ok(partition.durable());
    await partition.durable();
    assert.equal(partition.read((tx) => tx.get(note, note.key(1, '')))?.text, '2');

    // The batch that it was to join is lost before it closes: memory must not believe that it is still to come.
    faults.hold();
    other.transact((tx) => tx.put(note, note.key(1, ''), { text: 'x' }));
    await new Promise((resolve) => setImmediate(resolve));
    partition.memory(slot).sum = 0;
    count();
    const gate = partition.durable();
    faults.failNext('before');
    faults.release();
    await assert.rejects(gate ?? Promise.resolve(), StoreUnavailable);
    assert.equal(partition.losses, 1);
    count();
    await partition.durable();
    assert.equal(partition.read((tx) => tx.get(note, note.key(1, '')))?.text, '1');
    await store.close();
  });
}

function failures(place: Place): void {
  for (const when of ['before', 'after'] as const) {
    test(`a commit that fails ${when} it is applied is not answered, and memory is read again`, async (t) => {
      const { drivers, faults } = faulty(place(t)());
      const store = openStore({ drivers });
      const partition = store.partition(nameOf('sqs'));
      const dropped: number[] = [];
      const slot = {
        name: 'count',
        load: () => ({ count: partition.read((tx) => tx.range(note)).length }),
        unload: (value: { count: number }) => dropped.push(value.count),
      };
      const add = (n: number) =>
        partition.transact((tx) => {
          const memory = partition.memory(slot);
          tx.put(note, note.key(n, ''), { text: 'x' });
          memory.count++;
          tx.onDurable(() => assert.ok(n !== 2 && n !== 3, 'a lost write is not durable'));
        });
      add(1);
      await partition.durable();
      faults.hold();
      add(2);
      const second = partition.durable();
      await new Promise((resolve) => setImmediate(resolve));
      add(3);
      const third = partition.durable();
      assert.notEqual(second, third);
      faults.failNext(when);
      faults.release();
      await assert.rejects(second ?? Promise.resolve(), StoreUnavailable);
      await assert.rejects(third ?? Promise.resolve(), StoreUnavailable);
      assert.deepEqual(dropped, [3]);
      assert.equal(partition.losses, 1);
      const left = when === 'before' ? 1 : 2;
      assert.equal(partition.memory(slot).count, left);
      assert.equal(partition.read((tx) => tx.range(note)).length, left);
      add(4);
      await partition.durable();
      assert.equal(partition.memory(slot).count, left + 1);
      await store.close();
    });
  }
}

function reopening(place: Place): void {
  test('what is closed is there again, under a higher epoch', async (t) => {
    const again = place(t);
    let store = openStore({ drivers: again() });
    const names = [nameOf('sqs'), nameOf('sns')];
    const epochs = names.map((name) => {
      const partition = store.partition(name);
      partition.transact((tx) => tx.put(note, note.key(1, name.service), { text: 'ü'.repeat(5000) }));
      return partition.epoch;
    });
    store.partition(nameOf('never-written'));
    await store.close();
    store = openStore({ drivers: again() });
    assert.deepEqual(store.partitions({}), names);
    assert.deepEqual(store.partitions({ service: 'sns' }), [nameOf('sns')]);
    assert.deepEqual(store.partitions({ region: 'eu-west-1' as Region }), []);
    names.forEach((name, i) => {
      const partition = store.partition(name);
      assert.ok(partition.epoch > (epochs[i] ?? 0));
      const [found] = partition.read((tx) => tx.range(note));
      assert.deepEqual(found && note.parts(found.key), [1, name.service]);
      assert.equal(found?.row.text, 'ü'.repeat(5000));
    });
    await store.close();
  });
}
