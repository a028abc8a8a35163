/** EBS snapshots. The host knows one by its id. */
import { rowsById } from '#services/ec2/rows.ts';
import type { DataKeyRef, VolumeOrigin } from '#services/ec2/volumes/state.ts';

export type SnapshotState = 'pending' | 'completed' | 'error';

export interface SnapshotRow extends Partial<DataKeyRef> {
  readonly id: string;
  /** Of a copy: AWS shows an id of no volume. */
  readonly volume: string;
  readonly sizeGiB: number;
  readonly description: string;
  readonly state: SnapshotState;
  readonly problem?: string;
  readonly progressPercent: number;
  /** An instance that reboots before it is taken. */
  readonly after?: string;
  /** Of a copy: what it is made of. */
  readonly origin?: VolumeOrigin;
  /** Accounts that may make volumes of it; `all` is everybody. */
  readonly sharedWith: readonly string[];
  readonly storedBytes?: number;
  readonly fullBytes?: number;
  readonly startedAt: number;
  readonly meteredUntil?: number;
  readonly completedAt?: number;
}

export const snapshots = rowsById<SnapshotRow>('snapshot', { wakes: 'storage' });
