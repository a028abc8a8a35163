/** The volumes of a launch: those of the image, as the request changes them, adds to them or leaves them out. */
import type { BlockDeviceMapping, EbsBlockDevice } from '#platform/model/generated/ec2.ts';
import { fail } from '#services/ec2/errors.ts';
import type { LaunchableImage } from '#services/ec2/images/launchable.ts';
import type { BlockDevice } from '#services/ec2/images/state.ts';

/** What a snapshot says of the volume that is to be made of it; undefined: there is none. */
export type SnapshotSize = (id: string) => number | undefined;

const DEFAULT_TYPE = 'gp2';

export function launchDevices(
  { devices, rootDevice }: LaunchableImage,
  mappings: readonly BlockDeviceMapping[] = [],
  sizeOf: SnapshotSize,
): readonly BlockDevice[] {
  const byName = new Map(devices.map((device) => [device.device, device]));
  for (const mapping of mappings) {
    const name = mapping.DeviceName ?? fail('MissingParameter', 'blockDeviceMapping.deviceName');
    if (mapping.NoDevice !== undefined) {
      if (name === rootDevice)
        fail('InvalidBlockDevice', `The device '${name}' is the root device and can't be left out.`);
      byName.delete(name);
      continue;
    }
    if (mapping.VirtualName !== undefined) {
      fail('InvalidBlockDevice', `The device '${name}' is an instance store, which no instance type here has.`);
    }
    byName.set(name, merged(name, byName.get(name), mapping.Ebs ?? {}, sizeOf));
  }
  return [...byName.values()];
}

function merged(name: string, before: BlockDevice | undefined, ebs: EbsBlockDevice, sizeOf: SnapshotSize): BlockDevice {
  const snapshot = ebs.SnapshotId ?? before?.snapshot;
  const least = snapshot === undefined ? undefined : (sizeOf(snapshot) ?? fail('NoSuchSnapshot', snapshot));
  const size = ebs.VolumeSize ?? before?.sizeGiB ?? least;
  if (size === undefined) return fail('MissingParameter', 'size or snapshotId');
  if (least !== undefined && size < least) {
    fail(
      'InvalidBlockDevice',
      `Volume of size ${size}GB is smaller than snapshot '${snapshot}', expect size >= ${least}GB`,
    );
  }
  if (before?.isEncrypted === true && ebs.Encrypted === false) {
    fail('InvalidBlockDevice', `The device '${name}' is made of an encrypted snapshot and can't be unencrypted.`);
  }
  const type = ebs.VolumeType ?? before?.type ?? DEFAULT_TYPE;
  // What was bought of another type says nothing of this one.
  const kept = before?.type === type ? before : undefined;
  const iops = ebs.Iops ?? kept?.iops;
  const throughputMiB = ebs.Throughput ?? kept?.throughputMiB;
  const kmsKey = ebs.KmsKeyId ?? before?.kmsKey;
  const isEncrypted = ebs.Encrypted ?? before?.isEncrypted ?? false;
  if (ebs.KmsKeyId !== undefined && !isEncrypted) {
    fail('InvalidCombination', 'The parameter KmsKeyId requires the parameter Encrypted to be set.');
  }
  return {
    device: name,
    ...(snapshot !== undefined && { snapshot }),
    sizeGiB: size,
    type,
    ...(iops !== undefined && { iops }),
    ...(throughputMiB !== undefined && { throughputMiB }),
    isEncrypted,
    ...(kmsKey !== undefined && { kmsKey }),
    deletesOnTermination: ebs.DeleteOnTermination ?? before?.deletesOnTermination ?? true,
  };
}
