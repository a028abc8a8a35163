/** Operations on lifecycle rules. */
import { accessOf } from '#services/s3/access.ts';
import {
  deleteBucketLifecycle,
  getBucketLifecycleConfiguration,
  putBucketLifecycleConfiguration,
} from '#services/s3/lifecycle/settings.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { TIER_1, TIER_2 } from '#services/s3/rows.ts';

export const lifecycleOperations = (parts: S3Parts) => {
  const { bucket } = accessOf(parts);
  const write = { ...bucket, usage: TIER_1, action: 's3:PutLifecycleConfiguration' } as const;
  return {
    GetBucketLifecycleConfiguration: {
      handler: getBucketLifecycleConfiguration(parts),
      ...bucket,
      usage: TIER_2,
      access: 'read',
      action: 's3:GetLifecycleConfiguration',
    },
    PutBucketLifecycleConfiguration: { handler: putBucketLifecycleConfiguration(parts), ...write },
    DeleteBucketLifecycle: { handler: deleteBucketLifecycle(parts), ...write },
  } as const;
};
