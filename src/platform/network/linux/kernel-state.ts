/**
 * Addresses, neighbours, routes and rules of a namespace as a set of lines, each an `ip` command without its verb. What should be and what is
 * are written in the same words, so what is to be done is the difference of two sets.
 *
 * A VPC is routed, not bridged: each interface has a tap of its own with a route to each of its addresses, and the namespace answers ARP
 * for everybody. A packet from a tap asks its subnet's table first; `local` there throws it to the main one, which knows the VPC's
 * interfaces and nothing else.
 */
import { addressAt } from '#platform/network/ipv4.ts';
import { DNS_ADDRESS, GATEWAY, METADATA_ADDRESS, routingTableOf, tapOf } from '#platform/network/linux/names.ts';
import {
  attachedTo,
  type InterfacePlan,
  type RoutePlan,
  type SubnetPlan,
  tunnelEndsOf,
  type VpcPlan,
} from '#platform/network/network.ts';

export const KINDS = ['addr', 'neigh', 'route', 'rule'] as const;
export type Kind = (typeof KINDS)[number];
/** By kind, the words after `ip addr add`. */
export type KernelState = Readonly<Record<Kind, ReadonlySet<string>>>;

/** The other end of the way out. It answers to no address: both ends know each other's by heart. */
export const OUTSIDE = { address: '100.64.0.1', innerMac: '0a:00:00:00:00:02', outerMac: '0a:00:00:00:00:01' } as const;
const RULE_PREFERENCE = 1000;

export function wantedState(plan: VpcPlan): KernelState {
  const attached = attachedTo(plan);
  const subnets = new Map(plan.subnets.map((subnet) => [subnet.id, subnet]));
  const resolvers = plan.cidrs.map((cidr) => addressAt(cidr, 2));
  const tunnelEnds = tunnelEndsOf(plan).flatMap(({ addresses }) => addresses.map(({ privateIp }) => privateIp));
  const own = [METADATA_ADDRESS, DNS_ADDRESS, ...resolvers, ...tunnelEnds].map((ip) => `${ip}/32 dev lo`);
  const gatewayNeighbour = `${OUTSIDE.address} lladdr ${OUTSIDE.outerMac} dev ${GATEWAY}`;
  return {
    addr: new Set([...own, ...attached.flatMap((nic) => routerAddress(nic, subnets.get(nic.subnet)))]),
    neigh: new Set([...attached.flatMap(neighbours), ...(plan.hasInternetGateway ? [gatewayNeighbour] : [])]),
    route: new Set([
      'blackhole default table main',
      ...attached.flatMap(routesTo),
      ...plan.subnets.flatMap((subnet) => routesOf(subnet, plan, attached)),
    ]),
    rule: new Set(
      attached.map(({ id, subnet }) => `pref ${RULE_PREFERENCE} iif ${tapOf(id)} lookup ${routingTableOf(subnet)}`),
    ),
  };
}

const routerAddress = ({ id }: InterfacePlan, subnet: SubnetPlan | undefined): string[] =>
  subnet === undefined ? [] : [`${addressAt(subnet.cidr, 1)}/32 dev ${tapOf(id)}`];

const neighbours = ({ id, mac, addresses }: InterfacePlan): string[] =>
  addresses.map(({ privateIp }) => `${privateIp} lladdr ${mac} dev ${tapOf(id)}`);

const routesTo = ({ id, addresses }: InterfacePlan): string[] =>
  addresses.map(({ privateIp }) => `${privateIp} dev ${tapOf(id)} table main`);

function routesOf({ id, routes }: SubnetPlan, plan: VpcPlan, attached: readonly InterfacePlan[]): string[] {
  const table = routingTableOf(id);
  return routes.map(({ destination, target }) => {
    const to = destination === '0.0.0.0/0' ? 'default' : destination.replace(/\/32$/, '');
    return routeLine(to, target, plan, attached).replace(/$/, ` table ${table}`);
  });
}

function routeLine(to: string, target: RoutePlan['target'], plan: VpcPlan, attached: readonly InterfacePlan[]): string {
  if (target === 'local') return `throw ${to}`;
  if (target === 'internet' && plan.hasInternetGateway) return `${to} via ${OUTSIDE.address} dev ${GATEWAY}`;
  const nic = typeof target === 'object' ? attached.find(({ id }) => id === target.interface) : undefined;
  const next = nic?.addresses[0]?.privateIp;
  return nic === undefined || next === undefined ? `blackhole ${to}` : `${to} via ${next} dev ${tapOf(nic.id)}`;
}

/** The commands that bring about what is wanted: first what is too much goes, so that it is in nothing's way. */
export function changes(wanted: KernelState, found: KernelState): string[] {
  const tooMuch = [...KINDS]
    .reverse()
    .flatMap((kind) => [...found[kind].difference(wanted[kind])].map((line) => `${kind} del ${line}${SUFFIX[kind]}`));
  const missing = KINDS.flatMap((kind) =>
    [...wanted[kind].difference(found[kind])].map((line) => `${kind} add ${line}${suffixOf(kind, line)}`),
  );
  return [...tooMuch, ...missing];
}

/** What says that a line is ours, where its like may be somebody else's. */
const SUFFIX: Readonly<Record<Kind, string>> = { addr: '', neigh: '', route: ' proto static', rule: '' };

function suffixOf(kind: Kind, line: string): string {
  if (kind === 'neigh') return ' nud permanent';
  return line.includes(' via ') ? `${SUFFIX[kind]} onlink` : SUFFIX[kind];
}

/** As `ip -json` tells it; what is not known is not ours. */
interface FoundAddress {
  readonly ifname: string;
  readonly addr_info: readonly { readonly family?: string; readonly local?: string; readonly prefixlen?: number }[];
}
interface FoundNeighbour {
  readonly dst: string;
  readonly lladdr?: string;
  readonly dev: string;
}
interface FoundRoute {
  readonly type?: string;
  readonly dst: string;
  readonly gateway?: string;
  readonly dev?: string;
  readonly table?: string;
}
interface FoundRule {
  readonly priority: number;
  readonly iif?: string;
  readonly table: string;
}

export interface Found {
  readonly addr: readonly FoundAddress[];
  readonly neigh: readonly FoundNeighbour[];
  readonly route: readonly FoundRoute[];
  readonly rule: readonly FoundRule[];
}

export function foundState({ addr, neigh, route, rule }: Found): KernelState {
  const addresses = addr.flatMap(({ ifname, addr_info: infos }) =>
    infos
      .filter(({ family, local }) => family === 'inet' && local !== '127.0.0.1')
      .map(({ local, prefixlen }) => `${local}/${prefixlen} dev ${ifname}`),
  );
  return {
    addr: new Set(addresses),
    neigh: new Set(neigh.map(({ dst, lladdr, dev }) => `${dst} lladdr ${lladdr} dev ${dev}`)),
    route: new Set(
      route.map(({ type, dst, gateway, dev, table = 'main' }) =>
        [type, dst, gateway && `via ${gateway}`, dev && `dev ${dev}`, `table ${table}`].filter(Boolean).join(' '),
      ),
    ),
    rule: new Set(
      rule
        .filter(({ priority }) => priority === RULE_PREFERENCE)
        .map(({ priority, iif, table }) => `pref ${priority} iif ${iif} lookup ${table}`),
    ),
  };
}
