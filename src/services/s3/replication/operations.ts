/** Operations on a bucket's replication, and those that replication itself makes, as the role of the configuration. */
import { type InternalOperation, passRole } from '#platform/service.ts';
import { accessOf } from '#services/s3/access.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import {
  deleteBucketReplication,
  getBucketReplication,
  putBucketReplication,
} from '#services/s3/replication/configuration.ts';
import { type ReplicaInput, writeMarker, writeReplica } from '#services/s3/replication/replica.ts';
import { readForReplication } from '#services/s3/replication/source.ts';
import { FREE, TIER_1, TIER_2 } from '#services/s3/rows.ts';

export const replicationOperations = (parts: S3Parts) => {
  const { bucket } = accessOf(parts);
  const write = { ...bucket, usage: TIER_1, action: 's3:PutReplicationConfiguration' } as const;
  return {
    GetBucketReplication: {
      handler: getBucketReplication(parts),
      ...bucket,
      usage: TIER_2,
      access: 'read',
      action: 's3:GetReplicationConfiguration',
    },
    PutBucketReplication: {
      handler: putBucketReplication(parts),
      ...write,
      further: ({
        ReplicationConfiguration: { Role },
      }: {
        readonly ReplicationConfiguration: { readonly Role: string };
      }) => [passRole(Role, 's3.amazonaws.com')],
      steps: true,
    },
    DeleteBucketReplication: { handler: deleteBucketReplication(parts), ...write },
  } as const;
};

/** Nobody can send these: what a role needs for them is what AWS's guide tells owners to grant it. */
export const replicationInternals = (parts: S3Parts): Readonly<Record<string, InternalOperation>> => {
  const { object, existing } = accessOf(parts);
  return {
    ReadForReplication: {
      as: 'GetObject',
      handler: readForReplication(parts),
      ...existing,
      action: 's3:GetObjectVersionForReplication',
      usage: TIER_2,
      event: 'data',
      access: 'read',
      steps: true,
    },
    WriteReplica: {
      as: 'PutObject',
      handler: writeReplica(parts),
      ...object,
      action: ({ rule }: ReplicaInput) => [
        's3:ReplicateObject',
        ...(rule.Destination.AccessControlTranslation ? ['s3:ObjectOwnerOverrideToBucketOwner'] : []),
      ],
      usage: TIER_1,
      event: 'data',
      steps: true,
    },
    WriteMarker: {
      as: 'DeleteObject',
      handler: writeMarker(parts),
      ...object,
      action: 's3:ReplicateDelete',
      usage: FREE,
      event: 'data',
      steps: true,
    },
  };
};
