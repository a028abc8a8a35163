/** Operations of subnets: for each its handler, and what the permission for it is about. */
import type * as Model from '#platform/model/generated/ec2.ts';
import { everywhere, making, modifying, on } from '#services/ec2/network-permissions.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';
import {
  createDefaultSubnet,
  createSubnet,
  deleteSubnet,
  describeSubnets,
  modifySubnetAttribute,
} from '#services/ec2/subnets/subnets.ts';

export const subnetOperations = (parts: Ec2Parts) =>
  ({
    CreateSubnet: {
      handler: createSubnet,
      ...making<Model.CreateSubnetRequest>('CreateSubnet', 'subnet', ({ VpcId }) => ({ vpc: VpcId })),
    },
    CreateDefaultSubnet: { handler: createDefaultSubnet, ...everywhere },
    DeleteSubnet: { handler: deleteSubnet, ...on<Model.DeleteSubnetRequest>(({ SubnetId }) => ({ subnet: SubnetId })) },
    DescribeSubnets: { handler: describeSubnets(parts), ...everywhere },
    ModifySubnetAttribute: {
      handler: modifySubnetAttribute,
      ...modifying<Model.ModifySubnetAttributeRequest>(({ SubnetId }) => ({ subnet: SubnetId }), 'SubnetId'),
    },
  }) as const;
