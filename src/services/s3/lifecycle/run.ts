/**
 * Carrying a bucket's rules out: every midnight a timer walks over its keys, versions and uploads, a bounded number at a time; what is
 * left it does in runs of its own at once after, from where it was. Each run is a transaction, so a crash repeats at most one.
 */
import type { Blobs } from '#platform/blobs/blobs.ts';
import { meterIn } from '#platform/metering/usage.ts';
import type { JobCall, TimerJob } from '#platform/service.ts';
import type { Key } from '#platform/store/keys.ts';
import type { Transaction } from '#platform/store/store.ts';
import { findBucket, type OpenBucket } from '#services/s3/buckets/open-bucket.ts';
import * as rules from '#services/s3/lifecycle/rules.ts';
import { scheduleLifecycle } from '#services/s3/lifecycle/schedule.ts';
import { lifecycleOf } from '#services/s3/lifecycle/settings.ts';
import { abortUpload } from '#services/s3/multipart/uploads.ts';
import { bucketArn } from '#services/s3/names.ts';
import { causeOfJob, notify } from '#services/s3/notifications/notify.ts';
import { checkDeletable } from '#services/s3/object-lock/locks.ts';
import { addVersion, putVersion, removeVersion } from '#services/s3/objects/versions.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { statusOf } from '#services/s3/replication/state.ts';
import { nextSequence, objects, uploads, type VersionRow, versions } from '#services/s3/state.ts';
import { meterEarlyDeletion, transitionType } from '#services/s3/storage/classes.ts';
import { laterBlobs } from '#services/s3/storage/later-blobs.ts';

/** Rows that one run looks at. */
const ROWS_AT_ONCE = 500;

/** Where a run goes on. */
interface Cursor {
  readonly table: 'objects' | 'versions' | 'uploads';
  /** The last key of the table that was seen. */
  readonly after?: string;
  /** Of versions: the newest noncurrent ones of which key were counted, and when the last one was made. */
  readonly key?: string;
  readonly newer?: number;
  readonly since?: number;
}

const START: Cursor = { table: 'objects' };
const NEXT: Readonly<Record<Cursor['table'], Cursor | undefined>> = {
  objects: { table: 'versions' },
  versions: { table: 'uploads' },
  uploads: undefined,
};

interface Run {
  readonly tx: Transaction;
  readonly blobs: Pick<Blobs, 'discard'>;
  readonly bucket: OpenBucket;
  readonly lifecycle: rules.Lifecycle;
  readonly now: number;
  readonly day: number;
  readonly job: JobCall;
}

const STEPS: Readonly<Record<Cursor['table'], (run: Run, cursor: Cursor) => Cursor | undefined>> = {
  objects: walkObjects,
  versions: walkVersions,
  uploads: walkUploads,
};

export const runLifecycle =
  (parts: S3Parts): TimerJob =>
  (tx, payload, job) => {
    const bucket = findBucket(tx, parts.sealer, String(payload['bucket']));
    const lifecycle = bucket && lifecycleOf(tx, bucket);
    // The bucket may be another one of the same name.
    if (bucket === undefined || lifecycle === undefined || bucket.id !== payload['id']) return;
    const cursor = (payload['cursor'] as Cursor | undefined) ?? START;
    const run = { tx, blobs: laterBlobs(parts, job), bucket, lifecycle, now: job.now, day: parts.day, job };
    const next = STEPS[cursor.table](run, cursor) ?? NEXT[cursor.table];
    const due = next === undefined ? rules.nextMidnight(job.now, parts.day) : job.now;
    scheduleLifecycle(tx, bucket, due, next);
  };

function walkObjects(run: Run, { after }: Cursor): Cursor | undefined {
  const { tx, bucket } = run;
  // Cursors hold keys of the table.
  const from = after === undefined ? {} : { after: after as Key };
  const rows = tx.range(objects, { prefix: [bucket.id], ...from, limit: ROWS_AT_ONCE });
  for (const { key: at, row } of rows) visitNewest(run, objects.parts(at)[1], row);
  const last = rows.at(-1);
  return last && rows.length === ROWS_AT_ONCE ? { table: 'objects', after: last.key } : undefined;
}

