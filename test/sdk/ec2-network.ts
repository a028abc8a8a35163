/** Clouds with simulated networks, and short ways to ask EC2 for the parts of one. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import {
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  DescribeInternetGatewaysCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeVpcsCommand,
  EC2Client,
  type IpPermission,
} from '@aws-sdk/client-ec2';
import { simulatedNetworks } from '#platform/network/simulated/networks.ts';
import { cloud } from '#test/sdk/cloud.ts';
import { simulatedHost } from '#test/sdk/ec2-host.ts';

export async function startNetworks(t: TestContext, networks = simulatedNetworks()) {
  const c = await cloud(t, { host: { ...simulatedHost(), networks } });
  const ec2 = c.client(EC2Client);
  return { c, ec2, networks, ...shortWays(ec2) };
}

export function shortWays(ec2: EC2Client) {
  const newVpc = async (CidrBlock = '10.0.0.0/16'): Promise<string> => {
    const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock }));
    return Vpc?.VpcId ?? '';
  };
  const newSubnet = async (
    VpcId: string,
    CidrBlock = '10.0.1.0/24',
    AvailabilityZone = 'us-east-1a',
  ): Promise<string> => {
    const { Subnet } = await ec2.send(new CreateSubnetCommand({ VpcId, CidrBlock, AvailabilityZone }));
    return Subnet?.SubnetId ?? '';
  };
  /** What the default VPC has. */
  const defaults = async () => {
    const { Vpcs = [] } = await ec2.send(
      new DescribeVpcsCommand({ Filters: [{ Name: 'is-default', Values: ['true'] }] }),
    );
    const vpc = Vpcs[0]?.VpcId ?? '';
    const Filters = [{ Name: 'vpc-id', Values: [vpc] }];
    const { Subnets = [] } = await ec2.send(new DescribeSubnetsCommand({ Filters }));
    const { SecurityGroups = [] } = await ec2.send(new DescribeSecurityGroupsCommand({ Filters }));
    const { InternetGateways = [] } = await ec2.send(
      new DescribeInternetGatewaysCommand({ Filters: [{ Name: 'attachment.vpc-id', Values: [vpc] }] }),
    );
    return {
      vpc,
      subnet: Subnets.find(({ AvailabilityZone }) => AvailabilityZone === 'us-east-1a')?.SubnetId ?? '',
      subnets: Subnets,
      group: SecurityGroups[0]?.GroupId ?? '',
      gateway: InternetGateways[0]?.InternetGatewayId ?? '',
    };
  };
  return { newVpc, newSubnet, defaults };
}

export const tagged = (ResourceType: string, tags: Readonly<Record<string, string>>) => [
  { ResourceType: ResourceType as 'vpc', Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) },
];

/** With short ways to groups. */
export async function startGroups(t: TestContext) {
  const given = await startNetworks(t);
  const { ec2 } = given;
  const newGroup = async (VpcId: string | undefined, GroupName = 'web') => {
    const made = await ec2.send(new CreateSecurityGroupCommand({ GroupName, Description: 'for tests', VpcId }));
    return made.GroupId ?? '';
  };
  const allow = (GroupId: string, ...IpPermissions: IpPermission[]) =>
    ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions }));
  const groupOf = async (id: string) => {
    const { SecurityGroups = [] } = await ec2.send(new DescribeSecurityGroupsCommand({ GroupIds: [id] }));
    return SecurityGroups[0] ?? assert.fail(`${id} is not there`);
  };
  return { ...given, newGroup, allow, groupOf };
}

export const ssh = (CidrIp = '0.0.0.0/0', Description?: string): IpPermission => ({
  IpProtocol: 'tcp',
  FromPort: 22,
  ToPort: 22,
  IpRanges: [{ CidrIp, ...(Description && { Description }) }],
});
