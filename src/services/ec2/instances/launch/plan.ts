/**
 * A launch, decided: which image, type, volumes and interfaces each instance gets, all checked. It reads and writes nothing but what it
 * is asked for, so the permissions of a launch can be told before it happens.
 */

import type { AccountId } from '#platform/base/ids.ts';
import type { RunInstancesRequest } from '#platform/model/generated/ec2.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import type { Tags } from '#platform/tags.ts';
import { fail } from '#services/ec2/errors.ts';
import { type LaunchableImage, launchableImage } from '#services/ec2/images/launchable.ts';
import type { BlockDevice } from '#services/ec2/images/state.ts';
import { type InstanceType, instanceType } from '#services/ec2/instance-types/types.ts';
import { defaultCredits } from '#services/ec2/instances/default-credits.ts';
import { launchDevices } from '#services/ec2/instances/launch/devices.ts';
import { type InterfaceWish, interfaceWishes } from '#services/ec2/instances/launch/network.ts';
import {
  checkUserData,
  cpuOptions,
  creditsOf,
  metadataDefaults,
  metadataOptions,
  nameOptions,
} from '#services/ec2/instances/launch/options.ts';
import { type LaunchRequest, launchRequest } from '#services/ec2/instances/launch/request.ts';
import { checkEnforcedTokens, instanceMetadataDefaults } from '#services/ec2/instances/metadata-defaults.ts';
import { profileOf } from '#services/ec2/instances/profiles.ts';
import { roomFor } from '#services/ec2/instances/scheduler.ts';
import type { InstanceRow } from '#services/ec2/instances/state.ts';
import { findKeyPair } from '#services/ec2/key-pairs/state.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';
import { usableSnapshot } from '#services/ec2/snapshots/usable.ts';
import { tagsForEach } from '#services/ec2/tags/tag-specifications.ts';

type Kept = 'credits' | 'keyName' | 'profile';
/** What of an instance's row a launch decides, the same for all of them. */
export type Draft = Pick<
  InstanceRow,
  | 'image'
  | 'boot'
  | 'type'
  | 'zone'
  | 'vpc'
  | 'subnet'
  | 'rootDevice'
  | 'borrowsPublicIp'
  | 'shutdownBehaviour'
  | 'isTerminationProtected'
  | 'isStopProtected'
  | 'isMonitored'
  | 'isEbsOptimized'
  | 'cpu'
  | 'metadata'
  | 'recovers'
  | 'names'
> &
  Partial<Pick<InstanceRow, Kept>>;

export interface LaunchPlan extends LaunchRequest {
  readonly image: LaunchableImage;
  readonly type: InstanceType;
  readonly devices: readonly BlockDevice[];
  readonly interfaces: readonly InterfaceWish[];
  readonly draft: Draft;
  readonly userData: string | undefined;
  readonly tags: Readonly<Record<'instance' | 'volume' | 'network-interface', Tags>>;
}

/** As long as AWS's own default, m1.small, is not here. */
const DEFAULT_TYPE = 't3.micro';

export function launchPlan(parts: Ec2Parts, tx: ReadTransaction, input: RunInstancesRequest): LaunchPlan {
  const request = launchRequest(tx, input);
  const { wanted } = request;
  const image = launchableImage(parts, tx, wanted.ImageId ?? fail('MissingParameter', 'ImageId'));
  const type = typeOf(wanted, tx.partition.name.region);
  const interfaces = interfaceWishes(tx, wanted, type, (zones) =>
    // Where there is room, if there is anywhere.
    [...zones].sort((a, b) => Number(roomFor(parts, type, b) > 0) - Number(roomFor(parts, type, a) > 0)),
  );
  const devices = launchDevices(image, wanted.BlockDeviceMappings, (id) => usableSnapshot(parts, tx, id)?.sizeGiB);
  const tags = tagsForEach(['instance', 'volume', 'network-interface'], wanted);
  const userData = wanted.UserData === undefined ? undefined : checkUserData(wanted.UserData);
  const draft = draftOf(parts, tx, wanted, image, type, interfaces);
  return { ...request, image, type, devices, interfaces, draft, userData, tags };
}

/** Of AWS's types that no host here can be (other processors, GPUs) there is no room. */
function typeOf({ InstanceType: name = DEFAULT_TYPE, Placement: placement }: RunInstancesRequest, region: string) {
  const zone = placement?.AvailabilityZone ?? `${region}a`;
  return instanceType(name) ?? fail('InsufficientInstanceCapacity', name, zone, []);
}

function draftOf(
  parts: Ec2Parts,
  tx: ReadTransaction,
  wanted: RunInstancesRequest,
  image: LaunchableImage,
  type: InstanceType,
  interfaces: readonly InterfaceWish[],
): Draft {
  const { subnet, borrowsPublicIp } = interfaces[0] ?? fail('MissingParameter', 'SubnetId');
  const keyName = wanted.KeyName;
  if (keyName !== undefined && findKeyPair(tx, keyName) === undefined) fail('NoSuchKeyPair', keyName);
  const account = tx.partition.name.account as AccountId;
  const profile = wanted.IamInstanceProfile && profileOf(parts, account, wanted.IamInstanceProfile, parts.clock.now());
  const defaults = instanceMetadataDefaults(tx, metadataDefaults(image.imdsSupport));
  const metadata = metadataOptions(wanted.MetadataOptions, defaults);
  checkEnforcedTokens(tx, metadata);
  return {
    image: image.id,
    boot: image.boot,
    type: type.name,
    zone: subnet.zone,
    vpc: subnet.vpc,
    subnet: subnet.id,
    rootDevice: image.rootDevice,
    borrowsPublicIp,
    shutdownBehaviour: wanted.InstanceInitiatedShutdownBehavior ?? 'stop',
    isTerminationProtected: wanted.DisableApiTermination ?? false,
    isStopProtected: wanted.DisableApiStop ?? false,
    isMonitored: wanted.Monitoring?.Enabled ?? false,
    isEbsOptimized: wanted.EbsOptimized ?? false,
    cpu: cpuOptions(wanted.CpuOptions, type),
    metadata,
    recovers: wanted.MaintenanceOptions?.AutoRecovery !== 'disabled',
    names: nameOptions(wanted.PrivateDnsNameOptions, subnet),
    ...creditsOf(wanted.CreditSpecification, (family) => defaultCredits(tx, family), type),
    ...(keyName !== undefined && { keyName }),
    ...(profile && { profile }),
  };
}
