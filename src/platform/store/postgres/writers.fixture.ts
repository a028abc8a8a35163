/** Writers that go on whatever happens to the database, and note down what was acknowledged. */
import type { TestContext } from 'node:test';
import type { AccountId, Region } from '#platform/base/ids.ts';
import { jsonRows, table, u64 } from '#platform/store/keys.ts';
import { openStore } from '#platform/store/open-store.ts';
import { postgresDrivers } from '#platform/store/postgres/drivers.ts';
import type { StoreAddress } from '#platform/store/store-address.ts';

const WRITERS = 8;
/** Writer -> how often it has written; both are written by one transaction. */
const counts = table('count', [u64], jsonRows<{ count: number }>(1));
const copies = table('copy', [u64], jsonRows<{ count: number }>(1));

export function writing(t: TestContext, address: StoreAddress) {
  const store = openStore({ drivers: postgresDrivers(address) });
  t.after(() => store.close());
  const [account, region] = ['123456789012' as AccountId, 'us-east-1' as Region];
  const partition = store.partition({ service: 'sqs', account, region });
  const acknowledged = new Map<number, number>();
  let isOver = false;
  const write = async (writer: number): Promise<void> => {
    for (let count = 1; !isOver; count++) {
      partition.transact((tx) => {
        tx.put(counts, counts.key(writer), { count });
        tx.put(copies, copies.key(writer), { count });
      });
      await partition.durable();
      acknowledged.set(writer, count);
    }
  };
  const writers = Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(writer)));
  return {
    acknowledged,
    async progress(): Promise<void> {
      const from = acknowledged.get(0) ?? 0;
      while ((acknowledged.get(0) ?? 0) < from + 20) await new Promise((resolve) => setImmediate(resolve));
    },
    async end(): Promise<void> {
      isOver = true;
      await writers;
    },
    stored: (writer: number) =>
      partition.read((tx) => [counts, copies].map((rows) => tx.get(rows, rows.key(writer))?.count)),
  };
}
