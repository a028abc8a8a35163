/** An instance as EC2 shows it, put together of its row and those of what is attached to it. */

import { getOrInsert } from '#platform/base/get-or-insert.ts';
import type { AccountId, Region } from '#platform/base/ids.ts';
import type { Instance, Reservation } from '#platform/model/generated/ec2.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { type Tags, tagsBetween, tagsOf } from '#platform/tags.ts';
import { STATE_CODES } from '#services/ec2/instances/lifecycle.ts';
import { type Attached, attachedTo } from '#services/ec2/instances/machine-spec.ts';
import type { InstanceRow, MetadataOptions } from '#services/ec2/instances/state.ts';
import { ipName, publicName, resourceName } from '#services/ec2/network-interfaces/dns-names.ts';
import { isBorrowed, type NetworkInterfaceRow, type PrivateAddress } from '#services/ec2/network-interfaces/state.ts';
import { zonesOf } from '#services/ec2/regions/zones.ts';
import { resourceArn } from '#services/ec2/resources.ts';
import { securityGroups } from '#services/ec2/security-groups/state.ts';
import { shownTags } from '#services/ec2/tags/tag-specifications.ts';
import { vpcs } from '#services/ec2/vpcs/state.ts';

/** What many instances of one answer have in common is read once. */
export interface Viewer {
  readonly tx: ReadTransaction;
  readonly account: AccountId;
  readonly region: Region;
  groupName(id: string): string;
  hasHostnames(vpc: string): boolean;
  zoneId(zone: string): string;
}

export function viewerOf(tx: ReadTransaction): Viewer {
  // Instances are in partitions of accounts.
  const { account, region } = tx.partition.name as { account: AccountId; region: Region };
  const names = new Map<string, string>();
  const hostnames = new Map<string, boolean>();
  const zones = new Map(zonesOf(region).map(({ name, id }) => [name, id]));
  return {
    tx,
    account,
    region,
    groupName: (id) => getOrInsert(names, id, () => securityGroups.find(tx, id)?.name ?? ''),
    hasHostnames: (vpc) => getOrInsert(hostnames, vpc, () => vpcs.find(tx, vpc)?.hasDnsHostnames ?? false),
    zoneId: (zone) => zones.get(zone) ?? '',
  };
}

/** One instance of an answer: what is shown is put together when somebody looks. */
export interface Sight {
  readonly row: InstanceRow;
  readonly tags: Tags;
  readonly attached: Attached;
  readonly shown: Instance;
  /** Tags of its interfaces. */
  readonly interfaceTags: readonly Tags[];
}

type TagsOfId = (id: string) => Tags;

const tagsIn =
  (viewer: Viewer): TagsOfId =>
  (id) =>
    tagsOf(viewer.tx, resourceArn(viewer, 'instance', id));

/** Of rows in the order of their ids: their tags are read at once, when somebody asks for the first. */
export function sightsOf(viewer: Viewer, rows: readonly InstanceRow[]): readonly Sight[] {
  const arn = (id: string): string => resourceArn(viewer, 'instance', id);
  let tags: ReadonlyMap<string, Tags> | undefined;
  const tagsOfId = (id: string): Tags => {
    tags ??= tagsBetween(viewer.tx, arn(rows[0]?.id ?? ''), arn(rows.at(-1)?.id ?? ''));
    return tags.get(arn(id)) ?? {};
  };
  return rows.map((row) => sightOf(viewer, row, tagsOfId));
}

export function sightOf(viewer: Viewer, row: InstanceRow, tagsOfId = tagsIn(viewer)): Sight {
  let attached: Attached | undefined;
  let tags: Tags | undefined;
  let shown: Instance | undefined;
  const sight: Sight = {
    row,
    get attached() {
      attached ??= attachedTo(viewer.tx, row);
      return attached;
    },
    get tags() {
      tags ??= tagsOfId(row.id);
      return tags;
    },
    get shown() {
      shown ??= shownInstance(viewer, sight);
      return shown;
    },
    get interfaceTags() {
      return this.attached.interfaces.map(({ id }) => tagsOf(viewer.tx, resourceArn(viewer, 'network-interface', id)));
    },
  };
  return sight;
}

