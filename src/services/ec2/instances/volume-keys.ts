/** The key that a volume's bytes are encrypted under. */
import { MachineError } from '#platform/compute/machine.ts';
import type { VolumeKey } from '#platform/compute/volume.ts';
import type { Partition } from '#platform/store/store.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';
import type { VolumeRow } from '#services/ec2/volumes/state.ts';

export async function volumeKey(
  _parts: Ec2Parts,
  _partition: Partition,
  volume: VolumeRow,
): Promise<VolumeKey | undefined> {
  if (volume.dataKey === undefined) return undefined;
  throw new MachineError('failed', `${volume.id} is encrypted`);
}
