/** Operations of internet gateways: for each its handler, and what the permission for it is about. */
import type * as Model from '#platform/model/generated/ec2.ts';
import {
  attachInternetGateway,
  createInternetGateway,
  deleteInternetGateway,
  describeInternetGateways,
  detachInternetGateway,
} from '#services/ec2/internet-gateways/internet-gateways.ts';
import { everywhere, making, on } from '#services/ec2/network-permissions.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';

const onGateway = on<{ readonly InternetGatewayId: string; readonly VpcId?: string }>(
  ({ InternetGatewayId, VpcId }) => ({ 'internet-gateway': InternetGatewayId, vpc: VpcId }),
);

export const gatewayOperations = (parts: Ec2Parts) =>
  ({
    CreateInternetGateway: {
      handler: createInternetGateway,
      ...making<Model.CreateInternetGatewayRequest>('CreateInternetGateway', 'internet-gateway'),
    },
    AttachInternetGateway: { handler: attachInternetGateway, ...onGateway },
    DetachInternetGateway: { handler: detachInternetGateway, ...onGateway },
    DeleteInternetGateway: { handler: deleteInternetGateway, ...onGateway },
    DescribeInternetGateways: { handler: describeInternetGateways(parts), ...everywhere },
  }) as const;
