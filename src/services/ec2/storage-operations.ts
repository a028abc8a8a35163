/** The operations of volumes, snapshots and images. */
import type * as Model from '#platform/model/generated/ec2.ts';
import type { CallScope, ConditionValues, FurtherPermission, Permission } from '#platform/service.ts';
import * as attributes from '#services/ec2/images/attributes.ts';
import { describeImages } from '#services/ec2/images/describe.ts';
import { copyImage, createImage, deregisterImage, registerImage } from '#services/ec2/images/register.ts';
import { inRegion } from '#services/ec2/in-region.ts';
import { instanceArn } from '#services/ec2/instances/permissions.ts';
import { instances } from '#services/ec2/instances/state.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';
import * as sharing from '#services/ec2/snapshots/attributes.ts';
import { describeSnapshots } from '#services/ec2/snapshots/describe.ts';
import { copySnapshot, createSnapshot, createSnapshots, deleteSnapshot } from '#services/ec2/snapshots/take.ts';
import * as encryption from '#services/ec2/storage/encryption-settings.ts';
import { imageArn, snapshotArn, storageConditions, volumeArn, volumeKeys } from '#services/ec2/storage/permissions.ts';
import { permissionToTag, taggedConditions } from '#services/ec2/tags/tag-specifications.ts';
import { attachVolume, detachVolume } from '#services/ec2/volumes/attach.ts';
import * as crud from '#services/ec2/volumes/crud.ts';
import { describeVolumesModifications, modifyVolume } from '#services/ec2/volumes/modify.ts';
import { volumes } from '#services/ec2/volumes/state.ts';

const anything = { resource: () => '*', conditions: inRegion } as const;

type Tagging = Parameters<typeof taggedConditions>[0];

/** What is created, by `action`, as `arn` names it; and tags that come with it. */
const creating = (action: string, arn: (scope: CallScope) => string) => (input: Tagging, scope: CallScope) =>
  permissionToTag(action, arn(scope), input);

/** Tags that are copied are tags that are made. */
function copyingImage(input: Model.CopyImageRequest, scope: CallScope): readonly FurtherPermission[] {
  const own = creating('CopyImage', anyImage)(input, scope);
  if (own.length > 0 || input.CopyImageTags !== true) return own;
  const conditions = { 'ec2:createaction': 'CopyImage' };
  return [{ action: 'ec2:CreateTags', resource: anyImage(scope), conditions }];
}

const ofVolume = (parts: Ec2Parts) => ({
  resource: ({ VolumeId: id }: { readonly VolumeId: string }, scope: CallScope) => volumeArn(id, scope),
  conditions: storageConditions(parts),
});
const ofSnapshot = (parts: Ec2Parts) => ({
  resource: ({ SnapshotId: id }: { readonly SnapshotId: string }, scope: CallScope) => snapshotArn(id, scope),
  conditions: storageConditions(parts),
});
const ofImage = (parts: Ec2Parts) => ({
  resource: ({ ImageId: id }: { readonly ImageId: string }, scope: CallScope) => imageArn(id, scope),
  conditions: storageConditions(parts),
});

const anyVolume = (scope: CallScope): string => volumeArn('*', scope);
const anySnapshot = (scope: CallScope): string => snapshotArn('*', scope);
const anyImage = (scope: CallScope): string => imageArn('*', scope);

function newVolumeConditions(input: Model.CreateVolumeRequest, scope: CallScope): ConditionValues {
  const { Size, Iops, Throughput, SnapshotId, KmsKeyId } = input;
  const asked = {
    type: input.VolumeType ?? 'gp2',
    zone: input.AvailabilityZone,
    isEncrypted: input.Encrypted === true,
    ...(Size !== undefined && { sizeGiB: Size }),
    ...(Iops !== undefined && { iops: Iops }),
    ...(Throughput !== undefined && { throughputMiB: Throughput }),
    kmsKey: KmsKeyId,
    snapshot: SnapshotId,
  };
  return { ...inRegion(input, scope), ...taggedConditions(input), ...volumeKeys(asked, scope) };
}

