/** Where a bucket's access log goes. Lies in the bucket's row, as every answered request asks for it. */
import type {
  BucketLoggingStatus,
  GetBucketLoggingOutput,
  GetBucketLoggingRequest,
  PutBucketLoggingRequest,
  TargetObjectKeyFormat,
} from '#platform/model/generated/s3.ts';
import type { Call } from '#platform/service.ts';
import { openBucket, putBucket, rowOf } from '#services/s3/buckets/open-bucket.ts';
import { fail } from '#services/s3/errors.ts';
import type { S3Parts } from '#services/s3/parts.ts';

export interface LoggingRow {
  readonly bucket: string;
  readonly prefix: string;
  /** Undefined: the simple form of keys. */
  readonly partitionedBy?: 'EventTime' | 'DeliveryTime';
  /** As it was given, to be shown again. */
  readonly format?: TargetObjectKeyFormat;
}

export const getBucketLogging =
  (parts: S3Parts) =>
  (input: GetBucketLoggingRequest, call: Call): GetBucketLoggingOutput => {
    const { logging } = openBucket(call.tx, parts.sealer, input.Bucket);
    if (logging === undefined) return {};
    const { bucket, prefix, format } = logging;
    return {
      LoggingEnabled: {
        TargetBucket: bucket,
        TargetPrefix: prefix,
        ...(format && { TargetObjectKeyFormat: format }),
      },
    };
  };

export const putBucketLogging =
  (parts: S3Parts) =>
  ({ Bucket, BucketLoggingStatus: status }: PutBucketLoggingRequest, call: Call): void => {
    const { logging: _, ...row } = rowOf(openBucket(call.tx, parts.sealer, Bucket));
    const logging = checked(parts, status, call);
    putBucket(call.tx, logging === undefined ? row : { ...row, logging });
  };

function checked(parts: S3Parts, { LoggingEnabled: given }: BucketLoggingStatus, call: Call): LoggingRow | undefined {
  if (given === undefined) return undefined;
  const target = parts.directory.find(given.TargetBucket);
  if (target === undefined || target.account !== call.account) {
    return fail('InvalidTargetBucketForLogging', { about: given.TargetBucket });
  }
  if (target.region !== call.region) {
    fail('CrossLocationLoggingProhibitted', { about: given.TargetBucket });
  }
  // Grants of single log objects need ACLs on the target: only its policy counts here.
  if ((given.TargetGrants ?? []).length > 0) fail('AccessControlListNotSupported');
  const format = given.TargetObjectKeyFormat;
  if (format?.PartitionedPrefix !== undefined && format.SimplePrefix !== undefined) fail('MalformedXML');
  return {
    bucket: given.TargetBucket,
    prefix: given.TargetPrefix,
    ...(format && { format }),
    ...(format?.PartitionedPrefix && { partitionedBy: format.PartitionedPrefix.PartitionDateSource ?? 'DeliveryTime' }),
  };
}
