/** Tests of services once more, with clouds whose rows are in PostgreSQL. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { type Cluster, startCluster, withPostgres } from '#platform/store/postgres/cluster.fixture.ts';
import { STORE_VARIABLE } from '#test/sdk/store-variable.ts';

/** Memory that is loaded anew, timers, keys, objects and lists, messages between services. */
const FILES = ['sqs', 'iam', 'kms-keys', 's3-objects', 's3-notifications'];

suite('over PostgreSQL', withPostgres, () => {
  let cluster: Cluster;
  before(async () => {
    cluster = await startCluster();
  });
  after(() => cluster.remove());

  for (const name of FILES) {
    test(name, async () => {
      const { NODE_TEST_CONTEXT: _, ...env } = process.env;
      const options = ['--test', '--test-reporter=tap', join(import.meta.dirname, `${name}.test.ts`)];
      const child = spawn(process.execPath, options, {
        env: { ...env, [STORE_VARIABLE]: cluster.url('unused') },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let output = '';
      child.stdout.on('data', (chunk) => (output += chunk));
      await once(child, 'close');
      const [, passed = '0'] = /^# pass (\d+)$/m.exec(output) ?? [];
      assert.ok(child.exitCode === 0 && Number(passed) > 0, output);
      // That it was this database which they were over.
      assert.match(cluster.sql("SELECT string_agg(nspname, ' ') FROM pg_namespace"), /\btest_[0-9a-f]{16}\b/);
    });
  }
});
