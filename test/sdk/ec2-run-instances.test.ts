/** What a launch takes, what it refuses, and who may make it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CreateSecurityGroupCommand,
  DescribeSubnetsCommand,
  EC2Client,
  RunInstancesCommand,
  type RunInstancesCommandInput,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';
import { cloudWithHost, instanceOf, launchOne, untilState } from '#test/sdk/ec2-host.ts';
import { newUser } from '#test/sdk/people.ts';
import { refusal } from '#test/sdk/refusals.ts';

test('a launch takes what it is given', async (t) => {
  const { ec2, image } = await cloudWithHost(t);
  const { Subnets = [] } = await ec2.send(new DescribeSubnetsCommand());
  const subnet = Subnets.find(({ AvailabilityZone }) => AvailabilityZone === 'us-east-1b');
  const { GroupId = '' } = await ec2.send(
    new CreateSecurityGroupCommand({ GroupName: 'web', Description: 'web', VpcId: subnet?.VpcId }),
  );
  const id = await launchOne(ec2, image, {
    InstanceType: 'm5.large',
    CpuOptions: { CoreCount: 1, ThreadsPerCore: 1 },
    EbsOptimized: true,
    Monitoring: { Enabled: true },
    MetadataOptions: { HttpTokens: 'optional', HttpPutResponseHopLimit: 3 },
    BlockDeviceMappings: [
      { DeviceName: '/dev/xvda', Ebs: { VolumeSize: 8, DeleteOnTermination: false } },
      { DeviceName: '/dev/sdf', Ebs: { VolumeSize: 4, VolumeType: 'gp3', Iops: 3000 } },
    ],
    NetworkInterfaces: [
      {
        DeviceIndex: 0,
        SubnetId: subnet?.SubnetId,
        Groups: [GroupId],
        AssociatePublicIpAddress: false,
        SecondaryPrivateIpAddressCount: 2,
        Description: 'main',
      },
    ],
  });
  const shown = await instanceOf(ec2, id);
  assert.deepEqual(shown.CpuOptions, { CoreCount: 1, ThreadsPerCore: 1 });
  assert.deepEqual(
    [shown.EbsOptimized, shown.Monitoring?.State, shown.Placement?.AvailabilityZone, shown.PublicIpAddress],
    [true, 'enabled', 'us-east-1b', undefined],
  );
  assert.deepEqual(shown.SecurityGroups, [{ GroupId, GroupName: 'web' }]);
  assert.equal(shown.NetworkInterfaces?.[0]?.PrivateIpAddresses?.length, 3);
  assert.deepEqual(
    shown.BlockDeviceMappings?.map(({ DeviceName, Ebs }) => [DeviceName, Ebs?.DeleteOnTermination]),
    [
      ['/dev/xvda', false],
      ['/dev/sdf', true],
    ],
  );
  const { HttpTokens, HttpPutResponseHopLimit } = shown.MetadataOptions ?? {};
  assert.deepEqual([HttpTokens, HttpPutResponseHopLimit], ['optional', 3]);
});

test('a launch is refused if what it asks for does not hold together', async (t) => {
  const { ec2, image } = await cloudWithHost(t);
  const { Subnets = [] } = await ec2.send(new DescribeSubnetsCommand());
  const subnet = Subnets.find(({ AvailabilityZone }) => AvailabilityZone === 'us-east-1b');
  const refused: readonly (readonly [Partial<RunInstancesCommandInput>, string])[] = [
    [{ ImageId: undefined as never }, 'MissingParameter'],
    [{ ImageId: 'ami-00000000000000000' }, 'InvalidAMIID.NotFound'],
    [{ InstanceType: 'a1.medium' }, 'InsufficientInstanceCapacity'],
    [{ MinCount: 2, MaxCount: 1 }, 'InvalidParameterValue'],
    [{ MinCount: 0, MaxCount: 0 }, 'InvalidParameterValue'],
    [{ KeyName: 'nobody' }, 'InvalidKeyPair.NotFound'],
    [{ UserData: 'not base 64!' }, 'InvalidUserData.Malformed'],
    [{ UserData: Buffer.alloc(16_385).toString('base64') }, 'InvalidParameterValue'],
    [{ IamInstanceProfile: { Name: 'nobody' } }, 'InvalidParameterValue'],
    [{ SubnetId: 'subnet-00000000000000000' }, 'InvalidSubnetID.NotFound'],
    [{ SecurityGroupIds: ['sg-00000000000000000'] }, 'InvalidGroup.NotFound'],
    [{ SecurityGroups: ['nobody'] }, 'InvalidGroup.NotFound'],
    [{ SubnetId: subnet?.SubnetId, Placement: { AvailabilityZone: 'us-east-1a' } }, 'InvalidParameterValue'],
    [{ Placement: { AvailabilityZone: 'us-east-1z' } }, 'InvalidParameterValue'],
    [{ Placement: { Tenancy: 'dedicated' } }, 'Unsupported'],
    [{ InstanceMarketOptions: { MarketType: 'spot' } }, 'Unsupported'],
    [{ HibernationOptions: { Configured: true } }, 'Unsupported'],
    [{ CpuOptions: { CoreCount: 3, ThreadsPerCore: 1 } }, 'InvalidParameterValue'],
    [{ CpuOptions: { CoreCount: 1 } }, 'InvalidParameterCombination'],
    [{ MetadataOptions: { HttpPutResponseHopLimit: 65 } }, 'InvalidParameterValue'],
    [{ InstanceType: 'm5.large', CreditSpecification: { CpuCredits: 'unlimited' } }, 'InvalidParameterCombination'],
    [{ BlockDeviceMappings: [{ DeviceName: '/dev/xvda', NoDevice: '' }] }, 'InvalidBlockDeviceMapping'],
    [{ BlockDeviceMappings: [{ DeviceName: '/dev/sdf', Ebs: {} }] }, 'MissingParameter'],
    [{ BlockDeviceMappings: [{ DeviceName: '/dev/sdb', VirtualName: 'ephemeral0' }] }, 'InvalidBlockDeviceMapping'],
    [{ NetworkInterfaces: [{ DeviceIndex: 1 }] }, 'InvalidParameterValue'],
    [{ NetworkInterfaces: [{ DeviceIndex: 0 }], SubnetId: subnet?.SubnetId }, 'InvalidParameterCombination'],
    [{ PrivateIpAddress: '172.31.0.9', MinCount: 2, MaxCount: 2 }, 'InvalidParameterCombination'],
    [{ TagSpecifications: [{ ResourceType: 'vpc', Tags: [{ Key: 'a', Value: 'b' }] }] }, 'InvalidParameterValue'],
    [{ MinCount: 100, MaxCount: 100 }, 'VcpuLimitExceeded'],
    [{ DryRun: true }, 'DryRunOperation'],
  ];
  for (const [input, code] of refused) {
    const sent = ec2.send(
      new RunInstancesCommand({ ImageId: image, InstanceType: 't3.micro', MinCount: 1, MaxCount: 1, ...input }),
    );
    await assert.rejects(sent, refusal(code), JSON.stringify(input));
  }
});

test('the same client token gets the same instances', async (t) => {
  const { ec2, image } = await cloudWithHost(t);
  const run = (MaxCount: number) =>
    ec2.send(new RunInstancesCommand({ ImageId: image, MinCount: 1, MaxCount, ClientToken: 'once' }));
  const [first, second] = [await run(1), await run(1)];
  assert.equal(second.Instances?.[0]?.InstanceId, first.Instances?.[0]?.InstanceId);
  await assert.rejects(run(2), refusal('IdempotentParameterMismatch'));
});

test('who launches needs permission on all that a launch touches, and policies can say which', async (t) => {
  const { c, image } = await cloudWithHost(t);
  const user = await newUser(c, 'anna');
  const ec2 = c.client(EC2Client, { credentials: user.credentials });
  const run = (InstanceType: 't3.micro' | 't3.large', more: Partial<RunInstancesCommandInput> = {}) =>
    ec2.send(new RunInstancesCommand({ ImageId: image, InstanceType, MinCount: 1, MaxCount: 1, ...more }));
  await assert.rejects(run('t3.micro'), refusal('UnauthorizedOperation'));
  const small = { StringEquals: { 'ec2:InstanceType': 't3.micro' } };
  const Action = 'ec2:RunInstances';
  const others = ['image', 'subnet', 'network-interface', 'security-group', 'volume', 'key-pair'];
  await user.allow(
    { Effect: 'Allow', Action, Resource: 'arn:aws:ec2:*:*:instance/*', Condition: small },
    { Effect: 'Allow', Action, Resource: others.map((noun) => `arn:aws:ec2:*:*:${noun}/*`) },
  );
  const { Instances = [] } = await run('t3.micro');
  const id = Instances[0]?.InstanceId ?? '';
  await assert.rejects(run('t3.large'), refusal('UnauthorizedOperation'));
  const TagSpecifications = [{ ResourceType: 'instance' as const, Tags: [{ Key: 'Team', Value: 'a' }] }];
  await assert.rejects(run('t3.micro', { TagSpecifications }), refusal('UnauthorizedOperation', /ec2:CreateTags/));
  await assert.rejects(
    ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] })),
    refusal('UnauthorizedOperation'),
  );
  await user.allow({
    Effect: 'Allow',
    Action: 'ec2:TerminateInstances',
    Resource: '*',
    Condition: { StringEquals: { 'ec2:InstanceType': 't3.micro', 'ec2:MetadataHttpTokens': 'required' } },
  });
  await ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }));
});

test('sixty launches at once all come to run', async (t) => {
  const { ec2, host, image } = await cloudWithHost(t);
  const launch = new RunInstancesCommand({ ImageId: image, InstanceType: 't2.nano', MinCount: 1, MaxCount: 1 });
  const answers = await Promise.all(Array.from({ length: 60 }, () => ec2.send(launch)));
  const ids = answers.flatMap(({ Instances = [] }) => Instances.flatMap(({ InstanceId }) => InstanceId ?? []));
  for (const id of ids) await untilState(ec2, id, 'running');
  assert.deepEqual(new Set(host.machines.machines.keys()), new Set(ids));
  assert.equal(host.machines.log.filter((step) => step.startsWith('start ')).length, 60);
});
