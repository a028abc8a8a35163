/** Operations of subnets: for each its handler, and what the permission for it is about. */
import type * as Model from '#platform/model/generated/ec2.ts';
import type { CallScope } from '#platform/service.ts';
import { everywhere, making, modifying, on } from '#services/ec2/network-permissions.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';
import { resourceArn } from '#services/ec2/resources.ts';
import {
  createSubnetCidrReservation,
  deleteSubnetCidrReservation,
  getSubnetCidrReservations,
} from '#services/ec2/subnets/cidr-reservations.ts';
import {
  createDefaultSubnet,
  createSubnet,
  deleteSubnet,
  describeSubnets,
  modifySubnetAttribute,
} from '#services/ec2/subnets/subnets.ts';
import { permissionToTag } from '#services/ec2/tags/tag-specifications.ts';

const onReserved = on<{ readonly SubnetId: string }>(({ SubnetId }) => ({ subnet: SubnetId }));

export const subnetOperations = (parts: Ec2Parts) =>
  ({
    CreateSubnet: {
      handler: createSubnet,
      ...making<Model.CreateSubnetRequest>('CreateSubnet', 'subnet', ({ VpcId }) => ({ vpc: VpcId })),
    },
    CreateSubnetCidrReservation: {
      handler: createSubnetCidrReservation,
      ...onReserved,
      further: (input: Model.CreateSubnetCidrReservationRequest, scope: CallScope) =>
        permissionToTag('CreateSubnetCidrReservation', resourceArn(scope, 'subnet-cidr-reservation', '*'), input),
    },
    DeleteSubnetCidrReservation: { handler: deleteSubnetCidrReservation, ...everywhere },
    GetSubnetCidrReservations: { handler: getSubnetCidrReservations(parts), ...everywhere },
    CreateDefaultSubnet: { handler: createDefaultSubnet, ...everywhere },
    DeleteSubnet: { handler: deleteSubnet, ...on<Model.DeleteSubnetRequest>(({ SubnetId }) => ({ subnet: SubnetId })) },
    DescribeSubnets: { handler: describeSubnets(parts), ...everywhere },
    ModifySubnetAttribute: {
      handler: modifySubnetAttribute,
      ...modifying<Model.ModifySubnetAttributeRequest>(({ SubnetId }) => ({ subnet: SubnetId }), 'SubnetId'),
    },
  }) as const;
