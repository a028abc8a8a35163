/**
 * S3 Express One Zone: directory buckets. To clients a service of its own, with its own name in signatures, actions and ARNs; here a
 * second door to S3's handlers, on partitions of its own. What is different has its file in this folder; what S3's handlers do
 * differently for such a bucket they know by its `zone`.
 *
 * Order of reading: access.ts, sessions.ts, buckets.ts, then append.ts and rename.ts.
 */
import type { CopyObjectRequest, PutObjectRequest, S3Operations } from '#platform/model/generated/s3.ts';
import { type Call, defineService, type Handlers } from '#platform/service.ts';
import { deleteBucket, headBucket } from '#services/s3/buckets/buckets.ts';
import { deleteBucketPolicy, getBucketPolicy } from '#services/s3/buckets/policy.ts';
import { checkDocument } from '#services/s3/documents.ts';
import { fail } from '#services/s3/errors.ts';
import { admitSession, bucketResource, conditionsOf, expressAccess } from '#services/s3/express/access.ts';
import { putDirectoryObject } from '#services/s3/express/append.ts';
import { createDirectoryBucket, directoryBucketKind, listDirectoryBuckets } from '#services/s3/express/buckets.ts';
import * as encryption from '#services/s3/express/encryption.ts';
import { putDirectoryLifecycle } from '#services/s3/express/lifecycle.ts';
import { listDirectory, listDirectoryUploads } from '#services/s3/express/lists.ts';
import { notImplemented, notOffered } from '#services/s3/express/not-offered.ts';
import { putDirectoryPolicy } from '#services/s3/express/policy.ts';
import { renameObject } from '#services/s3/express/rename.ts';
import { createSession, sessionOpener } from '#services/s3/express/sessions.ts';
import { supported } from '#services/s3/express/supported.ts';
import { runLifecycle } from '#services/s3/lifecycle/run.ts';
import { LIFECYCLE_JOB } from '#services/s3/lifecycle/schedule.ts';
import { deleteBucketLifecycle, getBucketLifecycleConfiguration } from '#services/s3/lifecycle/settings.ts';
import { completeMultipartUpload } from '#services/s3/multipart/complete.ts';
import { uploadPart, uploadPartCopy } from '#services/s3/multipart/upload-part.ts';
import { abortMultipartUpload, createMultipartUpload, listParts } from '#services/s3/multipart/uploads.ts';
import { canonicalUser } from '#services/s3/names.ts';
import { getObjectAttributes } from '#services/s3/objects/attributes.ts';
import { copyObject } from '#services/s3/objects/copy.ts';
import { deleteObject, deleteObjects } from '#services/s3/objects/delete.ts';
import { getObject, headObject } from '#services/s3/objects/get.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { FREE, EXPRESS_TIER_1 as TIER_1, EXPRESS_TIER_2 as TIER_2 } from '#services/s3/rows.ts';
import { COUNT_JOB, countStorage } from '#services/s3/storage/count.ts';

/** On regional endpoints (`s3express-control`). */
const bucketOperations = (parts: S3Parts) => {
  const { regional } = expressAccess(parts);
  const write = { ...regional, usage: TIER_1 } as const;
  const read = { ...regional, usage: TIER_2, access: 'read' } as const;
  return {
    CreateBucket: {
      handler: supported(createDirectoryBucket(parts)),
      resource: bucketResource,
      conditions: conditionsOf,
      action: 's3express:CreateBucket',
      usage: TIER_1,
      steps: true,
    },
    DeleteBucket: {
      handler: supported(deleteBucket(parts)),
      ...regional,
      action: 's3express:DeleteBucket',
      usage: FREE,
      steps: true,
    },
    ListDirectoryBuckets: {
      handler: listDirectoryBuckets(parts),
      resource: () => '*',
      action: 's3express:ListAllMyDirectoryBuckets',
      usage: TIER_1,
      access: 'read',
    },
    GetBucketPolicy: { handler: getBucketPolicy(parts), ...read, action: 's3express:GetBucketPolicy' },
    PutBucketPolicy: {
      handler: supported(putDirectoryPolicy(parts)),
      ...write,
      action: 's3express:PutBucketPolicy',
    },
    DeleteBucketPolicy: { handler: deleteBucketPolicy(parts), ...write, action: 's3express:DeleteBucketPolicy' },
    GetBucketEncryption: {
      handler: encryption.getDirectoryBucketEncryption(parts),
      ...read,
      action: 's3express:GetEncryptionConfiguration',
    },
    PutBucketEncryption: {
      handler: supported(encryption.putDirectoryBucketEncryption(parts)),
      ...write,
      action: 's3express:PutEncryptionConfiguration',
    },
    DeleteBucketEncryption: {
      handler: encryption.deleteDirectoryBucketEncryption(parts),
      ...write,
      action: 's3express:PutEncryptionConfiguration',
    },
    GetBucketLifecycleConfiguration: {
      handler: getBucketLifecycleConfiguration(parts),
      ...read,
      action: 's3express:GetLifecycleConfiguration',
    },
    PutBucketLifecycleConfiguration: {
      handler: putDirectoryLifecycle(parts),
      ...write,
      action: 's3express:PutLifecycleConfiguration',
    },
    DeleteBucketLifecycle: {
      handler: deleteBucketLifecycle(parts),
      ...write,
      action: 's3express:PutLifecycleConfiguration',
    },
  } as const;
};

