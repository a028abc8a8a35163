/**
 * Amazon S3. Names of buckets are one space for all (directory.ts); a bucket lies in its owner's partition of its region. An
 * object is a row (state.ts) and its bytes are a blob (platform/blobs), sealed with a key of its own: the blob first, then
 * the row, so that no row names bytes that are not on disk; what a crash leaves in between the sweep finds (storage/sweep.ts).
 *
 * Order of reading: state.ts, access.ts, buckets/open-bucket.ts, objects/versions.ts, objects/receive.ts, objects/put.ts, get.ts, list.ts,
 * then multipart/.
 */
import type { S3Operations } from '#platform/model/generated/s3.ts';
import { defineService, type Handlers } from '#platform/service.ts';
import type { AnsweredRequest } from '#platform/web.ts';
import { accessOf, versioned, writing } from '#services/s3/access.ts';
import * as acls from '#services/s3/acl/acls.ts';
import { makeAnalysis } from '#services/s3/analytics/make-export.ts';
import { analyticsOperations, nextAnalysis } from '#services/s3/analytics/operations.ts';
import { annotationOperations } from '#services/s3/annotations/operations.ts';
import { archiveOperations } from '#services/s3/archive/operations.ts';
import { RESTORE_JOB, tellRestore } from '#services/s3/archive/schedule.ts';
import { auditedRequest, auditNames } from '#services/s3/audit.ts';
import { batchOperations } from '#services/s3/batch/operations.ts';
import { getBucketAbac, putBucketAbac } from '#services/s3/buckets/abac.ts';
import {
  getBucketAccelerateConfiguration,
  putBucketAccelerateConfiguration,
} from '#services/s3/buckets/acceleration.ts';
import {
  bucketKind,
  createBucket,
  deleteBucket,
  getBucketLocation,
  headBucket,
  listBuckets,
  regionOfNew,
} from '#services/s3/buckets/buckets.ts';
import * as cors from '#services/s3/buckets/cors.ts';
import {
  deleteBucketPolicy,
  getBucketPolicy,
  getBucketPolicyStatus,
  putBucketPolicy,
} from '#services/s3/buckets/policy.ts';
import { regionOfRefusal } from '#services/s3/buckets/regions.ts';
import { getBucketRequestPayment, putBucketRequestPayment } from '#services/s3/buckets/request-payment.ts';
import * as settings from '#services/s3/buckets/settings.ts';
import { checkDocument } from '#services/s3/documents.ts';
import { encryptionOperations } from '#services/s3/encryption/operations.ts';
import { makeInventory } from '#services/s3/inventory/make-list.ts';
import { inventoryOperations } from '#services/s3/inventory/operations.ts';
import { nextInventory } from '#services/s3/inventory/settings.ts';
import { lifecycleOperations } from '#services/s3/lifecycle/operations.ts';
import { runLifecycle } from '#services/s3/lifecycle/run.ts';
import { LIFECYCLE_JOB } from '#services/s3/lifecycle/schedule.ts';
import { getBucketLogging, putBucketLogging } from '#services/s3/logging/configuration.ts';
import { deliverAccessLogs, logAnswer } from '#services/s3/logging/deliver.ts';
import { completeMultipartUpload } from '#services/s3/multipart/complete.ts';
import { uploadPart, uploadPartCopy } from '#services/s3/multipart/upload-part.ts';
import {
  abortMultipartUpload,
  createMultipartUpload,
  listMultipartUploads,
  listParts,
} from '#services/s3/multipart/uploads.ts';
import { auditedResources, bucketArn, bucketOfArn, canonicalUser } from '#services/s3/names.ts';
import { notImplemented, notOffered } from '#services/s3/not-implemented.ts';
import {
  getBucketNotificationConfiguration,
  putBucketNotificationConfiguration,
} from '#services/s3/notifications/configuration.ts';
import { objectLockOperations } from '#services/s3/object-lock/operations.ts';
import { getObjectAttributes } from '#services/s3/objects/attributes.ts';
import { copyObject } from '#services/s3/objects/copy.ts';
import { deleteObject, deleteObjects, deleting } from '#services/s3/objects/delete.ts';
import { getObject, headObject } from '#services/s3/objects/get.ts';
import { listObjects, listObjectsV2 } from '#services/s3/objects/list.ts';
import { listObjectVersions } from '#services/s3/objects/list-versions.ts';
import { putObject } from '#services/s3/objects/put.ts';
import { deleteObjectTagging, getObjectTagging, putObjectTagging } from '#services/s3/objects/tagging.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { quotas } from '#services/s3/quotas.ts';
import { refusalMessage } from '#services/s3/refusals.ts';
import { replicationInternals, replicationOperations } from '#services/s3/replication/operations.ts';
import { AGAIN_JOB, REPLICATE_WORK, sendAgain, THRESHOLD_JOB } from '#services/s3/replication/queue.ts';
import { missThreshold, replicate } from '#services/s3/replication/run.ts';
import { makeReports } from '#services/s3/reports/run.ts';
import { REPORT_JOB, startReport } from '#services/s3/reports/schedule.ts';
import { requestMetrics } from '#services/s3/request-metrics/count.ts';
import { metricsOperations } from '#services/s3/request-metrics/operations.ts';
import { resolveBucket } from '#services/s3/resolve.ts';
import { FREE, TIER_1, TIER_2 } from '#services/s3/rows.ts';
import { selectOperations } from '#services/s3/select/operations.ts';
import { COUNT_JOB, countStorage } from '#services/s3/storage/count.ts';
import { tieringOperations } from '#services/s3/tiering/operations.ts';
import { runTiering, TIERING_JOB } from '#services/s3/tiering/run.ts';
import * as website from '#services/s3/website/configuration.ts';
import { site } from '#services/s3/website/site.ts';

