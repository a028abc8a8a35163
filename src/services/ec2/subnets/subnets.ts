/** Subnets: parts of a VPC's blocks, each in one zone. */
import type * as Model from '#platform/model/generated/ec2.ts';
import { blockOf, contains, formatBlock, overlaps } from '#platform/network/ipv4.ts';
import type { Call } from '#platform/service.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { deleteTags, setTags } from '#platform/tags.ts';
import { describe, type Tagged } from '#services/ec2/describe.ts';
import { fail } from '#services/ec2/errors.ts';
import type { Fields } from '#services/ec2/filters.ts';
import { freeCount } from '#services/ec2/network-interfaces/addresses.ts';
import { networkInterfaces } from '#services/ec2/network-interfaces/state.ts';
import { SUBNETS_PER_VPC } from '#services/ec2/network-limits.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';
import { type Zone, zonesOf } from '#services/ec2/regions/zones.ts';
import { newId, resourceArn } from '#services/ec2/resources.ts';
import { routeTables } from '#services/ec2/route-tables/state.ts';
import { cidrReservations, reservationsIn, type SubnetRow, subnets } from '#services/ec2/subnets/state.ts';
import { shownTags, tagsFor } from '#services/ec2/tags/tag-specifications.ts';
import { findDefaultVpc, makeDefaultSubnet } from '#services/ec2/vpcs/make-vpc.ts';
import { checkedBlock, findVpc, owned } from '#services/ec2/vpcs/vpcs.ts';

export const findSubnet = (tx: ReadTransaction, id: string): SubnetRow =>
  subnets.find(tx, id) ?? fail('NoSuchSubnet', id);

interface InZone {
  readonly AvailabilityZone?: string;
  readonly AvailabilityZoneId?: string;
}

/** By name or by id; undefined: neither is given. */
function zoneNamed(
  region: Zone['region'],
  { AvailabilityZone: name, AvailabilityZoneId: id }: InZone,
): Zone | undefined {
  if (name !== undefined && id !== undefined) {
    fail('InvalidCombination', "The parameters 'AvailabilityZone' and 'AvailabilityZoneId' can't be used together.");
  }
  const given = name ?? id;
  if (given === undefined) return undefined;
  const zones = zonesOf(region);
  const zone = zones.find((each) => each.name === name || each.id === id);
  if (zone !== undefined) return zone;
  const names = zones.map((each) => (name === undefined ? each.id : each.name)).join(', ');
  return fail(
    'InvalidParameter',
    'availabilityZone',
    given,
    `Subnets can currently only be created in the following availability zones: ${names}.`,
  );
}

const UNSUPPORTED = ['Ipv6CidrBlock', 'Ipv6IpamPoolId', 'Ipv4IpamPoolId', 'OutpostArn'] as const;

export function createSubnet(input: Model.CreateSubnetRequest, call: Call): Model.CreateSubnetResult {
  const { tx, region } = call;
  const asked = UNSUPPORTED.find((name) => input[name] !== undefined);
  if (asked !== undefined || input.Ipv6Native === true) {
    fail(
      'UnsupportedOperation',
      `${asked ?? 'Ipv6Native'} is not supported: there are no IPv6, IPAM and Outposts here.`,
    );
  }
  const vpc = findVpc(tx, input.VpcId);
  const block = checkedBlock(input.CidrBlock ?? fail('MissingParameter', 'cidrBlock'), 'SubnetRange');
  const cidr = formatBlock(block);
  if (!vpc.cidrs.some((own) => contains(blockOf(own.cidr), block))) fail('SubnetRange', cidr);
  const others = subnets.all(tx).filter((subnet) => subnet.vpc === vpc.id);
  if (others.some((other) => overlaps(blockOf(other.cidr), block))) fail('SubnetConflict', cidr);
  const most = call.quota(SUBNETS_PER_VPC);
  if (others.length >= most) fail('SubnetLimit');
  const zone = zoneNamed(region, input) ?? zonesOf(region)[0] ?? fail('InvalidZone', region);
  const tags = tagsFor('subnet', input);
  const row: SubnetRow = {
    id: newId('subnet'),
    vpc: vpc.id,
    cidr,
    zone: zone.name,
    isDefault: false,
    givesPublicIp: false,
    hostNameType: 'ip-name',
    hasDnsARecord: false,
  };
  subnets.put(tx, row);
  setTags(tx, resourceArn(call, 'subnet', row.id), tags);
  return { Subnet: shownSubnet({ ...row, tags }, call) };
}

export function createDefaultSubnet(
  input: Model.CreateDefaultSubnetRequest,
  call: Call,
): Model.CreateDefaultSubnetResult {
  const { tx, region } = call;
  if (input.Ipv6Native === true) fail('UnsupportedOperation', 'Ipv6Native is not supported: there is no IPv6 here.');
  const zone = zoneNamed(region, input) ?? fail('MissingParameter', 'availabilityZone');
  const vpc = findDefaultVpc(tx) ?? fail('NoDefaultVpc');
  const present = defaultSubnetIn(tx, zone.name);
  if (present !== undefined) fail('DefaultSubnetExists', present.id, zone.name);
  return { Subnet: shownSubnet({ ...makeDefaultSubnet(tx, vpc, zone), tags: {} }, call) };
}

const defaultSubnetIn = (tx: ReadTransaction, zone: string): SubnetRow | undefined =>
  subnets.all(tx).find((subnet) => subnet.isDefault && subnet.zone === zone);

