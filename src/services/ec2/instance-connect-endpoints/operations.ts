/** Operations of EC2 Instance Connect Endpoints: for each its handler, and what the permission for it is about. */
import type * as Model from '#platform/model/generated/ec2.ts';
import type { CallScope, FurtherPermission } from '#platform/service.ts';
import {
  createInstanceConnectEndpoint,
  deleteInstanceConnectEndpoint,
  describeInstanceConnectEndpoints,
  modifyInstanceConnectEndpoint,
} from '#services/ec2/instance-connect-endpoints/endpoints.ts';
import { permissionForRole } from '#services/ec2/instance-connect-endpoints/linked-role.ts';
import { everywhere, making, modifying, on } from '#services/ec2/network-permissions.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';
import { resourceArn } from '#services/ec2/resources.ts';

type Creating = Model.CreateInstanceConnectEndpointRequest;

const creating = making<Creating>(
  'CreateInstanceConnectEndpoint',
  'instance-connect-endpoint',
  ({ SubnetId, SecurityGroupIds }) => ({ subnet: SubnetId, 'security-group': SecurityGroupIds }),
);

/** "To create an EC2 Instance Connect Endpoint, users require permissions for […] ec2:CreateNetworkInterface": in the subnet, with the groups. */
const withInterface = ({ SubnetId, SecurityGroupIds = [] }: Creating, scope: CallScope): FurtherPermission[] =>
  [
    resourceArn(scope, 'subnet', SubnetId),
    ...SecurityGroupIds.map((id) => resourceArn(scope, 'security-group', id)),
  ].map((resource) => ({ action: 'ec2:CreateNetworkInterface', resource }));

export const connectEndpointOperations = (parts: Ec2Parts) =>
  ({
    CreateInstanceConnectEndpoint: {
      handler: createInstanceConnectEndpoint(parts),
      ...creating,
      further: (input: Creating, scope: CallScope) => [
        ...creating.further(input, scope),
        ...withInterface(input, scope),
        ...permissionForRole(parts, scope),
      ],
    },
    DescribeInstanceConnectEndpoints: { handler: describeInstanceConnectEndpoints(parts), ...everywhere },
    DeleteInstanceConnectEndpoint: {
      handler: deleteInstanceConnectEndpoint(parts),
      ...on<Model.DeleteInstanceConnectEndpointRequest>(({ InstanceConnectEndpointId }) => ({
        'instance-connect-endpoint': InstanceConnectEndpointId,
      })),
    },
    ModifyInstanceConnectEndpoint: {
      handler: modifyInstanceConnectEndpoint,
      ...modifying<Model.ModifyInstanceConnectEndpointRequest>(
        ({ InstanceConnectEndpointId, SecurityGroupIds }) => ({
          'instance-connect-endpoint': InstanceConnectEndpointId,
          'security-group': SecurityGroupIds,
        }),
        'InstanceConnectEndpointId',
      ),
    },
  }) as const;