const bucketOperations = (parts: S3Parts) => {
  const { bucket } = accessOf(parts);
  const write = { ...bucket, usage: TIER_1 } as const;
  const read = { ...bucket, usage: TIER_2, access: 'read' } as const;
  return {
    CreateBucket: {
      handler: createBucket(parts),
      resource: ({ Bucket }: { readonly Bucket: string }) => bucketArn(Bucket),
      conditions: bucket.conditions,
      owner: regionOfNew(parts),
      usage: TIER_1,
      steps: true,
    },
    DeleteBucket: { handler: deleteBucket(parts), ...bucket, usage: FREE, steps: true },
    HeadBucket: { handler: headBucket(parts), ...read, action: 's3:ListBucket', event: 'data' },
    ListBuckets: {
      handler: listBuckets(parts),
      // Policies name all buckets for it: "arn:aws:s3:::*" (User Guide, "Controlling access to a bucket with user policies").
      resource: () => bucketArn('*'),
      action: 's3:ListAllMyBuckets',
      usage: TIER_1,
      access: 'read',
      steps: true,
    },
    GetBucketLocation: { handler: getBucketLocation(parts), ...read },
    GetBucketVersioning: { handler: settings.getBucketVersioning(parts), ...read },
    PutBucketVersioning: { handler: settings.putBucketVersioning(parts), ...write },
    GetBucketPolicy: { handler: getBucketPolicy(parts), ...read },
    PutBucketPolicy: { handler: putBucketPolicy(parts), ...write },
    DeleteBucketPolicy: { handler: deleteBucketPolicy(parts), ...write },
    GetBucketPolicyStatus: { handler: getBucketPolicyStatus(parts), ...read },
    GetBucketOwnershipControls: { handler: settings.getBucketOwnershipControls(parts), ...read },
    PutBucketOwnershipControls: { handler: settings.putBucketOwnershipControls(parts), ...write },
    DeleteBucketOwnershipControls: {
      handler: settings.deleteBucketOwnershipControls(parts),
      ...write,
      action: 's3:PutBucketOwnershipControls',
    },
    GetPublicAccessBlock: {
      handler: settings.getPublicAccessBlock(parts),
      ...read,
      action: 's3:GetBucketPublicAccessBlock',
    },
    PutPublicAccessBlock: {
      handler: settings.putPublicAccessBlock(parts),
      ...write,
      action: 's3:PutBucketPublicAccessBlock',
    },
    DeletePublicAccessBlock: {
      handler: settings.deletePublicAccessBlock(parts),
      ...write,
      action: 's3:PutBucketPublicAccessBlock',
    },
    GetBucketAcl: { handler: acls.getBucketAcl(parts), ...read },
    PutBucketAcl: { handler: acls.putBucketAcl(parts), ...write },
    GetBucketCors: { handler: cors.getBucketCors(parts), ...read, action: 's3:GetBucketCORS' },
    PutBucketCors: { handler: cors.putBucketCors(parts), ...write, action: 's3:PutBucketCORS' },
    DeleteBucketCors: { handler: cors.deleteBucketCors(parts), ...write, action: 's3:PutBucketCORS' },
    GetBucketTagging: { handler: settings.getBucketTagging(parts), ...read },
    PutBucketTagging: { handler: settings.putBucketTagging(parts), ...write },
    DeleteBucketTagging: { handler: settings.deleteBucketTagging(parts), ...write, action: 's3:PutBucketTagging' },
  } as const;
};

