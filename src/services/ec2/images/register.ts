/** How images come and go: RegisterImage, CreateImage, CopyImage, DeregisterImage. */
import type * as Model from '#platform/model/generated/ec2.ts';
import type { Call } from '#platform/service.ts';
import type { ReadTransaction, Transaction } from '#platform/store/store.ts';
import { deleteTags, setTags, type Tags, tagsOf } from '#platform/tags.ts';
import { fail } from '#services/ec2/errors.ts';
import { builtAmi } from '#services/ec2/images/built-images.ts';
import { launchableImage } from '#services/ec2/images/launchable.ts';
import { type BlockDevice, type ImageBoot, type ImageRow, images } from '#services/ec2/images/state.ts';
import { findInstance } from '#services/ec2/instances/instances.ts';
import { rebootInstances } from '#services/ec2/instances/start-stop.ts';
import type { InstanceRow } from '#services/ec2/instances/state.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';
import { newId, resourceArn } from '#services/ec2/resources.ts';
import { snapshots } from '#services/ec2/snapshots/state.ts';
import {
  copySource,
  dropSnapshot,
  regionOf,
  sourceOfCopy,
  takeSnapshot,
  usesSnapshot,
} from '#services/ec2/snapshots/take.ts';
import { usableSnapshot } from '#services/ec2/snapshots/usable.ts';
import { tagsFor, tagsOfList } from '#services/ec2/tags/tag-specifications.ts';
import { findVolume } from '#services/ec2/volumes/crud.ts';
import { mayBoot, shapeOf } from '#services/ec2/volumes/types.ts';

const ROOT_DEVICE = '/dev/sda1';

export const findImage = (parts: Ec2Parts, tx: ReadTransaction, call: Pick<Call, 'region'>, id: string): ImageRow => {
  const row = images.find(tx, id);
  if (row !== undefined) return row;
  return builtAmi(parts, call.region, id) === undefined ? fail('NoSuchImage', id) : fail('NotYours', id);
};

/** Its form is the model's to check. */
function checkName(tx: ReadTransaction, name: string): void {
  const taken = images.all(tx).find((row) => row.name === name);
  if (taken !== undefined) fail('NameTaken', name, taken.id);
}

type Draft = Omit<ImageRow, 'id' | 'createdAt' | 'sharedWith' | 'architecture'>;

function keep(tx: Transaction, call: Call, draft: Draft, tags: Tags): ImageRow {
  const row: ImageRow = { ...draft, id: newId('ami'), architecture: 'x86_64', sharedWith: [], createdAt: call.now };
  images.put(tx, row);
  setTags(tx, resourceArn(call, 'image', row.id), tags);
  return row;
}

/** Of snapshots of this account's, or that it may use. The root device's own loader starts it. */
export const registerImage =
  (parts: Ec2Parts) =>
  (input: Model.RegisterImageRequest, call: Call): Model.RegisterImageResult => {
    const { tx } = call;
    const tags = tagsFor('image', input);
    checkName(tx, input.Name);
    checkRegistered(input);
    const rootDevice = input.RootDeviceName ?? ROOT_DEVICE;
    const devices = (input.BlockDeviceMappings ?? []).flatMap((mapping) => registeredDevice(parts, tx, mapping) ?? []);
    const root = devices.find(({ device }) => device === rootDevice);
    if (root?.snapshot === undefined) fail('NoRootSnapshot');
    else if (!mayBoot(root.type)) fail('NotBootable', root.type);
    const row = keep(
      tx,
      call,
      {
        name: input.Name,
        description: input.Description ?? '',
        state: 'available',
        rootDevice,
        devices,
        boot: 'disk',
        ...(input.ImdsSupport && { imdsSupport: input.ImdsSupport }),
      },
      tags,
    );
    return { ImageId: row.id };
  };

/** What can't be had here is refused, not forgotten. */
function checkRegistered(input: Model.RegisterImageRequest): void {
  if (input.ImageLocation !== undefined)
    fail('NotSupported', 'Images that are backed by an instance store are not supported.');
  if (input.Architecture !== undefined && input.Architecture !== 'x86_64') {
    fail('NotSupported', `Images of the architecture ${input.Architecture} can't be launched here.`);
  }
  if (input.VirtualizationType !== undefined && input.VirtualizationType !== 'hvm') {
    fail('NotSupported', 'Only the virtualization type hvm is supported.');
  }
  if (input.BootMode !== undefined && input.BootMode !== 'legacy-bios') {
    fail('NotSupported', 'Only the boot mode legacy-bios is supported.');
  }
  if (input.TpmSupport !== undefined) fail('NotSupported', 'Trusted platform modules are not supported.');
}