const volumeOperations = (parts: Ec2Parts) => {
  const conditions = storageConditions(parts);
  const withInstance = (input: { readonly VolumeId: string; readonly InstanceId?: string }, scope: CallScope) => {
    const owner = input.InstanceId ?? scope.read((tx) => volumes.find(tx, input.VolumeId))?.attachment?.instance;
    return [volumeArn(input.VolumeId, scope), ...(owner === undefined ? [] : [instanceArn(owner, scope)])];
  };
  return {
    CreateVolume: {
      handler: crud.createVolume(parts),
      resource: (_: unknown, scope: CallScope) => anyVolume(scope),
      conditions: newVolumeConditions,
      further: creating('CreateVolume', anyVolume),
    },
    DescribeVolumes: { handler: crud.describeVolumes(parts), ...anything },
    DescribeVolumeStatus: { handler: crud.describeVolumeStatus(parts), ...anything },
    DescribeVolumeAttribute: { handler: crud.describeVolumeAttribute, ...ofVolume(parts) },
    ModifyVolumeAttribute: { handler: crud.modifyVolumeAttribute, ...ofVolume(parts) },
    EnableVolumeIO: { handler: crud.enableVolumeIo, ...ofVolume(parts) },
    DeleteVolume: { handler: crud.deleteVolume, ...ofVolume(parts) },
    AttachVolume: { handler: attachVolume, resource: withInstance, conditions },
    DetachVolume: { handler: detachVolume, resource: withInstance, conditions },
    ModifyVolume: { handler: modifyVolume, ...ofVolume(parts) },
    DescribeVolumesModifications: { handler: describeVolumesModifications(parts), ...anything },
  } as const;
};

/** A new resource beside those that it is made of: what is asked of each is its own. */
const withNew =
  (parts: Ec2Parts) =>
  (input: Tagging, scope: CallScope, permission: Permission): ConditionValues =>
    permission.resource.endsWith('/*')
      ? { ...inRegion(input, scope), ...taggedConditions(input) }
      : storageConditions(parts)(input, scope, permission);

const snapshotOperations = (parts: Ec2Parts) =>
  ({
    CreateSnapshot: {
      handler: createSnapshot,
      resource: ({ VolumeId: id }: Model.CreateSnapshotRequest, scope: CallScope) => [
        anySnapshot(scope),
        volumeArn(id, scope),
      ],
      conditions: withNew(parts),
      further: creating('CreateSnapshot', anySnapshot),
    },
    CreateSnapshots: {
      handler: createSnapshots,
      resource: ({ InstanceSpecification: { InstanceId: id } }: Model.CreateSnapshotsRequest, scope: CallScope) => [
        anySnapshot(scope),
        instanceArn(id, scope),
        ...(scope.read((tx) => instances.find(tx, id))?.devices ?? []).map(({ volume }) => volumeArn(volume, scope)),
      ],
      conditions: withNew(parts),
      further: creating('CreateSnapshots', anySnapshot),
    },
    CopySnapshot: {
      handler: copySnapshot(parts),
      resource: (_: unknown, scope: CallScope) => anySnapshot(scope),
      conditions: withNew(parts),
      further: creating('CopySnapshot', anySnapshot),
      secret: ['PresignedUrl'],
    },
    DescribeSnapshots: { handler: describeSnapshots(parts), ...anything },
    DeleteSnapshot: { handler: deleteSnapshot, ...ofSnapshot(parts) },
    DescribeSnapshotAttribute: { handler: sharing.describeSnapshotAttribute, ...ofSnapshot(parts) },
    ModifySnapshotAttribute: { handler: sharing.modifySnapshotAttribute(parts), ...ofSnapshot(parts), steps: true },
    ResetSnapshotAttribute: { handler: sharing.resetSnapshotAttribute, ...ofSnapshot(parts) },
    EnableSnapshotBlockPublicAccess: { handler: sharing.enableSnapshotBlock, ...anything },
    DisableSnapshotBlockPublicAccess: { handler: sharing.disableSnapshotBlock, ...anything },
    GetSnapshotBlockPublicAccessState: { handler: sharing.getSnapshotBlock, ...anything },
    EnableEbsEncryptionByDefault: { handler: encryption.enableEncryptionByDefault, ...anything },
    DisableEbsEncryptionByDefault: { handler: encryption.disableEncryptionByDefault, ...anything },
    GetEbsEncryptionByDefault: { handler: encryption.getEncryptionByDefault, ...anything },
    ModifyEbsDefaultKmsKeyId: { handler: encryption.modifyDefaultKey(parts), ...anything, steps: true },
    GetEbsDefaultKmsKeyId: { handler: encryption.getDefaultKey, ...anything },
    ResetEbsDefaultKmsKeyId: { handler: encryption.resetDefaultKey, ...anything },
  }) as const;

