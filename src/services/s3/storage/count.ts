/**
 * What a bucket stores, as a bill has it: byte-hours by storage class. S3 measures twice a day, and so does this: a timer of the bucket
 * walks over all versions and parts, a bounded number at a time, and what it found stands for the twelve hours. Infrequent
 * classes count 128 KiB at least; an archived object counts 32 KiB of its class and 8 KiB of STANDARD more (classes.ts). Tags and
 * monitored objects are counted with them, by the hour too.
 */
import { hours } from '#platform/base/clock.ts';
import { setTimer } from '#platform/jobs/timers.ts';
import { meter } from '#platform/metering/usage.ts';
import type { TimerJob } from '#platform/service.ts';
import type { Key } from '#platform/store/keys.ts';
import type { Transaction } from '#platform/store/store.ts';
import { findBucket } from '#services/s3/buckets/open-bucket.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { type BucketRow, objects, parts as partRows, uploads, type VersionRow, versions } from '#services/s3/state.ts';
import { partStorage, STANDARD_STORAGE, storageOf } from '#services/s3/storage/classes.ts';
import { isMonitored } from '#services/s3/tiering/tiers.ts';

export const COUNT_JOB = 'storage';
const EVERY_HOURS = 12;
const ROWS_AT_ONCE = 1000;

/** Usage type -> bytes, or how many. */
type Sums = Record<string, number>;

function add(sums: Sums, usageType: string, amount: number): void {
  sums[usageType] = (sums[usageType] ?? 0) + amount;
}

function addVersion(sums: Sums, row: VersionRow, now: number, day: number): void {
  if (row.isDeleteMarker) return;
  for (const { usageType, bytes } of storageOf(row, now, day)) add(sums, usageType, bytes);
  // They are read at once, whatever becomes of their object.
  if (row.annotations !== undefined) add(sums, STANDARD_STORAGE, row.annotations.bytes);
  const tags = Object.keys(row.tags ?? {}).length;
  if (tags > 0) add(sums, 'TagStorage-TagHrs', tags);
  if (isMonitored(row)) add(sums, 'Monitoring-Automation-INT', 1);
}

const TABLES = ['objects', 'versions', 'uploads'] as const;

interface Cursor {
  readonly table: (typeof TABLES)[number];
  readonly after?: Key;
}

export function scheduleCount(tx: Transaction, { id, name }: Pick<BucketRow, 'id' | 'name'>, now: number): void {
  const period = hours(EVERY_HOURS);
  const due = (Math.floor(now / period) + 1) * period;
  setTimer(tx, { job: COUNT_JOB, id: String(id), due, payload: { bucket: name, id } });
}

export const countStorage =
  (parts: S3Parts): TimerJob =>
  (tx, payload, { now, partition }) => {
    const bucket = findBucket(tx, parts.sealer, String(payload['bucket']));
    if (bucket === undefined || bucket.id !== payload['id']) return;
    // Payloads are what earlier runs made.
    const cursor = (payload['cursor'] as Cursor | undefined) ?? { table: 'objects' };
    const sums = { ...(payload['sums'] as Sums | undefined) };
    const next = walk(tx, bucket, cursor, (row) => addVersion(sums, row, now, parts.day), sums);
    if (next !== undefined) {
      setTimer(tx, { job: COUNT_JOB, id: String(bucket.id), due: now, payload: { ...payload, cursor: next, sums } });
      return;
    }
    scheduleCount(tx, bucket, now);
    for (const [usageType, bytes] of Object.entries(sums)) {
      meter(partition, now, { usageType, operation: 'Storage', resource: bucket.arn }, bytes * EVERY_HOURS);
    }
  };

function walk(
  tx: Transaction,
  { id }: BucketRow,
  { table, after }: Cursor,
  visit: (row: VersionRow) => void,
  sums: Sums,
): Cursor | undefined {
  const options = { prefix: [id] as [number], ...(after !== undefined && { after }), limit: ROWS_AT_ONCE };
  const last = table === 'uploads' ? addUploads(tx, options, sums) : visitVersions(tx, table, options, visit);
  if (last !== undefined) return { table, after: last };
  const next = TABLES[TABLES.indexOf(table) + 1];
  return next && { table: next };
}

interface Page {
  readonly prefix: [number];
  readonly after?: Key;
  readonly limit: number;
}

/** The last key of a full page. */
function visitVersions(
  tx: Transaction,
  table: 'objects' | 'versions',
  page: Page,
  visit: (row: VersionRow) => void,
): Key | undefined {
  const rows = table === 'objects' ? tx.range(objects, page) : tx.range(versions, page);
  for (const { row } of rows) visit(row);
  return rows.length === ROWS_AT_ONCE ? rows.at(-1)?.key : undefined;
}

/** Parts that were uploaded are stored, and paid for, until the upload ends. */
function addUploads(tx: Transaction, page: Page, sums: Sums): Key | undefined {
  const [only] = tx.range(uploads, { ...page, limit: 1 });
  if (only === undefined) return undefined;
  const [, , upload] = uploads.parts(only.key);
  const usageType = partStorage(only.row.storageClass);
  for (const { row } of tx.range(partRows, { prefix: [upload] })) add(sums, usageType, row.piece.bytes);
  return only.key;
}
