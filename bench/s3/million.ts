/**
 * What a bucket's size costs: a PUT of 4 KiB and a page of 1,000 keys, by HTTP, while the bucket grows. The server is stopped meanwhile, and the
 * rows are put into its store as PutObject does. Run: node bench/s3/million.ts [keys] [seconds a figure]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { present } from '#platform/base/assert.ts';
import type { Region } from '#platform/base/ids.ts';
import { readMasterKeys } from '#platform/secrets/master-key.ts';
import { openStore } from '#platform/store/open-store.ts';
import { sqliteDrivers } from '#platform/store/sqlite/drivers.ts';
import type { OpenBucket } from '#services/s3/buckets/open-bucket.ts';
import { addVersion, type NewVersion } from '#services/s3/objects/versions.ts';
import { buckets } from '#services/s3/state.ts';
import { runLoad } from '../load/client.ts';
import { measure, show } from '../sqs/measure.ts';
import { type Peer, startMakonis } from '../sqs/peers.ts';
import { s3Request } from './request.ts';

const [most = 1_000_000, seconds = 5] = process.argv.slice(2).map(Number);
const LEVELS = [10_000, 100_000, 1_000_000, 10_000_000].filter((level) => level <= most);
const AT_ONCE = 500;
const CONNECTIONS = 32;
const REQUESTS = 4000;
const ROUNDS = 3;

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

const data = mkdtempSync(join(tmpdir(), 'makonis-million-'));

async function fill(from: number, to: number): Promise<void> {
  const store = openStore({ drivers: sqliteDrivers(join(data, 'regions'), readMasterKeys(`${data}.key`)) });
  const named = store.partitions({ service: 's3', region: 'us-east-1' as Region });
  const place = named.find((each) => store.partition(each).read((tx) => tx.get(buckets, buckets.key('large'))));
  const partition = store.partition(present(place, 'the bucket was made'));
  const row = partition.read((tx) => tx.get(buckets, buckets.key('large')));
  const bucket: OpenBucket = {
    ...present(row, 'the bucket was made'),
    arn: 'arn:aws:s3:::large',
    key: Buffer.alloc(32),
    policyById: undefined,
  };
  const begin = performance.now();
  for (let at = from; at < to; at += AT_ONCE) {
    partition.transact((tx) => {
      for (let index = at; index < Math.min(at + AT_ONCE, to); index++) {
        addVersion(tx, discarding, bucket, keyOf(index), version);
      }
    });
    await partition.durable();
  }
  await store.close();
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
