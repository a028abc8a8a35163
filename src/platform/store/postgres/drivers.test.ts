import { after, before, suite } from 'node:test';
import { driverConformance } from '#platform/store/conformance.ts';
import { type Cluster, startCluster, withPostgres } from '#platform/store/postgres/cluster.fixture.ts';
import { postgresDrivers } from '#platform/store/postgres/drivers.ts';

let cluster: Cluster;
let schemas = 0;

suite('over PostgreSQL', withPostgres, () => {
  before(async () => {
    cluster = await startCluster();
  });
  after(() => cluster.remove());

  driverConformance(
    'postgres',
    () => {
      const address = cluster.address(`place_${++schemas}`);
      return () => postgresDrivers(address);
    },
    15,
  );
});
