/** Routes of a table: a destination each, and what leads there. Which one counts for a packet is the host's to find (networks/plan.ts). */
import type * as Model from '#platform/model/generated/ec2.ts';
import { blockOf, contains, formatBlock, parseBlock } from '#platform/network/ipv4.ts';
import type { Call } from '#platform/service.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { fail } from '#services/ec2/errors.ts';
import { findInstance } from '#services/ec2/instances/instances.ts';
import { internetGateways } from '#services/ec2/internet-gateways/state.ts';
import { canonicalIpv6Block } from '#services/ec2/ipv6-block.ts';
import { networkInterfaces } from '#services/ec2/network-interfaces/state.ts';
import { ROUTES_PER_TABLE } from '#services/ec2/network-limits.ts';
import { findPrefixList } from '#services/ec2/prefix-lists/find-list.ts';
import { listSizes } from '#services/ec2/prefix-lists/list-sizes.ts';
import { countRoutes } from '#services/ec2/route-tables/route-count.ts';
import { type Route, type RouteTableRow, routeTables } from '#services/ec2/route-tables/state.ts';
import { findVpc } from '#services/ec2/vpcs/vpcs.ts';

const tableOf = (tx: ReadTransaction, id: string): RouteTableRow =>
  routeTables.find(tx, id) ?? fail('NoSuchRouteTable', id);

interface Destination {
  readonly DestinationCidrBlock?: string;
  readonly DestinationIpv6CidrBlock?: string;
  readonly DestinationPrefixListId?: string;
}

function destinationOf({ tx, region }: Call, input: Destination): string {
  const { DestinationCidrBlock: ipv4, DestinationIpv6CidrBlock: ipv6, DestinationPrefixListId: list } = input;
  if ([ipv4, ipv6, list].filter((given) => given !== undefined).length > 1) {
    fail('InvalidCombination', 'Only one of the destinations can be specified.');
  }
  const malformed = (cidr: string): never =>
    fail('InvalidParameter', 'destinationCidrBlock', cidr, 'This is not a valid CIDR block.');
  if (ipv4 !== undefined) return formatBlock(parseBlock(ipv4) ?? malformed(ipv4));
  if (ipv6 !== undefined) return canonicalIpv6Block(ipv6) ?? malformed(ipv6);
  return findPrefixList(tx, region, list ?? fail('MissingParameter', 'destinationCidrBlock')).id;
}

/** Targets that there are none of here. */
const ABSENT = [
  'CarrierGatewayId',
  'CoreNetworkArn',
  'EgressOnlyInternetGatewayId',
  'LocalGatewayId',
  'NatGatewayId',
  'OdbNetworkArn',
  'TransitGatewayId',
  'VpcEndpointId',
  'VpcPeeringConnectionId',
] as const;

type Targeting = Omit<Model.CreateRouteRequest, 'RouteTableId'>;

function targetOf(tx: ReadTransaction, { id: table, vpc }: RouteTableRow, input: Targeting): string {
  const absent = ABSENT.find((name) => input[name] !== undefined);
  if (absent !== undefined) fail('UnsupportedOperation', `${absent} is not supported as the target of a route.`);
  const { GatewayId: gateway, InstanceId: instance, NetworkInterfaceId: through } = input;
  const given = [gateway, instance, through].filter((id) => id !== undefined).length;
  if (given === 0) fail('MissingParameter', 'gatewayId');
  if (given > 1) fail('InvalidCombination', 'Only one target of a route can be specified.');
  const elsewhere = (what: string): never =>
    fail('InvalidValue', `route table ${table} and ${what} belong to different networks`);
  if (gateway !== undefined) {
    const row = internetGateways.find(tx, gateway) ?? fail('NoSuchGateway', gateway);
    return row.vpc === vpc ? row.id : elsewhere(`network gateway ${gateway}`);
  }
  const id = through ?? onlyInterface(tx, instance ?? '');
  const row = networkInterfaces.find(tx, id) ?? fail('NoSuchInterface', id);
  return row.vpc === vpc ? row.id : elsewhere(`interface ${id}`);
}

