/** Kinds of networks' resources. What holds another one fast lets go of it first (`release`): else neither could be removed. */

import type { Kind } from '#platform/service.ts';
import { addresses } from '#services/ec2/addresses/state.ts';
import { dhcpOptions } from '#services/ec2/dhcp-options/state.ts';
import { CONNECT_PRINCIPAL } from '#services/ec2/instance-connect-endpoints/linked-role.ts';
import { instanceConnectEndpoints } from '#services/ec2/instance-connect-endpoints/state.ts';
import { internetGateways } from '#services/ec2/internet-gateways/state.ts';
import { keptKind } from '#services/ec2/kept-kind.ts';
import { networkInterfaces } from '#services/ec2/network-interfaces/state.ts';
import { prefixLists } from '#services/ec2/prefix-lists/state.ts';
import { resourceId } from '#services/ec2/resources.ts';
import { routeTables } from '#services/ec2/route-tables/state.ts';
import { securityGroups } from '#services/ec2/security-groups/state.ts';
import { subnets } from '#services/ec2/subnets/state.ts';
import { vpcs } from '#services/ec2/vpcs/state.ts';

type Release = NonNullable<Kind['release']>;

const leavesInterface: Release = (tx, arn) => {
  const association = addresses.find(tx, resourceId(arn))?.association;
  return association && { operation: 'DisassociateAddress', input: { AssociationId: association.id } };
};

const leavesVpc: Release = (tx, arn) => {
  const id = resourceId(arn);
  const vpc = internetGateways.find(tx, id)?.vpc;
  return vpc === undefined
    ? undefined
    : { operation: 'DetachInternetGateway', input: { InternetGatewayId: id, VpcId: vpc } };
};

/** Groups may refer to one another. */
const leavesGroups: Release = (tx, arn) => {
  const id = resourceId(arn);
  const rules = securityGroups.find(tx, id)?.rules.filter(({ peer }) => peer.kind === 'group' && peer.group !== id);
  const first = rules?.[0];
  if (rules === undefined || first === undefined) return undefined;
  const ofOneDirection = rules.filter(({ isEgress }) => isEgress === first.isEgress);
  return {
    operation: first.isEgress ? 'RevokeSecurityGroupEgress' : 'RevokeSecurityGroupIngress',
    input: { GroupId: id, SecurityGroupRuleIds: ofOneDirection.map((rule) => rule.id) },
  };
};

export const networkKinds = {
  'elastic-ip': keptKind('elastic-ip', addresses, ['ReleaseAddress', 'AllocationId'], {
    cloudFormationType: 'AWS::EC2::EIP',
    release: leavesInterface,
    holdsData: false,
  }),
  'network-interface': keptKind(
    'network-interface',
    networkInterfaces,
    ['DeleteNetworkInterface', 'NetworkInterfaceId'],
    {
      cloudFormationType: 'AWS::EC2::NetworkInterface',
      removeAfter: ['instance', 'instance-connect-endpoint'],
      holdsData: false,
    },
  ),
  'instance-connect-endpoint': keptKind(
    'instance-connect-endpoint',
    instanceConnectEndpoints,
    ['DeleteInstanceConnectEndpoint', 'InstanceConnectEndpointId'],
    {
      cloudFormationType: 'AWS::EC2::InstanceConnectEndpoint',
      linkedRole: CONNECT_PRINCIPAL,
      holdsData: false,
    },
  ),
  'internet-gateway': keptKind('internet-gateway', internetGateways, ['DeleteInternetGateway', 'InternetGatewayId'], {
    cloudFormationType: 'AWS::EC2::InternetGateway',
    release: leavesVpc,
    removeAfter: ['elastic-ip', 'instance', 'network-interface'],
    holdsData: false,
  }),
  subnet: keptKind('subnet', subnets, ['DeleteSubnet', 'SubnetId'], {
    cloudFormationType: 'AWS::EC2::Subnet',
    removeAfter: ['network-interface'],
    holdsData: false,
  }),
  'route-table': keptKind('route-table', routeTables, ['DeleteRouteTable', 'RouteTableId'], {
    cloudFormationType: 'AWS::EC2::RouteTable',
    removeAfter: ['subnet'],
    holdsData: false,
  }),
  'security-group': keptKind('security-group', securityGroups, ['DeleteSecurityGroup', 'GroupId'], {
    cloudFormationType: 'AWS::EC2::SecurityGroup',
    release: leavesGroups,
    removeAfter: ['network-interface'],
    holdsData: false,
  }),
  vpc: keptKind('vpc', vpcs, ['DeleteVpc', 'VpcId'], {
    cloudFormationType: 'AWS::EC2::VPC',
    removeAfter: ['internet-gateway', 'route-table', 'security-group', 'subnet'],
    holdsData: false,
  }),
  'dhcp-options': keptKind('dhcp-options', dhcpOptions, ['DeleteDhcpOptions', 'DhcpOptionsId'], {
    cloudFormationType: 'AWS::EC2::DHCPOptions',
    removeAfter: ['vpc'],
    holdsData: false,
  }),
  'prefix-list': keptKind('prefix-list', prefixLists, ['DeleteManagedPrefixList', 'PrefixListId'], {
    cloudFormationType: 'AWS::EC2::PrefixList',
    removeAfter: ['route-table', 'security-group'],
    holdsData: false,
  }),
} satisfies Record<string, Kind>;