/** Those of the same launch together, in the order in which they come. */
export function shownReservations({ account }: Viewer, sights: readonly Sight[]): Reservation[] {
  const launches = new Map<string, Sight[]>();
  for (const sight of sights) getOrInsert(launches, sight.row.reservation, () => [] as Sight[]).push(sight);
  return [...launches.values()].map((launch) => {
    const requester = launch[0]?.row.requester;
    return {
      ReservationId: launch[0]?.row.reservation ?? '',
      OwnerId: account,
      ...(requester !== undefined && { RequesterId: requester }),
      Groups: [],
      Instances: launch.map(({ shown }) => shown),
    };
  });
}

function shownInstance(viewer: Viewer, { row, attached, tags }: Sight): Instance {
  const { interfaces } = attached;
  const primary = interfaces.find(({ attachment }) => attachment?.deviceIndex === 0) ?? interfaces[0];
  return {
    InstanceId: row.id,
    ImageId: row.image,
    // Of a type that was launched.
    InstanceType: row.type as NonNullable<Instance['InstanceType']>,
    State: { Code: STATE_CODES[row.state], Name: row.state },
    StateTransitionReason: row.transitionReason,
    ...(row.stateReason && { StateReason: { Code: row.stateReason.code, Message: row.stateReason.message } }),
    ...(row.keyName !== undefined && { KeyName: row.keyName }),
    AmiLaunchIndex: row.launchIndex,
    ProductCodes: [],
    LaunchTime: row.launchedAt,
    Placement: {
      AvailabilityZone: row.zone,
      AvailabilityZoneId: viewer.zoneId(row.zone),
      GroupName: '',
      Tenancy: 'default',
    },
    Monitoring: { State: row.isMonitored ? 'enabled' : 'disabled' },
    Architecture: 'x86_64',
    ClientToken: row.clientToken ?? '',
    EbsOptimized: row.isEbsOptimized,
    EnaSupport: true,
    Hypervisor: 'xen',
    VirtualizationType: 'hvm',
    RootDeviceType: 'ebs',
    RootDeviceName: row.rootDevice,
    ...networkOf(viewer, row, primary),
    BlockDeviceMappings: blockDevices(attached),
    NetworkInterfaces: interfaces.map((one) => shownInterface(viewer, row, one)),
    Tags: shownTags(tags),
    CpuOptions: { CoreCount: row.cpu.cores, ThreadsPerCore: row.cpu.threadsPerCore },
    ...(row.profile && { IamInstanceProfile: { Arn: row.profile.arn, Id: row.profile.id } }),
    ...standing(row),
  };
}

/** What every instance here is, or can be set to and does not depend on others. */
const standing = (row: InstanceRow): Partial<Instance> => ({
  CapacityReservationSpecification: { CapacityReservationPreference: 'open' },
  HibernationOptions: { Configured: false },
  EnclaveOptions: { Enabled: false },
  MetadataOptions: shownMetadataOptions(row.metadata),
  PlatformDetails: 'Linux/UNIX',
  UsageOperation: 'RunInstances',
  UsageOperationUpdateTime: row.createdAt,
  PrivateDnsNameOptions: {
    HostnameType: row.names.type,
    EnableResourceNameDnsARecord: row.names.hasARecord,
    EnableResourceNameDnsAAAARecord: false,
  },
  MaintenanceOptions: { AutoRecovery: row.recovers ? 'default' : 'disabled' },
  BootMode: 'legacy-bios',
  CurrentInstanceBootMode: 'legacy-bios',
  NetworkPerformanceOptions: { BandwidthWeighting: 'default' },
});

export const shownMetadataOptions = (options: MetadataOptions): NonNullable<Instance['MetadataOptions']> => ({
  State: 'applied',
  HttpTokens: options.requiresTokens ? 'required' : 'optional',
  HttpPutResponseHopLimit: options.hopLimit,
  HttpEndpoint: options.isEnabled ? 'enabled' : 'disabled',
  HttpProtocolIpv6: 'disabled',
  InstanceMetadataTags: options.showsTags ? 'enabled' : 'disabled',
});

