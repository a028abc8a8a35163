/**
 * What a bucket stores, as a bill has it: byte-hours by storage class. S3 measures twice a day, and so does this: a timer of the bucket
 * walks over all versions and parts, a bounded number at a time, and what it found stands for the twelve hours. Infrequent
 * classes count 128 KiB at least; an archived object counts 32 KiB of its class and 8 KiB of STANDARD more (S3 pricing).
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

export const COUNT_JOB = 'storage';
const EVERY_HOURS = 12;
const ROWS_AT_ONCE = 1000;
const STANDARD = 'TimedStorage-ByteHrs';
const EXPRESS = 'TimedStorage-XZ-ByteHrs';

interface Billing {
  readonly usageType: string;
  readonly least?: number;
  readonly more?: number;
}

const KIB = 1024;
const CLASSES: Readonly<Record<string, Billing>> = {
  EXPRESS_ONEZONE: { usageType: EXPRESS },
  REDUCED_REDUNDANCY: { usageType: 'TimedStorage-RRS-ByteHrs' },
  STANDARD_IA: { usageType: 'TimedStorage-SIA-ByteHrs', least: 128 * KIB },
  ONEZONE_IA: { usageType: 'TimedStorage-ZIA-ByteHrs', least: 128 * KIB },
  INTELLIGENT_TIERING: { usageType: 'TimedStorage-INT-FA-ByteHrs' },
  GLACIER_IR: { usageType: 'TimedStorage-GIR-ByteHrs', least: 128 * KIB },
  GLACIER: { usageType: 'TimedStorage-GlacierByteHrs', more: 32 * KIB },
  DEEP_ARCHIVE: { usageType: 'TimedStorage-GDA-ByteHrs', more: 32 * KIB },
};
const ARCHIVE_INDEX_BYTES = 8 * KIB;

/** Usage type -> bytes. */
type Sums = Record<string, number>;

function add(sums: Sums, usageType: string, bytes: number): void {
  sums[usageType] = (sums[usageType] ?? 0) + bytes;
}

function addBytes(
  sums: Sums,
  { isDeleteMarker, bytes, storageClass = 'STANDARD', restore, annotations }: VersionRow,
  now: number,
): void {
  if (isDeleteMarker) return;
  const { usageType, least = 0, more = 0 } = CLASSES[storageClass] ?? { usageType: STANDARD };
  add(sums, usageType, Math.max(bytes, least) + more);
  // They are read at once, whatever becomes of their object.
  if (annotations !== undefined) add(sums, STANDARD, annotations.bytes);
  if (more === 0) return;
  add(sums, STANDARD, ARCHIVE_INDEX_BYTES);
  const isRestored = restore !== undefined && restore.readyAt <= now && now < restore.expiresAt;
  if (isRestored) add(sums, STANDARD, bytes);
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
    const next = walk(tx, bucket, cursor, sums, now);
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
  sums: Sums,
  now: number,
): Cursor | undefined {
  const options = { prefix: [id] as [number], ...(after !== undefined && { after }), limit: ROWS_AT_ONCE };
  const last = table === 'uploads' ? addUploads(tx, options, sums) : addVersions(tx, table, options, sums, now);
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
function addVersions(
  tx: Transaction,
  table: 'objects' | 'versions',
  page: Page,
  sums: Sums,
  now: number,
): Key | undefined {
  const rows = table === 'objects' ? tx.range(objects, page) : tx.range(versions, page);
  for (const { row } of rows) addBytes(sums, row, now);
  return rows.length === ROWS_AT_ONCE ? rows.at(-1)?.key : undefined;
}

/** Parts that were uploaded are stored, and paid for, until the upload ends. */
function addUploads(tx: Transaction, page: Page, sums: Sums): Key | undefined {
  const [only] = tx.range(uploads, { ...page, limit: 1 });
  if (only === undefined) return undefined;
  const [, , upload] = uploads.parts(only.key);
  const usageType = only.row.storageClass === 'EXPRESS_ONEZONE' ? EXPRESS : STANDARD;
  for (const { row } of tx.range(partRows, { prefix: [upload] })) add(sums, usageType, row.piece.bytes);
  return only.key;
}
