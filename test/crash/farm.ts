/** Several processes of one cloud over a database, to be killed and stopped; their clocks differ by up to a minute. */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { CrashClient, type Key } from '#test/crash/client.ts';
import { newFolder, Server } from '#test/crash/killed-server.ts';
import { until } from '#test/until.ts';

/** In milliseconds, of the processes in turn. */
const SKEWS = [0, 30_000, -30_000];

export interface Member {
  readonly server: Server;
  readonly port: number;
}

export interface CrashFarm {
  readonly members: readonly Member[];
  readonly blobs: string;
  /** Uses all of them. */
  readonly client: CrashClient;
  /** Of the administrator. */
  readonly key: Key;
}

/** When each account has a holder. */
export async function serving({ client, key }: Pick<CrashFarm, 'client' | 'key'>): Promise<void> {
  let answers = 0;
  await until(
    async () => {
      answers = (await client.sqs('ListQueues', {}, key)).end === 'answered' ? answers + 1 : 0;
      return answers === 10;
    },
    'a farm that answers',
    60,
  );
}

/** Before the database goes, whose removal the test has asked for before. */
export async function startFarm(t: TestContext, count: number, store: string): Promise<CrashFarm> {
  const { folder, keyFile } = newFolder();
  const blobs = join(folder, 'blobs');
  const servers: Server[] = [];
  t.after(async () => {
    for (const server of servers) {
      server.go();
      await server.kill();
    }
    rmSync(folder, { recursive: true, force: true });
  });
  const members: Member[] = [];
  let key: Key | undefined;
  for (let at = 0; at < count; at++) {
    const skew = String(SKEWS[at % SKEWS.length]);
    const server = new Server(join(folder, `data-${at}`), keyFile, store, blobs, skew);
    servers.push(server);
    const ready = await server.start(0);
    key = ready;
    members.push({ server, port: ready.port });
  }
  const client = new CrashClient(...members.map(({ port }) => port));
  t.after(() => client.close());
  const farm = { members, blobs, client, key: key ?? assert.fail() };
  await serving(farm);
  return farm;
}