const imageOperations = (parts: Ec2Parts) =>
  ({
    RegisterImage: {
      handler: registerImage(parts),
      resource: (input: Model.RegisterImageRequest, scope: CallScope) => [
        anyImage(scope),
        ...(input.BlockDeviceMappings ?? []).flatMap(({ Ebs: ebs }) =>
          ebs?.SnapshotId === undefined ? [] : [snapshotArn(ebs.SnapshotId, scope)],
        ),
      ],
      conditions: withNew(parts),
      further: creating('RegisterImage', anyImage),
    },
    CreateImage: {
      handler: createImage,
      resource: ({ InstanceId: id }: Model.CreateImageRequest, scope: CallScope) => [
        anyImage(scope),
        anySnapshot(scope),
        instanceArn(id, scope),
      ],
      conditions: withNew(parts),
      further: creating('CreateImage', anyImage),
    },
    CopyImage: {
      handler: copyImage(parts),
      resource: (_: unknown, scope: CallScope) => [anyImage(scope), anySnapshot(scope)],
      conditions: withNew(parts),
      further: copyingImage,
    },
    DescribeImages: { handler: describeImages(parts), ...anything },
    DeregisterImage: { handler: deregisterImage(parts), ...ofImage(parts) },
    DescribeImageAttribute: { handler: attributes.describeImageAttribute(parts), ...ofImage(parts) },
    ModifyImageAttribute: { handler: attributes.modifyImageAttribute(parts), ...ofImage(parts), steps: true },
    ResetImageAttribute: { handler: attributes.resetImageAttribute(parts), ...ofImage(parts) },
    CancelImageLaunchPermission: {
      handler: attributes.cancelImageLaunchPermission(parts),
      ...ofImage(parts),
      steps: true,
    },
    EnableImageDeprecation: { handler: attributes.enableImageDeprecation(parts), ...ofImage(parts) },
    DisableImageDeprecation: { handler: attributes.disableImageDeprecation(parts), ...ofImage(parts) },
    EnableImage: { handler: attributes.enableImage(parts), ...ofImage(parts) },
    DisableImage: { handler: attributes.disableImage(parts), ...ofImage(parts) },
    EnableImageDeregistrationProtection: { handler: attributes.protectImage(parts), ...ofImage(parts) },
    DisableImageDeregistrationProtection: { handler: attributes.unprotectImage(parts), ...ofImage(parts) },
    EnableImageBlockPublicAccess: { handler: attributes.enableImageBlock, ...anything },
    DisableImageBlockPublicAccess: { handler: attributes.disableImageBlock, ...anything },
    GetImageBlockPublicAccessState: { handler: attributes.getImageBlock, ...anything },
  }) as const;

export const storageOperations = (parts: Ec2Parts) => ({
  ...volumeOperations(parts),
  ...snapshotOperations(parts),
  ...imageOperations(parts),
});
