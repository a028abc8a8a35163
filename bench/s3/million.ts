/**
 * What a bucket's size costs: a PUT of 4 KiB and a page of 1,000 keys, by HTTP, while the bucket grows. The server is stopped meanwhile, and the
 * rows that PutObject makes of new keys are given to its driver, many a commit and in the order of their keys, which writes each page of
 * the file once. Run: node bench/s3/million.ts [keys] [seconds a figure]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { present } from '#platform/base/assert.ts';
import type { Region } from '#platform/base/ids.ts';
import { readMasterKeys } from '#platform/secrets/master-key.ts';
import { BatchWriter } from '#platform/store/batch.ts';
import { sqliteDrivers } from '#platform/store/sqlite/drivers.ts';
import { buckets, nextSequence, objects, type VersionRow } from '#services/s3/state.ts';
import { runLoad } from '../load/client.ts';
import { measure, show } from '../sqs/measure.ts';
import { type Peer, startMakonis } from '../sqs/peers.ts';
import { s3Request } from './request.ts';

const [most = 1_000_000, seconds = 5] = process.argv.slice(2).map(Number);
const LEVELS = [10_000, 100_000, 1_000_000, 10_000_000].filter((level) => level <= most);
const AT_ONCE = 50_000;
const CONNECTIONS = 32;
const REQUESTS = 4000;
const ROUNDS = 3;

const now = Date.now();
const row: VersionRow = {
  sequence: nextSequence(now, undefined),
  modifiedAt: now,
  etag: 'd41d8cd98f00b204e9800998ecf8427e',
  bytes: 65_536,
  checksum: { name: 'CRC64NVME', value: 'AAAAAAAAAAA=', type: 'FULL_OBJECT' },
  // The form of the driver's places.
  piece: { place: 's12.34567890.65536' as never, bytes: 65_536, salt: 'AAAAAAAAAAAAAAAAAAAAAA==' },
};
/** Spread over all keys, as names that users make are. */
const hashOf = (index: number): number => Math.imul(index, 2_654_435_761) >>> 0;
const nameOf = (hash: number): string => `photos/${hash.toString(16).padStart(8, '0')}`;
const keyOf = (index: number): string => nameOf(hashOf(index));

const data = mkdtempSync(join(tmpdir(), 'makonis-million-'));

async function fill(from: number, to: number): Promise<void> {
  const drivers = sqliteDrivers(join(data, 'regions'), readMasterKeys(`${data}.key`));
  const driver = drivers.open('us-east-1' as Region);
  const path = present(
    driver.names().find((name) => name.startsWith('s3/')),
    'the bucket was made',
  );
  const owner = { ...driver.own(path), path };
  const bucket = buckets.codec.decode(present(driver.get(owner.number, buckets.key('large')), 'the bucket was made'));
  const begin = performance.now();
  const value = objects.codec.encode(row);
  const hashes = Uint32Array.from({ length: to - from }, (_, index) => hashOf(from + index)).sort();
  let previous: Promise<void> | undefined;
  for (let at = 0; at < hashes.length; at += AT_ONCE) {
    const batch = new BatchWriter();
    for (const hash of hashes.subarray(at, at + AT_ONCE)) {
      batch.put(owner.number, objects.key(bucket.id, nameOf(hash)), value);
    }
    // One is written while the next is put together.
    await previous;
    previous = driver.commit(batch.finish([owner]));
  }
  await previous;
  await driver.close();
  await drivers.close();
  console.log(`${to} keys; filled in ${((performance.now() - begin) / 1000).toFixed(0)} s`);
}

/** The first round is not shown: a server that has just started compiles its way. */
async function figures(peer: Peer, level: number): Promise<void> {
  const body = Buffer.alloc(4096, 'makonis ');
  let at = 0;
  const puts = Array.from({ length: REQUESTS }, (_, index) =>
    s3Request(peer, 'PUT', `/large/${keyOf(level - 1 - index * 2)}-new`, '', body),
  );
  const pages = Array.from({ length: 50 }, (_, page) =>
    s3Request(peer, 'GET', '/large', `list-type=2&max-keys=1000&start-after=${encodeURIComponent(keyOf(page * 7919))}`),
  );
  const runs = { 'PUT 4 KiB': puts, 'List 1,000': pages } as const;
  for (let round = 0; round < ROUNDS; round++) {
    for (const [what, requests] of Object.entries(runs)) {
      const next = () => present(requests[at++ % requests.length], 'there are requests');
      const found = await measure(peer, CONNECTIONS, next, seconds);
      if (round > 0) show(peer, `${what} among ${level}`, found);
    }
  }
}

/** A server on the data, for as long as the work takes. */
async function served(work: (peer: Peer) => Promise<unknown>): Promise<void> {
  const peer = await startMakonis(data, { keepsData: true });
  try {
    await work(peer);
  } finally {
    await peer.stop();
  }
}

const makeBucket = (peer: Peer) =>
  runLoad({
    port: peer.port,
    connections: 1,
    seconds: 20,
    warmupSeconds: 0,
    next: (_, previous) => (previous === undefined ? s3Request(peer, 'PUT', '/large') : undefined),
  });

let filled = 0;
try {
  await served(makeBucket);
  for (const level of LEVELS) {
    await fill(filled, level);
    filled = level;
    await served((peer) => figures(peer, level));
  }
} finally {
  rmSync(data, { recursive: true, force: true });
  rmSync(`${data}.key`, { force: true });
}
