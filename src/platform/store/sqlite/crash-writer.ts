/**
 * The process that crash.test.ts kills: writers that print each write that was acknowledged, at once.
 * `node crash-writer.ts <folder> <writers> <writes each>`.
 */
import { writeSync } from 'node:fs';
import type { AccountId, Region } from '#platform/base/ids.ts';
import { jsonRows, table, u64 } from '#platform/store/keys.ts';
import { openStore } from '#platform/store/open-store.ts';
import { sqliteDrivers } from '#platform/store/sqlite/drivers.ts';
import type { PartitionName } from '#platform/store/store.ts';

/** Each write puts the same count into `first` and `second`, and adds a row of its own to `log`. */
export const first = table('first', [u64], jsonRows<{ count: number }>(1));
export const second = table('second', [u64], jsonRows<{ count: number; body: string }>(1));
export const log = table('log', [u64, u64], jsonRows<{ count: number }>(1));
export const written: PartitionName = {
  service: 'sqs',
  account: '123456789012' as AccountId,
  region: 'us-east-1' as Region,
};

/** On its way before this returns, so that a kill can't take it back. */
function say(line: string): void {
  for (;;) {
    try {
      writeSync(1, `${line}\n`);
      return;
    } catch (error) {
      // The pipe is full until the reader comes by.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
  }
}

async function main([folder = '', writers = '1', writes = '1']: readonly string[]): Promise<void> {
  const store = openStore({ drivers: sqliteDrivers(folder) });
  const partition = store.partition(written);
  const write = async (writer: number): Promise<void> => {
    const start = partition.read((tx) => tx.get(first, first.key(writer)))?.count ?? 0;
    for (let count = start + 1; count <= start + Number(writes); count++) {
      partition.transact((tx) => {
        tx.put(first, first.key(writer), { count });
        tx.put(log, log.key(writer, count), { count });
        // Now and then a large value, which is stored apart.
        tx.put(second, second.key(writer), { count, body: 'x'.repeat(count % 3 === 0 ? 5000 : 10) });
      });
      try {
        await partition.durable();
        say(`ack ${writer} ${count}`);
      } catch {
        say(`lost ${writer} ${count}`);
      }
    }
  };
  await Promise.all(Array.from({ length: Number(writers) }, (_, writer) => write(writer)));
  await store.close();
}

if (import.meta.main) await main(process.argv.slice(2));
