/** Clouds with simulated networks, and short ways to ask EC2 for the parts of one. */
import type { TestContext } from 'node:test';
import {
  CreateSubnetCommand,
  CreateVpcCommand,
  DescribeInternetGatewaysCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeVpcsCommand,
  EC2Client,
} from '@aws-sdk/client-ec2';
import type { Host } from '#platform/compute/host.ts';
import { SimulatedMachines } from '#platform/compute/simulated/machines.ts';
import { type SimulatedNetworks, simulatedNetworks } from '#platform/network/simulated/networks.ts';
import { cloud } from '#test/sdk/cloud.ts';

export const withNetworks = (networks: SimulatedNetworks): Host => ({
  machines: new SimulatedMachines(),
  // Nothing that only has networks asks for either.
  volumes: {} as Host['volumes'],
  images: {} as Host['images'],
  networks,
  lacks: [],
});

export async function startNetworks(t: TestContext, networks = simulatedNetworks()) {
  const c = await cloud(t, { host: withNetworks(networks) });
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
