/** Snapshots that an account may make volumes of: its own, those shared with it, and those of the images that this cloud builds. */
import type { Region } from '#platform/base/ids.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { builtAmis } from '#services/ec2/images/built-images.ts';
import { images } from '#services/ec2/images/state.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';
import { allShared, findShared } from '#services/ec2/sharing.ts';
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
  const place = { account, region: region as Region };
  const shared = findShared(parts, place, snapshots, id) ?? ofSharedImage(parts, place, id);
  return shared && shown(shared.row, shared.owner);
}

/** Who may launch an image may use its snapshots, though they are not shared themselves. */
function ofSharedImage(parts: Ec2Parts, place: { readonly account: string; readonly region: Region }, id: string) {
  const image = allShared(parts, place, images, 'ami-').find(({ row: { devices } }) =>
    devices.some(({ snapshot }) => snapshot === id),
  );
  if (image === undefined) return undefined;
  const { owner } = image;
  const partition = parts.store.partition({ service: 'ec2', account: owner, region: place.region });
  const row = partition.read((tx) => snapshots.find(tx, id));
  return row && { row, owner };
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
