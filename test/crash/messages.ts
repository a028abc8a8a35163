/** Disturbs a cloud again and again, at any moment, while clients use it, and holds what they were told against what is there after it. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { checkBooks, checkKeys, checkTag, drain, makeQueues, makeStranger } from '#test/crash/checks.ts';
import { CrashClient } from '#test/crash/client.ts';
import type { Server } from '#test/crash/killed-server.ts';
import { Load } from '#test/crash/load.ts';

interface Disturbed {
  readonly server: Server;
  readonly times: number;
  /** Resolves when the cloud serves again. */
  readonly disturb: (port: number, nth: number) => Promise<void>;
  /** What the cloud can't store for a while is no fault. */
  readonly storeMayFail?: true;
}

export async function useWhile(t: TestContext, { server, times, disturb, storeMayFail }: Disturbed): Promise<void> {
  const { port, ...key } = await server.start(0);
  const client = new CrashClient(port);
  client.errorsSayNothing = storeMayFail ?? false;
  t.after(() => client.close());
  const queues = await makeQueues(client, key);
  const load = new Load(client, queues, key, await makeStranger(client, key));
  const running = load.run();
  try {
    for (let nth = 0; nth < times; nth++) {
      await pause(100 + Math.random() * 500);
      await disturb(port, nth);
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
}
