/** VPCs and their blocks of addresses. */
import type * as Model from '#platform/model/generated/ec2.ts';
import { type Block, blockOf, contains, formatBlock, overlaps, parseBlock } from '#platform/network/ipv4.ts';
import type { Call } from '#platform/service.ts';
import type { ReadTransaction, Transaction } from '#platform/store/store.ts';
import { deleteTags, setTags } from '#platform/tags.ts';
import { describe, type Tagged } from '#services/ec2/describe.ts';
import { fail } from '#services/ec2/errors.ts';
import type { Fields } from '#services/ec2/filters.ts';
import { internetGateways } from '#services/ec2/internet-gateways/state.ts';
import { defaultAclOf } from '#services/ec2/network-acls/default-acls.ts';
import { networkInterfaces } from '#services/ec2/network-interfaces/state.ts';
import { CIDRS_PER_VPC, VPCS } from '#services/ec2/network-limits.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';
import { newId, resourceArn } from '#services/ec2/resources.ts';
import { routeTables } from '#services/ec2/route-tables/state.ts';
import { DEFAULT_GROUP } from '#services/ec2/security-groups/make-group.ts';
import { securityGroups } from '#services/ec2/security-groups/state.ts';
import { subnets } from '#services/ec2/subnets/state.ts';
import { shownTags, tagsFor } from '#services/ec2/tags/tag-specifications.ts';
import { findDefaultVpc, mainTableOf, makeDefaultVpc, makeVpc } from '#services/ec2/vpcs/make-vpc.ts';
import { type VpcRow, vpcs } from '#services/ec2/vpcs/state.ts';

/** "The allowed block size is between a /16 netmask (65,536 IP addresses) and /28 netmask (16 IP addresses)." */
const [LARGEST, SMALLEST] = [16, 28];

export const findVpc = (tx: ReadTransaction, id: string): VpcRow => vpcs.find(tx, id) ?? fail('NoSuchVpc', id);

/** In its canonical form, of a size that VPCs and subnets may have. */
export function checkedBlock(cidr: string, outOfRange: 'VpcRange' | 'SubnetRange'): Block {
  const block = parseBlock(cidr) ?? fail('NoCidr', cidr);
  if (block.bits < LARGEST || block.bits > SMALLEST) fail(outOfRange, cidr);
  return block;
}

const IPV6 = ['AmazonProvidedIpv6CidrBlock', 'Ipv6CidrBlock', 'Ipv6Pool', 'Ipv6IpamPoolId', 'Ipv4IpamPoolId'] as const;

function refuseIpv6(input: Partial<Record<(typeof IPV6)[number], unknown>>): void {
  const asked = IPV6.find((name) => input[name] !== undefined && input[name] !== false);
  if (asked !== undefined)
    fail('UnsupportedOperation', `${asked} is not supported: there are neither IPv6 nor IPAM here.`);
}

export function createVpc(input: Model.CreateVpcRequest, call: Call): Model.CreateVpcResult {
  const { tx } = call;
  refuseIpv6(input);
  if (input.InstanceTenancy === 'host') fail('InvalidParameter', 'instanceTenancy', 'host');
  if (input.VpcEncryptionControl !== undefined)
    fail('UnsupportedOperation', 'VPC Encryption Control is not supported.');
  const cidr = formatBlock(checkedBlock(input.CidrBlock ?? fail('MissingParameter', 'cidrBlock'), 'VpcRange'));
  checkVpcRoom(call);
  const tags = tagsFor('vpc', input);
  const tenancy = input.InstanceTenancy ?? 'default';
  const row = makeVpc(tx, call, { cidr, tenancy, isDefault: false, hasDnsHostnames: false });
  setTags(tx, resourceArn(call, 'vpc', row.id), tags);
  return { Vpc: { ...shownVpc({ ...row, tags }, call), State: 'pending' } };
}

function checkVpcRoom(call: Call): void {
  const most = call.quota(VPCS);
  if (vpcs.ids(call.tx, undefined, most).length >= most) fail('VpcLimit');
}

