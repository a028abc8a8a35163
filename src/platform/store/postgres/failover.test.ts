/** A primary that crashes, and a standby that takes its place: every commit had waited for it. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { AccountId, Region } from '#platform/base/ids.ts';
import { BatchWriter } from '#platform/store/batch.ts';
import { jsonRows, type Key, table, u64 } from '#platform/store/keys.ts';
import { openStore } from '#platform/store/open-store.ts';
import {
  type Cluster,
  startCluster,
  startStandby,
  urlOfAll,
  withPostgres,
} from '#platform/store/postgres/cluster.fixture.ts';
import { postgresDrivers } from '#platform/store/postgres/drivers.ts';
import { startNetwork } from '#platform/store/postgres/network.fixture.ts';
import { parseStoreAddress } from '#platform/store/store-address.ts';

const region = 'us-east-1' as Region;
const account = '123456789012' as AccountId;
const PATH = 'a/b/c';

/** A driver whose way to the primary can be broken, and which has committed once. */
async function cuttable(t: TestContext, primary: Cluster, standby: Cluster, schema: string) {
  const network = await startNetwork(primary.port);
  t.after(() => network.close());
  const drivers = postgresDrivers(parseStoreAddress(urlOfAll([network, standby], schema)));
  const driver = drivers.open(region);
  t.after(async () => {
    await driver.close();
    await drivers.close();
  });
  const owner = { ...driver.own(PATH), path: PATH };
  const put = (value: string): Promise<void> => {
    const writer = new BatchWriter();
    writer.put(owner.number, 'k' as Key, value);
    return driver.commit(writer.finish([owner]));
  };
  await put('first');
  return { network, put, stored: () => driver.get(owner.number, 'k' as Key)?.toString() };
}

/** Writers that note down what was acknowledged. */
function writing(t: TestContext, url: string) {
  const counts = table('count', [u64], jsonRows<{ count: number }>(1));
  const store = openStore({ drivers: postgresDrivers(parseStoreAddress(url)) });
  t.after(() => store.close());
  const partition = store.partition({ service: 'sqs', account, region });
  const acknowledged = new Map<number, number>();
  let isOver = false;
  const write = async (writer: number): Promise<void> => {
    for (let count = 1; !isOver; count++) {
      partition.transact((tx) => tx.put(counts, counts.key(writer), { count }));
      await partition.durable();
      acknowledged.set(writer, count);
    }
  };
  const writers = Promise.all(Array.from({ length: 8 }, (_, writer) => write(writer)));
  return {
    acknowledged,
    async progress(): Promise<void> {
      const from = acknowledged.get(0) ?? 0;
      while ((acknowledged.get(0) ?? 0) < from + 20) await new Promise((resolve) => setImmediate(resolve));
    },
    async end(): Promise<void> {
      isOver = true;
      await writers;
    },
    stored: (writer: number) => partition.read((tx) => tx.get(counts, counts.key(writer))?.count),
  };
}

test('a failover loses nothing that was acknowledged, and what nobody knows is found out on the new primary', {
  ...withPostgres,
  timeout: 120_000,
}, async (t) => {
  const primary = await startCluster();
  t.after(() => primary.remove());
  const standby = await startStandby(primary);
  t.after(() => standby.remove());
  const there = await cuttable(t, primary, standby, 'there');
  const notThere = await cuttable(t, primary, standby, 'not_there');
  const writers = writing(t, urlOfAll([primary, standby], 'writers'));
  await writers.progress();
  // Carried out, but not answered; and not even arrived.
  await there.network.tell({ cut: 'after', thenDown: true });
  await notThere.network.tell({ cut: 'before', thenDown: true });
  const puts = [there.put('second'), notThere.put('second')];
  const committed = (): string => primary.sql("SELECT convert_from(value, 'UTF8') FROM there.rows");
  while (committed() !== 'second') await new Promise((resolve) => setImmediate(resolve));
  const before = new Map(writers.acknowledged);
  await primary.stop('immediate');
  const early = postgresDrivers(parseStoreAddress(urlOfAll([primary, standby], 'early')));
  t.after(() => early.close());
  assert.throws(() => early.regions(), /ECONNREFUSED.*standby/, 'nobody has promoted it');
  standby.promote();
  await Promise.all(puts);
  await writers.progress();
  await writers.end();

  assert.deepEqual([there.stored(), notThere.stored()], ['second', 'second']);
  const commits = (schema: string): string =>
    standby.sql(`SELECT batch || ' ' || fence FROM ${schema}.commits ORDER BY at DESC LIMIT 1`);
  assert.equal(commits('there'), '2 2', 'it was there, and was not sent again');
  assert.equal(commits('not_there'), '3 2', 'it was not there, and was sent again');
  for (const [writer, count] of writers.acknowledged) {
    assert.equal(writers.stored(writer), count);
    assert.ok(count >= (before.get(writer) ?? 0));
  }
});
