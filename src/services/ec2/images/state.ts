/** AMIs: those that accounts make. Those that this cloud builds belong to `amazon`, and are no rows (built-images.ts). */
import type { VolumeType } from '#platform/model/generated/ec2.ts';
import { rowsById } from '#services/ec2/rows.ts';

export interface BlockDevice {
  /** `/dev/xvda` */
  readonly device: string;
  readonly snapshot?: string;
  readonly sizeGiB: number;
  readonly type: VolumeType;
  readonly iops?: number;
  readonly throughputMiB?: number;
  readonly isEncrypted: boolean;
  readonly kmsKey?: string;
  readonly deletesOnTermination: boolean;
}

export interface ImageRow {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly state: 'pending' | 'available' | 'failed' | 'disabled';
  readonly architecture: 'x86_64';
  readonly rootDevice: string;
  readonly devices: readonly BlockDevice[];
  readonly boot: 'disk' | 'kernel';
  /** Accounts that may launch it; `all` is everybody. */
  readonly sharedWith: readonly string[];
  readonly sourceInstance?: string;
  readonly sourceImage?: string;
  readonly sourceRegion?: string;
  readonly imdsSupport?: 'v2.0';
  readonly createdAt: number;
  readonly deprecatedAt?: number;
}

export const images = rowsById<ImageRow>('image');
