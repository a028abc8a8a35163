/** What there may be only so much of, and what has to be there: refusals that EC2's other tests do not meet. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CreateDhcpOptionsCommand,
  CreateNetworkInterfaceCommand,
  CreateRouteCommand,
  CreateRouteTableCommand,
  CreateSecurityGroupCommand,
  CreateSnapshotCommand,
  CreateVolumeCommand,
  DeleteSubnetCommand,
  DeleteVpcCommand,
  DescribeSubnetsCommand,
  DescribeVolumesCommand,
  DescribeVpcsCommand,
  DetachInternetGatewayCommand,
  ModifyVolumeCommand,
  RunInstancesCommand,
} from '@aws-sdk/client-ec2';
import { cloudWithHost } from '#test/sdk/ec2-host.ts';
import { shortWays } from '#test/sdk/ec2-network.ts';
import { operate } from '#test/sdk/people.ts';
import { refusal } from '#test/sdk/refusals.ts';
import { until } from '#test/until.ts';

test('quotas of networks', async (t) => {
  const { c, ec2 } = await cloudWithHost(t);
  const { newVpc, newSubnet } = shortWays(ec2);
  const only = (QuotaCode: string, Value: number) =>
    operate(c, 'SetQuota', { AccountId: c.account, Region: 'us-east-1', ServiceCode: 'ec2', QuotaCode, Value });
  const VpcId = await newVpc();

  await only('L-407747CB', 1);
  const SubnetId = await newSubnet(VpcId);
  await assert.rejects(newSubnet(VpcId, '10.0.2.0/24'), refusal('SubnetLimitExceeded'));

  await only('L-589F43AA', 2);
  const table = () => ec2.send(new CreateRouteTableCommand({ VpcId }));
  const { RouteTable } = await table();
  await assert.rejects(table(), refusal('RouteTableLimitExceeded'));

  await only('L-DF5E4CA3', 1);
  const nic = () => ec2.send(new CreateNetworkInterfaceCommand({ SubnetId }));
  const { NetworkInterface } = await nic();
  await assert.rejects(nic(), refusal('NetworkInterfaceLimitExceeded'));

  await only('L-93826ACB', 1);
  const route = (DestinationCidrBlock: string) =>
    ec2.send(
      new CreateRouteCommand({
        RouteTableId: RouteTable?.RouteTableId,
        NetworkInterfaceId: NetworkInterface?.NetworkInterfaceId,
        DestinationCidrBlock,
      }),
    );
  await route('192.168.1.0/24');
  await assert.rejects(route('192.168.2.0/24'), refusal('RouteLimitExceeded'));

  await only('L-E79EC296', 2);
  const group = (GroupName: string) =>
    ec2.send(new CreateSecurityGroupCommand({ GroupName, Description: 'of a test', VpcId }));
  await assert.rejects(
    (async () => {
      for (const name of ['one', 'two', 'three']) await group(name);
    })(),
    refusal('SecurityGroupLimitExceeded'),
  );
});

test('limits that no quota moves', async (t) => {
  const { ec2 } = await cloudWithHost(t);
  const Values = Array.from({ length: 201 }, (_, i) => `10.${i}.0.0/16`);
  const many = ec2.send(new DescribeVpcsCommand({ Filters: [{ Name: 'cidr', Values }] }));
  await assert.rejects(many, refusal('FilterLimitExceeded', /maximum number of filter values .* is 200/));
  const options = () =>
    ec2.send(
      new CreateDhcpOptionsCommand({ DhcpConfigurations: [{ Key: 'domain-name', Values: ['example.internal'] }] }),
    );
  await assert.rejects(
    (async () => {
      for (let count = 0; count <= 100; count++) await options();
    })(),
    refusal('DhcpOptionsLimitExceeded'),
  );
});

test('snapshots and changes of a volume that are under way', async (t) => {
  const { ec2, host } = await cloudWithHost(t);
  const { VolumeId = '' } = await ec2.send(new CreateVolumeCommand({ AvailabilityZone: 'us-east-1a', Size: 10 }));
  const state = async () => (await ec2.send(new DescribeVolumesCommand({ VolumeIds: [VolumeId] }))).Volumes?.[0]?.State;
  await until(async () => (await state()) === 'available', 'the volume');
  let go = (): void => {};
  const held = new Promise<void>((resolve) => (go = resolve));
  host.volumes.before = (step) => (step === 'snapshot' || step === 'grow' ? held : undefined);
  try {
    const take = () => ec2.send(new CreateSnapshotCommand({ VolumeId }));
    for (let count = 0; count < 5; count++) await take();
    await assert.rejects(take(), refusal('ConcurrentSnapshotLimitExceeded'));
    const grow = (Size: number) => ec2.send(new ModifyVolumeCommand({ VolumeId, Size }));
    await grow(20);
    await assert.rejects(grow(30), refusal('IncorrectModificationState'));
  } finally {
    go();
  }
});

test('without a default VPC, or a subnet in it, who names none is told so', async (t) => {
  const { ec2, image } = await cloudWithHost(t);
  const { vpc, subnets, gateway } = await shortWays(ec2).defaults();
  const launch = (AvailabilityZone?: string) =>
    ec2.send(
      new RunInstancesCommand({
        ...{ ImageId: image, InstanceType: 't3.micro', MinCount: 1, MaxCount: 1 },
        ...(AvailabilityZone !== undefined && { Placement: { AvailabilityZone } }),
      }),
    );
  const [first] = subnets;
  await ec2.send(new DeleteSubnetCommand({ SubnetId: first?.SubnetId }));
  await assert.rejects(
    launch(first?.AvailabilityZone),
    refusal('MissingInput', /No subnets found for the default VPC/),
  );
  const left = await ec2.send(new DescribeSubnetsCommand());
  for (const { SubnetId } of left.Subnets ?? []) await ec2.send(new DeleteSubnetCommand({ SubnetId }));
  await ec2.send(new DetachInternetGatewayCommand({ VpcId: vpc, InternetGatewayId: gateway }));
  await ec2.send(new DeleteVpcCommand({ VpcId: vpc }));
  await assert.rejects(launch(), refusal('VPCIdNotSpecified', 'No default VPC for this user'));
  const group = ec2.send(new CreateSecurityGroupCommand({ GroupName: 'web', Description: 'of a test' }));
  await assert.rejects(group, refusal('VPCIdNotSpecified'));
});
