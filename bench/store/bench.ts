/**
 * What the store carries: commits a second at 1, 16, 64 and 256 writers (each waits for the disk before its next write),
 * point reads and range rows a second, and the CPU of the whole process per commit. `node bench/store/bench.ts [folder]
 * [seconds] [driver…]`; the folder decides which disk is measured. The drivers, `sqlite` alone unless named, take turns at each
 * number of writers; a cluster of its own is started for `postgres`. Its servers' CPU stands apart.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AccountId, Region } from '#platform/base/ids.ts';
import type { StoreDrivers } from '#platform/store/driver.ts';
import { jsonRows, type Key, table, u64 } from '#platform/store/keys.ts';
import { openStore } from '#platform/store/open-store.ts';
import { startCluster } from '#platform/store/postgres/cluster.fixture.ts';
import { postgresDrivers } from '#platform/store/postgres/drivers.ts';
import { sqliteDrivers } from '#platform/store/sqlite/drivers.ts';
import type { Partition } from '#platform/store/store.ts';

interface Message {
  readonly receivedAt: number;
  readonly text: string;
}

const message = table('message', [u64, u64], jsonRows<Message>(1));
const TEXT = 'x'.repeat(80);
const WRITERS = [1, 16, 64, 256];
const ROWS_READ = 100;

const cpuMicroseconds = (): number => {
  const { user, system } = process.cpuUsage();
  return user + system;
};

/** Of the database, if there is one. */
let serversCpu = (): number => 0;

const line = (what: string, figures: Record<string, number>): void => {
  const shown = Object.entries(figures).map(
    ([name, value]) => `${value.toFixed(value < 10 ? 2 : 0).padStart(9)} ${name}`,
  );
  console.log(`${what.padEnd(30)}${shown.join('  ')}`);
};

/** Which key a writer's next row gets: the end of one queue, or a place of its own among many. */
type Placing = (writer: number, nth: number) => Key;

let sequence = 0;
const queued: Placing = () => message.key(1, sequence++);
const spread: Placing = (writer, nth) => message.key(1000 + writer, nth + sequence);

async function write(to: Measured, writers: number, duration: number, place = queued): Promise<void> {
  const { partition } = to;
  const latencies: number[] = [];
  const started = performance.now();
  const cpu = cpuMicroseconds();
  const servers = serversCpu();
  const writer = async (id: number): Promise<void> => {
    for (let i = 0; performance.now() - started < duration; i++) {
      const begun = performance.now();
      partition.transact((tx) => tx.put(message, place(id, i), { receivedAt: i, text: TEXT }));
      await partition.durable();
      latencies.push(performance.now() - begun);
    }
  };
  await Promise.all(Array.from({ length: writers }, (_, id) => writer(id)));
  const elapsed = performance.now() - started;
  const used = cpuMicroseconds() - cpu;
  const sorted = Float64Array.from(latencies).sort();
  const at = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? 0;
  line(`${to.name}, ${writers} writers${place === spread ? ', spread' : ''}`, {
    'commits/s': (latencies.length / elapsed) * 1000,
    'ms p50': at(0.5),
    'ms p99': at(0.99),
    'ms max': at(0.999999),
    'us CPU/commit': used / latencies.length,
    ...(to.name === 'postgres' && { 'us CPU/commit of the servers': (serversCpu() - servers) / latencies.length }),
  });
}

function read({ name, partition }: Measured, count: number): void {
  const keys = partition.read((tx) => tx.range(message, { limit: 50_000 })).map(({ key }) => key);
  const points = performance.now();
  for (let i = 0; i < count; i++) {
    // The keys are those of the rows just read; a stride spreads the reads over the file.
    const key = keys[(i * 7919) % keys.length] ?? keys[0];
    if (key) partition.read((tx) => tx.get(message, key));
  }
  const perPoint = (performance.now() - points) / count;
  line(`${name}, point reads`, { 'reads/s': 1000 / perPoint, 'us each': perPoint * 1000 });

  const ranges = performance.now();
  for (let i = 0; i < count / ROWS_READ; i++) {
    const from = keys[(i * 7919) % keys.length];
    partition.read((tx) => tx.range(message, { ...(from && { from }), limit: ROWS_READ }));
  }
  const perRow = (performance.now() - ranges) / count;
  line(`${name}, ranges of ${ROWS_READ}`, { 'rows/s': 1000 / perRow, 'us a row': perRow * 1000 });
}

interface Measured {
  readonly name: string;
  readonly partition: Partition;
  readonly close: () => Promise<void>;
}

const [place = tmpdir(), seconds = '4', ...named] = process.argv.slice(2);
const region = 'us-east-1' as Region;
const opened = (name: string, drivers: StoreDrivers, remove: () => unknown): Measured => {
  const store = openStore({ drivers });
  const partition = store.partition({ service: 'sqs', account: '123456789012' as AccountId, region });
  const close = async (): Promise<void> => {
    await store.close();
    await remove();
  };
  return { name, partition, close };
};

const OPEN: Readonly<Record<string, () => Promise<Measured>>> = {
  async sqlite() {
    const folder = mkdtempSync(join(place, 'makonis-bench-store-'));
    return opened('sqlite', sqliteDrivers(folder), () => rmSync(folder, { recursive: true, force: true }));
  },
  async postgres() {
    const cluster = await startCluster(place);
    serversCpu = cluster.cpuMicroseconds;
    return opened('postgres', postgresDrivers(cluster.address('bench')), () => cluster.remove());
  },
};

const measured: Measured[] = [];
try {
  for (const name of named.length > 0 ? named : ['sqlite']) {
    const open = OPEN[name];
    if (open === undefined) throw new Error(`drivers are ${Object.keys(OPEN).join(', ')}`);
    measured.push(await open());
  }
  const inTurns = async (action: (each: Measured) => Promise<void> | void): Promise<void> => {
    for (const each of measured) await action(each);
  };
  const duration = Number(seconds) * 1000;
  await inTurns((each) => write(each, 16, 500));
  for (const writers of WRITERS) await inTurns((each) => write(each, writers, duration));
  await inTurns((each) => write(each, 64, duration, spread));
  await inTurns((each) => read(each, each.name === 'sqlite' ? 100_000 : 5000));
} finally {
  for (const each of measured) await each.close();
}
