/** Get and put the access control lists of buckets and objects. */
import type {
  GetBucketAclOutput,
  GetBucketAclRequest,
  GetObjectAclOutput,
  GetObjectAclRequest,
  PutBucketAclRequest,
  PutObjectAclOutput,
  PutObjectAclRequest,
} from '#platform/model/generated/s3.ts';
import type { Call } from '#platform/service.ts';
import { type AclRequest, isPrivate, ownerId, privateAcl, shownAcl } from '#services/s3/acl/grants.ts';
import { checkedAcl, takesAcls } from '#services/s3/acl/ownership.ts';
import { openBucket, putBucket, rowOf } from '#services/s3/buckets/open-bucket.ts';
import { fail } from '#services/s3/errors.ts';
import { canonicalUser } from '#services/s3/names.ts';
import { findObject, type ReadTarget } from '#services/s3/objects/find.ts';
import { putVersion } from '#services/s3/objects/versions.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { replicateChange } from '#services/s3/replication/queue.ts';

export const getBucketAcl =
  (parts: S3Parts) =>
  (input: GetBucketAclRequest, call: Call): GetBucketAclOutput => {
    const bucket = openBucket(call.tx, parts.sealer, input.Bucket);
    const own = privateAcl(canonicalUser(call.account));
    return shownAcl(takesAcls(bucket) ? (bucket.acl ?? own) : own, parts.users);
  };

export const putBucketAcl =
  (parts: S3Parts) =>
  (input: PutBucketAclRequest, call: Call): void => {
    const bucket = openBucket(call.tx, parts.sealer, input.Bucket);
    if (!takesAcls(bucket)) fail('AccessControlListNotSupported');
    const place = { account: call.account, door: call.door, owner: call.account };
    const acl =
      checkedAcl(parts, bucket, input as AclRequest, 'bucket', place) ??
      fail('MissingSecurityHeader', { about: 'x-amz-acl' });
    const { acl: _, ...row } = rowOf(bucket);
    putBucket(call.tx, isPrivate(acl) ? row : { ...row, acl });
  };

export const getObjectAcl =
  (parts: S3Parts) =>
  (input: GetObjectAclRequest, call: Call): GetObjectAclOutput => {
    const { bucket, row } = findObject(parts, input as ReadTarget, call);
    const owner = takesAcls(bucket) ? (row.owner ?? call.account) : call.account;
    const own = privateAcl(ownerId(owner));
    return shownAcl(takesAcls(bucket) ? (row.acl ?? own) : own, parts.users);
  };

export const putObjectAcl =
  (parts: S3Parts) =>
  (input: PutObjectAclRequest, call: Call): PutObjectAclOutput => {
    const target = input as ReadTarget;
    const { bucket, row } = findObject(parts, target, call);
    if (!takesAcls(bucket)) fail('AccessControlListNotSupported');
    const place = { account: call.account, door: call.door, owner: row.owner ?? call.account };
    const acl =
      checkedAcl(parts, bucket, input as AclRequest, 'object', place) ??
      fail('MissingSecurityHeader', { about: 'x-amz-acl' });
    const { acl: _, ...rest } = row;
    const changed = isPrivate(acl) ? rest : { ...rest, acl };
    putVersion(call.tx, bucket, target.Key, replicateChange(call.tx, bucket, target.Key, changed, call.now));
    return {};
  };
