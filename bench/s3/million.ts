/**
 * What a bucket's size costs: a page of a list, and a version that is written, while the bucket grows. Without HTTP: the rows are put into the
 * store as PutObject does. Run: node bench/s3/million.ts [keys]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AccountId, Region } from '#platform/base/ids.ts';
import { openStore } from '#platform/store/open-store.ts';
import { sqliteDrivers } from '#platform/store/sqlite/drivers.ts';
import type { Partition } from '#platform/store/store.ts';
import type { OpenBucket } from '#services/s3/buckets/open-bucket.ts';
import { walkKeys } from '#services/s3/objects/list.ts';
import { addVersion, type NewVersion } from '#services/s3/objects/versions.ts';

const [most = 1_000_000] = process.argv.slice(2).map(Number);
const LEVELS = [10_000, 100_000, 1_000_000, 10_000_000].filter((level) => level <= most);
const PAGES = 100;
const WRITES = 3000;
const AT_ONCE = 64;

const bucket = {
  id: 1,
  name: 'large',
  arn: 'arn:aws:s3:::large',
  createdAt: 0,
  sealedKey: '',
  key: Buffer.alloc(32),
  policyById: undefined,
} satisfies OpenBucket;
const version: NewVersion = {
  modifiedAt: Date.now(),
  etag: 'd41d8cd98f00b204e9800998ecf8427e',
  bytes: 65_536,
  checksum: { name: 'CRC64NVME', value: 'AAAAAAAAAAA=', type: 'FULL_OBJECT' },
  // The form of the driver's places.
  piece: { place: 's12.34567890.65536' as never, bytes: 65_536, salt: 'AAAAAAAAAAAAAAAAAAAAAA==' },
};
const discarding = { discard: () => {} };
/** Spread over all keys, as names that users make are. */
const keyOf = (index: number): string =>
  `photos/${((index * 2_654_435_761) % 4_294_967_296).toString(16).padStart(8, '0')}`;

async function write(partition: Partition, from: number, to: number, atOnce: number): Promise<void> {
  for (let at = from; at < to; at += atOnce) {
    for (let index = at; index < Math.min(at + atOnce, to); index++) {
      partition.transact((tx) => void addVersion(tx, discarding, bucket, keyOf(index), version));
    }
    await partition.durable();
  }
}

const cpuMicroseconds = (): number => {
  const { user, system } = process.cpuUsage();
  return user + system;
};

const folder = mkdtempSync(join(tmpdir(), 'makonis-million-'));
const store = openStore({ drivers: sqliteDrivers(join(folder, 'regions')) });
try {
  const place = { service: 's3', account: '000000000001' as AccountId, region: 'us-east-1' as Region };
  const partition = store.partition(place);
  let filled = 0;
  for (const level of LEVELS) {
    await write(partition, filled, level - WRITES, 1000);
    const beforeWrites = cpuMicroseconds();
    await write(partition, level - WRITES, level, AT_ONCE);
    const written = (cpuMicroseconds() - beforeWrites) / WRITES;
    filled = level;
    const beforePages = cpuMicroseconds();
    for (let page = 0; page < PAGES; page++) {
      const walk = { prefix: '', delimiter: '', after: keyOf(page * 7919), limit: 1000 };
      partition.read((tx) => walkKeys(tx, bucket, walk));
    }
    const listed = (cpuMicroseconds() - beforePages) / PAGES;
    console.log(
      `${level.toString().padStart(9)} keys: a version ${written.toFixed(1)} us of CPU, a page of 1,000 ${(listed / 1000).toFixed(2)} ms`,
    );
  }
} finally {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
}
