/**
 * Kills a cloud again and again, at any moment, while clients use it. `MAKONIS_KILLS=200 node --test test/crash/crash.test.ts` for more of it.
 */
import { test } from 'node:test';
import { newServer } from '#test/crash/killed-server.ts';
import { useWhile } from '#test/crash/messages.ts';

const KILLS = Number(process.env['MAKONIS_KILLS'] ?? 20);

test(`${KILLS} kills lose nothing that was acknowledged`, { timeout: 60_000 + KILLS * 10_000 }, async (t) => {
  const server = newServer(t);
  const disturb = async (port: number): Promise<void> => {
    await server.kill();
    await server.start(port);
  };
  await useWhile(t, { server, times: KILLS, disturb });
});
