/**
 * Counts what storage class analysis looks at: bytes in and out, by the age of the object and its class. As usage is (metering/usage.ts),
 * sums are kept in memory and written as absolute rows with the batch that the answer waits for; buckets without a configuration cost
 * a look into memory.
 */
import type { Milliseconds } from '#platform/base/clock.ts';
import type { AnalyticsConfiguration } from '#platform/model/generated/s3.ts';
import type { Key } from '#platform/store/keys.ts';
import type { MemorySlot, Partition, Transaction } from '#platform/store/store.ts';
import { ageGroupOf } from '#services/s3/analytics/analysis.ts';
import { type AccessRow, accesses, stored } from '#services/s3/analytics/state.ts';
import { configurationsOf } from '#services/s3/configurations/configurations.ts';
import { selectionOf, selects } from '#services/s3/configurations/filters.ts';
import type { BucketRow, VersionRow } from '#services/s3/state.ts';

export const ANALYTICS = { name: 'analytics' } as const;

interface Sums {
  readonly rows: Map<Key, AccessRow>;
  readonly touched: Set<Key>;
  readonly write: (tx: Transaction) => void;
}

/** Days pass: what is not touched any more is forgotten now and then. */
const MOST_KEPT = 10_000;

const slot: MemorySlot<Sums> = {
  name: 's3-analysis',
  load: () => {
    const sums: Sums = {
      rows: new Map(),
      touched: new Set(),
      write: (tx) => {
        for (const place of sums.touched) {
          const row = sums.rows.get(place);
          if (row !== undefined) tx.put(accesses, place, row);
        }
        sums.touched.clear();
        if (sums.rows.size > MOST_KEPT) sums.rows.clear();
      },
    };
    return sums;
  },
};

const NOTHING: AccessRow = { requests: 0, retrieved: 0, uploaded: 0 };

/** What happened to the bytes of an object now. */
export function countAccess(
  partition: Partition,
  bucket: BucketRow,
  key: string,
  row: VersionRow,
  amounts: Partial<AccessRow>,
  { now, day }: { readonly now: Milliseconds; readonly day: Milliseconds },
): void {
  const all = partition.read((tx) => configurationsOf<AnalyticsConfiguration>(tx, bucket, ANALYTICS));
  if (all.length === 0) return;
  for (const { Id, Filter } of all) {
    if (!selects(selectionOf(Filter), key, row.tags)) continue;
    const group = ageGroupOf(row, now, day);
    add(partition, accesses.key(bucket.id, Id, Math.floor(now / day), row.storageClass ?? 'STANDARD', group), amounts);
  }
}

/** Of a configuration, or of all of a bucket. */
export function dropAnalysis(
  tx: Transaction,
  of: [bucketId: number] | [bucketId: number, configuration: string],
): void {
  const { rows, touched } = tx.partition.memory(slot);
  const beginning = accesses.keyPrefix(...of);
  for (const place of rows.keys()) {
    if (!place.startsWith(beginning)) continue;
    rows.delete(place);
    touched.delete(place);
  }
  tx.deleteRange(accesses, of);
  tx.deleteRange(stored, of);
}

function add(
  partition: Partition,
  place: Key,
  { requests = 0, retrieved = 0, uploaded = 0 }: Partial<AccessRow>,
): void {
  const sums = partition.memory(slot);
  const before = sums.rows.get(place) ?? partition.read((tx) => tx.get(accesses, place)) ?? NOTHING;
  sums.rows.set(place, {
    requests: before.requests + requests,
    retrieved: before.retrieved + retrieved,
    uploaded: before.uploaded + uploaded,
  });
  if (sums.touched.size === 0) partition.beforeCommit(sums.write);
  sums.touched.add(place);
}
