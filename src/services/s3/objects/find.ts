/**
 * Finding what a request reads. A key that is not there is told only to those who may list the bucket; all others learn nothing
 * (S3 API, GetObject: "If you don't have the s3:ListBucket permission, Amazon S3 returns … 403").
 */
import type { Call } from '#platform/service.ts';
import { type OpenBucket, openBucket } from '#services/s3/buckets/open-bucket.ts';
import { policyInForce } from '#services/s3/buckets/policy.ts';
import { fail } from '#services/s3/errors.ts';
import { listingOf, may } from '#services/s3/may.ts';
import { findVersion, newest, shownVersionId } from '#services/s3/objects/versions.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import type { VersionRow } from '#services/s3/state.ts';

export interface ReadTarget {
  readonly Bucket: string;
  readonly Key: string;
  readonly VersionId?: string;
}

export interface FoundObject {
  readonly bucket: OpenBucket;
  readonly row: VersionRow;
}

/** Throws NoSuchKey, NoSuchVersion, MethodNotAllowed for a delete marker that was asked for by its id, or AccessDenied. */
export function findObject(parts: S3Parts, target: ReadTarget, call: Call): FoundObject {
  const { Key: key, VersionId: versionId } = target;
  return call.partition.read((tx) => {
    const bucket = openBucket(tx, parts.sealer, target.Bucket);
    const row = versionId === undefined ? newest(tx, bucket, key) : findVersion(tx, bucket, key, versionId);
    if (row !== undefined && row.isDeleteMarker === undefined) return { bucket, row };
    if (!mayKnow(parts, bucket, target, call)) fail('AccessDenied');
    const marker = row && { DeleteMarker: true, VersionId: shownVersionId(row) };
    if (versionId === undefined) return fail('NoSuchKey', { about: key, ...(marker && { fields: marker }) });
    if (marker === undefined) return fail('NoSuchVersion', { about: versionId, fields: { Key: key } });
    return fail('MethodNotAllowed', {
      about: 'DeleteMarker',
      fields: { ...marker, LastModified: row?.modifiedAt, Method: 'GET' },
    });
  });
}

/** Who is let into a directory bucket may list it. */
const mayKnow = (parts: S3Parts, bucket: OpenBucket, { Key, VersionId }: ReadTarget, call: Call): boolean =>
  bucket.zone !== undefined ||
  may(parts, call, VersionId === undefined ? 's3:ListBucket' : 's3:ListBucketVersions', {
    bucket,
    policy: policyInForce(parts, bucket, call),
    conditions: listingOf(Key),
  });