function registeredDevice(
  parts: Ec2Parts,
  tx: ReadTransaction,
  { DeviceName: device, Ebs: ebs, NoDevice: none, VirtualName: ephemeral }: Model.BlockDeviceMapping,
): BlockDevice | undefined {
  if (none !== undefined) return undefined;
  if (device === undefined) return fail('MissingParameter', 'deviceName');
  if (ebs === undefined) {
    return fail('NotSupported', `Devices without a volume (${ephemeral ?? device}) are not supported.`);
  }
  if (ebs.Encrypted !== undefined && ebs.SnapshotId !== undefined) {
    fail(
      'InvalidCombination',
      'You cannot specify the encrypted flag if specifying a snapshot id in a block device mapping.',
    );
  }
  const source =
    ebs.SnapshotId === undefined
      ? undefined
      : (usableSnapshot(parts, tx, ebs.SnapshotId) ?? fail('NoSuchSnapshot', ebs.SnapshotId));
  if (source !== undefined && source.state !== 'completed') fail('SnapshotNotCompleted', source.state);
  const sizeGiB = ebs.VolumeSize ?? source?.sizeGiB ?? fail('MissingParameter', 'volumeSize');
  if (source !== undefined && sizeGiB < source.sizeGiB) fail('SmallerThanSnapshot', source.sizeGiB);
  const { iops, ...shape } = shapeOf({
    type: ebs.VolumeType ?? 'gp2',
    sizeGiB,
    iops: ebs.Iops,
    throughputMiB: ebs.Throughput,
  });
  return {
    device,
    ...(source && { snapshot: source.id }),
    ...shape,
    ...(ebs.Iops !== undefined && { iops }),
    isEncrypted: source?.kmsKey !== undefined || ebs.Encrypted === true,
    deletesOnTermination: ebs.DeleteOnTermination ?? true,
  };
}

/**
 * Of an instance, as its volumes are now; unless NoReboot is said, as they are when it has rebooted, so that what it has not written yet
 * is on its disks.
 */
export function createImage(input: Model.CreateImageRequest, call: Call): Model.CreateImageResult {
  const instance = findInstance(call.tx, input.InstanceId);
  const reboots = input.NoReboot !== true && instance.state === 'running';
  const row = imageOfInstance(call.tx, call, input, reboots);
  if (reboots) rebootInstances({ InstanceIds: [instance.id] }, call);
  return { ImageId: row.id };
}

function imageOfInstance(tx: Transaction, call: Call, input: Model.CreateImageRequest, reboots: boolean): ImageRow {
  const instance = findInstance(tx, input.InstanceId);
  const tags = tagsOfBoth(input);
  checkName(tx, input.Name);
  if (instance.state !== 'running' && instance.state !== 'stopped' && instance.state !== 'stopping') {
    fail('WrongInstanceState', instance.id, instance.state);
  }
  const draft = {
    name: input.Name,
    description: input.Description ?? '',
    state: 'pending',
    rootDevice: instance.rootDevice,
    boot: bootOf(instance),
    sourceInstance: instance.id,
    sourceImage: instance.image,
    sourceRegion: call.region,
  } as const;
  const id = newId('ami');
  const making = { image: id, tags: tags.snapshot, ...(reboots && { after: instance.id }) };
  const devices = devicesOf(tx, call, instance, input, making);
  const row: ImageRow = { ...draft, id, devices, architecture: 'x86_64', sharedWith: [], createdAt: call.now };
  images.put(tx, row);
  setTags(tx, resourceArn(call, 'image', id), tags.image);
  return row;
}

const bootOf = ({ boot }: InstanceRow): ImageBoot =>
  boot.kind === 'disk' ? 'disk' : { kernelOf: boot.image, commandLine: boot.commandLine };

/** "You can tag the AMI, the snapshots, or both." */
function tagsOfBoth({ TagSpecifications: specifications = [] }: Pick<Model.CreateImageRequest, 'TagSpecifications'>) {
  const other = specifications.find(({ ResourceType: type }) => type !== 'image' && type !== 'snapshot');
  if (other !== undefined)
    fail('InvalidValue', `'${other.ResourceType}' is not a valid taggable resource type for this operation.`);
  const of = (wanted: 'image' | 'snapshot'): Tags =>
    tagsOfList(specifications.flatMap(({ ResourceType: type, Tags: tags = [] }) => (type === wanted ? tags : [])));
  return { image: of('image'), snapshot: of('snapshot') };
}

