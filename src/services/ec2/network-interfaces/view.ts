/** How the API shows an interface; also inside of instances. */
import type * as Model from '#platform/model/generated/ec2.ts';
import type { Call } from '#platform/service.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import type { Tagged } from '#services/ec2/describe.ts';
import type { Fields } from '#services/ec2/filters.ts';
import { ipName, publicName } from '#services/ec2/network-interfaces/dns-names.ts';
import type {
  Attachment,
  InterfaceManager,
  NetworkInterfaceRow,
  PrivateAddress,
} from '#services/ec2/network-interfaces/state.ts';
import { zonesOf } from '#services/ec2/regions/zones.ts';
import { securityGroups } from '#services/ec2/security-groups/state.ts';
import { shownFields } from '#services/ec2/shown-fields.ts';
import { shownTags } from '#services/ec2/tags/tag-specifications.ts';
import { vpcs } from '#services/ec2/vpcs/state.ts';

type Place = Pick<Call, 'account' | 'region'>;

/** Owner of addresses that are nobody's own. */
const AMAZON = 'amazon';

function shownAssociation(
  address: PrivateAddress | undefined,
  { account, region }: Place,
  hasNames: boolean,
): { readonly Association?: Model.NetworkInterfaceAssociation } {
  if (address?.publicIp === undefined) return {};
  const { publicIp, allocation, association } = address;
  return {
    Association: {
      ...(allocation !== undefined && { AllocationId: allocation }),
      ...(association !== undefined && { AssociationId: association }),
      IpOwnerId: allocation === undefined ? AMAZON : account,
      PublicDnsName: hasNames ? publicName(region, publicIp) : '',
      PublicIp: publicIp,
    },
  };
}

function shownAddresses(
  { addresses }: NetworkInterfaceRow,
  place: Place,
  hasNames: boolean,
): Model.NetworkInterfacePrivateIpAddress[] {
  return addresses.map((address, at) => ({
    ...shownAssociation(address, place, hasNames),
    Primary: at === 0,
    ...(hasNames && { PrivateDnsName: ipName(place.region, address.ip) }),
    PrivateIpAddress: address.ip,
  }));
}

export const shownGroups = (tx: ReadTransaction, { groups }: NetworkInterfaceRow): Model.GroupIdentifier[] =>
  groups.map((id) => ({ GroupId: id, GroupName: securityGroups.find(tx, id)?.name ?? '' }));

export const shownAttachment = (attachment: Attachment, { account }: Place): Model.NetworkInterfaceAttachment => ({
  AttachTime: attachment.attachedAt,
  AttachmentId: attachment.id,
  DeleteOnTermination: attachment.deletesOnTermination,
  DeviceIndex: attachment.deviceIndex,
  NetworkCardIndex: 0,
  InstanceId: attachment.instance,
  InstanceOwnerId: account,
  Status: attachment.status,
});

/** Of an interface that belongs to what EC2 made. */
const shownManaged = ({ attachment }: InterfaceManager): Model.NetworkInterfaceAttachment => ({
  AttachmentId: attachment,
  DeleteOnTermination: false,
  DeviceIndex: 1,
  InstanceOwnerId: 'amazon-aws',
  Status: 'attached',
});

/** By which kind of interface the API knows whose it is; the model's list does not have this one, the filter's does. */
const INTERFACE_TYPES: Readonly<Record<InterfaceManager['kind'], string>> = {
  'instance-connect-endpoint': 'ec2_instance_connect_endpoint',
};

const typeOf = ({ manager }: NetworkInterfaceRow): Model.NetworkInterfaceType =>
  // What the model's list leaves out.
  manager === undefined ? 'interface' : (INTERFACE_TYPES[manager.kind] as Model.NetworkInterfaceType);

/** "Instances get DNS hostnames": those of a VPC that has them. */
const hasHostNames = (tx: ReadTransaction, vpc: string): boolean => vpcs.find(tx, vpc)?.hasDnsHostnames === true;

