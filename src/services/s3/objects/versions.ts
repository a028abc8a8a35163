/**
 * The versions of a key, in one transaction's hands. Whatever versions a key has, the newest is its row in `objects`, so a
 * listing of keys is a listing of that table. Blobs of what is overwritten or deleted are given up when that is on disk.
 */
import { randomBytes } from '#platform/base/ids.ts';
import type { Blobs } from '#platform/blobs/blobs.ts';
import { giveUpBlobs } from '#platform/blobs/rows.ts';
import type { ReadTransaction, Transaction } from '#platform/store/store.ts';
import { dropAnnotations } from '#services/s3/annotations/state.ts';
import type { OpenBucket } from '#services/s3/buckets/open-bucket.ts';
import {
  type BucketRow,
  manifests,
  nextSequence,
  nullVersions,
  objects,
  type VersionRow,
  versionOrder,
  versions,
} from '#services/s3/state.ts';
import { meterEarlyDeletion } from '#services/s3/storage/classes.ts';
import type { ListedRow } from '#services/s3/version-rows.ts';

const SEQUENCE_BYTES = 8;
/** So many versions of other buckets may have had the same sequence. */
const NEIGHBOURS = 4;
const VERSION_ID = /^[A-Za-z0-9_-]{32}$/;

/** What becomes of bytes that are given up is all that matters here. */
type Discarding = Pick<Blobs, 'discard'>;

const NULL_VERSION = 'null';
export const shownVersionId = (row: Pick<ListedRow, 'versionId'>): string => row.versionId ?? NULL_VERSION;

function newVersionId(sequence: number): string {
  const bytes = randomBytes(24);
  bytes.writeBigUInt64BE(BigInt(sequence));
  return bytes.toString('base64url');
}

function sequenceOf(versionId: string): number | undefined {
  if (!VERSION_ID.test(versionId)) return undefined;
  const sequence = Buffer.from(versionId, 'base64url').subarray(0, SEQUENCE_BYTES).readBigUInt64BE();
  return sequence <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(sequence) : undefined;
}

export const newest = (tx: ReadTransaction, bucket: BucketRow, key: string): VersionRow | undefined =>
  tx.get(objects, objects.key(bucket.id, key));

/** The version of this id, `null` included. */
export function findVersion(
  tx: ReadTransaction,
  bucket: BucketRow,
  key: string,
  versionId: string,
): VersionRow | undefined {
  const current = newest(tx, bucket, key);
  if (current === undefined) return undefined;
  if (shownVersionId(current) === versionId) return current;
  const sequence =
    versionId === NULL_VERSION
      ? tx.get(nullVersions, nullVersions.key(bucket.id, key))?.sequence
      : sequenceOf(versionId);
  if (sequence === undefined) return undefined;
  const from = olderKey(bucket, key, sequence);
  const row = tx.get(versions, from);
  if (row !== undefined && shownVersionId(row) === versionId) return row;
  // A replica may lie behind others that had taken its place.
  const neighbours = tx.range(versions, { prefix: [bucket.id, key], from, limit: NEIGHBOURS });
  return neighbours.find((found) => shownVersionId(found.row) === versionId)?.row;
}

export type NewVersion = Omit<VersionRow, 'versionId' | 'sequence'>;

/** Makes `version` the newest of its key, as the bucket's versioning has it; `now` where that is not when it was made. */
export function addVersion(
  tx: Transaction,
  blobs: Discarding,
  bucket: OpenBucket,
  key: string,
  version: NewVersion,
  now = version.modifiedAt,
): VersionRow {
  const previous = newest(tx, bucket, key);
  const sequence = nextSequence(now, previous);
  const isVersioned = bucket.versioning === 'Enabled';
  const row: VersionRow = { ...version, sequence, ...(isVersioned && { versionId: newVersionId(sequence) }) };
  if (previous !== undefined) {
    if (!isVersioned && previous.versionId === undefined) giveUp(tx, blobs, bucket, key, previous, now);
    else keepOlder(tx, bucket, key, previous);
  }
  if (!isVersioned) dropOlderNull(tx, blobs, bucket, key, now);
  tx.put(objects, objects.key(bucket.id, key), row);
  return row;
}

/**
 * What an upload in parts became. It dates from when the upload was begun ("For multipart uploads, the object creation date is the date of
 * initiation of the multipart upload"; User Guide, "Working with object metadata"). In a bucket with versioning it takes its place by that:
 * "the current version of the object is determined by which upload started most recently … even if the first upload is completed after
 * the second one" ("Concurrent multipart upload operations"). In other buckets one of two would be lost, and AWS leaves open which: the
 * one that came first is, and the date doesn't go back, for those who ask whether there was a change since.
 */
export function addUploaded(
  tx: Transaction,
  blobs: Discarding,
  bucket: OpenBucket,
  key: string,
  { sequence, ...version }: NewVersion & { readonly sequence: number },
  now: number,
): VersionRow {
  const current = newest(tx, bucket, key);
  if (bucket.versioning !== 'Enabled') {
    const modifiedAt = Math.max(version.modifiedAt, current?.modifiedAt ?? 0);
    return addVersion(tx, blobs, bucket, key, { ...version, modifiedAt }, now);
  }
  if (current === undefined || current.sequence <= sequence) return addVersion(tx, blobs, bucket, key, version);
  const free = freeSequence(tx, bucket, key, sequence);
  const row: VersionRow = { ...version, sequence: free, versionId: newVersionId(free) };
  insertVersion(tx, blobs, bucket, key, row, now);
  return row;
}

