/** How volumes come and go: by CreateVolume, by RunInstances, by TerminateInstances. */
import type { Call } from '#platform/service.ts';
import type { Transaction } from '#platform/store/store.ts';
import { fail } from '#services/ec2/errors.ts';
import type { BlockDevice } from '#services/ec2/images/state.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';
import { newId } from '#services/ec2/resources.ts';
import { type UsableSnapshot, usableSnapshot } from '#services/ec2/snapshots/usable.ts';
import { type EncryptionWish, encryptionOf } from '#services/ec2/storage/data-keys.ts';
import { type VolumeAttachment, type VolumeRow, volumes } from '#services/ec2/volumes/state.ts';
import { type ShapeWish, shapeOf } from '#services/ec2/volumes/types.ts';

export interface VolumeWish extends EncryptionWish {
  readonly shape: Omit<ShapeWish, 'sizeGiB'> & { readonly sizeGiB?: number | undefined };
  readonly zone: string;
  readonly snapshot?: string | undefined;
  readonly attachment?: VolumeAttachment;
}

/** One to be encrypted throws Suspend the first time, until KMS has made its data key: the handler runs again from the start. */
export function makeVolume(parts: Ec2Parts, tx: Transaction, call: Call, wish: VolumeWish): VolumeRow {
  const source = wish.snapshot === undefined ? undefined : sourceOf(parts, tx, wish.snapshot);
  const sizeGiB = wish.shape.sizeGiB ?? source?.sizeGiB ?? fail('NoSizeAndSnapshot');
  if (source !== undefined && sizeGiB < source.sizeGiB) fail('SmallerThanSnapshot', source.sizeGiB);
  const shape = shapeOf({ ...wish.shape, sizeGiB });
  const from = source && { ...source, isOwn: source.owner === call.account };
  const encryption = encryptionOf(parts, tx, call, 'volume', wish, from);
  const row: VolumeRow = {
    id: encryption?.id ?? newId('vol'),
    ...shape,
    ...encryption?.key,
    zone: wish.zone,
    ...(source && { snapshot: source.id, origin: originOf(source) }),
    state: 'creating',
    ...(wish.attachment && { attachment: wish.attachment }),
    createdAt: call.now,
  };
  volumes.put(tx, row);
  return row;
}

function sourceOf(parts: Ec2Parts, tx: Transaction, id: string): UsableSnapshot {
  const source = usableSnapshot(parts, tx, id) ?? fail('NoSuchSnapshot', id);
  return source.state === 'completed' ? source : fail('SnapshotNotCompleted', source.state);
}

export const originOf = ({ stored, kmsKey, dataKey, dataKeyFor }: UsableSnapshot) => ({
  stored,
  ...(kmsKey !== undefined && { kmsKey }),
  ...(dataKey !== undefined && { dataKey }),
  ...(dataKeyFor !== undefined && { dataKeyFor }),
});

interface Wanted {
  readonly device: BlockDevice;
  readonly zone: string;
  /** Its id: the volume is attached to it as soon as there are bytes. */
  readonly instance: string;
}

/** The volume of one of an instance's devices, in the caller's transaction. */
export const createVolumeFor = (
  parts: Ec2Parts,
  tx: Transaction,
  call: Call,
  { device, zone, instance }: Wanted,
): VolumeRow =>
  makeVolume(parts, tx, call, {
    shape: device,
    zone,
    snapshot: device.snapshot,
    isEncrypted: device.isEncrypted,
    keyId: device.kmsKey,
    attachment: {
      instance,
      device: device.device,
      status: 'attaching',
      deletesOnTermination: device.deletesOnTermination,
      attachedAt: call.now,
    },
  });

/** Whatever it is attached to: its instance is gone. The bytes and the row go when the host has let go of them. */
export function deleteVolume(tx: Transaction, row: VolumeRow): void {
  const { attachment: _, ...rest } = row;
  volumes.put(tx, { ...rest, state: 'deleting' });
}
