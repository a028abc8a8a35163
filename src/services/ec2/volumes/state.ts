/** EBS volumes. What a row says is what should be; the host's bytes follow (reconcile.ts). */
import type { VolumeType } from '#platform/model/generated/ec2.ts';
import { rowsById } from '#services/ec2/rows.ts';

export type VolumeState = 'creating' | 'available' | 'in-use' | 'deleting' | 'error';

export interface VolumeAttachment {
  readonly instance: string;
  /** `/dev/sdf` */
  readonly device: string;
  readonly status: 'attaching' | 'attached' | 'detaching' | 'busy';
  readonly deletesOnTermination: boolean;
  readonly attachedAt: number;
}

export interface VolumeRow {
  readonly id: string;
  readonly sizeGiB: number;
  readonly type: VolumeType;
  readonly iops: number;
  readonly throughputMiB?: number;
  readonly zone: string;
  /** What it was made of. */
  readonly snapshot?: string;
  /** The KMS key's ARN; the data key, encrypted under it, in base 64. */
  readonly kmsKey?: string;
  readonly dataKey?: string;
  readonly state: VolumeState;
  readonly attachment?: VolumeAttachment;
  readonly createdAt: number;
}

export const volumes = rowsById<VolumeRow>('volume');
