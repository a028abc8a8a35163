/** What others do with volumes: RunInstances makes them, TerminateInstances deletes them. */
import type { Call } from '#platform/service.ts';
import type { Transaction } from '#platform/store/store.ts';
import { fail } from '#services/ec2/errors.ts';
import type { BlockDevice } from '#services/ec2/images/state.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';
import { newId } from '#services/ec2/resources.ts';
import { usableSnapshot } from '#services/ec2/snapshots/usable.ts';
import { type VolumeRow, volumes } from '#services/ec2/volumes/state.ts';
import { shapeOf } from '#services/ec2/volumes/types.ts';
import { wake } from '#services/ec2/wakes.ts';

interface Wanted {
  readonly device: BlockDevice;
  readonly zone: string;
  /** Its id: the volume is attached to it as soon as there are bytes. */
  readonly instance: string;
}

/**
 * The volume of one of an instance's devices, in the caller's transaction. One to be encrypted throws Suspend the first time, until KMS
 * has made its data key: the handler runs again from the start.
 */
export function createVolumeFor(
  parts: Ec2Parts,
  tx: Transaction,
  call: Call,
  { device, zone, instance }: Wanted,
): VolumeRow {
  const source =
    device.snapshot === undefined
      ? undefined
      : (usableSnapshot(parts, tx, device.snapshot) ?? fail('NoSuchSnapshot', device.snapshot));
  const row: VolumeRow = {
    id: newId('vol'),
    ...shapeOf(device),
    zone,
    ...(source && { snapshot: source.id, origin: { stored: source.stored } }),
    state: 'creating',
    attachment: {
      instance,
      device: device.device,
      status: 'attaching',
      deletesOnTermination: device.deletesOnTermination,
      attachedAt: call.now,
    },
    createdAt: call.now,
  };
  volumes.put(tx, row);
  wake(tx, 'storage');
  return row;
}

/** Whatever it is attached to: its instance is gone. The bytes and the row go when the host has let go of them. */
export function deleteVolume(tx: Transaction, row: VolumeRow): void {
  const { attachment: _, ...rest } = row;
  volumes.put(tx, { ...rest, state: 'deleting' });
  wake(tx, 'storage');
}
