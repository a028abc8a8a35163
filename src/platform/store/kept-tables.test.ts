import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AccountId, Region } from '#platform/base/ids.ts';
import type { StoreDrivers } from '#platform/store/driver.ts';
import { jsonRows, table, text } from '#platform/store/keys.ts';
import { memoryDisk, memoryDrivers } from '#platform/store/memory/drivers.ts';
import { openStore } from '#platform/store/open-store.ts';

const kept = table('kept', [text], jsonRows<{ readonly words: string }>(1), { isKept: true });
const plain = table('plain', [text], jsonRows<{ readonly words: string }>(1));

test('rows of a table that says so are kept in memory, where the disk is near too', async (t) => {
  const drivers = memoryDrivers();
  const asked: string[] = [];
  const open: StoreDrivers['open'] = (region) => {
    const driver = drivers.open(region);
    const get = driver.get.bind(driver);
    return Object.assign(driver, {
      get(partition: number, key: Parameters<typeof get>[1]) {
        asked.push(key.slice(0, key.indexOf('\0')));
        return get(partition, key);
      },
    });
  };
  const store = openStore({ drivers: { ...drivers, open } });
  t.after(() => store.close());
  const place = { service: 's3', account: '123456789012' as AccountId, region: 'us-east-1' as Region };
  const partition = store.partition(place);
  const words = (of: typeof kept): string | undefined => partition.read((tx) => tx.get(of, of.key('row')))?.words;
  const write = async (text: string): Promise<void> => {
    partition.transact((tx) => {
      for (const each of [kept, plain]) tx.put(each, each.key('row'), { words: text });
    });
    assert.deepEqual([words(kept), words(plain)], [text, text]);
    await partition.durable();
  };
  assert.equal(words(kept), undefined);
  assert.equal(words(kept), undefined);
  assert.deepEqual(asked.splice(0), ['kept'], 'that there is none is kept too');
  for (const text of ['first', 'second']) {
    await write(text);
    for (const each of [kept, plain, kept]) assert.equal(words(each), text);
    assert.deepEqual(asked.splice(0), ['plain']);
  }
  partition.transact((tx) => tx.delete(kept, kept.key('row')));
  assert.equal(words(kept), undefined);
  await partition.durable();
  assert.equal(words(kept), undefined);
});

test('of a partition that another process owns no row is kept', async (t) => {
  const disk = memoryDisk();
  const place = { service: 's3', account: '123456789012' as AccountId, region: 'us-east-1' as Region };
  const owner = openStore({ drivers: disk.drivers() });
  const never = (): never => assert.fail('nothing is proposed');
  const follower = openStore({
    drivers: disk.drivers(),
    sharing: {
      owns: () => false,
      holds: () => false,
      isAnnounced: () => true,
      isFeedFresh: () => true,
      propose: never,
      keepBooks: never,
      onAdopted: never,
      onRetired: never,
    },
  });
  t.after(() => Promise.all([owner.close(), follower.close()]));
  for (const text of ['first', 'second']) {
    owner.partition(place).transact((tx) => tx.put(kept, kept.key('row'), { words: text }));
    await owner.partition(place).durable();
    assert.equal(follower.partition(place).read((tx) => tx.get(kept, kept.key('row')))?.words, text);
  }
});