/** On zonal endpoints. */
const objectOperations = (parts: S3Parts) => {
  const { reading, writing } = expressAccess(parts);
  const read = { ...reading, usage: TIER_2, event: 'data' } as const;
  const list = { ...reading, usage: TIER_1, event: 'data' } as const;
  const write = { ...writing, usage: TIER_1, event: 'data', steps: true } as const;
  const put = (input: PutObjectRequest, call: Call) =>
    putDirectoryObject(parts)(encryption.inheritedEncryption(parts, input, call), call);
  return {
    // The mode that a session gets depends on what is allowed: the handler asks.
    CreateSession: {
      handler: createSession(parts),
      ...reading,
      usage: TIER_2,
      event: 'data',
      secret: ['Credentials'],
      always: true,
      steps: true,
    },
    HeadBucket: { handler: headBucket(parts), ...read },
    GetObject: { handler: supported(getObject(parts)), ...read, steps: true },
    HeadObject: { handler: supported(headObject(parts)), ...read, steps: true },
    GetObjectAttributes: { handler: supported(getObjectAttributes(parts)), ...read },
    ListObjectsV2: { handler: supported(listDirectory(parts)), ...list },
    PutObject: { handler: supported(put), ...write },
    CopyObject: { handler: supported(withoutAnnotations(copyObject(parts))), ...write },
    RenameObject: { handler: renameObject(parts), ...writing, usage: TIER_1, event: 'data' },
    DeleteObject: { handler: supported(deleteObject(parts)), ...write, usage: FREE },
    DeleteObjects: { handler: supported(deleteObjects(parts)), ...write, usage: FREE },
  } as const;
};

/** "If you specify COPY for a directory bucket, the request returns HTTP 501 (Not Implemented)": it has no annotations. */
const withoutAnnotations =
  <Out>(handler: (input: CopyObjectRequest, call: Call) => Out) =>
  (input: CopyObjectRequest, call: Call): Out => {
    if (input.AnnotationDirective === 'COPY') fail('NotImplemented', { about: 'x-amz-object-annotation-directive' });
    return handler({ ...input, AnnotationDirective: 'EXCLUDE' }, call);
  };

const multipartOperations = (parts: S3Parts) => {
  const { reading, writing } = expressAccess(parts);
  const write = { ...writing, usage: TIER_1, event: 'data', steps: true } as const;
  const begin = createMultipartUpload(parts);
  return {
    CreateMultipartUpload: {
      handler: supported((input: Parameters<typeof begin>[0], call: Call) =>
        begin(encryption.inheritedEncryption(parts, input, call), call),
      ),
      ...write,
    },
    UploadPart: { handler: supported(uploadPart(parts)), ...write },
    UploadPartCopy: { handler: supported(uploadPartCopy(parts)), ...write },
    CompleteMultipartUpload: { handler: supported(completeMultipartUpload(parts)), ...write },
    AbortMultipartUpload: { handler: supported(abortMultipartUpload(parts)), ...write, usage: FREE },
    ListParts: { handler: supported(listParts(parts)), ...reading, usage: TIER_2, event: 'data' },
    ListMultipartUploads: {
      handler: supported(listDirectoryUploads(parts)),
      ...reading,
      usage: TIER_1,
      event: 'data',
    },
  } as const;
};

export const s3express = (parts: S3Parts) =>
  defineService({
    auditTimes: 'milliseconds',
    operations: {
      ...bucketOperations(parts),
      ...objectOperations(parts),
      ...multipartOperations(parts),
    } satisfies Handlers<S3Operations, typeof notImplemented & typeof notOffered>,
    notImplemented,
    notOffered,
    kinds: { bucket: directoryBucketKind },
    quotas: {},
    accountName: canonicalUser,
    checkBody: checkDocument,
    admitSession,
    sessions: { header: 'x-amz-s3session-token', open: sessionOpener(parts.sealer) },
    throttlingError: 'SlowDown',
    mismatchError: 'IdempotencyParameterMismatch',
    timers: { [COUNT_JOB]: countStorage(parts), [LIFECYCLE_JOB]: runLifecycle(parts) },
  });
