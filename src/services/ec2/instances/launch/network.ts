/**
 * Where in the network a launch goes: the interfaces that it names or makes, of which the first one (device index 0) decides the subnet, and
 * with it the zone. A request speaks of interfaces, or of a subnet, groups and an address beside them, not of both.
 */
import type { InstanceNetworkInterfaceSpecification, RunInstancesRequest } from '#platform/model/generated/ec2.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { fail } from '#services/ec2/errors.ts';
import type { InstanceType } from '#services/ec2/instance-types/types.ts';
import { type NetworkInterfaceRow, networkInterfaces } from '#services/ec2/network-interfaces/state.ts';
import { type Zone, zonesOf } from '#services/ec2/regions/zones.ts';
import { securityGroups } from '#services/ec2/security-groups/state.ts';
import { type SubnetRow, subnets } from '#services/ec2/subnets/state.ts';
import { findDefaultVpc } from '#services/ec2/vpcs/make-vpc.ts';

/** One that is there, or how one is to be made. */
export interface InterfaceWish {
  readonly deviceIndex: number;
  readonly deletesOnTermination: boolean;
  readonly existing?: NetworkInterfaceRow;
  readonly subnet: SubnetRow;
  readonly groups: readonly string[];
  readonly privateIps: readonly string[];
  readonly addressCount: number;
  readonly description: string;
  /** Undefined: as the subnet has it. */
  readonly borrowsPublicIp: boolean;
}

type Given = Pick<
  RunInstancesRequest,
  'NetworkInterfaces' | 'SubnetId' | 'SecurityGroupIds' | 'SecurityGroups' | 'PrivateIpAddress' | 'Placement'
>;

/** `preferred` says in which order zones are tried when the request names none. */
export function interfaceWishes(
  tx: ReadTransaction,
  given: Given,
  type: InstanceType,
  preferred: (zones: readonly string[]) => readonly string[],
): readonly InterfaceWish[] {
  const specs = given.NetworkInterfaces ?? [];
  const wishes = specs.length > 0 ? ofSpecs(tx, given, specs) : [ofShorthand(tx, given, preferred)];
  const [primary] = wishes;
  if (primary === undefined) return fail('InvalidNetworkInterface', 'No network interface has the device index 0.');
  if (wishes.length > type.interfaces) fail('AttachmentLimit', type.name, type.interfaces);
  const crowded = wishes.find(
    ({ addressCount, privateIps }) => Math.max(addressCount, privateIps.length) > type.addresses,
  );
  if (crowded !== undefined) fail('PrivateAddressLimit');
  const elsewhere = wishes.find(({ subnet }) => subnet.zone !== primary.subnet.zone);
  if (elsewhere !== undefined) {
    fail('InvalidCombination', 'The network interfaces of an instance must be in the same Availability Zone.');
  }
  checkPlacement(given, primary.subnet);
  return wishes;
}

function checkPlacement({ Placement: placement }: Given, subnet: SubnetRow): void {
  const zone = placement?.AvailabilityZone;
  if (zone !== undefined && zone !== subnet.zone) {
    fail('InvalidParameter', 'subnetId', subnet.id, `The subnet is not in the Availability Zone ${zone}.`);
  }
}

function ofShorthand(
  tx: ReadTransaction,
  given: Given,
  preferred: (zones: readonly string[]) => readonly string[],
): InterfaceWish {
  const subnet = given.SubnetId === undefined ? defaultSubnet(tx, given, preferred) : subnetNamed(tx, given.SubnetId);
  return {
    deviceIndex: 0,
    deletesOnTermination: true,
    subnet,
    groups: [...(given.SecurityGroupIds ?? []), ...groupsNamed(tx, subnet, given.SecurityGroups ?? [])],
    privateIps: given.PrivateIpAddress === undefined ? [] : [given.PrivateIpAddress],
    addressCount: 1,
    description: '',
    borrowsPublicIp: subnet.givesPublicIp,
  };
}

const subnetNamed = (tx: ReadTransaction, id: string): SubnetRow => subnets.find(tx, id) ?? fail('NoSuchSubnet', id);

function defaultSubnet(
  tx: ReadTransaction,
  { Placement: placement }: Given,
  preferred: (zones: readonly string[]) => readonly string[],
): SubnetRow {
  const vpc = findDefaultVpc(tx) ?? fail('VpcNotSpecified');
  const zones = zonesOf(tx.partition.name.region as Zone['region']);
  const zone = placement?.AvailabilityZone ?? zones.find(({ id }) => id === placement?.AvailabilityZoneId)?.name;
  if (zone !== undefined && !zones.some(({ name }) => name === zone)) fail('InvalidZone', zone);
  const own = subnets.all(tx).filter((subnet) => subnet.vpc === vpc.id && subnet.isDefault);
  const names = zone === undefined ? preferred(own.map((subnet) => subnet.zone)) : [zone];
  const found = own.find((subnet) => subnet.zone === names[0]);
  return found ?? fail('NoDefaultSubnet', zone ?? '');
}

