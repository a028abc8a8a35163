/** Snapshots that an account may make volumes of: its own, those shared with it, and those of the images that this cloud builds. */
import type { Region } from '#platform/base/ids.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { builtAmis } from '#services/ec2/images/built-images.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';
import { findShared } from '#services/ec2/sharing.ts';
import { type SnapshotRow, type SnapshotState, snapshots } from '#services/ec2/snapshots/state.ts';
import type { DataKeyRef } from '#services/ec2/volumes/state.ts';

export interface UsableSnapshot extends Partial<DataKeyRef> {
  readonly id: string;
  /** As the host knows it. */
  readonly stored: string;
  readonly sizeGiB: number;
  readonly state: SnapshotState;
  /** Undefined: Amazon's. */
  readonly owner: string | undefined;
}

export function usableSnapshot(parts: Ec2Parts, tx: ReadTransaction, id: string): UsableSnapshot | undefined {
  const { account, region } = tx.partition.name;
  const own = snapshots.find(tx, id);
  if (own !== undefined) return shown(own, account);
  const built = builtAmis(parts, region).find(({ snapshot }) => snapshot === id);
  if (built !== undefined) {
    return { id, stored: built.stored, sizeGiB: built.image.sizeGiB, state: 'completed', owner: undefined };
  }
  const shared = findShared(parts, { account, region: region as Region }, snapshots, id);
  return shared && shown(shared.row, shared.owner);
}

const shown = ({ id, sizeGiB, state, kmsKey, dataKey, dataKeyFor }: SnapshotRow, owner: string): UsableSnapshot => ({
  id,
  stored: id,
  sizeGiB,
  state,
  owner,
  ...(kmsKey !== undefined && { kmsKey }),
  ...(dataKey !== undefined && { dataKey }),
  ...(dataKeyFor !== undefined && { dataKeyFor }),
});
