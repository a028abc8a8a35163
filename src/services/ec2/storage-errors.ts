/** Errors of volumes, snapshots and images ("Error codes for the Amazon EC2 API"). */
import type { Worded } from '#services/ec2/errors.ts';

const error = (code: string, message: string): Worded => ({ code, message });

export const STORAGE_ERRORS = {
  NoSuchVolume: (id: string) => error('InvalidVolume.NotFound', `The volume '${id}' does not exist.`),
  NoSuchSnapshot: (id: string) => error('InvalidSnapshot.NotFound', `The snapshot '${id}' does not exist.`),
  NoSuchImage: (id: string) => error('InvalidAMIID.NotFound', `The image id '[${id}]' does not exist`),
  ImageUnavailable: (id: string) => error('InvalidAMIID.Unavailable', `The image ID '${id}' is no longer available`),
  WrongShape: (message: string) => error('InvalidParameterValue', message),
  ShapeCombination: (message: string) => error('InvalidParameterCombination', message),
  NoSizeAndSnapshot: () => error('MissingParameter', 'The request must contain the parameter size or snapshotId'),
  SmallerThanSnapshot: (sizeGiB: number) =>
    error('InvalidParameterValue', `The volume size cannot be smaller than the snapshot size (${sizeGiB} GiB).`),
  SnapshotNotCompleted: (state: string) => error('IncorrectState', `Snapshot is in invalid state - ${state}`),
  WrongVolumeState: (id: string, state: string) =>
    error('IncorrectState', `Volume '${id}' is in the '${state}' state.`),
  VolumeInUse: (id: string, instance: string) =>
    error('VolumeInUse', `Volume ${id} is currently attached to ${instance}`),
  VolumeIsAttached: (id: string) => error('VolumeInUse', `${id} is already attached to an instance`),
  VolumeNotAttached: (id: string) => error('IncorrectState', `Volume '${id}' is in the 'available' state.`),
  VolumeElsewhere: (message: string) => error('InvalidAttachment.NotFound', message),
  WrongZone: (id: string, zone: string) =>
    error(
      'InvalidVolume.ZoneMismatch',
      `The volume '${id}' is not in the same availability zone as the instance (${zone})`,
    ),
  DeviceInUse: (device: string) =>
    error(
      'InvalidParameterValue',
      `Invalid value '${device}' for unixDevice. Attachment point ${device} is already in use`,
    ),
  InvalidDevice: (device: string) =>
    error('InvalidParameterValue', `Value (${device}) for parameter device is invalid.`),
  VolumeLimit: (limit: number) =>
    error('AttachmentLimitExceeded', `The instance already has the maximum number of volumes (${limit}).`),
  RootOfRunning: (id: string) => error('OperationNotPermitted', `Unable to detach root volume '${id}' from instance`),
  KeyWithoutEncryption: () =>
    error('InvalidParameterDependency', 'The parameter KmsKeyId requires the parameter Encrypted to be set.'),
  NothingToModify: (id: string) =>
    error('InvalidParameterValue', `Volume '${id}': the request must change its size, type, iops or throughput.`),
  CannotShrink: () => error('InvalidParameterValue', 'New size cannot be smaller than existing size'),
  StillModifying: (id: string) =>
    error('IncorrectModificationState', `Volume '${id}' cannot be modified in modification state MODIFYING`),
  ModifiedTooOften: (id: string, at: string) =>
    error(
      'VolumeModificationRateExceeded',
      `You've reached the maximum modification rate per volume limit. Volume '${id}' can be modified again after ${at}.`,
    ),
  NoModification: (id: string) =>
    error('InvalidVolumeModification.NotFound', `Modification for volume '${id}' does not exist.`),
  SnapshotInUse: (id: string, image: string) =>
    error('InvalidSnapshot.InUse', `The snapshot ${id} is currently in use by ${image}`),
  SnapshotLimit: () =>
    error('ConcurrentSnapshotLimitExceeded', 'Maximum allowed in-progress snapshots for a single volume exceeded.'),
  PublicEncrypted: () => error('OperationNotPermitted', 'Encrypted snapshots cannot be made public'),
  PublicBlocked: (what: string) =>
    error('OperationNotPermitted', `You can't publicly share this ${what} because block public access is enabled.`),
  InvalidUser: (id: string) => error('InvalidUserID.Malformed', `Invalid user id: "${id}"`),
  InvalidGroup: (name: string) => error('InvalidGroup.NotFound', `Invalid group: ${name}`),
  NotYours: (id: string) => error('AuthFailure', `Not authorized for images: [${id}]`),
  NameTaken: (name: string, image: string) =>
    error('InvalidAMIName.Duplicate', `AMI name ${name} is already in use by AMI ${image}`),
  NoRootSnapshot: () =>
    error('InvalidBlockDeviceMapping', 'The root device must have a snapshot in the block device mapping'),
  NotBootable: (type: string) =>
    error('InvalidParameterValue', `Invalid value '${type}' for VolumeType: it can't be the root device.`),
  WrongImageState: (id: string, state: string) => error('IncorrectState', `The image '${id}' is ${state}`),
  ImageProtected: (id: string) =>
    error('OperationNotPermitted', `The image '${id}' cannot be deregistered: deregistration protection is on.`),
  WrongInstanceState: (id: string, state: string) =>
    error('IncorrectInstanceState', `The instance '${id}' is in the '${state}' state.`),
  NotSupported: (message: string) => error('UnsupportedOperation', message),
} as const;
