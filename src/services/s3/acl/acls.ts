/** Get and put the access control lists of buckets and objects. */
import { isDeepStrictEqual } from 'node:util';
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
import { refusePublicAcl, takesAcls, wantedAcl } from '#services/s3/acl/ownership.ts';
import { openBucket, putBucket, rowOf } from '#services/s3/buckets/open-bucket.ts';
import { fail } from '#services/s3/errors.ts';
import { canonicalUser } from '#services/s3/names.ts';
import { notify } from '#services/s3/notifications/notify.ts';
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
    const acl =
      wantedAcl(parts, input as AclRequest, 'bucket', { account: call.account, owner: call.account }) ??
      fail('MissingSecurityHeader', { about: 'x-amz-acl' });
    refusePublicAcl(parts, bucket, acl, call, ['s3:PutBucketAcl', bucket.arn]);
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
    const acl =
      wantedAcl(parts, input as AclRequest, 'object', { account: call.account, owner: row.owner ?? call.account }) ??
      fail('MissingSecurityHeader', { about: 'x-amz-acl' });
    refusePublicAcl(parts, bucket, acl, call, ['s3:PutObjectAcl', `${bucket.arn}/${target.Key}`]);
    const { acl: _, ...rest } = row;
    // "An event is not generated when a request results in no change to an object's ACL."
    if (isDeepStrictEqual(row.acl ?? privateAcl(acl.owner), acl)) return {};
    const changed = isPrivate(acl) ? rest : { ...rest, acl };
    putVersion(call.tx, bucket, target.Key, replicateChange(call.tx, bucket, target.Key, changed, call.now));
    notify(call.tx, bucket, { name: 'ObjectAcl:Put', key: target.Key, row }, call);
    return {};
  };
