/**
 * Kills a cloud again and again, at any moment, while clients use it, and holds what they were told against what is there after
 * each start. `MAKONIS_KILLS=200 node --test test/crash/crash.test.ts` for more of it.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { checkBooks, checkKeys, checkTag, drain, makeQueues, makeStranger } from '#test/crash/checks.ts';
import { CrashClient, type Key } from '#test/crash/client.ts';
import { newServer } from '#test/crash/killed-server.ts';
import { Load } from '#test/crash/load.ts';

const KILLS = Number(process.env['MAKONIS_KILLS'] ?? 20);

async function start(t: TestContext) {
  const server = newServer(t);
  const ready = await server.start(0);
  const client = new CrashClient(ready.port);
  t.after(() => client.close());
  return { server, client, port: ready.port, key: ready as Key };
}

test(`${KILLS} kills lose nothing that was acknowledged`, { timeout: 60_000 + KILLS * 10_000 }, async (t) => {
  const { server, client, port, key } = await start(t);
  const queues = await makeQueues(client, key);
  const load = new Load(client, queues, key, await makeStranger(client, key));
  const running = load.run();
  try {
    for (let kill = 0; kill < KILLS; kill++) {
      await pause(100 + Math.random() * 500);
      await server.kill();
      await server.start(port);
      await checkKeys(client, [...load.keys].slice(-1));
    }
    await pause(300);
  } finally {
    load.stop();
  }
  await running;
  await server.kill();
  await server.start(port);

  await checkKeys(client, load.keys);
  await checkTag(client, load, queues.standard, key);
  await drain(client, load, 'standard', queues.standard, key);
  await drain(client, load, 'fifo', queues.fifo, key);
  for (const model of [load.standard, load.fifo]) model.finish();
  t.diagnostic(`standard: ${load.standard.summary}`);
  t.diagnostic(`FIFO: ${load.fifo.summary}; ${load.keys.size} keys; tag ${load.tag.sent}`);
  assert.deepEqual(load.unexpected, []);
  assert.deepEqual(load.standard.faults, []);
  assert.deepEqual(load.fifo.faults, []);
  checkBooks(await server.books(), client);
});
