/** Route tables, and which subnet goes by which. Their routes are in routes.ts. */
import type * as Model from '#platform/model/generated/ec2.ts';
import type { Call } from '#platform/service.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { deleteTags, setTags } from '#platform/tags.ts';
import { describe, type Tagged } from '#services/ec2/describe.ts';
import { fail } from '#services/ec2/errors.ts';
import type { Fields } from '#services/ec2/filters.ts';
import { ROUTE_TABLES_PER_VPC } from '#services/ec2/network-limits.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';
import { newId, resourceArn } from '#services/ec2/resources.ts';
import { shownRoute } from '#services/ec2/route-tables/routes.ts';
import { type RouteTableAssociation, type RouteTableRow, routeTables } from '#services/ec2/route-tables/state.ts';
import { shownFields } from '#services/ec2/shown-fields.ts';
import { findSubnet } from '#services/ec2/subnets/subnets.ts';
import { shownTags, tagsFor } from '#services/ec2/tags/tag-specifications.ts';
import { findVpc } from '#services/ec2/vpcs/vpcs.ts';

const findTable = (tx: ReadTransaction, id: string): RouteTableRow =>
  routeTables.find(tx, id) ?? fail('NoSuchRouteTable', id);

export function createRouteTable(input: Model.CreateRouteTableRequest, call: Call): Model.CreateRouteTableResult {
  const { tx } = call;
  const vpc = findVpc(tx, input.VpcId);
  const most = call.quota(ROUTE_TABLES_PER_VPC);
  if (routeTables.all(tx).filter((table) => table.vpc === vpc.id).length >= most) fail('RouteTableLimit');
  const tags = tagsFor('route-table', input);
  const routes = vpc.cidrs.map(
    ({ cidr }) => ({ destination: cidr, target: 'local', origin: 'CreateRouteTable' }) as const,
  );
  const row: RouteTableRow = { id: newId('rtb'), vpc: vpc.id, routes, associations: [] };
  routeTables.put(tx, row);
  setTags(tx, resourceArn(call, 'route-table', row.id), tags);
  return {
    RouteTable: shownTable({ ...row, tags }, call),
    ...(input.ClientToken !== undefined && { ClientToken: input.ClientToken }),
  };
}

export function deleteRouteTable({ RouteTableId: id }: Model.DeleteRouteTableRequest, call: Call): void {
  const row = findTable(call.tx, id);
  if (row.associations.length > 0) fail('HasDependencies', 'routeTable', id);
  routeTables.drop(call.tx, id);
  deleteTags(call.tx, resourceArn(call, 'route-table', id));
}

const ASSOCIATED = { State: 'associated' } as const;

export function associateRouteTable(
  input: Model.AssociateRouteTableRequest,
  { tx }: Call,
): Model.AssociateRouteTableResult {
  if (input.GatewayId !== undefined || input.PublicIpv4Pool !== undefined) {
    fail('UnsupportedOperation', 'Route tables of gateways are not supported.');
  }
  const row = findTable(tx, input.RouteTableId);
  const subnet = findSubnet(tx, input.SubnetId ?? fail('MissingParameter', 'subnetId'));
  if (subnet.vpc !== row.vpc) {
    fail('InvalidValue', `Route table ${row.id} and subnet ${subnet.id} belong to different networks`);
  }
  const isTaken = routeTables
    .all(tx)
    .some(({ associations }) => associations.some((each) => each.subnet === subnet.id));
  if (isTaken) {
    fail(
      'AlreadyAssociated',
      `the specified association for route table ${row.id} conflicts with an existing association`,
    );
  }
  const association = { id: newId('rtbassoc'), subnet: subnet.id };
  routeTables.put(tx, { ...row, associations: [...row.associations, association] });
  return { AssociationId: association.id, AssociationState: ASSOCIATED };
}

interface Found {
  readonly table: RouteTableRow;
  readonly association: RouteTableAssociation;
}

export function findTableAssociation(tx: ReadTransaction, id: string): Found | undefined {
  for (const table of routeTables.all(tx)) {
    const association = table.associations.find((each) => each.id === id);
    if (association !== undefined) return { table, association };
  }
  return undefined;
}

