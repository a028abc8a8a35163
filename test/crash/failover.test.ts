/** Processes whose database crashes while they are used, and whose standby takes its place: every commit had waited for it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { startCluster, startStandby, urlOfAll, withPostgres } from '#platform/store/postgres/cluster.fixture.ts';
import { checkAll, makeQueues, makeStranger } from '#test/crash/checks.ts';
import { startFarm } from '#test/crash/farm.ts';
import { Load } from '#test/crash/load.ts';
import { until } from '#test/until.ts';

test('a failover of the database loses nothing that was acknowledged', {
  ...withPostgres,
  timeout: 200_000,
}, async (t) => {
  const primary = await startCluster();
  t.after(() => primary.remove());
  const standby = await startStandby(primary);
  t.after(() => standby.remove());
  const farm = await startFarm(t, 2, urlOfAll([primary, standby], 'farm'));
  const { members, client, key } = farm;
  const queues = await makeQueues(client, key);
  const load = new Load(client, queues, key, await makeStranger(client, key));
  const working = load.run();
  const sends = (): number => client.ends['SendMessage']?.answered ?? 0;
  const progress = async (): Promise<void> => {
    const before = sends();
    await until(() => sends() > before + 50, 'messages are sent', 60);
  };
  try {
    await progress();
    await primary.stop('immediate');
    await pause(Math.random() * 2000);
    standby.promote();
    await progress();
  } finally {
    load.stop();
  }
  await working;
  await checkAll(t, { client, load, queues, key }, () => (members[0] ?? assert.fail()).server.books());
});
