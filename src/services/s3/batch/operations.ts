/** What batch jobs ask of S3 beside its public operations, as their role. */
import type { InternalOperation } from '#platform/service.ts';
import { accessOf, versioned } from '#services/s3/access.ts';
import { computeChecksum } from '#services/s3/batch/checksum.ts';
import { listForBatch } from '#services/s3/batch/list.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { replicateExisting } from '#services/s3/replication/existing.ts';
import { TIER_1, TIER_2 } from '#services/s3/rows.ts';

export const batchOperations = (parts: S3Parts): Readonly<Record<string, InternalOperation>> => {
  const { bucket, object, existing } = accessOf(parts);
  return {
    ListForBatch: {
      as: 'ListObjectVersions',
      handler: listForBatch(parts),
      ...bucket,
      action: 's3:PutInventoryConfiguration',
      usage: TIER_1,
      event: 'data',
      access: 'read',
    },
    ComputeChecksum: {
      as: 'GetObject',
      handler: computeChecksum(parts),
      ...existing,
      action: versioned('s3:GetObject', 's3:GetObjectVersion'),
      usage: TIER_2,
      event: 'data',
      access: 'read',
      steps: true,
    },
    ReplicateExisting: {
      as: 'PutObject',
      handler: replicateExisting(parts),
      ...object,
      action: 's3:InitiateReplication',
      usage: TIER_1,
      event: 'data',
      steps: true,
    },
  };
};