export function createDefaultVpc(_: Model.CreateDefaultVpcRequest, call: Call): Model.CreateDefaultVpcResult {
  if (findDefaultVpc(call.tx) !== undefined) fail('DefaultVpcExists');
  checkVpcRoom(call);
  return { Vpc: { ...shownVpc({ ...makeDefaultVpc(call.tx, call), tags: {} }, call), State: 'pending' } };
}

export function deleteVpc({ VpcId: id }: Model.DeleteVpcRequest, call: Call): void {
  const { tx } = call;
  findVpc(tx, id);
  if (hasDependencies(tx, id)) fail('HasDependencies', 'vpc', id);
  const main = mainTableOf(tx, id);
  routeTables.drop(tx, main.id);
  deleteTags(tx, resourceArn(call, 'route-table', main.id));
  for (const group of securityGroups.all(tx)) {
    if (group.vpc !== id) continue;
    securityGroups.drop(tx, group.id);
    deleteTags(tx, resourceArn(call, 'security-group', group.id));
    for (const rule of group.rules) deleteTags(tx, resourceArn(call, 'security-group-rule', rule.id));
  }
  vpcs.drop(tx, id);
  deleteTags(tx, resourceArn(call, 'vpc', id));
  deleteTags(tx, resourceArn(call, 'network-acl', defaultAclOf(id)));
}

/** What came with it does not count. */
function hasDependencies(tx: ReadTransaction, id: string): boolean {
  const isHere = (row: { readonly vpc?: string }): boolean => row.vpc === id;
  return (
    [subnets, networkInterfaces, internetGateways].some((rows) => rows.all(tx).some(isHere)) ||
    routeTables.all(tx).filter(isHere).length > 1 ||
    securityGroups.all(tx).some((group) => isHere(group) && group.name !== DEFAULT_GROUP)
  );
}

const FIELDS: Fields<Tagged<VpcRow>> = {
  cidr: ({ cidrs }) => cidrs[0]?.cidr,
  'cidr-block-association.cidr-block': ({ cidrs }) => cidrs.map(({ cidr }) => cidr),
  'cidr-block-association.association-id': ({ cidrs }) => cidrs.map(({ id }) => id),
  'cidr-block-association.state': () => 'associated',
  'dhcp-options-id': ({ dhcpOptions }) => dhcpOptions,
  'ipv6-cidr-block-association.ipv6-cidr-block': () => undefined,
  'ipv6-cidr-block-association.ipv6-pool': () => undefined,
  'ipv6-cidr-block-association.association-id': () => undefined,
  'ipv6-cidr-block-association.state': () => undefined,
  'is-default': ({ isDefault }) => String(isDefault),
  state: () => 'available',
  'vpc-id': ({ id }) => id,
};

export const describeVpcs =
  ({ pages }: Ec2Parts) =>
  (input: Model.DescribeVpcsRequest, call: Call): Model.DescribeVpcsResult => {
    const noun = {
      rows: vpcs,
      type: 'vpc',
      fields: owned(call, FIELDS),
      absent: (id: string) => fail('NoSuchVpc', id),
    } as const;
    const { items, more } = describe(pages, call, noun, input, input.VpcIds);
    return { Vpcs: items.map((row) => shownVpc(row, call)), ...more };
  };

/** All that an account sees here is its own. */
export const owned = <Item>({ account }: Pick<Call, 'account'>, fields: Fields<Item>): Fields<Item> => ({
  ...fields,
  'owner-id': () => account,
});

const shownVpc = (row: Tagged<VpcRow>, { account }: Pick<Call, 'account'>): Model.Vpc => ({
  OwnerId: account,
  InstanceTenancy: row.tenancy,
  Ipv6CidrBlockAssociationSet: [],
  CidrBlockAssociationSet: row.cidrs.map(shownCidr),
  IsDefault: row.isDefault,
  Tags: shownTags(row.tags),
  VpcId: row.id,
  State: 'available',
  ...(row.cidrs[0] && { CidrBlock: row.cidrs[0].cidr }),
  DhcpOptionsId: row.dhcpOptions,
});

