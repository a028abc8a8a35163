/**
 * Three processes over one database, whose clocks differ by up to a minute, used at all three addresses at random, while one after another is
 * killed, or stopped and let go on, and the database is restarted. `MAKONIS_BLOWS=50 MAKONIS_STOPPED_SECONDS=60 node --test
 * test/crash/processes.test.ts` for more.
 */
import assert from 'node:assert/strict';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { startCluster, withPostgres } from '#platform/store/postgres/cluster.fixture.ts';
import { checkAll, makeQueues, makeStranger } from '#test/crash/checks.ts';
import { type CrashFarm, type Member, serving, startFarm } from '#test/crash/farm.ts';
import { Load } from '#test/crash/load.ts';
import { ObjectLoad } from '#test/crash/objects.ts';
import { until } from '#test/until.ts';

const BLOWS = Number(process.env['MAKONIS_BLOWS'] ?? 4);
/** Longer than a lease: others have taken all over by then. */
const STOPPED_SECONDS = Number(process.env['MAKONIS_STOPPED_SECONDS'] ?? 6);
const BUCKET = 'crash-farm';

async function kill({ server, port }: Member): Promise<void> {
  await server.kill();
  // Sometimes it is back before its lease is over.
  await pause(Math.random() * 6000);
  await server.start(port);
}

/** What it is asked while it is stopped it answers when it goes on: by what is so then, or not at all. */
async function stop({ server, port }: Member, farm: CrashFarm): Promise<void> {
  const stopped = farm.client.at(port);
  const others = farm.client.at(...farm.members.map((member) => member.port).filter((each) => each !== port));
  const path = `/${BUCKET}/stopped/${port}`;
  const write = async (body: string): Promise<void> =>
    until(async () => (await others.s3('PUT', path, body, farm.key)).end === 'answered', `${body} is written`, 30);
  await write('before');
  server.pause();
  const asked = Array.from({ length: 5 }, () => stopped.s3('GET', path, '', farm.key));
  await pause(STOPPED_SECONDS * 1000);
  await write('after');
  server.go();
  for (const answer of await Promise.all(asked)) {
    assert.ok(
      answer.end === 'unknown' || (answer.end === 'answered' && answer.body === 'after'),
      JSON.stringify(answer),
    );
  }
  for (const client of [stopped, others]) client.close();
}

/** In files and segments. */
function storedBytes(blobs: string): number {
  return readdirSync(blobs, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /^[0-9a-f]{32}$|\.seg$/.test(entry.name))
    .reduce((sum, { parentPath, name }) => {
      return sum + (statSync(join(parentPath, name), { throwIfNoEntry: false })?.size ?? 0);
    }, 0);
}

/** All of them die, and what is left of each one's falls to those that come after. */
async function checkRoom({ members, blobs }: CrashFarm, wantedBytes: number): Promise<void> {
  for (const { server, port } of members) {
    await server.kill();
    await server.start(port);
  }
  const isGivenBack = (): boolean => storedBytes(blobs) < wantedBytes * 2 + 1_000_000;
  await until(isGivenBack, `at most twice ${wantedBytes} bytes are stored`, 60).catch((error: Error) => {
    throw new Error(`${error.message}; ${storedBytes(blobs)} are`);
  });
}

test(`${BLOWS} kills and pauses of three processes lose nothing that was acknowledged`, {
  ...withPostgres,
  timeout: 150_000 + BLOWS * (20_000 + STOPPED_SECONDS * 2000),
}, async (t) => {
  const database = await startCluster();
  t.after(() => database.remove());
  const farm = await startFarm(t, 3, database.url('farm'));
  const { members, client, key } = farm;
  const queues = await makeQueues(client, key);
  const load = new Load(client, queues, key, await makeStranger(client, key));
  await until(async () => (await client.s3('PUT', `/${BUCKET}`, '', key)).end === 'answered', 'a bucket');
  const objects = new ObjectLoad(client, key, BUCKET);
  const working = Promise.all([load.run(), objects.run(3)]);
  try {
    for (let blow = 0; blow < BLOWS; blow++) {
      await pause(500 + Math.random() * 1000);
      const member = members[Math.floor(Math.random() * members.length)] ?? assert.fail();
      await (blow % 2 === 0 ? kill(member) : stop(member, farm));
      if (blow === Math.floor(BLOWS / 2)) {
        await database.stop('fast');
        await database.start();
      }
    }
    await pause(2000);
  } finally {
    load.stop();
    objects.stop();
  }
  await working;
  await serving(farm);

  await checkAll(t, { client, load, queues, key }, () => (members[0] ?? assert.fail()).server.books());
  await objects.checkAll();
  assert.deepEqual(objects.faults, []);
  for (const { server } of members) assert.deepEqual((await server.books()).damaged, []);
  await checkRoom(farm, objects.bytes);
  await serving(farm);
  await objects.checkAll();
  assert.deepEqual(objects.faults, []);
});