/** Who pays, by which way, and whether tags decide. */
const dealingOperations = (parts: S3Parts) => {
  const { bucket } = accessOf(parts);
  const write = { ...bucket, usage: TIER_1 } as const;
  const read = { ...bucket, usage: TIER_2, access: 'read' } as const;
  return {
    GetBucketRequestPayment: { handler: getBucketRequestPayment(parts), ...read },
    PutBucketRequestPayment: { handler: putBucketRequestPayment(parts), ...write },
    GetBucketAccelerateConfiguration: {
      handler: getBucketAccelerateConfiguration(parts),
      ...read,
      action: 's3:GetAccelerateConfiguration',
    },
    PutBucketAccelerateConfiguration: {
      handler: putBucketAccelerateConfiguration(parts),
      ...write,
      action: 's3:PutAccelerateConfiguration',
    },
    GetBucketAbac: { handler: getBucketAbac(parts), ...read },
    PutBucketAbac: { handler: putBucketAbac(parts), ...write },
  } as const;
};

/** What a bucket tells others of itself: its events, its log, its pages. */
const publishingOperations = (parts: S3Parts) => {
  const { bucket } = accessOf(parts);
  const write = { ...bucket, usage: TIER_1 } as const;
  const read = { ...bucket, usage: TIER_2, access: 'read' } as const;
  return {
    GetBucketLogging: { handler: getBucketLogging(parts), ...read },
    PutBucketLogging: { handler: putBucketLogging(parts), ...write },
    GetBucketWebsite: { handler: website.getBucketWebsite(parts), ...read },
    PutBucketWebsite: { handler: website.putBucketWebsite(parts), ...write },
    DeleteBucketWebsite: { handler: website.deleteBucketWebsite(parts), ...write },
    GetBucketNotificationConfiguration: {
      handler: getBucketNotificationConfiguration(parts),
      ...read,
      action: 's3:GetBucketNotification',
    },
    PutBucketNotificationConfiguration: {
      handler: putBucketNotificationConfiguration(parts),
      ...write,
      action: 's3:PutBucketNotification',
      steps: true,
    },
  } as const;
};

const objectOperations = (parts: S3Parts) => {
  const { bucket, object, existing } = accessOf(parts);
  const write = { ...object, usage: TIER_1, event: 'data' } as const;
  const read = { ...existing, usage: TIER_2, event: 'data', access: 'read' } as const;
  const change = { ...existing, usage: TIER_1, event: 'data' } as const;
  const list = { ...bucket, usage: TIER_1, event: 'data', access: 'read' } as const;
  return {
    PutObject: { handler: putObject(parts), ...write, action: writing, steps: true },
    CopyObject: { handler: copyObject(parts), ...write, action: writing, steps: true },
    GetObject: {
      handler: getObject(parts),
      ...read,
      action: versioned('s3:GetObject', 's3:GetObjectVersion'),
      steps: true,
    },
    HeadObject: {
      handler: headObject(parts),
      ...read,
      action: versioned('s3:GetObject', 's3:GetObjectVersion'),
      steps: true,
    },
    GetObjectAttributes: {
      handler: getObjectAttributes(parts),
      ...read,
      action: versioned('s3:GetObjectAttributes', 's3:GetObjectVersionAttributes'),
    },
    DeleteObject: {
      handler: deleteObject(parts),
      ...object,
      action: deleting,
      usage: FREE,
      event: 'data',
      steps: true,
    },
    // Each key's permission is its own: the handler asks for it.
    DeleteObjects: { handler: deleteObjects(parts), ...bucket, usage: FREE, event: 'data', always: true, steps: true },
    ListObjects: { handler: listObjects(parts), ...list, action: 's3:ListBucket' },
    ListObjectsV2: { handler: listObjectsV2(parts), ...list, action: 's3:ListBucket' },
    ListObjectVersions: { handler: listObjectVersions(parts), ...list, action: 's3:ListBucketVersions' },
    GetObjectAcl: {
      handler: acls.getObjectAcl(parts),
      ...read,
      event: 'management',
      action: versioned('s3:GetObjectAcl', 's3:GetObjectVersionAcl'),
    },
    PutObjectAcl: {
      handler: acls.putObjectAcl(parts),
      ...change,
      action: versioned('s3:PutObjectAcl', 's3:PutObjectVersionAcl'),
    },
    GetObjectTagging: {
      handler: getObjectTagging(parts),
      ...read,
      action: versioned('s3:GetObjectTagging', 's3:GetObjectVersionTagging'),
    },
    PutObjectTagging: {
      handler: putObjectTagging(parts),
      ...change,
      action: versioned('s3:PutObjectTagging', 's3:PutObjectVersionTagging'),
    },
    DeleteObjectTagging: {
      handler: deleteObjectTagging(parts),
      ...change,
      action: versioned('s3:DeleteObjectTagging', 's3:DeleteObjectVersionTagging'),
    },
  } as const;
};