/** What is gone is nowhere. */
function networkOf(viewer: Viewer, row: InstanceRow, primary: NetworkInterfaceRow | undefined): Partial<Instance> {
  const ip = primary?.addresses[0]?.ip;
  if (primary === undefined || ip === undefined) {
    return { PrivateDnsName: '', PublicDnsName: '', SecurityGroups: [] };
  }
  const publicIp = primary.addresses[0]?.publicIp;
  return {
    VpcId: row.vpc,
    SubnetId: row.subnet,
    PrivateIpAddress: ip,
    PrivateDnsName: privateName(viewer, row, ip),
    PublicDnsName: publicNameOf(viewer, row.vpc, publicIp),
    ...(publicIp !== undefined && { PublicIpAddress: publicIp }),
    SecurityGroups: groupsOf(viewer, primary),
    SourceDestCheck: primary.isSourceChecked,
  };
}

export const privateName = ({ region }: Pick<Viewer, 'region'>, row: InstanceRow, ip: string): string =>
  row.names.type === 'ip-name' ? ipName(region, ip) : resourceName(region, row.id);

const publicNameOf = (viewer: Viewer, vpc: string, publicIp: string | undefined): string =>
  publicIp !== undefined && viewer.hasHostnames(vpc) ? publicName(viewer.region, publicIp) : '';

const groupsOf = (viewer: Viewer, { groups }: NetworkInterfaceRow) =>
  groups.map((id) => ({ GroupId: id, GroupName: viewer.groupName(id) }));

const blockDevices = ({ volumes }: Attached): NonNullable<Instance['BlockDeviceMappings']> =>
  volumes.flatMap(({ id, attachment }) =>
    attachment === undefined
      ? []
      : {
          DeviceName: attachment.device,
          Ebs: {
            AttachTime: attachment.attachedAt,
            DeleteOnTermination: attachment.deletesOnTermination,
            // Of one that its guest does not let go.
            Status: attachment.status === 'busy' ? 'detaching' : attachment.status,
            VolumeId: id,
          },
        },
  );

function shownInterface(viewer: Viewer, row: InstanceRow, one: NetworkInterfaceRow) {
  const [primary] = one.addresses;
  const { attachment } = one;
  const isPrimary = attachment?.deviceIndex === 0;
  const name = (ip: string): string => (isPrimary ? privateName(viewer, row, ip) : ipName(viewer.region, ip));
  const primaryName = name(primary?.ip ?? '');
  return {
    NetworkInterfaceId: one.id,
    OwnerId: viewer.account,
    VpcId: one.vpc,
    SubnetId: one.subnet,
    Description: one.description,
    MacAddress: one.mac,
    InterfaceType: 'interface',
    SourceDestCheck: one.isSourceChecked,
    Status: 'in-use' as const,
    Groups: groupsOf(viewer, one),
    Ipv6Addresses: [],
    PrivateIpAddress: primary?.ip ?? '',
    PrivateDnsName: primaryName,
    ...associationOf(viewer, one, primary),
    ...(attachment && {
      Attachment: {
        AttachmentId: attachment.id,
        AttachTime: attachment.attachedAt,
        DeleteOnTermination: attachment.deletesOnTermination,
        DeviceIndex: attachment.deviceIndex,
        NetworkCardIndex: 0,
        Status: attachment.status,
      },
    }),
    PrivateIpAddresses: one.addresses.map((address, index) => ({
      Primary: index === 0,
      PrivateIpAddress: address.ip,
      PrivateDnsName: index === 0 ? primaryName : name(address.ip),
      ...associationOf(viewer, one, address),
    })),
  };
}

function associationOf(viewer: Viewer, { vpc }: NetworkInterfaceRow, address: PrivateAddress | undefined) {
  if (address?.publicIp === undefined) return {};
  return {
    Association: {
      IpOwnerId: isBorrowed(address) ? 'amazon' : viewer.account,
      PublicDnsName: publicNameOf(viewer, vpc, address.publicIp),
      PublicIp: address.publicIp,
    },
  };
}
