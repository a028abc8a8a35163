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

/** `disk`: the firmware starts what is on the root device. Else the image that is built here whose kernel is started. */
export type ImageBoot = 'disk' | { readonly kernelOf: string; readonly commandLine: string };

export interface ImageRow {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly state: 'pending' | 'available' | 'failed' | 'disabled';
  readonly problem?: string;
  readonly architecture: 'x86_64';
  readonly rootDevice: string;
  readonly devices: readonly BlockDevice[];
  readonly boot: ImageBoot;
  /** Accounts that may launch it; `all` is everybody. */
  readonly sharedWith: readonly string[];
  readonly sourceInstance?: string;
  readonly sourceImage?: string;
  readonly sourceRegion?: string;
  readonly imdsSupport?: 'v2.0';
  /** Who may not be rid of it: until when, after the protection was taken off. */
  readonly protection?: { readonly isOn: boolean; readonly hasCooldown: boolean; readonly until?: number };
  readonly createdAt: number;
  readonly deprecatedAt?: number;
  readonly launchedAt?: number;
}

export const images = rowsById<ImageRow>('image', { wakes: 'storage' });
