/** The key that a volume's bytes are encrypted under, for a machine that is to have it. */
import { MachineError } from '#platform/compute/machine.ts';
import type { VolumeKey } from '#platform/compute/volume.ts';
import { ServiceError } from '#platform/error.ts';
import type { Partition } from '#platform/store/store.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';
import { openDataKey } from '#services/ec2/storage/data-keys.ts';
import type { VolumeRow } from '#services/ec2/volumes/state.ts';

export async function volumeKey(
  parts: Ec2Parts,
  partition: Partition,
  volume: VolumeRow,
): Promise<VolumeKey | undefined> {
  try {
    return await openDataKey(parts, partition, volume);
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    throw new MachineError('failed', `${volume.id} is encrypted, and KMS refuses its key: ${error.code}`);
  }
}