function visitNewest(run: Run, key: string, row: VersionRow): void {
  if (isPending(row)) return;
  const { tx, blobs, bucket, lifecycle, now, day } = run;
  if (row.isDeleteMarker) {
    const due = rules.markerRemovalOf(lifecycle, key, row, day);
    if (due === undefined || due.at > now) return;
    const hidesNothing = tx.range(versions, { prefix: [bucket.id, key], limit: 1 }).length === 0;
    if (hidesNothing) expire(run, key, row);
    return;
  }
  const expiration = rules.expirationOf(lifecycle, key, row, day);
  if (expiration === undefined || expiration.at > now) {
    const move = rules.transitionOf(lifecycle, key, row, undefined, now, day);
    if (move !== undefined) transit(run, key, row, move.storageClass);
    return;
  }
  if (bucket.versioning === undefined) {
    expire(run, key, row);
    return;
  }
  const marker = addVersion(tx, blobs, bucket, key, { modifiedAt: now, isDeleteMarker: true, etag: '', bytes: 0 });
  notify(tx, bucket, { name: 'LifecycleExpiration:DeleteMarkerCreated', key, row: marker }, causeOfJob(run.job));
}

function expire({ tx, blobs, bucket, now, job }: Run, key: string, row: VersionRow): void {
  removeVersion(tx, blobs, bucket, key, row, now);
  // Later than what it ends, as with every removal.
  const gone = { ...row, sequence: nextSequence(now, row) };
  notify(tx, bucket, { name: 'LifecycleExpiration:Delete', key, row: gone }, causeOfJob(job));
}

/** The bytes stay where they are: what a class costs and how it is read is another matter now. */
function transit({ tx, bucket, now, job }: Run, key: string, row: VersionRow, storageClass: string): void {
  meterEarlyDeletion(tx, bucket.name, row, now);
  const usageType = transitionType(storageClass);
  const dimension = { operation: 'LifecycleTransition', resource: bucketArn(bucket.name) };
  if (usageType !== undefined) meterIn(tx, now, { usageType, ...dimension }, 1);
  const { tiering: _, restore: __, ...rest } = row;
  putVersion(tx, bucket, key, { ...rest, storageClass, classSince: now });
  const facts = { lifecycleEventData: { transitionEventData: { destinationStorageClass: storageClass } } };
  notify(tx, bucket, { name: 'LifecycleTransition', key, row, facts }, causeOfJob(job));
}

/** Older versions, the newest of a key first. */
function walkVersions(run: Run, cursor: Cursor): Cursor | undefined {
  const { tx, bucket } = run;
  const from = cursor.after === undefined ? {} : { after: cursor.after as Key };
  const rows = tx.range(versions, { prefix: [bucket.id], ...from, limit: ROWS_AT_ONCE });
  let { key: of, newer = 0, since = 0 } = cursor;
  for (const { key: at, row } of rows) {
    const [, key] = versions.parts(at);
    if (key !== of) {
      of = key;
      newer = 0;
      since = tx.get(objects, objects.key(bucket.id, key))?.modifiedAt ?? 0;
    }
    visitOlder(run, key, row, { since, newer });
    newer++;
    since = row.modifiedAt;
  }
  const last = rows.at(-1);
  if (last === undefined || rows.length < ROWS_AT_ONCE) return undefined;
  return { table: 'versions', after: last.key, newer, since, ...(of !== undefined && { key: of }) };
}

function visitOlder(run: Run, key: string, row: VersionRow, noncurrent: rules.Noncurrent): void {
  if (isPending(row)) return;
  const { lifecycle, now, day } = run;
  const due = rules.noncurrentExpirationOf(lifecycle, key, row, noncurrent, day);
  if (due !== undefined && due.at <= now) {
    if (!isLocked(row, now)) expire(run, key, row);
    return;
  }
  const move = rules.transitionOf(lifecycle, key, row, noncurrent, now, day);
  if (move !== undefined) transit(run, key, row, move.storageClass);
}

/** "Amazon S3 suspends lifecycle actions until it marks the objects status as either COMPLETED or FAILED" (Getting replication status). */
const isPending = ({ replication }: VersionRow): boolean => statusOf(replication) === 'PENDING';

function isLocked({ lock }: VersionRow, now: number): boolean {
  try {
    checkDeletable(lock, now, () => false);
    return false;
  } catch {
    return true;
  }
}

function walkUploads(run: Run, { after }: Cursor): Cursor | undefined {
  const { tx, blobs, bucket, lifecycle, now, day } = run;
  const from = after === undefined ? {} : { after: after as Key };
  const rows = tx.range(uploads, { prefix: [bucket.id], ...from, limit: ROWS_AT_ONCE });
  for (const { key: at, row } of rows) {
    const [, key, id] = uploads.parts(at);
    const due = rules.abortOf(lifecycle, key, row, day);
    if (due !== undefined && due.at <= now) abortUpload(tx, blobs, bucket, key, id);
  }
  const last = rows.at(-1);
  return last && rows.length === ROWS_AT_ONCE ? { table: 'uploads', after: last.key } : undefined;
}
