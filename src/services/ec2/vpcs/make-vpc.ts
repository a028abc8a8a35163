/**
 * What comes with a VPC (its main route table, its default security group), and the default VPC of an account in a region: with an
 * internet gateway, and a subnet in each zone ("Default VPC components"). AWS has it made when the account is; here it is made when a
 * network is first looked at, so regions that nobody uses stay empty.
 */

import { blockOf, formatBlock } from '#platform/network/ipv4.ts';
import type { ReadTransaction, Transaction } from '#platform/store/store.ts';
import { defaultDhcpOptions } from '#services/ec2/dhcp-options/default-options.ts';
import { internetGateways } from '#services/ec2/internet-gateways/state.ts';
import { type Zone, zonesOf } from '#services/ec2/regions/zones.ts';
import { newId } from '#services/ec2/resources.ts';
import { routeTables } from '#services/ec2/route-tables/state.ts';
import { makeDefaultGroup } from '#services/ec2/security-groups/make-group.ts';
import { type SubnetRow, subnets } from '#services/ec2/subnets/state.ts';
import { defaultVpcsMade, type VpcRow, vpcs } from '#services/ec2/vpcs/state.ts';

export interface Place {
  readonly account: string;
  readonly region: Zone['region'];
  readonly now: number;
}

const DEFAULT_CIDR = '172.31.0.0/16';
const DEFAULT_SUBNET_BITS = 20;

type Draft = Omit<VpcRow, 'id' | 'cidrs' | 'dhcpOptions' | 'createdAt' | 'hasDnsSupport' | 'hasUsageMetrics'> & {
  readonly cidr: string;
};

export function makeVpc(tx: Transaction, place: Place, { cidr, ...draft }: Draft): VpcRow {
  const row: VpcRow = {
    id: newId('vpc'),
    ...draft,
    cidrs: [{ id: newId('vpc-cidr-assoc'), cidr }],
    dhcpOptions: defaultDhcpOptions(tx, place.region),
    hasDnsSupport: true,
    hasUsageMetrics: false,
    createdAt: place.now,
  };
  vpcs.put(tx, row);
  routeTables.put(tx, {
    id: newId('rtb'),
    vpc: row.id,
    routes: [{ destination: cidr, target: 'local', origin: 'CreateRouteTable' }],
    associations: [{ id: newId('rtbassoc') }],
  });
  makeDefaultGroup(tx, row.id, place.account);
  return row;
}

export const findDefaultVpc = (tx: ReadTransaction): VpcRow | undefined =>
  vpcs.all(tx).find(({ isDefault }) => isDefault);

/** For whoever is about to look at networks, or to use them. */
export function ensureDefaultVpc(tx: Transaction, place: Place): void {
  if (hasDefaultVpc(tx)) return;
  defaultVpcsMade.put(tx, { id: 'vpc' });
  makeDefaultVpc(tx, place);
}

/** Whether there is, or was, one. */
export const hasDefaultVpc = (tx: ReadTransaction): boolean => defaultVpcsMade.find(tx, 'vpc') !== undefined;

export function makeDefaultVpc(tx: Transaction, place: Place): VpcRow {
  const vpc = makeVpc(tx, place, { cidr: DEFAULT_CIDR, isDefault: true, tenancy: 'default', hasDnsHostnames: true });
  const gateway = newId('igw');
  internetGateways.put(tx, { id: gateway, vpc: vpc.id });
  const main = mainTableOf(tx, vpc.id);
  const out = { destination: '0.0.0.0/0', target: gateway, origin: 'CreateRoute' } as const;
  routeTables.put(tx, { ...main, routes: [...main.routes, out] });
  for (const zone of zonesOf(place.region)) makeDefaultSubnet(tx, vpc, zone);
  return vpc;
}

/** The first of the default VPC's blocks that is free. */
export function makeDefaultSubnet(tx: Transaction, vpc: VpcRow, zone: Zone): SubnetRow {
  const taken = new Set(
    subnets
      .all(tx)
      .filter((subnet) => subnet.vpc === vpc.id)
      .map(({ cidr }) => cidr),
  );
  const { first } = blockOf(DEFAULT_CIDR);
  const blocks = Array.from({ length: 16 }, (_, at) =>
    formatBlock({ first: first + at * 2 ** (32 - DEFAULT_SUBNET_BITS), bits: DEFAULT_SUBNET_BITS }),
  );
  const cidr = blocks.find((block) => !taken.has(block));
  if (cidr === undefined) throw new Error(`${vpc.id} has no room for a default subnet`);
  const row: SubnetRow = {
    id: newId('subnet'),
    vpc: vpc.id,
    cidr,
    zone: zone.name,
    isDefault: true,
    givesPublicIp: true,
    hostNameType: 'ip-name',
    hasDnsARecord: false,
  };
  subnets.put(tx, row);
  return row;
}

/** Every VPC has one. */
export function mainTableOf(tx: ReadTransaction, vpc: string) {
  const main = routeTables
    .all(tx)
    .find((table) => table.vpc === vpc && table.associations.some(({ subnet }) => subnet === undefined));
  if (main === undefined) throw new Error(`${vpc} has no main route table`);
  return main;
}