const multipartOperations = (parts: S3Parts) => {
  const { bucket, object, begun } = accessOf(parts);
  const write = { ...object, usage: TIER_1, event: 'data' } as const;
  return {
    CreateMultipartUpload: { handler: createMultipartUpload(parts), ...write, action: writing, steps: true },
    UploadPart: { handler: uploadPart(parts), ...write, action: 's3:PutObject', steps: true },
    UploadPartCopy: { handler: uploadPartCopy(parts), ...write, action: 's3:PutObject', steps: true },
    CompleteMultipartUpload: { handler: completeMultipartUpload(parts), ...write, action: 's3:PutObject', steps: true },
    AbortMultipartUpload: { handler: abortMultipartUpload(parts), ...begun, usage: FREE, event: 'data', steps: true },
    ListParts: {
      handler: listParts(parts),
      ...begun,
      usage: TIER_2,
      event: 'data',
      access: 'read',
      action: 's3:ListMultipartUploadParts',
    },
    ListMultipartUploads: {
      handler: listMultipartUploads(parts),
      ...bucket,
      usage: TIER_1,
      event: 'data',
      access: 'read',
      action: 's3:ListBucketMultipartUploads',
    },
  } as const;
};

function noteAnswer(parts: S3Parts): (answered: AnsweredRequest) => void {
  const [log, count] = [logAnswer(parts), requestMetrics(parts)];
  return (answered) => {
    log(answered);
    count(answered);
  };
}

export const s3 = (parts: S3Parts) =>
  defineService({
    operations: {
      ...bucketOperations(parts),
      ...dealingOperations(parts),
      ...publishingOperations(parts),
      ...objectOperations(parts),
      ...multipartOperations(parts),
      ...encryptionOperations(parts),
      ...objectLockOperations(parts),
      ...lifecycleOperations(parts),
      ...archiveOperations(parts),
      ...annotationOperations(parts),
      ...selectOperations(parts),
      ...replicationOperations(parts),
      ...inventoryOperations(parts),
      ...analyticsOperations(parts),
      ...metricsOperations(parts),
      ...tieringOperations(parts),
    } satisfies Handlers<S3Operations, typeof notImplemented & typeof notOffered>,
    notImplemented,
    notOffered,
    kinds: { bucket: bucketKind },
    auditedResources,
    meteredResource: bucketOfArn,
    auditNames,
    auditTimes: 'milliseconds',
    auditedRequest,
    resolve: resolveBucket(parts),
    checkBody: checkDocument,
    errorMembers: regionOfRefusal(parts),
    onAnswer: noteAnswer(parts),
    site: site(parts),
    quotas,
    accountName: canonicalUser,
    refusalMessage,
    formUpload: 'PutObject',
    crossOrigin: cors.crossOrigin(parts),
    throttlingError: 'SlowDown',
    internal: { ...replicationInternals(parts), ...batchOperations(parts) },
    work: { [REPLICATE_WORK]: replicate(parts) },
    timers: {
      [COUNT_JOB]: countStorage(parts),
      [LIFECYCLE_JOB]: runLifecycle(parts),
      [AGAIN_JOB]: sendAgain,
      [REPORT_JOB]: startReport(parts, { inventory: nextInventory(parts), analytics: nextAnalysis(parts) }),
      [RESTORE_JOB]: tellRestore(parts),
      [THRESHOLD_JOB]: missThreshold(parts),
      [TIERING_JOB]: runTiering(parts),
    },
    reconcilers: {
      deliverAccessLogs: deliverAccessLogs(parts),
      makeReports: makeReports(parts, { inventory: makeInventory, analytics: makeAnalysis }),
    },
  });