const shownCidr = ({ id, cidr }: VpcRow['cidrs'][number]): Model.VpcCidrBlockAssociation => ({
  AssociationId: id,
  CidrBlock: cidr,
  CidrBlockState: { State: 'associated' },
});

export function associateVpcCidrBlock(
  input: Model.AssociateVpcCidrBlockRequest,
  call: Call,
): Model.AssociateVpcCidrBlockResult {
  const { tx } = call;
  refuseIpv6(input);
  const row = findVpc(tx, input.VpcId);
  const block = checkedBlock(input.CidrBlock ?? fail('MissingParameter', 'cidrBlock'), 'VpcRange');
  const cidr = formatBlock(block);
  if (row.cidrs.some((present) => overlaps(blockOf(present.cidr), block))) fail('CidrConflict', cidr);
  checkAgainstRoutes(tx, row.id, block);
  const most = call.quota(CIDRS_PER_VPC);
  if (row.cidrs.length >= most) fail('CidrLimit');
  const added = { id: newId('vpc-cidr-assoc'), cidr };
  vpcs.put(tx, { ...row, cidrs: [...row.cidrs, added] });
  for (const table of routeTables.all(tx)) {
    if (table.vpc !== row.id) continue;
    const local = { destination: cidr, target: 'local', origin: 'CreateRouteTable' } as const;
    routeTables.put(tx, { ...table, routes: [...table.routes, local] });
  }
  const shown = { ...shownCidr(added), CidrBlockState: { State: 'associating' } } as const;
  return { VpcId: row.id, CidrBlockAssociation: shown };
}

/** "The CIDR block must not be the same or larger than a destination CIDR range in a route in any of the VPC route tables." */
function checkAgainstRoutes(tx: ReadTransaction, vpc: string, block: Block): void {
  const destinations = routeTables.all(tx).flatMap((table) => (table.vpc === vpc ? table.routes : []));
  const isCovered = destinations.some(({ destination }) => {
    const other = parseBlock(destination);
    return other !== undefined && contains(block, other);
  });
  if (isCovered) fail('CidrConflict', formatBlock(block));
}

export function disassociateVpcCidrBlock(
  { AssociationId: id }: Model.DisassociateVpcCidrBlockRequest,
  { tx }: Call,
): Model.DisassociateVpcCidrBlockResult {
  const row = vpcOfCidr(tx, id) ?? fail('NoSuchCidrAssociation', id);
  const [primary, ...others] = row.cidrs;
  if (primary?.id === id) {
    fail(
      'OperationNotPermitted',
      `The vpc CIDR block with association ID ${id} may not be disassociated. It is the primary IPv4 CIDR block of the VPC`,
    );
  }
  const removed = others.find((association) => association.id === id) ?? fail('NoSuchCidrAssociation', id);
  dropLocalRoutes(tx, row.id, removed.cidr);
  vpcs.put(tx, { ...row, cidrs: row.cidrs.filter((association) => association !== removed) });
  const shown = { ...shownCidr(removed), CidrBlockState: { State: 'disassociating' } } as const;
  return { VpcId: row.id, CidrBlockAssociation: shown };
}

export const vpcOfCidr = (tx: ReadTransaction, association: string): VpcRow | undefined =>
  vpcs.all(tx).find(({ cidrs }) => cidrs.some(({ id }) => id === association));

function dropLocalRoutes(tx: Transaction, vpc: string, cidr: string): void {
  const block = blockOf(cidr);
  const isUsed = subnets.all(tx).some((subnet) => subnet.vpc === vpc && contains(block, blockOf(subnet.cidr)));
  if (isUsed) fail('DependencyViolation', `The vpc CIDR block ${cidr} has dependencies and cannot be disassociated.`);
  for (const table of routeTables.all(tx)) {
    if (table.vpc !== vpc) continue;
    const routes = table.routes.filter(
      ({ destination, origin }) => origin !== 'CreateRouteTable' || destination !== cidr,
    );
    routeTables.put(tx, { ...table, routes });
  }
}