export function deleteSubnet({ SubnetId: id }: Model.DeleteSubnetRequest, call: Call): void {
  const { tx } = call;
  findSubnet(tx, id);
  if (networkInterfaces.all(tx).some(({ subnet }) => subnet === id)) fail('HasDependencies', 'subnet', id);
  for (const table of routeTables.all(tx)) {
    const associations = table.associations.filter(({ subnet }) => subnet !== id);
    if (associations.length < table.associations.length) routeTables.put(tx, { ...table, associations });
  }
  for (const reservation of reservationsIn(tx, id)) {
    cidrReservations.drop(tx, reservation.id);
    deleteTags(tx, resourceArn(call, 'subnet-cidr-reservation', reservation.id));
  }
  subnets.drop(tx, id);
  deleteTags(tx, resourceArn(call, 'subnet', id));
}

export function modifySubnetAttribute(input: Model.ModifySubnetAttributeRequest, { tx }: Call): void {
  const { SubnetId: id, ...attributes } = input;
  const row = findSubnet(tx, id);
  const given = Object.entries(attributes).filter(([, value]) => value !== undefined);
  if (given.length === 0) fail('MissingParameter', 'attribute');
  // "You can only modify one attribute at a time."
  if (given.length > 1) fail('InvalidCombination', 'Only one attribute can be modified at a time');
  const publicIp = attributes.MapPublicIpOnLaunch?.Value;
  const nameType = attributes.PrivateDnsHostnameTypeOnLaunch;
  const aRecord = attributes.EnableResourceNameDnsARecordOnLaunch?.Value;
  // What is off already can be switched off.
  const isOther = publicIp === undefined && nameType === undefined && aRecord === undefined;
  if (isOther && !given.some(([, value]) => typeof value === 'object' && value.Value === false)) {
    fail('UnsupportedOperation', `${given[0]?.[0]} is not supported: there are no IPv6 and Outposts here.`);
  }
  subnets.put(tx, {
    ...row,
    ...(publicIp !== undefined && { givesPublicIp: publicIp }),
    ...(nameType !== undefined && { hostNameType: nameType }),
    ...(aRecord !== undefined && { hasDnsARecord: aRecord }),
  });
}

type Shown = Tagged<SubnetRow>;

const zoneIdOf = ({ region }: Pick<Call, 'region'>, name: string): string | undefined =>
  zonesOf(region).find((zone) => zone.name === name)?.id;

function fieldsFor(call: Call): Fields<Shown> {
  const zone = ({ zone: name }: Shown): string => name;
  const zoneId = ({ zone: name }: Shown): string | undefined => zoneIdOf(call, name);
  const cidr = (row: Shown): string => row.cidr;
  const isDefault = (row: Shown): string => String(row.isDefault);
  const never = (): undefined => undefined;
  const off = (): string => 'false';
  return owned(call, {
    'availability-zone': zone,
    availabilityZone: zone,
    'availability-zone-id': zoneId,
    availabilityZoneId: zoneId,
    'available-ip-address-count': (row) => String(freeCount(call.tx, row)),
    'cidr-block': cidr,
    cidr,
    cidrBlock: cidr,
    'customer-owned-ipv4-pool': never,
    'default-for-az': isDefault,
    defaultForAz: isDefault,
    'enable-dns64': off,
    'enable-lni-at-device-index': never,
    'ipv6-cidr-block-association.ipv6-cidr-block': never,
    'ipv6-cidr-block-association.association-id': never,
    'ipv6-cidr-block-association.state': never,
    'ipv6-native': off,
    'map-customer-owned-ip-on-launch': off,
    'map-public-ip-on-launch': ({ givesPublicIp }) => String(givesPublicIp),
    'outpost-arn': never,
    'private-dns-name-options-on-launch.hostname-type': ({ hostNameType }) => hostNameType,
    'private-dns-name-options-on-launch.enable-resource-name-dns-a-record': ({ hasDnsARecord }) =>
      String(hasDnsARecord),
    'private-dns-name-options-on-launch.enable-resource-name-dns-aaaa-record': off,
    state: () => 'available',
    'subnet-arn': ({ id }) => resourceArn(call, 'subnet', id),
    'subnet-id': ({ id }) => id,
    'vpc-id': ({ vpc }) => vpc,
  });
}

export const describeSubnets =
  ({ pages }: Ec2Parts) =>
  (input: Model.DescribeSubnetsRequest, call: Call): Model.DescribeSubnetsResult => {
    const absent = (id: string): never => fail('NoSuchSubnet', id);
    const noun = { rows: subnets, type: 'subnet', fields: fieldsFor(call), absent } as const;
    const { items, more } = describe(pages, call, noun, input, input.SubnetIds);
    return { Subnets: items.map((row) => shownSubnet(row, call)), ...more };
  };

function shownSubnet(row: Shown, call: Call): Model.Subnet {
  const zoneId = zoneIdOf(call, row.zone);
  return {
    ...(zoneId !== undefined && { AvailabilityZoneId: zoneId }),
    MapCustomerOwnedIpOnLaunch: false,
    OwnerId: call.account,
    AssignIpv6AddressOnCreation: false,
    Ipv6CidrBlockAssociationSet: [],
    Tags: shownTags(row.tags),
    SubnetArn: resourceArn(call, 'subnet', row.id),
    EnableDns64: false,
    Ipv6Native: false,
    PrivateDnsNameOptionsOnLaunch: {
      HostnameType: row.hostNameType,
      EnableResourceNameDnsARecord: row.hasDnsARecord,
      EnableResourceNameDnsAAAARecord: false,
    },
    SubnetId: row.id,
    State: 'available',
    VpcId: row.vpc,
    CidrBlock: row.cidr,
    AvailableIpAddressCount: freeCount(call.tx, row),
    AvailabilityZone: row.zone,
    DefaultForAz: row.isDefault,
    MapPublicIpOnLaunch: row.givesPublicIp,
  };
}
