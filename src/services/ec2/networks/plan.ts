/**
 * From rows to what a host's network of a VPC should be (platform/network/network.ts). Nothing but a function of the rows: whatever
 * changes, the reconciler makes the whole plan again, and the host does what is different.
 */
import { getOrInsert } from '#platform/base/get-or-insert.ts';
import { blockOf } from '#platform/network/ipv4.ts';
import type {
  AddressSet,
  DhcpPlan,
  InterfacePlan,
  RoutePlan,
  RulePlan,
  SubnetPlan,
  VpcPlan,
} from '#platform/network/network.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { AMAZON_DNS } from '#services/ec2/dhcp-options/default-options.ts';
import { type DhcpOptionsRow, dhcpOptions } from '#services/ec2/dhcp-options/state.ts';
import { type InstanceRow, instances } from '#services/ec2/instances/state.ts';
import { internetGateways } from '#services/ec2/internet-gateways/state.ts';
import { ipName, privateDomain, resourceName } from '#services/ec2/network-interfaces/dns-names.ts';
import { type NetworkInterfaceRow, networkInterfaces } from '#services/ec2/network-interfaces/state.ts';
import { awsLists } from '#services/ec2/prefix-lists/aws-lists.ts';
import { type PrefixListRow, prefixLists } from '#services/ec2/prefix-lists/state.ts';
import { type Route, type RouteTableRow, routeTables } from '#services/ec2/route-tables/state.ts';
import { type SecurityGroupRow, type SecurityGroupRule, securityGroups } from '#services/ec2/security-groups/state.ts';
import { type SubnetRow, subnets } from '#services/ec2/subnets/state.ts';
import { type VpcRow, vpcs } from '#services/ec2/vpcs/state.ts';

/** All that counts for one VPC. */
export interface VpcRows {
  readonly region: string;
  readonly vpc: VpcRow;
  readonly subnets: readonly SubnetRow[];
  readonly tables: readonly RouteTableRow[];
  /** The internet gateway that is attached to it. */
  readonly gateway: string | undefined;
  readonly groups: readonly SecurityGroupRow[];
  readonly interfaces: readonly NetworkInterfaceRow[];
  /** Those that its interfaces are attached to. */
  readonly instances: readonly Pick<InstanceRow, 'id' | 'metadata' | 'names'>[];
  readonly lists: readonly PrefixListRow[];
  readonly options: DhcpOptionsRow | undefined;
}

/** Undefined: no such VPC. */
export function readVpc(tx: ReadTransaction, id: string): VpcRows | undefined {
  const vpc = vpcs.find(tx, id);
  if (vpc === undefined) return undefined;
  const isHere = (row: { readonly vpc?: string }): boolean => row.vpc === id;
  const interfaces = networkInterfaces.all(tx).filter(isHere);
  const machines = new Set(interfaces.flatMap(({ attachment }) => attachment?.instance ?? []));
  return {
    region: tx.partition.name.region,
    vpc,
    subnets: subnets.all(tx).filter(isHere),
    tables: routeTables.all(tx).filter(isHere),
    gateway: internetGateways.all(tx).find(isHere)?.id,
    groups: securityGroups.all(tx).filter(isHere),
    interfaces,
    instances: [...machines].flatMap((machine) => instances.find(tx, machine) ?? []),
    lists: [...prefixLists.all(tx), ...awsLists(tx.partition.name.region)],
    options: dhcpOptions.find(tx, vpc.dhcpOptions),
  };
}

export function planOf(rows: VpcRows): VpcPlan {
  const known: Known = {
    instances: new Map(rows.instances.map((instance) => [instance.id, instance])),
    rules: new Map(),
  };
  const interfaces = rows.interfaces.map((row) => interfacePlan(rows, known, row));
  return {
    id: rows.vpc.id,
    cidrs: rows.vpc.cidrs.map(({ cidr }) => cidr),
    subnets: rows.subnets.map((subnet) => subnetPlan(rows, subnet)),
    interfaces,
    sets: setsOf(rows, interfaces),
    hasInternetGateway: rows.gateway !== undefined,
    dhcp: dhcpPlan(rows),
  };
}

function subnetPlan(rows: VpcRows, { id, cidr }: SubnetRow): SubnetPlan {
  const isOf = (subnet: string | undefined) => (table: RouteTableRow) =>
    table.associations.some((association) => association.subnet === subnet);
  const table = rows.tables.find(isOf(id)) ?? rows.tables.find(isOf(undefined));
  return { id, cidr, routes: routesOf(rows, table?.routes ?? []) };
}

/**
 * The most specific one counts; of two alike the one that names its destination itself, before one that has it from a prefix
 * list ("Route priority and prefix lists").
 */
function routesOf(rows: VpcRows, routes: readonly Route[]): RoutePlan[] {
  const plans = new Map<string, RoutePlan>();
  const [listed, direct] = [true, false].map((isListed) =>
    routes.filter(({ destination }) => isList(destination) === isListed),
  );
  for (const { destination, target } of [...(direct ?? []), ...(listed ?? [])]) {
    for (const cidr of isList(destination) ? cidrsOfList(rows, destination) : [destination]) {
      if (!isIpv4(cidr) || plans.has(cidr)) continue;
      plans.set(cidr, { destination: cidr, target: routeTarget(rows, target) });
    }
  }
  return [...plans.values()].sort((a, b) => blockOf(b.destination).bits - blockOf(a.destination).bits);
}