/** Names are for groups of the default VPC ("[Default VPC] The names of the security groups"). */
function groupsNamed(tx: ReadTransaction, subnet: SubnetRow, names: readonly string[]): readonly string[] {
  if (names.length === 0) return [];
  if (findDefaultVpc(tx)?.id !== subnet.vpc) {
    fail('InvalidCombination', 'The parameter groupName cannot be used with the parameter subnet');
  }
  const own = securityGroups.all(tx).filter(({ vpc }) => vpc === subnet.vpc);
  return names.map((name) => own.find((group) => group.name === name)?.id ?? fail('NoSuchGroup', name));
}

function ofSpecs(
  tx: ReadTransaction,
  given: Given,
  specs: readonly InstanceNetworkInterfaceSpecification[],
): readonly InterfaceWish[] {
  if (given.SubnetId !== undefined) refuseBoth('subnet ID');
  if ((given.SecurityGroupIds?.length ?? 0) + (given.SecurityGroups?.length ?? 0) > 0) refuseBoth('security groups');
  if (given.PrivateIpAddress !== undefined) refuseBoth('private address');
  const wishes = specs.map((spec) => ofSpec(tx, spec, specs.length)).sort((a, b) => a.deviceIndex - b.deviceIndex);
  const indexes = new Set(wishes.map(({ deviceIndex }) => deviceIndex));
  if (indexes.size < wishes.length) {
    fail('InvalidNetworkInterface', 'Each network interface requires a device index of its own.');
  }
  return indexes.has(0) ? wishes : [];
}

const refuseBoth = (what: string): never =>
  fail(
    'InvalidCombination',
    `Network interfaces and an instance-level ${what} may not be specified on the same request`,
  );

function ofSpec(tx: ReadTransaction, spec: InstanceNetworkInterfaceSpecification, count: number): InterfaceWish {
  checkSpec(spec, count);
  const place = {
    deviceIndex: spec.DeviceIndex ?? fail('InvalidNetworkInterface', 'Each network interface requires a device index.'),
  };
  if (spec.NetworkInterfaceId !== undefined) return { ...place, ...ofExisting(tx, spec, spec.NetworkInterfaceId) };
  const subnet = spec.SubnetId === undefined ? defaultSubnet(tx, {}, (zones) => zones) : subnetNamed(tx, spec.SubnetId);
  const listed = spec.PrivateIpAddresses ?? [];
  const first = listed.find(({ Primary: isPrimary }) => isPrimary) ?? (spec.PrivateIpAddress ? undefined : listed[0]);
  const primary = spec.PrivateIpAddress ?? first?.PrivateIpAddress;
  const others = listed.flatMap(({ PrivateIpAddress: ip }) => (ip === undefined || ip === primary ? [] : ip));
  return {
    ...place,
    deletesOnTermination: spec.DeleteOnTermination ?? true,
    subnet,
    groups: spec.Groups ?? [],
    privateIps: [...(primary === undefined ? [] : [primary]), ...others],
    addressCount: 1 + others.length + (spec.SecondaryPrivateIpAddressCount ?? 0),
    description: spec.Description ?? '',
    borrowsPublicIp: place.deviceIndex === 0 && (spec.AssociatePublicIpAddress ?? subnet.givesPublicIp),
  };
}

function checkSpec(spec: InstanceNetworkInterfaceSpecification, count: number): void {
  if (spec.AssociatePublicIpAddress === true && (count > 1 || spec.NetworkInterfaceId !== undefined)) {
    fail(
      'InvalidCombination',
      'The associatePublicIPAddress parameter cannot be specified when launching with multiple network interfaces.',
    );
  }
  if ((spec.NetworkCardIndex ?? 0) !== 0) fail('InvalidParameter', 'networkCardIndex', String(spec.NetworkCardIndex));
  const hasIpv6 = (spec.Ipv6AddressCount ?? 0) > 0 || (spec.Ipv6Addresses?.length ?? 0) > 0;
  if (hasIpv6) fail('Unsupported', 'There is no IPv6 here.');
  if (spec.InterfaceType !== undefined && spec.InterfaceType !== 'interface') {
    fail('Unsupported', `Interfaces of type ${spec.InterfaceType} are not supported here.`);
  }
}

function ofExisting(tx: ReadTransaction, spec: InstanceNetworkInterfaceSpecification, id: string) {
  const existing = networkInterfaces.find(tx, id) ?? fail('NoSuchInterface', id);
  if (existing.attachment !== undefined) fail('InterfaceInUse', id);
  if (spec.SubnetId !== undefined || spec.PrivateIpAddress !== undefined || (spec.Groups?.length ?? 0) > 0) {
    fail('InvalidCombination', 'A network interface that exists has its subnet, its groups and its addresses.');
  }
  return {
    existing,
    deletesOnTermination: spec.DeleteOnTermination ?? false,
    subnet: subnetNamed(tx, existing.subnet),
    groups: existing.groups,
    privateIps: [],
    addressCount: existing.addresses.length,
    description: existing.description,
    borrowsPublicIp: false,
  };
}
