/** Disturbs a cloud again and again, at any moment, while clients use it, and holds what they were told against what is there after it. */
import type { TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { checkAll, checkKeys, makeQueues, makeStranger } from '#test/crash/checks.ts';
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

  await checkAll(t, { client, load, queues, key }, () => server.books());
}
