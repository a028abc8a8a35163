/** Operations on Object Lock. */
import { accessOf } from '#services/s3/access.ts';
import * as lock from '#services/s3/object-lock/object-lock.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { TIER_1, TIER_2 } from '#services/s3/rows.ts';

export const objectLockOperations = (parts: S3Parts) => {
  const { bucket, object } = accessOf(parts);
  const write = { ...object, usage: TIER_1, event: 'data' } as const;
  const read = { ...object, usage: TIER_2, event: 'data', access: 'read' } as const;
  return {
    GetObjectLockConfiguration: {
      handler: lock.getObjectLockConfiguration(parts),
      ...bucket,
      usage: TIER_2,
      access: 'read',
      action: 's3:GetBucketObjectLockConfiguration',
    },
    PutObjectLockConfiguration: {
      handler: lock.putObjectLockConfiguration(parts),
      ...bucket,
      usage: TIER_1,
      action: 's3:PutBucketObjectLockConfiguration',
    },
    GetObjectRetention: { handler: lock.getObjectRetention(parts), ...read },
    PutObjectRetention: { handler: lock.putObjectRetention(parts), ...write },
    GetObjectLegalHold: { handler: lock.getObjectLegalHold(parts), ...read },
    PutObjectLegalHold: { handler: lock.putObjectLegalHold(parts), ...write },
  } as const;
};
