/** What the reading of an object's bytes leaves behind: retrieval fees, storage class analysis, the last access of tiered objects. */
import type { Milliseconds } from '#platform/base/clock.ts';
import { meter } from '#platform/metering/usage.ts';
import type { Partition } from '#platform/store/store.ts';
import { countAccess } from '#services/s3/analytics/count.ts';
import type { OpenBucket } from '#services/s3/buckets/open-bucket.ts';
import { bucketArn } from '#services/s3/names.ts';
import { findVersion, putVersion, shownVersionId } from '#services/s3/objects/versions.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import type { VersionRow } from '#services/s3/state.ts';
import { retrievalType } from '#services/s3/storage/classes.ts';
import { isMonitored, lastAccess } from '#services/s3/tiering/tiers.ts';

export interface Read {
  readonly partition: Partition;
  readonly bucket: OpenBucket;
  readonly key: string;
  readonly row: VersionRow;
  readonly bytes: number;
  readonly operation: string;
}

export function noteRead({ day }: S3Parts, read: Read, now: Milliseconds): void {
  const { partition, bucket, key, row, bytes, operation } = read;
  const usageType = retrievalType(row);
  if (usageType !== undefined) meter(partition, now, { usageType, operation, resource: bucketArn(bucket.name) }, bytes);
  // Copies are no requests that the analysis looks at.
  if (operation === 'GetObject') {
    countAccess(partition, bucket, key, row, { requests: 1, retrieved: bytes }, { now, day });
  }
  if (isMonitored(row) && Math.floor(lastAccess(row, now) / day) < Math.floor(now / day)) noteAccess(read, now);
}

/** Days are what tiers count in: once a day is enough. */
function noteAccess({ partition, bucket, key, row }: Read, now: Milliseconds): void {
  partition.transact((tx) => {
    const current = findVersion(tx, bucket, key, shownVersionId(row));
    if (current?.sequence !== row.sequence) return;
    putVersion(tx, bucket, key, { ...current, tiering: { ...current.tiering, accessedAt: now } });
  });
}
