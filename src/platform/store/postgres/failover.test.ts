/** A primary that crashes, and a standby that takes its place: every commit had waited for it. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Region } from '#platform/base/ids.ts';
import { BatchWriter } from '#platform/store/batch.ts';
import type { Key } from '#platform/store/keys.ts';
import {
  type Cluster,
  startCluster,
  startStandby,
  urlOfAll,
  withPostgres,
} from '#platform/store/postgres/cluster.fixture.ts';
import { postgresDrivers } from '#platform/store/postgres/drivers.ts';
import { startNetwork } from '#platform/store/postgres/network.fixture.ts';
import { writing } from '#platform/store/postgres/writers.fixture.ts';
import { parseStoreAddress } from '#platform/store/store-address.ts';

const region = 'us-east-1' as Region;
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
  const writers = writing(t, parseStoreAddress(urlOfAll([primary, standby], 'writers')));
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
    assert.deepEqual(writers.stored(writer), [count, count]);
    assert.ok(count >= (before.get(writer) ?? 0));
  }
});
