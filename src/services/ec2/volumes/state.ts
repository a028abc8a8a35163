/** EBS volumes. What a row says is what should be; the host's bytes follow (reconcile.ts). */
import type { VolumeType } from '#platform/model/generated/ec2.ts';
import { attachmentChanges } from '#services/ec2/instances/changes.ts';
import { rowsById } from '#services/ec2/rows.ts';

export type VolumeState = 'creating' | 'available' | 'in-use' | 'deleting' | 'error';

export interface VolumeAttachment {
  readonly instance: string;
  /** `/dev/sdf` */
  readonly device: string;
  readonly status: 'attaching' | 'attached' | 'detaching' | 'busy';
  /** While detaching: the guest is not asked. */
  readonly isForced?: true;
  readonly deletesOnTermination: boolean;
  readonly attachedAt: number;
}

/** What a volume is and does, as bought. */
export interface VolumeShape {
  readonly type: VolumeType;
  readonly sizeGiB: number;
  /** Of the types that have none to buy: what the type and the size give. */
  readonly iops: number;
  readonly throughputMiB?: number;
}

/** A data key of KMS's, which the bytes are encrypted under. */
export interface DataKeyRef {
  /** The KMS key's ARN. */
  readonly kmsKey: string;
  /** The data key, encrypted under it, in base 64. */
  readonly dataKey: string;
  /** The volume or snapshot that it was made for: its encryption context. What is made of that one keeps the key. */
  readonly dataKeyFor: string;
}

/** What a volume is made of, as the host knows it. */
export interface VolumeOrigin extends Partial<DataKeyRef> {
  /** A snapshot's id, or that of an image that is built here. */
  readonly stored: string;
}

export interface VolumeModification {
  readonly state: 'modifying' | 'optimizing' | 'completed' | 'failed';
  readonly from: VolumeShape;
  readonly to: VolumeShape;
  readonly startedAt: number;
  readonly endedAt?: number;
  readonly message?: string;
}

export interface VolumeRow extends VolumeShape, Partial<DataKeyRef> {
  readonly id: string;
  readonly zone: string;
  /** What it was made of, as EC2 shows it. */
  readonly snapshot?: string;
  readonly origin?: VolumeOrigin;
  readonly state: VolumeState;
  /** Why it is in error. */
  readonly problem?: string;
  readonly attachment?: VolumeAttachment;
  /** "autoEnableIO" */
  readonly enablesIo?: true;
  /** The last one; when the ones of the last day began. */
  readonly modification?: VolumeModification;
  readonly modifiedAt?: readonly number[];
  readonly meteredUntil?: number;
  readonly createdAt: number;
}

export const volumes = rowsById<VolumeRow>('volume', { wakes: 'storage', changes: attachmentChanges, keeps: 50_000 });