/** Each volume as a snapshot; a mapping may leave one out, or say what becomes of it. */
function devicesOf(
  tx: Transaction,
  call: Call,
  instance: InstanceRow,
  { BlockDeviceMappings: mappings = [] }: Model.CreateImageRequest,
  { image, tags, after }: { readonly image: string; readonly tags: Tags; readonly after?: string },
): BlockDevice[] {
  const mappingOf = (device: string) => mappings.find(({ DeviceName: name }) => name === device);
  const kept = instance.devices.filter(({ device }) => mappingOf(device)?.NoDevice === undefined);
  return kept.map(({ device, volume: id }) => {
    const volume = findVolume(tx, id);
    const description = `Created by CreateImage(${instance.id}) for ${image}`;
    const snapshot = takeSnapshot(tx, call, volume, { description, tags, after });
    const { type, sizeGiB, iops, throughputMiB, attachment } = volume;
    const deletes = mappingOf(device)?.Ebs?.DeleteOnTermination ?? attachment?.deletesOnTermination ?? true;
    return {
      device,
      snapshot: snapshot.id,
      ...shapeOfDevice({ type, sizeGiB, iops, throughputMiB }),
      isEncrypted: volume.kmsKey !== undefined,
      deletesOnTermination: deletes,
    };
  });
}

const shapeOfDevice = ({
  type,
  sizeGiB,
  iops,
  throughputMiB,
}: Pick<BlockDevice, 'type' | 'sizeGiB' | 'iops'> & { readonly throughputMiB: number | undefined }) => ({
  type,
  sizeGiB,
  ...(['gp3', 'io1', 'io2'].includes(type) && iops !== undefined && { iops }),
  ...(throughputMiB !== undefined && { throughputMiB }),
});

/** A copy of each of its snapshots, in the region that is asked. */
export const copyImage =
  (parts: Ec2Parts) =>
  (input: Model.CopyImageRequest, call: Call): Model.CopyImageResult => {
    const { tx } = call;
    const tags = tagsOfBoth(input);
    checkName(tx, input.Name);
    if (input.KmsKeyId !== undefined && input.Encrypted !== true) fail('KeyWithoutEncryption');
    if (input.DestinationOutpostArn !== undefined) fail('NotSupported', 'There are no Outposts here.');
    const region = regionOf(parts, input.SourceRegion);
    const there = parts.store.partition({ service: 'ec2', account: call.account, region });
    const source = there.read((other) => launchableImage(parts, other, input.SourceImageId));
    // Those of other accounts, on what they share, are not in this partition.
    const itsTags = input.CopyImageTags
      ? there.read((other) => tagsOf(other, resourceArn({ region, account: call.account }, 'image', source.id)))
      : {};
    const devices = source.devices.map((device) => {
      if (device.snapshot === undefined) return device;
      const snapshot = copySource(parts, call, sourceOfCopy(parts, call, region, device.snapshot), {
        region,
        wish: { isEncrypted: input.Encrypted, keyId: input.KmsKeyId },
        description: `Copied for DestinationAmi from SourceAmi ${device.snapshot} of ${input.SourceRegion}`,
        tags: tags.snapshot,
      });
      return { ...device, snapshot: snapshot.id, isEncrypted: snapshot.kmsKey !== undefined };
    });
    const { boot } = source;
    const row = keep(
      tx,
      call,
      {
        name: input.Name,
        description: input.Description ?? '',
        state: 'pending',
        rootDevice: source.rootDevice,
        devices,
        boot: boot.kind === 'disk' ? 'disk' : { kernelOf: boot.image, commandLine: boot.commandLine },
        sourceImage: source.id,
        sourceRegion: input.SourceRegion,
        ...(source.imdsSupport && { imdsSupport: source.imdsSupport }),
      },
      { ...itsTags, ...tags.image },
    );
    return { ImageId: row.id };
  };

export const deregisterImage =
  (parts: Ec2Parts) =>
  (input: Model.DeregisterImageRequest, call: Call): Model.DeregisterImageResult => {
    const { tx } = call;
    const row = findImage(parts, tx, call, input.ImageId);
    const { protection } = row;
    if (protection !== undefined && (protection.isOn || (protection.until ?? 0) > call.now))
      fail('ImageProtected', row.id);
    images.drop(tx, row.id);
    deleteTags(tx, resourceArn(call, 'image', row.id));
    const results = input.DeleteAssociatedSnapshots === true ? dropSnapshotsOf(tx, call, row) : [];
    return { Return: true, DeleteSnapshotResults: results };
  };

/** "If a snapshot is associated with multiple AMIs, it won't be deleted even if specified for deletion" */
const dropSnapshotsOf = (tx: Transaction, call: Call, { devices }: ImageRow): Model.DeleteSnapshotReturnCode[] =>
  devices.flatMap(({ snapshot: id }): Model.DeleteSnapshotReturnCode[] => {
    if (id === undefined) return [];
    const row = snapshots.find(tx, id);
    if (row === undefined) return [];
    if (images.all(tx).some((image) => usesSnapshot(image, id))) return [{ SnapshotId: id, ReturnCode: 'skipped' }];
    dropSnapshot(tx, call, row);
    return [{ SnapshotId: id, ReturnCode: 'success' }];
  });