export function shownInterface(
  row: Tagged<NetworkInterfaceRow>,
  call: Place & Pick<Call, 'tx'>,
): Model.NetworkInterface {
  const { tx, account, region } = call;
  const [primary] = row.addresses;
  const hasNames = hasHostNames(tx, row.vpc);
  const zone = zonesOf(region).find(({ name }) => name === row.zone);
  return {
    ...shownAssociation(primary, call, hasNames),
    ...(row.attachment && { Attachment: shownAttachment(row.attachment, call) }),
    ...(row.manager && { Attachment: shownManaged(row.manager) }),
    AvailabilityZone: row.zone,
    ...(zone && { AvailabilityZoneId: zone.id }),
    Description: row.description,
    Groups: shownGroups(tx, row),
    InterfaceType: typeOf(row),
    Ipv6Addresses: [],
    MacAddress: row.mac,
    NetworkInterfaceId: row.id,
    OwnerId: account,
    ...(hasNames && primary && { PrivateDnsName: ipName(region, primary.ip) }),
    ...(primary && { PrivateIpAddress: primary.ip }),
    PrivateIpAddresses: shownAddresses(row, call, hasNames),
    RequesterId: row.requester,
    RequesterManaged: row.manager !== undefined,
    SourceDestCheck: row.isSourceChecked,
    Status: row.attachment === undefined && row.manager === undefined ? 'available' : 'in-use',
    SubnetId: row.subnet,
    TagSet: shownTags(row.tags),
    VpcId: row.vpc,
    Operator: { Managed: false },
  };
}

/** Filters of DescribeNetworkInterfaces, by the member of the answer that each is about. */
const PATHS = {
  'association.allocation-id': 'Association.AllocationId',
  'association.association-id': 'Association.AssociationId',
  'addresses.association.owner-id': 'PrivateIpAddresses.Association.IpOwnerId',
  'addresses.association.public-ip': 'PrivateIpAddresses.Association.PublicIp',
  'addresses.primary': 'PrivateIpAddresses.Primary',
  'addresses.private-ip-address': 'PrivateIpAddresses.PrivateIpAddress',
  'association.ip-owner-id': 'Association.IpOwnerId',
  'association.public-ip': 'Association.PublicIp',
  'association.public-dns-name': 'Association.PublicDnsName',
  'attachment.attachment-id': 'Attachment.AttachmentId',
  'attachment.delete-on-termination': 'Attachment.DeleteOnTermination',
  'attachment.device-index': 'Attachment.DeviceIndex',
  'attachment.instance-id': 'Attachment.InstanceId',
  'attachment.instance-owner-id': 'Attachment.InstanceOwnerId',
  'attachment.status': 'Attachment.Status',
  'availability-zone': 'AvailabilityZone',
  'availability-zone-id': 'AvailabilityZoneId',
  description: 'Description',
  'group-id': 'Groups.GroupId',
  'group-name': 'Groups.GroupName',
  'ipv6-addresses.ipv6-address': 'Ipv6Addresses.Ipv6Address',
  'interface-type': 'InterfaceType',
  'mac-address': 'MacAddress',
  'network-interface-id': 'NetworkInterfaceId',
  'operator.managed': 'Operator.Managed',
  'operator.principal': 'Operator.Principal',
  'owner-id': 'OwnerId',
  'private-dns-name': 'PrivateDnsName',
  'private-ip-address': 'PrivateIpAddresses.PrivateIpAddress',
  'requester-id': 'RequesterId',
  'requester-managed': 'RequesterManaged',
  'source-dest-check': 'SourceDestCheck',
  status: 'Status',
  'subnet-id': 'SubnetId',
  'vpc-id': 'VpcId',
} as const;

export const interfaceFields = (call: Call): Fields<Tagged<NetworkInterfaceRow>> => ({
  ...shownFields((row) => shownInterface(row, call), PATHS),
  'attachment.attach-time': ({ attachment }) => attachment && new Date(attachment.attachedAt).toISOString(),
});