const isList = (destination: string): boolean => destination.startsWith('pl-');
const isIpv4 = (cidr: string): boolean => !cidr.includes(':');

const cidrsOfList = ({ lists }: VpcRows, id: string): string[] =>
  lists.find((list) => list.id === id)?.entries.map(({ cidr }) => cidr) ?? [];

/** What a route leads to is gone, or is attached to nothing: `blackhole`. */
function routeTarget(
  { gateway, interfaces }: Pick<VpcRows, 'gateway' | 'interfaces'>,
  target: string,
): RoutePlan['target'] {
  if (target === 'local') return 'local';
  if (target === gateway) return 'internet';
  const through = interfaces.find(({ id }) => id === target);
  return through?.attachment === undefined ? 'blackhole' : { interface: through.id };
}

/** What thousands of interfaces ask for again and again. */
interface Known {
  readonly instances: ReadonlyMap<string, VpcRows['instances'][number]>;
  /** By the groups that an interface is in. */
  readonly rules: Map<string, Pick<InterfacePlan, 'ingress' | 'egress'>>;
}

function rulesOfGroups({ groups }: VpcRows, ids: readonly string[]): Pick<InterfacePlan, 'ingress' | 'egress'> {
  const rules = groups.filter(({ id }) => ids.includes(id)).flatMap((group) => group.rules);
  return { ingress: rulesOf(rules, false), egress: rulesOf(rules, true) };
}

function interfacePlan(rows: VpcRows, known: Known, row: NetworkInterfaceRow): InterfacePlan {
  const machine = row.attachment?.instance;
  const instance = machine === undefined ? undefined : known.instances.get(machine);
  return {
    id: row.id,
    subnet: row.subnet,
    mac: row.mac,
    addresses: row.addresses.map(({ ip, publicIp }) => ({
      privateIp: ip,
      ...(publicIp !== undefined && { publicIp }),
    })),
    isSourceChecked: row.isSourceChecked,
    ...getOrInsert(known.rules, row.groups.join(), () => rulesOfGroups(rows, row.groups)),
    hostName:
      instance?.names.type === 'resource-name'
        ? resourceName(rows.region, instance.id)
        : ipName(rows.region, row.addresses[0]?.ip ?? ''),
    ...(machine !== undefined && { machine }),
    ...(row.manager !== undefined && { isTunnelEnd: true }),
    metadataHopLimit: instance?.metadata.isEnabled === true ? instance.metadata.hopLimit : undefined,
  };
}

/** IPv6 has no way in yet, so its rules have nothing to allow. */
function rulesOf(rules: readonly SecurityGroupRule[], isEgress: boolean): RulePlan[] {
  return rules.filter((rule) => rule.isEgress === isEgress).flatMap((rule) => rulePlan(rule) ?? []);
}

const PROTOCOLS: Readonly<Record<string, RulePlan['protocol']>> = { '-1': 'all', tcp: 'tcp', udp: 'udp', icmp: 'icmp' };

function rulePlan({ protocol, fromPort, toPort, peer }: SecurityGroupRule): RulePlan | undefined {
  if (peer.kind === 'ipv6' || protocol === 'icmpv6') return undefined;
  return {
    protocol: PROTOCOLS[protocol] ?? Number(protocol),
    ...(fromPort !== undefined && { fromPort }),
    ...(toPort !== undefined && { toPort }),
    peer: peer.kind === 'ipv4' ? { cidr: peer.cidr } : { set: peer.kind === 'group' ? peer.group : peer.list },
  };
}

/** A group stands for the private addresses of its members. */
function setsOf(rows: VpcRows, plans: readonly InterfacePlan[]): AddressSet[] {
  const named = new Set(
    plans.flatMap(({ ingress, egress }) =>
      [...ingress, ...egress].flatMap(({ peer }) => ('set' in peer ? peer.set : [])),
    ),
  );
  return [...named].sort().map((id) => ({
    id,
    cidrs: isList(id)
      ? cidrsOfList(rows, id).filter(isIpv4)
      : rows.interfaces
          .filter(({ groups }) => groups.includes(id))
          .flatMap(({ addresses }) => addresses.map(({ ip }) => `${ip}/32`)),
  }));
}

/** Who names no resolver gets none, nor who is without Amazon's in a VPC that has it switched off. */
function dhcpPlan({ region, options, vpc }: VpcRows): DhcpPlan {
  const own = vpc.hasDnsSupport ? ['vpc'] : [];
  const valuesOf = (name: string): readonly string[] => options?.options[name] ?? [];
  return {
    domainName: valuesOf('domain-name')[0] ?? privateDomain(region),
    nameServers: valuesOf('domain-name-servers')
      .filter(isIpv4)
      .flatMap((server) => (server === AMAZON_DNS ? own : server)),
    ntpServers: valuesOf('ntp-servers').filter(isIpv4),
  };
}
