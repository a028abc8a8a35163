/** All operations of networks, each in its noun's folder. */
import type { Call, OperationDeclaration } from '#platform/service.ts';
import { addressOperations } from '#services/ec2/addresses/operations.ts';
import { dhcpOperations } from '#services/ec2/dhcp-options/operations.ts';
import { connectEndpointOperations } from '#services/ec2/instance-connect-endpoints/operations.ts';
import { gatewayOperations } from '#services/ec2/internet-gateways/operations.ts';
import { interfaceOperations } from '#services/ec2/network-interfaces/operations.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';
import { prefixListOperations } from '#services/ec2/prefix-lists/operations.ts';
import { routeOperations } from '#services/ec2/route-tables/operations.ts';
import { groupOperations } from '#services/ec2/security-groups/operations.ts';
import { subnetOperations } from '#services/ec2/subnets/operations.ts';
import { ensureDefaultVpc } from '#services/ec2/vpcs/make-vpc.ts';
import { vpcOperations } from '#services/ec2/vpcs/operations.ts';

/** Whoever looks at networks finds the default VPC. */
function withDefaultVpc<Operations extends Readonly<Record<string, OperationDeclaration>>>(
  operations: Operations,
): Operations {
  const entries = Object.entries(operations).map(([name, operation]) => {
    const handler = (input: never, call: Call): unknown => {
      ensureDefaultVpc(call.tx, call);
      return operation.handler(input, call);
    };
    return [name, { ...operation, handler }];
  });
  // The same names, each with what it had.
  return Object.fromEntries(entries) as Operations;
}

export const networkOperations = (parts: Ec2Parts) =>
  withDefaultVpc({
    ...vpcOperations(parts),
    ...subnetOperations(parts),
    ...gatewayOperations(parts),
    ...routeOperations(parts),
    ...groupOperations(parts),
    ...interfaceOperations(parts),
    ...addressOperations(parts),
    ...dhcpOperations(parts),
    ...prefixListOperations(parts),
    ...connectEndpointOperations(parts),
  });
