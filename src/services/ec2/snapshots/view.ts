/** Snapshots as clients see them. */
import { hash } from 'node:crypto';
import type * as Model from '#platform/model/generated/ec2.ts';
import type { Tags } from '#platform/tags.ts';
import type { Fields } from '#services/ec2/filters.ts';
import { AMAZON_ACCOUNT, type BuiltAmi } from '#services/ec2/images/built-images.ts';
import type { SnapshotRow } from '#services/ec2/snapshots/state.ts';
import { shownTags } from '#services/ec2/tags/tag-specifications.ts';
import { isoTime } from '#services/ec2/volumes/view.ts';

/** One that an account sees, whoever has it. */
export interface SeenSnapshot extends SnapshotRow {
  readonly owner: string;
  readonly ownerAlias?: 'amazon';
  /** Others don't see an owner's tags. */
  readonly tags: Tags;
}

export const shownSnapshot = (row: SeenSnapshot): Model.Snapshot => ({
  SnapshotId: row.id,
  VolumeId: row.volume,
  VolumeSize: row.sizeGiB,
  State: row.state,
  ...(row.problem !== undefined && { StateMessage: row.problem }),
  StartTime: row.startedAt,
  Progress: `${row.progressPercent}%`,
  OwnerId: row.owner,
  ...(row.ownerAlias && { OwnerAlias: row.ownerAlias }),
  Description: row.description,
  Encrypted: row.kmsKey !== undefined,
  ...(row.kmsKey !== undefined && { KmsKeyId: row.kmsKey }),
  ...(row.dataKey !== undefined && { DataEncryptionKeyId: `edk-${hash('sha256', row.dataKey, 'hex').slice(0, 17)}` }),
  StorageTier: 'standard',
  ...(row.origin && { TransferType: 'standard' as const }),
  ...(row.completedAt !== undefined && { CompletionTime: row.completedAt }),
  ...(row.fullBytes !== undefined && { FullSnapshotSizeInBytes: row.fullBytes }),
  Tags: shownTags(row.tags),
});

export const shownInfo = (row: SeenSnapshot): Model.SnapshotInfo => ({
  SnapshotId: row.id,
  VolumeId: row.volume,
  VolumeSize: row.sizeGiB,
  State: row.state,
  StartTime: row.startedAt,
  Progress: `${row.progressPercent}%`,
  OwnerId: row.owner,
  Description: row.description,
  Encrypted: row.kmsKey !== undefined,
  Tags: shownTags(row.tags),
});

/** The snapshot of an image that is built here, as all see it. */
export const builtSnapshot = ({ snapshot, name, image }: BuiltAmi): SeenSnapshot => ({
  id: snapshot,
  volume: 'vol-ffffffff',
  sizeGiB: image.sizeGiB,
  description: `Created for ${name}`,
  state: 'completed',
  progressPercent: 100,
  sharedWith: ['all'],
  startedAt: 0,
  completedAt: 0,
  owner: AMAZON_ACCOUNT,
  ownerAlias: 'amazon',
  tags: {},
});

export const SNAPSHOT_FIELDS: Fields<SeenSnapshot> = {
  description: ({ description }) => description,
  encrypted: ({ kmsKey }) => String(kmsKey !== undefined),
  'owner-alias': ({ ownerAlias }) => ownerAlias,
  'owner-id': ({ owner }) => owner,
  progress: ({ progressPercent }) => `${progressPercent}%`,
  'snapshot-id': ({ id }) => id,
  'start-time': ({ startedAt }) => isoTime(startedAt),
  status: ({ state }) => state,
  'storage-tier': () => 'standard',
  'transfer-type': ({ origin }) => origin && 'standard',
  'volume-id': ({ volume }) => volume,
  'volume-size': ({ sizeGiB }) => String(sizeGiB),
};
