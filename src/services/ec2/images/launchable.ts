/** What RunInstances needs to know of an image: whoever has it, if it may be launched by who asks. */
import type { Region } from '#platform/base/ids.ts';
import type { Boot } from '#platform/compute/machine.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { fail } from '#services/ec2/errors.ts';
import { type BuiltAmi, builtAmi } from '#services/ec2/images/built-images.ts';
import { type BlockDevice, type ImageBoot, type ImageRow, images } from '#services/ec2/images/state.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';
import { findShared } from '#services/ec2/sharing.ts';

export interface LaunchableImage {
  readonly id: string;
  readonly name: string;
  readonly architecture: 'x86_64';
  readonly rootDevice: string;
  readonly devices: readonly BlockDevice[];
  readonly boot: Boot;
  /** An account; undefined: Amazon. */
  readonly owner: string | undefined;
  readonly isPublic: boolean;
  readonly imdsSupport: 'v2.0' | undefined;
}

const ROOT_DEVICE = '/dev/xvda';

/** Throws AWS's error for one that is not there, not for this account, or not to be launched. */
export function launchableImage(parts: Ec2Parts, tx: ReadTransaction, id: string): LaunchableImage {
  const { account, region } = tx.partition.name;
  const built = builtAmi(parts, region, id);
  if (built !== undefined) return launchableBuilt(built);
  const own = images.find(tx, id);
  const found =
    own === undefined
      ? findShared(parts, { account, region: region as Region }, images, id)
      : { row: own, owner: account };
  if (found === undefined) return fail('NoSuchImage', id);
  if (found.row.state !== 'available') return fail('ImageUnavailable', id);
  return launchableRow(found.row, found.owner);
}

function launchableRow(row: ImageRow, owner: string): LaunchableImage {
  const { id, name, architecture, rootDevice, devices, boot, sharedWith, imdsSupport } = row;
  return {
    id,
    name,
    architecture,
    rootDevice,
    devices,
    boot: bootOf(boot),
    owner,
    isPublic: sharedWith.includes('all'),
    imdsSupport,
  };
}

const bootOf = (boot: ImageBoot): Boot =>
  boot === 'disk' ? { kind: 'disk' } : { kind: 'kernel', image: boot.kernelOf, commandLine: boot.commandLine };

const launchableBuilt = (ami: BuiltAmi): LaunchableImage => ({
  id: ami.id,
  name: ami.name,
  architecture: 'x86_64',
  rootDevice: ROOT_DEVICE,
  devices: [builtDevice(ami)],
  boot: bootOf(builtBoot(ami)),
  owner: undefined,
  isPublic: true,
  imdsSupport: 'v2.0',
});

export const builtBoot = ({ image, stored }: BuiltAmi): ImageBoot =>
  image.boot.kind === 'disk' ? 'disk' : { kernelOf: stored, commandLine: image.boot.commandLine };

export const builtDevice = ({ snapshot, image }: BuiltAmi): BlockDevice => ({
  device: ROOT_DEVICE,
  snapshot,
  sizeGiB: image.sizeGiB,
  type: 'gp3',
  iops: 3000,
  throughputMiB: 125,
  isEncrypted: false,
  deletesOnTermination: true,
});
