/** DeleteObject and DeleteObjects. */

import type { Blobs } from '#platform/blobs/blobs.ts';
import { ServiceError } from '#platform/error.ts';
import type {
  DeletedObject,
  DeleteObjectOutput,
  DeleteObjectRequest,
  DeleteObjectsOutput,
  DeleteObjectsRequest,
  Error as KeyError,
} from '#platform/model/generated/s3.ts';
import type { Call } from '#platform/service.ts';
import { again } from '#platform/store/again.ts';
import type { Transaction } from '#platform/store/store.ts';
import { versionConditions } from '#services/s3/access.ts';
import { type OpenBucket, openBucket } from '#services/s3/buckets/open-bucket.ts';
import { policyInForce } from '#services/s3/buckets/policy.ts';
import { fail, s3Error } from '#services/s3/errors.ts';
import { may } from '#services/s3/may.ts';
import { notify } from '#services/s3/notifications/notify.ts';
import { checkDeletable, type MayBypass } from '#services/s3/object-lock/locks.ts';
import { mayBypass } from '#services/s3/object-lock/object-lock.ts';
import { quotedEtag } from '#services/s3/objects/conditions.ts';
import { addVersion, findVersion, newest, removeVersion, shownVersionId } from '#services/s3/objects/versions.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { replicateNew } from '#services/s3/replication/queue.ts';
import { nextSequence, objects, type VersionRow } from '#services/s3/state.ts';

const MOST_KEYS = 1000;

interface Victim {
  readonly Key: string;
  readonly VersionId?: string;
  /** Delete only what is this, today. */
  readonly ETag?: string;
  readonly Size?: number;
  readonly LastModifiedTime?: number;
}

interface Outcome {
  /** The version that is gone, or the marker that was made. */
  readonly versionId?: string;
  readonly isDeleteMarker: boolean;
}

export const deleteObject =
  (parts: S3Parts) =>
  async (input: DeleteObjectRequest, call: Call): Promise<DeleteObjectOutput> => {
    const blobs = await parts.blobs(call.region);
    const deleted = (tx: Transaction): Outcome => {
      const bucket = openBucket(tx, parts.sealer, input.Bucket);
      const { Key, VersionId, IfMatch: ETag, IfMatchSize: Size, IfMatchLastModifiedTime: LastModifiedTime } = input;
      const victim = { Key, VersionId, ETag, Size, LastModifiedTime } as Victim;
      return remove(
        tx,
        blobs,
        bucket,
        victim,
        call,
        mayBypass(parts, bucket, Key, input.BypassGovernanceRetention, call),
      );
    };
    const { versionId, isDeleteMarker } = await again(() => call.transact(deleted));
    return { ...(versionId !== undefined && { VersionId: versionId }), ...(isDeleteMarker && { DeleteMarker: true }) };
  };

function remove(
  tx: Transaction,
  blobs: Blobs,
  bucket: OpenBucket,
  victim: Victim,
  call: Call,
  bypass: MayBypass,
): Outcome {
  const { Key: key, VersionId: versionId } = victim;
  const row = versionId === undefined ? newest(tx, bucket, key) : findVersion(tx, bucket, key, versionId);
  checkVictim(row, victim);
  if (versionId !== undefined) {
    checkDeletable(row?.lock, call.clock.now(), bypass);
    if (row !== undefined) removeForGood(tx, blobs, bucket, key, row, call);
    return { versionId, isDeleteMarker: row?.isDeleteMarker === true };
  }
  if (bucket.versioning === undefined) {
    if (row !== undefined) removeForGood(tx, blobs, bucket, key, row, call);
    return { isDeleteMarker: false };
  }
  const modifiedAt = call.clock.now();
  const marker = addVersion(tx, blobs, bucket, key, { modifiedAt, isDeleteMarker: true, etag: '', bytes: 0 });
  replicateNew(tx, bucket, key, marker, modifiedAt);
  notify(tx, bucket, { name: 'ObjectRemoved:DeleteMarkerCreated', key, row: marker }, call);
  return { versionId: shownVersionId(marker), isDeleteMarker: true };
}

function removeForGood(
  tx: Transaction,
  blobs: Blobs,
  bucket: OpenBucket,
  key: string,
  row: VersionRow,
  call: Call,
): void {
  removeVersion(tx, blobs, bucket, key, row, call.clock.now());
  // Later than the putting: who puts events in order by it must see that it is gone.
  const gone = { ...row, sequence: nextSequence(call.clock.now(), row) };
  notify(tx, bucket, { name: 'ObjectRemoved:Delete', key, row: gone }, call);
}

