/**
 * Three processes over one database, used at all three addresses at random, while one after another is killed, or stopped and let go
 * on, and the database is restarted. `MAKONIS_BLOWS=50 MAKONIS_STOPPED_SECONDS=60 node --test test/crash/processes.test.ts` for more.
 */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { startCluster, withPostgres } from '#platform/store/postgres/cluster.fixture.ts';
import { checkAll, makeQueues, makeStranger } from '#test/crash/checks.ts';
import { CrashClient, type Key } from '#test/crash/client.ts';
import { newFolder, Server } from '#test/crash/killed-server.ts';
import { Load } from '#test/crash/load.ts';
import { until } from '#test/until.ts';

const BLOWS = Number(process.env['MAKONIS_BLOWS'] ?? 4);
/** Longer than a lease: others have taken all over by then. */
const STOPPED_SECONDS = Number(process.env['MAKONIS_STOPPED_SECONDS'] ?? 6);

interface Running {
  readonly server: Server;
  readonly port: number;
}

async function start(t: TestContext) {
  const database = await startCluster();
  const { folder, keyFile } = newFolder();
  const servers: Server[] = [];
  t.after(async () => {
    for (const server of servers) {
      server.go();
      await server.kill();
    }
    await database.remove();
    rmSync(folder, { recursive: true, force: true });
  });
  const running: Running[] = [];
  let key: Key | undefined;
  for (let at = 0; at < 3; at++) {
    const server = new Server(join(folder, `data-${at}`), keyFile, database.url('farm'), join(folder, 'blobs'));
    servers.push(server);
    const ready = await server.start(0);
    key = ready;
    running.push({ server, port: ready.port });
  }
  const client = new CrashClient(...running.map(({ port }) => port));
  t.after(() => client.close());
  return { database, running, client, key: key ?? assert.fail() };
}

/** One of them at random, in one of three ways. */
async function strike(running: readonly Running[], blow: number): Promise<string> {
  const { server, port } = running[Math.floor(Math.random() * running.length)] ?? assert.fail();
  if (blow % 2 === 0) {
    await server.kill();
    // Sometimes it is back before its lease is over.
    await pause(Math.random() * 6000);
    await server.start(port);
    return 'killed';
  }
  server.pause();
  await pause(STOPPED_SECONDS * 1000);
  server.go();
  return 'stopped';
}

test(`${BLOWS} kills and pauses of three processes lose nothing that was acknowledged`, {
  ...withPostgres,
  timeout: 120_000 + BLOWS * (20_000 + STOPPED_SECONDS * 2000),
}, async (t) => {
  const { running, client, key, database } = await start(t);
  const queues = await makeQueues(client, key);
  const load = new Load(client, queues, key, await makeStranger(client, key));
  const working = load.run();
  try {
    for (let blow = 0; blow < BLOWS; blow++) {
      await pause(500 + Math.random() * 1000);
      await strike(running, blow);
    }
    await database.stop('fast');
    await database.start();
    await pause(2000);
  } finally {
    load.stop();
  }
  await working;
  await until(async () => (await client.sqs('ListQueues', {}, key)).end === 'answered', 'a lease', 20);

  await checkAll(t, { client, load, queues, key }, () => (running[0] ?? assert.fail()).server.books());
});
