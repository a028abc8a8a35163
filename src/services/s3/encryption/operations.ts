/** Operations on encryption. */
import { accessOf } from '#services/s3/access.ts';
import { deleteBucketEncryption, getBucketEncryption, putBucketEncryption } from '#services/s3/encryption/settings.ts';
import { updateObjectEncryption } from '#services/s3/encryption/update.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { TIER_1, TIER_2 } from '#services/s3/rows.ts';

export const encryptionOperations = (parts: S3Parts) => {
  const { bucket, object } = accessOf(parts);
  const write = { ...bucket, usage: TIER_1, action: 's3:PutEncryptionConfiguration' } as const;
  return {
    GetBucketEncryption: {
      handler: getBucketEncryption(parts),
      ...bucket,
      usage: TIER_2,
      access: 'read',
      action: 's3:GetEncryptionConfiguration',
    },
    PutBucketEncryption: { handler: putBucketEncryption(parts), ...write },
    UpdateObjectEncryption: {
      handler: updateObjectEncryption(parts),
      ...object,
      usage: TIER_1,
      event: 'data',
      steps: true,
    },
    DeleteBucketEncryption: { handler: deleteBucketEncryption(parts), ...write },
  } as const;
};