/** A version that came into being elsewhere takes the place among those of its key that its sequence gives it. */
export function insertVersion(
  tx: Transaction,
  blobs: Discarding,
  bucket: OpenBucket,
  key: string,
  given: VersionRow,
  now: number,
): void {
  if (given.versionId === undefined) dropNull(tx, blobs, bucket, key, now);
  const current = newest(tx, bucket, key);
  const row = { ...given, sequence: freeSequence(tx, bucket, key, given.sequence) };
  if (current !== undefined && current.sequence > row.sequence) {
    keepOlder(tx, bucket, key, row);
    return;
  }
  if (current !== undefined) keepOlder(tx, bucket, key, current);
  tx.put(objects, objects.key(bucket.id, key), row);
}

/** Two buckets may have given out the same one. `findVersion` looks at its neighbours. */
function freeSequence(tx: ReadTransaction, bucket: BucketRow, key: string, wanted: number): number {
  let sequence = wanted;
  const isTaken = (): boolean =>
    newest(tx, bucket, key)?.sequence === sequence || tx.get(versions, olderKey(bucket, key, sequence)) !== undefined;
  while (isTaken()) sequence--;
  return sequence;
}

function dropNull(tx: Transaction, blobs: Discarding, bucket: OpenBucket, key: string, now: number): void {
  const row = findVersion(tx, bucket, key, NULL_VERSION);
  if (row !== undefined) removeVersion(tx, blobs, bucket, key, row, now);
}

/** Where an older version lies. */
export const olderKey = (bucket: BucketRow, key: string, sequence: number) =>
  versions.key(bucket.id, key, versionOrder(sequence));

function keepOlder(tx: Transaction, bucket: BucketRow, key: string, row: VersionRow): void {
  tx.put(versions, olderKey(bucket, key, row.sequence), row);
  if (row.versionId === undefined) {
    tx.put(nullVersions, nullVersions.key(bucket.id, key), { sequence: row.sequence });
  }
}

function takeOlder(tx: Transaction, bucket: BucketRow, key: string, row: VersionRow): void {
  tx.delete(versions, olderKey(bucket, key, row.sequence));
  if (row.versionId === undefined) tx.delete(nullVersions, nullVersions.key(bucket.id, key));
}

/** There is one null version of a key at most. */
function dropOlderNull(tx: Transaction, blobs: Discarding, bucket: BucketRow, key: string, now: number): void {
  const place = nullVersions.key(bucket.id, key);
  const older = bucket.versioning === undefined ? undefined : tx.get(nullVersions, place);
  if (older === undefined) return;
  const row = tx.get(versions, olderKey(bucket, key, older.sequence));
  if (row !== undefined) removeOlder(tx, blobs, bucket, key, row, now);
}

function removeOlder(
  tx: Transaction,
  blobs: Discarding,
  bucket: BucketRow,
  key: string,
  row: VersionRow,
  now: number,
): void {
  takeOlder(tx, bucket, key, row);
  giveUp(tx, blobs, bucket, key, row, now);
}

/** For good. The next older version, if there is one, becomes the newest. */
export function removeVersion(
  tx: Transaction,
  blobs: Discarding,
  bucket: BucketRow,
  key: string,
  row: VersionRow,
  now: number,
): void {
  const current = newest(tx, bucket, key);
  if (current?.sequence !== row.sequence) {
    removeOlder(tx, blobs, bucket, key, row, now);
    return;
  }
  giveUp(tx, blobs, bucket, key, row, now);
  const [older] = bucket.versioning === undefined ? [] : tx.range(versions, { prefix: [bucket.id, key], limit: 1 });
  if (older === undefined) {
    tx.delete(objects, objects.key(bucket.id, key));
    return;
  }
  takeOlder(tx, bucket, key, older.row);
  tx.put(objects, objects.key(bucket.id, key), older.row);
}

/** Writes a version again that has changed in something else than its bytes. */
export function putVersion(tx: Transaction, bucket: BucketRow, key: string, row: VersionRow): void {
  const isNewest = newest(tx, bucket, key)?.sequence === row.sequence;
  if (isNewest) tx.put(objects, objects.key(bucket.id, key), row);
  else tx.put(versions, olderKey(bucket, key, row.sequence), row);
}

function giveUp(
  tx: Transaction,
  blobs: Discarding,
  bucket: BucketRow,
  key: string,
  row: VersionRow,
  now: number,
): void {
  meterEarlyDeletion(tx, bucket.name, row, now);
  const places = dropAnnotations(tx, bucket, key, row);
  if (row.piece !== undefined) places.push(row.piece.place);
  if (row.upload !== undefined) {
    const manifest = tx.get(manifests, manifests.key(row.upload));
    places.push(...(manifest?.parts ?? []).map(({ piece }) => piece.place));
    tx.delete(manifests, manifests.key(row.upload));
  }
  giveUpBlobs(tx, blobs, places);
}