function checkVictim(row: VersionRow | undefined, { Key, ETag, Size, LastModifiedTime }: Victim): void {
  if (ETag === undefined && Size === undefined && LastModifiedTime === undefined) return;
  const isThere = row !== undefined && row.isDeleteMarker === undefined;
  if (!isThere) {
    if (ETag === undefined) return;
    // "If the latest version of the object is a delete marker, the object doesn't exist and the DeleteObject API will fail and return a
    // 412 Precondition Failed"; else "S3 rejects the request and returns a Not Found" (User Guide, "How to perform conditional deletes").
    if (ETag === '*' && row !== undefined) fail('PreconditionFailed', { about: 'If-Match' });
    fail('NoSuchKey', { about: Key });
  }
  if (ETag !== undefined && ETag !== '*' && ETag !== quotedEtag(row) && ETag !== row.etag) {
    fail('PreconditionFailed', { about: 'If-Match' });
  }
  if (Size !== undefined && Size !== row.bytes) fail('PreconditionFailed', { about: 'x-amz-if-match-size' });
  if (LastModifiedTime !== undefined && Math.floor(LastModifiedTime / 1000) !== Math.floor(row.modifiedAt / 1000)) {
    fail('PreconditionFailed', { about: 'x-amz-if-match-last-modified-time' });
  }
}

/** Each key has its own permission and its own outcome. */
export const deleteObjects =
  (parts: S3Parts) =>
  async (input: DeleteObjectsRequest, call: Call): Promise<DeleteObjectsOutput> => {
    // Validated: each has its key.
    const victims = (input.Delete.Objects ?? []) as readonly Victim[];
    if (victims.length === 0 || victims.length > MOST_KEYS) fail('MalformedXML');
    const blobs = await parts.blobs(call.region);
    const deleteAll = (tx: Transaction) => {
      const deleted: DeletedObject[] = [];
      const errors: KeyError[] = [];
      const bucket = openBucket(tx, parts.sealer, input.Bucket);
      tx.expect(
        objects,
        victims.map(({ Key }) => objects.key(bucket.id, Key)),
      );
      for (const victim of victims) {
        try {
          checkPermission(parts, tx, bucket, victim, call);
          const bypass = mayBypass(parts, bucket, victim.Key, input.BypassGovernanceRetention, call);
          const outcome = call.transact((inner) => remove(inner, blobs, bucket, victim, call, bypass));
          deleted.push(deletedObject(victim, outcome));
        } catch (error) {
          if (!(error instanceof ServiceError)) throw error;
          const { Key, VersionId } = victim;
          errors.push({ Key, ...(VersionId !== undefined && { VersionId }), Code: error.code, Message: error.message });
        }
      }
      return { deleted, errors };
    };
    const { deleted, errors } = await again(() => call.transact(deleteAll));
    return {
      ...(input.Delete.Quiet !== true && { Deleted: deleted }),
      ...(errors.length > 0 && { Errors: errors }),
    };
  };

function checkPermission(
  parts: S3Parts,
  tx: Transaction,
  bucket: OpenBucket,
  { Key: key, VersionId: versionId, ETag: etag }: Victim,
  call: Call,
): void {
  // Who is let into a directory bucket to write deletes any key there.
  if (bucket.zone !== undefined) return;
  const action = versionId === undefined ? 's3:DeleteObject' : 's3:DeleteObjectVersion';
  const row = versionId === undefined ? newest(tx, bucket, key) : findVersion(tx, bucket, key, versionId);
  const conditions = versionConditions(call.account, row, versionId);
  const policy = policyInForce(parts, bucket, call);
  const asked = { bucket, key, policy, conditions };
  const actions = needsReading(etag) ? [action, 's3:GetObject'] : [action];
  if (!actions.every((each) => may(parts, call, each, asked))) throw s3Error('AccessDenied');
}

/** "To perform conditional deletes with the If-Match header with the ETag value, you must have the s3:DeleteObject and s3:GetObject" */
const needsReading = (etag: string | undefined): boolean => etag !== undefined && etag !== '*';

/** Of DeleteObject. */
export const deleting = ({
  VersionId,
  IfMatch,
}: Pick<DeleteObjectRequest, 'VersionId' | 'IfMatch'>): readonly string[] => [
  VersionId === undefined ? 's3:DeleteObject' : 's3:DeleteObjectVersion',
  ...(needsReading(IfMatch) ? ['s3:GetObject'] : []),
];

function deletedObject({ Key, VersionId }: Victim, { versionId, isDeleteMarker }: Outcome): DeletedObject {
  return {
    Key,
    ...(VersionId !== undefined && { VersionId }),
    ...(isDeleteMarker && { DeleteMarker: true }),
    ...(isDeleteMarker && versionId !== undefined ? { DeleteMarkerVersionId: versionId } : {}),
  };
}