/** "The operation fails if you specify an instance ID unless exactly one network interface is attached." */
function onlyInterface(tx: ReadTransaction, instance: string): string {
  const [only, ...others] = findInstance(tx, instance).interfaces;
  if (only === undefined) return fail('NoInterfaces', instance);
  if (others.length > 0) fail('ManyInterfaces', instance);
  return only;
}

/** What lies within the VPC can be led through an interface, and nowhere else. */
function checkWithinVpc(tx: ReadTransaction, vpc: string, destination: string, target: string): void {
  const block = parseBlock(destination);
  if (block === undefined || target.startsWith('eni-')) return;
  if (findVpc(tx, vpc).cidrs.some(({ cidr }) => contains(blockOf(cidr), block))) {
    fail(
      'InvalidValue',
      `The destination CIDR block ${destination} is equal to or more specific than one of this VPC's CIDR blocks. This route can target only an interface or an instance.`,
    );
  }
}

export function createRoute(input: Model.CreateRouteRequest, call: Call): Model.CreateRouteResult {
  const { tx } = call;
  const table = tableOf(tx, input.RouteTableId);
  const destination = destinationOf(call, input);
  const target = targetOf(tx, table, input);
  if (table.routes.some((route) => route.destination === destination)) fail('RouteExists', destination);
  checkWithinVpc(tx, table.vpc, destination, target);
  const most = call.quota(ROUTES_PER_TABLE);
  const longer = { ...table, routes: [...table.routes, { destination, target, origin: 'CreateRoute' as const }] };
  if (countRoutes(longer, listSizes(tx, call.region)) > most) fail('RouteLimit');
  routeTables.put(tx, longer);
  return { Return: true };
}

const routeTo = ({ id, routes }: RouteTableRow, destination: string): Route =>
  routes.find((each) => each.destination === destination) ?? fail('NoSuchRoute', destination, id);

export function replaceRoute(input: Model.ReplaceRouteRequest, call: Call): void {
  const { tx } = call;
  const { LocalTarget: toLocal = false, ...targeting } = input;
  const table = tableOf(tx, input.RouteTableId);
  const destination = destinationOf(call, input);
  const route = routeTo(table, destination);
  if (toLocal && route.origin !== 'CreateRouteTable') fail('InvalidValue', `${destination} is not a local route.`);
  const target = toLocal ? 'local' : targetOf(tx, table, targeting);
  if (!toLocal) checkWithinVpc(tx, table.vpc, destination, target);
  const changed = { ...route, target };
  routeTables.put(tx, { ...table, routes: table.routes.map((each) => (each === route ? changed : each)) });
}

export function deleteRoute(input: Model.DeleteRouteRequest, call: Call): void {
  const { tx } = call;
  const table = tableOf(tx, input.RouteTableId);
  const destination = destinationOf(call, input);
  const route = routeTo(table, destination);
  if (route.origin === 'CreateRouteTable') {
    fail('InvalidValue', `cannot remove local route ${destination} in route table ${table.id}`);
  }
  routeTables.put(tx, { ...table, routes: table.routes.filter((each) => each !== route) });
}

function shownDestination(destination: string): Model.Route {
  if (destination.startsWith('pl-')) return { DestinationPrefixListId: destination };
  return destination.includes(':') ? { DestinationIpv6CidrBlock: destination } : { DestinationCidrBlock: destination };
}

function shownTarget(tx: ReadTransaction, vpc: string, target: string, account: string): Model.Route {
  if (target === 'local') return { GatewayId: target, State: 'active' };
  if (target.startsWith('igw-')) {
    const isAttached = internetGateways.find(tx, target)?.vpc === vpc;
    return { GatewayId: target, State: isAttached ? 'active' : 'blackhole' };
  }
  const instance = networkInterfaces.find(tx, target)?.attachment?.instance;
  return {
    NetworkInterfaceId: target,
    ...(instance !== undefined && { InstanceId: instance, InstanceOwnerId: account }),
    State: instance === undefined ? 'blackhole' : 'active',
  };
}

export const shownRoute = (
  tx: ReadTransaction,
  { vpc }: RouteTableRow,
  { destination, target, origin }: Route,
  account: string,
): Model.Route => ({ ...shownDestination(destination), ...shownTarget(tx, vpc, target, account), Origin: origin });
