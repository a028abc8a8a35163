/**
 * Writing a replica, as the role of the configuration: the version of the source with its id, its date, its parts and their check
 * sums, under keys of the destination. One that is there already is brought to what the source says of it now, so an order that
 * comes twice copies nothing twice.
 */
import { randomBytes } from '#platform/base/ids.ts';
import type { StoredBlob } from '#platform/blobs/blobs.ts';
import { nameBlob } from '#platform/blobs/rows.ts';
import type { ReplicationRule } from '#platform/model/generated/s3.ts';
import type { Call, Output } from '#platform/service.ts';
import { again } from '#platform/store/again.ts';
import type { ReadTransaction, Transaction } from '#platform/store/store.ts';
import { type OpenBucket, openBucket } from '#services/s3/buckets/open-bucket.ts';
import { fail } from '#services/s3/errors.ts';
import { notify } from '#services/s3/notifications/notify.ts';
import { checkDeletable, checkRetentionChange } from '#services/s3/object-lock/locks.ts';
import { findVersion, insertVersion, putVersion, shownVersionId } from '#services/s3/objects/versions.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { bringAnnotations, type Replica } from '#services/s3/replication/annotations.ts';
import { copyPieces, type PieceCopies, replicaKeys } from '#services/s3/replication/bytes.ts';
import { movedFacts, replicaFacts } from '#services/s3/replication/facts.ts';
import { NotReplicable } from '#services/s3/replication/failures.ts';
import type { SourceVersion } from '#services/s3/replication/source.ts';
import { manifests, type VersionRow } from '#services/s3/state.ts';
import { billRequest } from '#services/s3/storage/classes.ts';

export interface ReplicaInput {
  readonly Bucket: string;
  readonly Key: string;
  readonly rule: ReplicationRule;
  readonly source: SourceVersion;
  /** A replica may not become another's source, but its changes may go back to where it came from. */
  readonly changesOnly: boolean;
}

function openDestination(tx: ReadTransaction, parts: S3Parts, name: string): OpenBucket {
  const bucket = openBucket(tx, parts.sealer, name);
  if (bucket.versioning !== 'Enabled') throw new NotReplicable('DstBucketUnversioned');
  return bucket;
}

export const writeReplica =
  (parts: S3Parts) =>
  async (input: ReplicaInput, call: Call): Promise<Output> => {
    const { source, Key: key } = input;
    const there = call.transact((tx) => bringUpToDate(tx, parts, input, call));
    if (there !== undefined) {
      await bringAnnotations(parts, source, there, call);
      return { copied: 0 };
    }
    if (input.changesOnly) throw new NotReplicable('DstVersionNotFound');
    const bucket = call.partition.read((tx) => openDestination(tx, parts, input.Bucket));
    const { keys, encryption } = await replicaKeys(parts, call, bucket, input);
    const upload = source.manifest && randomBytes(48).toString('base64url');
    const copies = await copyPieces(parts, call, source, { bucket, key, upload, keys });
    const sealed = { ...(upload && { upload }), ...(encryption && { encryption }) };
    const row = await commit(parts, input, call, copies, sealed);
    await bringAnnotations(parts, source, { bucket, key, row, keys }, call);
    billRequest(call, row.storageClass, 1);
    return { copied: source.row.bytes };
  };

/** Undefined: no version of this id is there. */
function bringUpToDate(
  tx: Transaction,
  parts: S3Parts,
  { source, Key: key, ...input }: ReplicaInput,
  call: Call,
): Replica | undefined {
  const bucket = openDestination(tx, parts, input.Bucket);
  const there = findReplica(tx, bucket, key, source.row);
  if (there === undefined) return undefined;
  const facts = movedFacts(parts, bucket, key, source, input.rule, call);
  if (!isLockKept(there, facts.lock, call.clock.now())) fail('AccessDenied');
  const { tags: _, acl: __, lock, ...rest } = there;
  const row = { ...rest, ...(lock && { lock }), ...facts };
  putVersion(tx, bucket, key, row);
  return { bucket, key, row };
}

/** Null versions have no id of their own: another one is replaced. */
function findReplica(tx: ReadTransaction, bucket: OpenBucket, key: string, of: VersionRow): VersionRow | undefined {
  const there = findVersion(tx, bucket, key, shownVersionId(of));
  return of.versionId === undefined && there?.sequence !== of.sequence ? undefined : there;
}

/** What compliance holds in the destination stays held. */
function isLockKept({ lock }: VersionRow, next: VersionRow['lock'], now: number): boolean {
  try {
    if (next !== undefined) checkRetentionChange(lock, next, now, () => true);
    return true;
  } catch {
    return false;
  }
}

async function commit(
  parts: S3Parts,
  { Bucket, Key: key, rule, source }: ReplicaInput,
  call: Call,
  { pieces, stored }: PieceCopies,
  bytes: Pick<VersionRow, 'upload' | 'encryption'>,
): Promise<VersionRow> {
  const blobs = await parts.blobs(call.region);
  const settle = (): void => stored.forEach((blob: StoredBlob) => void blob.settle());
  let isWritten = false;
  try {
    const write = (tx: Transaction): VersionRow => {
      const bucket = openDestination(tx, parts, Bucket);
      const { upload } = bytes;
      const [only] = pieces;
      const row: VersionRow = {
        ...replicaFacts(parts, bucket, key, source, rule, call),
        ...bytes,
        ...(upload === undefined && only && { piece: only }),
      };
      if (upload !== undefined && source.manifest !== undefined) {
        const parts = source.manifest.parts.map((part, index) => ({ ...part, piece: pieces[index] ?? part.piece }));
        tx.put(manifests, manifests.key(upload), { parts });
      }
      for (const each of stored) nameBlob(tx, each);
      checkReplaced(tx, bucket, key, row, call.clock.now());
      insertVersion(tx, blobs, bucket, key, row, call.clock.now());
      const name = upload === undefined ? 'ObjectCreated:Put' : 'ObjectCreated:CompleteMultipartUpload';
      notify(tx, bucket, { name, key, row }, call);
      return row;
    };
    const written = await again(() => call.transact(write));
    isWritten = true;
    // Of a commit that fails nobody knows whether it is on disk: the sweep will see.
    call.partition.durable()?.catch(settle);
    return written;
  } finally {
    if (!isWritten) for (const { place } of stored) blobs.discard(place);
  }
}

/** A null version takes the place of another, which may be locked. */
function checkReplaced(tx: ReadTransaction, bucket: OpenBucket, key: string, row: VersionRow, now: number): void {
  if (row.versionId !== undefined) return;
  checkDeletable(findVersion(tx, bucket, key, shownVersionId(row))?.lock, now, () => false);
}

export interface MarkerInput {
  readonly Bucket: string;
  readonly Key: string;
  readonly marker: VersionRow;
}

export const writeMarker =
  (parts: S3Parts) =>
  async ({ Bucket, Key: key, marker }: MarkerInput, call: Call): Promise<Output> => {
    const blobs = await parts.blobs(call.region);
    const write = (tx: Transaction): void => {
      const bucket = openDestination(tx, parts, Bucket);
      if (findReplica(tx, bucket, key, marker) !== undefined) return;
      const row: VersionRow = { ...marker, replication: { isReplica: true } };
      checkReplaced(tx, bucket, key, row, call.clock.now());
      insertVersion(tx, blobs, bucket, key, row, call.clock.now());
      notify(tx, bucket, { name: 'ObjectRemoved:DeleteMarkerCreated', key, row }, call);
    };
    await again(() => call.transact(write));
    return {};
  };
