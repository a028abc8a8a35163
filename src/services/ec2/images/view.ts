/** Images as clients see them. */
import type * as Model from '#platform/model/generated/ec2.ts';
import type { Tags } from '#platform/tags.ts';
import type { Fields } from '#services/ec2/filters.ts';
import { AMAZON_ACCOUNT, type BuiltAmi } from '#services/ec2/images/built-images.ts';
import { builtBoot, builtDevice } from '#services/ec2/images/launchable.ts';
import type { BlockDevice, ImageRow } from '#services/ec2/images/state.ts';
import { shownTags } from '#services/ec2/tags/tag-specifications.ts';
import { isoTime } from '#services/ec2/volumes/view.ts';

/** One that an account sees, whoever has it. */
export interface SeenImage extends ImageRow {
  readonly owner: string;
  readonly ownerAlias?: 'amazon';
  readonly tags: Tags;
}

/** An image that is built here is as old as its recipe. */
const RECIPES_SINCE = Date.UTC(2026, 10, 1);

export const builtImage = (ami: BuiltAmi): SeenImage => ({
  id: ami.id,
  name: ami.name,
  description: ami.image.description,
  state: 'available',
  architecture: 'x86_64',
  rootDevice: builtDevice(ami).device,
  devices: [builtDevice(ami)],
  boot: builtBoot(ami),
  sharedWith: ['all'],
  imdsSupport: 'v2.0',
  createdAt: RECIPES_SINCE,
  owner: AMAZON_ACCOUNT,
  ownerAlias: 'amazon',
  tags: {},
});

export function shownImage(row: SeenImage): Model.Image {
  const { id, name, state, sharedWith, owner, ownerAlias, problem, imdsSupport, deprecatedAt } = row;
  return {
    ImageId: id,
    ImageLocation: `${ownerAlias ?? owner}/${name}`,
    Name: name,
    Description: row.description,
    State: state,
    ...(problem !== undefined && { StateReason: { Code: 'Client.ImageCreationFailed', Message: problem } }),
    OwnerId: owner,
    ...(ownerAlias && { ImageOwnerAlias: ownerAlias }),
    Public: sharedWith.includes('all'),
    CreationDate: isoTime(row.createdAt),
    Architecture: row.architecture,
    ImageType: 'machine',
    PlatformDetails: 'Linux/UNIX',
    UsageOperation: 'RunInstances',
    RootDeviceName: row.rootDevice,
    RootDeviceType: 'ebs',
    BlockDeviceMappings: row.devices.map(shownDevice),
    VirtualizationType: 'hvm',
    Hypervisor: 'xen',
    EnaSupport: true,
    BootMode: 'legacy-bios',
    ...(imdsSupport && { ImdsSupport: imdsSupport }),
    ...(row.sourceInstance !== undefined && { SourceInstanceId: row.sourceInstance }),
    ...(row.sourceImage !== undefined && { SourceImageId: row.sourceImage }),
    ...(row.sourceRegion !== undefined && { SourceImageRegion: row.sourceRegion }),
    ...(deprecatedAt !== undefined && { DeprecationTime: isoTime(deprecatedAt) }),
    DeregistrationProtection: protectionOf(row),
    Tags: shownTags(row.tags),
  };
}

export const protectionOf = ({ protection }: ImageRow): string =>
  protection?.isOn !== true
    ? 'disabled'
    : protection.hasCooldown
      ? 'enabled-with-cooldown'
      : 'enabled-without-cooldown';

export const shownDevice = (device: BlockDevice): Model.BlockDeviceMapping => ({
  DeviceName: device.device,
  Ebs: {
    DeleteOnTermination: device.deletesOnTermination,
    ...(device.snapshot !== undefined && { SnapshotId: device.snapshot }),
    VolumeSize: device.sizeGiB,
    VolumeType: device.type,
    ...(device.iops !== undefined && { Iops: device.iops }),
    ...(device.throughputMiB !== undefined && { Throughput: device.throughputMiB }),
    Encrypted: device.isEncrypted,
    ...(device.kmsKey !== undefined && { KmsKeyId: device.kmsKey }),
  },
});

const ofDevices =
  (value: (device: BlockDevice) => string | undefined) =>
  ({ devices }: SeenImage): string[] =>
    devices.flatMap((device) => value(device) ?? []);

const none = (): undefined => undefined;
/** Of what no image here has. */
// biome-ignore format: a list of names, filled
const OF_NO_IMAGE = [
  'image-watermark.source-image-creation-time', 'image-watermark.source-image-id',
  'image-watermark.source-image-region', 'image-watermark.watermark-creation-time',
  'image-watermark.watermark-key', 'instance-type-specification.supported-instance-type',
  'instance-type-specification.unsupported-instance-type', 'kernel-id', 'platform', 'product-code',
  'product-code.type', 'public-ssm-parameter-name', 'ramdisk-id', 'scan-result.critical-fix-available-since',
  'scan-result.finding-scan-date', 'scan-result.high-fix-available-since',
  'scan-result.highest-finding-severity-label', 'scan-result.informational-fix-available-since',
  'scan-result.low-fix-available-since', 'scan-result.medium-fix-available-since', 'sriov-net-support',
];

export const IMAGE_FIELDS: Fields<SeenImage> = {
  architecture: ({ architecture }) => architecture,
  'block-device-mapping.delete-on-termination': ofDevices(({ deletesOnTermination }) => String(deletesOnTermination)),
  'block-device-mapping.device-name': ofDevices(({ device }) => device),
  'block-device-mapping.snapshot-id': ofDevices(({ snapshot }) => snapshot),
  'block-device-mapping.volume-size': ofDevices(({ sizeGiB }) => String(sizeGiB)),
  'block-device-mapping.volume-type': ofDevices(({ type }) => type),
  'block-device-mapping.encrypted': ofDevices(({ isEncrypted }) => String(isEncrypted)),
  'boot-mode': () => 'legacy-bios',
  'creation-date': ({ createdAt }) => isoTime(createdAt),
  description: ({ description }) => description,
  'ena-support': () => 'true',
  'free-tier-eligible': () => 'false',
  hypervisor: () => 'xen',
  'image-allowed': () => 'true',
  'image-id': ({ id }) => id,
  'image-type': () => 'machine',
  'is-public': ({ sharedWith }) => String(sharedWith.includes('all')),
  'manifest-location': ({ owner, ownerAlias, name }) => `${ownerAlias ?? owner}/${name}`,
  name: ({ name }) => name,
  'owner-alias': ({ ownerAlias }) => ownerAlias,
  'owner-id': ({ owner }) => owner,
  'root-device-name': ({ rootDevice }) => rootDevice,
  'root-device-type': () => 'ebs',
  'source-image-id': ({ sourceImage }) => sourceImage,
  'source-image-region': ({ sourceRegion }) => sourceRegion,
  'source-instance-id': ({ sourceInstance }) => sourceInstance,
  state: ({ state }) => state,
  'state-reason-code': ({ problem }) => problem && 'Client.ImageCreationFailed',
  'state-reason-message': ({ problem }) => problem,
  'virtualization-type': () => 'hvm',
  ...Object.fromEntries(OF_NO_IMAGE.map((name) => [name, none])),
};
