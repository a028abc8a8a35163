/** EBS snapshots. */
import { rowsById } from '#services/ec2/rows.ts';

export type SnapshotState = 'pending' | 'completed' | 'error';

export interface SnapshotRow {
  readonly id: string;
  /** Of a copy: AWS shows an id of no volume. */
  readonly volume: string;
  readonly sizeGiB: number;
  readonly description: string;
  readonly state: SnapshotState;
  readonly progressPercent: number;
  readonly kmsKey?: string;
  readonly dataKey?: string;
  /** Accounts that may make volumes of it; `all` is everybody. */
  readonly sharedWith: readonly string[];
  readonly storedBytes?: number;
  readonly fullBytes?: number;
  readonly startedAt: number;
  readonly completedAt?: number;
}

export const snapshots = rowsById<SnapshotRow>('snapshot');
