/** Operations of route tables: for each its handler, and what the permission for it is about. */
import type * as Model from '#platform/model/generated/ec2.ts';
import { everywhere, making, on } from '#services/ec2/network-permissions.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';
import {
  associateRouteTable,
  createRouteTable,
  deleteRouteTable,
  describeRouteTables,
  disassociateRouteTable,
  findTableAssociation,
  replaceRouteTableAssociation,
} from '#services/ec2/route-tables/route-tables.ts';
import { createRoute, deleteRoute, replaceRoute } from '#services/ec2/route-tables/routes.ts';

const onTable = on<{ readonly RouteTableId: string; readonly SubnetId?: string }>(({ RouteTableId, SubnetId }) => ({
  'route-table': RouteTableId,
  subnet: SubnetId,
}));

/** The table and the subnet of an association; where it is moved, the table that it is moved to. */
const onTableAssociation = on<{ readonly AssociationId: string; readonly RouteTableId?: string }>(
  ({ AssociationId, RouteTableId }, tx) => {
    const found = findTableAssociation(tx, AssociationId);
    return { 'route-table': RouteTableId ?? found?.table.id, subnet: found?.association.subnet };
  },
);

export const routeOperations = (parts: Ec2Parts) =>
  ({
    CreateRouteTable: {
      handler: createRouteTable,
      ...making<Model.CreateRouteTableRequest>('CreateRouteTable', 'route-table', ({ VpcId }) => ({ vpc: VpcId })),
    },
    DeleteRouteTable: { handler: deleteRouteTable, ...onTable },
    DescribeRouteTables: { handler: describeRouteTables(parts), ...everywhere },
    AssociateRouteTable: { handler: associateRouteTable, ...onTable },
    ReplaceRouteTableAssociation: { handler: replaceRouteTableAssociation, ...onTableAssociation },
    DisassociateRouteTable: { handler: disassociateRouteTable, ...onTableAssociation },
    CreateRoute: { handler: createRoute, ...onTable },
    ReplaceRoute: { handler: replaceRoute, ...onTable },
    DeleteRoute: { handler: deleteRoute, ...onTable },
  }) as const;