const without = (row: RouteTableRow, { id }: RouteTableAssociation): RouteTableRow => ({
  ...row,
  associations: row.associations.filter((each) => each.id !== id),
});

/** "You can also use this operation to change which table is the main route table in the VPC." */
export function replaceRouteTableAssociation(
  { AssociationId: id, RouteTableId: to }: Model.ReplaceRouteTableAssociationRequest,
  { tx }: Call,
): Model.ReplaceRouteTableAssociationResult {
  const { table, association } = findTableAssociation(tx, id) ?? fail('NoSuchNetworkAssociation', id);
  const target = findTable(tx, to);
  if (target.vpc !== table.vpc) {
    fail('InvalidValue', `Route table ${to} and association ${id} belong to different networks`);
  }
  routeTables.put(tx, without(table, association));
  const moved = { ...association, id: newId('rtbassoc') };
  const present = findTable(tx, to);
  routeTables.put(tx, { ...present, associations: [...present.associations, moved] });
  return { NewAssociationId: moved.id, AssociationState: ASSOCIATED };
}

export function disassociateRouteTable({ AssociationId: id }: Model.DisassociateRouteTableRequest, { tx }: Call): void {
  const { table, association } = findTableAssociation(tx, id) ?? fail('NoSuchNetworkAssociation', id);
  if (association.subnet === undefined) {
    fail('InvalidValue', `cannot disassociate the main route table association ${id}`);
  }
  routeTables.put(tx, without(table, association));
}

type Shown = Tagged<RouteTableRow>;

/** Filters, by the member of the answer that each is about. */
const PATHS = {
  'association.gateway-id': 'Associations.GatewayId',
  'association.route-table-association-id': 'Associations.RouteTableAssociationId',
  'association.route-table-id': 'Associations.RouteTableId',
  'association.subnet-id': 'Associations.SubnetId',
  'association.main': 'Associations.Main',
  'owner-id': 'OwnerId',
  'route-table-id': 'RouteTableId',
  'route.destination-cidr-block': 'Routes.DestinationCidrBlock',
  'route.destination-ipv6-cidr-block': 'Routes.DestinationIpv6CidrBlock',
  'route.destination-prefix-list-id': 'Routes.DestinationPrefixListId',
  'route.egress-only-internet-gateway-id': 'Routes.EgressOnlyInternetGatewayId',
  'route.gateway-id': 'Routes.GatewayId',
  'route.instance-id': 'Routes.InstanceId',
  'route.nat-gateway-id': 'Routes.NatGatewayId',
  'route.transit-gateway-id': 'Routes.TransitGatewayId',
  'route.origin': 'Routes.Origin',
  'route.state': 'Routes.State',
  'route.vpc-peering-connection-id': 'Routes.VpcPeeringConnectionId',
  'vpc-id': 'VpcId',
} as const;

export const describeRouteTables =
  ({ pages }: Ec2Parts) =>
  (input: Model.DescribeRouteTablesRequest, call: Call): Model.DescribeRouteTablesResult => {
    const fields: Fields<Shown> = shownFields((row) => shownTable(row, call), PATHS);
    const absent = (id: string): never => fail('NoSuchRouteTable', id);
    const noun = { rows: routeTables, type: 'route-table', fields, absent } as const;
    const { items, more } = describe(pages, call, noun, input, input.RouteTableIds);
    return { RouteTables: items.map((row) => shownTable(row, call)), ...more };
  };

const shownTable = (row: Shown, { tx, account }: Call): Model.RouteTable => ({
  Associations: row.associations.map(({ id, subnet }) => ({
    Main: subnet === undefined,
    RouteTableAssociationId: id,
    RouteTableId: row.id,
    ...(subnet !== undefined && { SubnetId: subnet }),
    AssociationState: ASSOCIATED,
  })),
  PropagatingVgws: [],
  RouteTableId: row.id,
  Routes: row.routes.map((route) => shownRoute(tx, row, route, account)),
  Tags: shownTags(row.tags),
  VpcId: row.vpc,
  OwnerId: account,
});
