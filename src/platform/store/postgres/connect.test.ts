/** Who is at the other end of a connection, and what it is good for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startCluster, withPostgres } from '#platform/store/postgres/cluster.fixture.ts';
import { connect } from '#platform/store/postgres/connect.ts';
import { examine } from '#platform/store/postgres/examine.ts';
import { parseStoreAddress } from '#platform/store/store-address.ts';

test('TLS proves who the server is, as far as it is asked to', withPostgres, async (t) => {
  const cluster = await startCluster();
  t.after(() => cluster.remove());
  const certificate = cluster.useTls();
  const isEncrypted = async (host: string, parameters: string): Promise<boolean> => {
    const address = parseStoreAddress(cluster.url('tls', parameters));
    const client = await connect({ ...address, host });
    try {
      const { rows } = await client.query('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()');
      return rows[0].ssl;
    } finally {
      await client.end();
    }
  };
  const root = `&sslrootcert=${certificate}`;
  // A reload is seen by connections that come after it was.
  while (!(await isEncrypted('127.0.0.1', '&sslmode=require').catch(() => false)));
  assert.equal(await isEncrypted('localhost', `&sslmode=verify-full${root}`), true);
  await assert.rejects(isEncrypted('127.0.0.1', `&sslmode=verify-full${root}`), /does not match certificate/);
  assert.equal(await isEncrypted('127.0.0.1', `&sslmode=verify-ca${root}`), true);
  await assert.rejects(isEncrypted('localhost', '&sslmode=verify-full'), /self-signed/);
  assert.equal(await isEncrypted('127.0.0.1', '&sslmode=disable'), false);
});

test(
  'a session syncs its commits, whatever the database says; the doctor tells what puts data at risk',
  withPostgres,
  async (t) => {
    const cluster = await startCluster();
    t.after(() => cluster.remove());
    const synced = async (): Promise<string> => {
      const client = await connect(cluster.address('any'));
      const { rows } = await client.query('SHOW synchronous_commit');
      await client.end();
      return rows[0].synchronous_commit;
    };
    const before: readonly (readonly [string, string])[] = [
      ['off', 'on'],
      ['local', 'on'],
      ['remote_write', 'remote_write'],
      ['remote_apply', 'remote_apply'],
    ];
    for (const [set, used] of before) {
      cluster.sql(`ALTER ROLE makonis SET synchronous_commit = '${set}'`);
      assert.equal(await synced(), used, set);
    }
    const { risks, version } = await examine(cluster.address('any'));
    assert.match(version, /^\d+\.\d+/);
    assert.deepEqual(risks, []);
    cluster.sql('ALTER ROLE makonis SUPERUSER');
    assert.match((await examine(cluster.address('any'))).risks.join(), /superuser/);
  },
);
