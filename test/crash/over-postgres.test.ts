/** As crash.test.ts, over a database that is restarted and crashes while the cloud runs on. */
import { after, before, suite, test } from 'node:test';
import { type Cluster, startCluster, withPostgres } from '#platform/store/postgres/cluster.fixture.ts';
import { newServer } from '#test/crash/killed-server.ts';
import { useWhile } from '#test/crash/messages.ts';

const DISTURBANCES = Number(process.env['MAKONIS_KILLS'] ?? 6);

suite('over PostgreSQL', withPostgres, () => {
  let cluster: Cluster;
  before(async () => {
    cluster = await startCluster();
  });
  after(() => cluster.remove());

  const timeout = 60_000 + DISTURBANCES * 15_000;
  test('kills of the server and restarts of the database lose nothing that was acknowledged', {
    timeout,
  }, async (t) => {
    const server = newServer(t, cluster.url('crash'));
    const disturb = async (port: number, nth: number): Promise<void> => {
      if (nth % 3 > 0) {
        await server.kill();
        await server.start(port);
        return;
      }
      await cluster.stop(nth % 2 > 0 ? 'fast' : 'immediate');
      await cluster.start();
    };
    await useWhile(t, { server, times: DISTURBANCES, disturb, storeMayFail: true });
  });
});
