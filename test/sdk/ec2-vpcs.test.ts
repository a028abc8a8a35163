/** VPCs and subnets: the default one, those that users make, their blocks and attributes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  AssociateVpcCidrBlockCommand,
  CreateDefaultSubnetCommand,
  CreateDefaultVpcCommand,
  CreateSubnetCommand,
  CreateTagsCommand,
  CreateVpcCommand,
  DeleteInternetGatewayCommand,
  DeleteSubnetCommand,
  DeleteVpcCommand,
  DescribeNetworkAclsCommand,
  DescribeRouteTablesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeTagsCommand,
  DescribeVpcAttributeCommand,
  DescribeVpcsCommand,
  DetachInternetGatewayCommand,
  DisassociateVpcCidrBlockCommand,
  EC2Client,
  ModifySubnetAttributeCommand,
  ModifyVpcAttributeCommand,
  ModifyVpcTenancyCommand,
  paginateDescribeSubnets,
} from '@aws-sdk/client-ec2';
import { startNetworks, tagged } from '#test/sdk/ec2-network.ts';
import { newUser } from '#test/sdk/people.ts';
import { refusal } from '#test/sdk/refusals.ts';

test('an account has a default VPC in each region, with a subnet in each zone', async (t) => {
  const { c, ec2, defaults } = await startNetworks(t);
  const { vpc, subnets, group, gateway } = await defaults();
  assert.match(vpc, /^vpc-0[0-9a-f]{16}$/);
  assert.match(gateway, /^igw-/);
  assert.deepEqual(subnets.map(({ AvailabilityZone }) => AvailabilityZone).sort(), [
    'us-east-1a',
    'us-east-1b',
    'us-east-1c',
    'us-east-1d',
    'us-east-1e',
    'us-east-1f',
  ]);
  assert.equal(new Set(subnets.map(({ CidrBlock }) => CidrBlock)).size, 6);
  for (const subnet of subnets) {
    assert.match(subnet.CidrBlock ?? '', /^172\.31\.\d+\.0\/20$/);
    assert.deepEqual(
      [subnet.DefaultForAz, subnet.MapPublicIpOnLaunch, subnet.AvailableIpAddressCount, subnet.State],
      [true, true, 4091, 'available'],
    );
  }
  const { Vpcs = [] } = await ec2.send(new DescribeVpcsCommand());
  const [{ DhcpOptionsId, CidrBlockAssociationSet, ...shown } = {}] = Vpcs;
  assert.match(DhcpOptionsId ?? '', /^dopt-/);
  assert.equal(CidrBlockAssociationSet?.[0]?.CidrBlockState?.State, 'associated');
  assert.deepEqual(shown, {
    VpcId: vpc,
    CidrBlock: '172.31.0.0/16',
    IsDefault: true,
    InstanceTenancy: 'default',
    Ipv6CidrBlockAssociationSet: [],
    OwnerId: c.account,
    State: 'available',
    Tags: [],
  });
  const { RouteTables = [] } = await ec2.send(new DescribeRouteTablesCommand());
  assert.deepEqual(
    RouteTables[0]?.Routes?.map(({ DestinationCidrBlock, GatewayId, State }) => [
      DestinationCidrBlock,
      GatewayId,
      State,
    ]),
    [
      ['172.31.0.0/16', 'local', 'active'],
      ['0.0.0.0/0', gateway, 'active'],
    ],
  );
  const { SecurityGroups = [] } = await ec2.send(new DescribeSecurityGroupsCommand());
  assert.deepEqual(
    SecurityGroups.map(({ GroupName, IpPermissions, IpPermissionsEgress }) => [
      GroupName,
      IpPermissions?.[0]?.UserIdGroupPairs?.[0]?.GroupId,
      IpPermissionsEgress?.[0]?.IpRanges?.[0]?.CidrIp,
    ]),
    [['default', group, '0.0.0.0/0']],
  );
  const elsewhere = await c.client(EC2Client, { region: 'eu-central-1' }).send(new DescribeSubnetsCommand());
  assert.equal(elsewhere.Subnets?.length, 3);
  await assert.rejects(ec2.send(new CreateDefaultVpcCommand()), refusal('DefaultVpcAlreadyExists'));
});

test('a default subnet, and a default VPC, that were deleted are made again', async (t) => {
  const { ec2, defaults } = await startNetworks(t);
  const { vpc, subnet, subnets, gateway } = await defaults();
  const there = ec2.send(new CreateDefaultSubnetCommand({ AvailabilityZone: 'us-east-1a' }));
  await assert.rejects(there, refusal('DefaultSubnetAlreadyExistsInAvailabilityZone', new RegExp(subnet)));
  await ec2.send(new DeleteSubnetCommand({ SubnetId: subnet }));
  const again = await ec2.send(new CreateDefaultSubnetCommand({ AvailabilityZoneId: 'use1-az1' }));
  assert.equal(again.Subnet?.CidrBlock, subnets.find(({ SubnetId }) => SubnetId === subnet)?.CidrBlock);
  const nowhere = ec2.send(new CreateDefaultSubnetCommand({ AvailabilityZone: 'us-east-1z' }));
  await assert.rejects(nowhere, refusal('InvalidParameterValue', /us-east-1a, us-east-1b/));
  const both = ec2.send(
    new CreateDefaultSubnetCommand({ AvailabilityZone: 'us-east-1a', AvailabilityZoneId: 'use1-az1' }),
  );
  await assert.rejects(both, refusal('InvalidParameterCombination'));
  await assert.rejects(ec2.send(new CreateDefaultSubnetCommand({})), refusal('MissingParameter'));

  await assert.rejects(ec2.send(new DeleteVpcCommand({ VpcId: vpc })), refusal('DependencyViolation'));
  await ec2.send(new DetachInternetGatewayCommand({ InternetGatewayId: gateway, VpcId: vpc }));
  await ec2.send(new DeleteInternetGatewayCommand({ InternetGatewayId: gateway }));
  const { Subnets = [] } = await ec2.send(new DescribeSubnetsCommand());
  for (const { SubnetId } of Subnets) await ec2.send(new DeleteSubnetCommand({ SubnetId }));
  await ec2.send(new DeleteVpcCommand({ VpcId: vpc }));
  assert.deepEqual((await ec2.send(new DescribeVpcsCommand())).Vpcs, []);
  const none = ec2.send(new CreateDefaultSubnetCommand({ AvailabilityZone: 'us-east-1a' }));
  await assert.rejects(none, refusal('DefaultVpcDoesNotExist'));
  const { Vpc } = await ec2.send(new CreateDefaultVpcCommand());
  assert.deepEqual([Vpc?.IsDefault, Vpc?.State], [true, 'pending']);
  assert.equal((await ec2.send(new DescribeSubnetsCommand())).Subnets?.length, 6);
});

test('a VPC is made, tagged, found by filters, and deleted with what came with it', async (t) => {
  const { c, ec2, newSubnet } = await startNetworks(t);
  const { Vpc } = await ec2.send(
    new CreateVpcCommand({
      CidrBlock: '10.20.30.40/16',
      InstanceTenancy: 'dedicated',
      TagSpecifications: tagged('vpc', { Name: 'mine' }),
    }),
  );
  const VpcId = Vpc?.VpcId ?? '';
  assert.deepEqual(
    [Vpc?.CidrBlock, Vpc?.State, Vpc?.Tags],
    ['10.20.0.0/16', 'pending', [{ Key: 'Name', Value: 'mine' }]],
  );
  const found = async (Name: string, ...Values: string[]) => {
    const { Vpcs = [] } = await ec2.send(new DescribeVpcsCommand({ Filters: [{ Name, Values }] }));
    return Vpcs.map((vpc) => vpc.VpcId);
  };
  assert.deepEqual(await found('cidr', '10.20.0.0/16'), [VpcId]);
  assert.deepEqual(await found('tag:Name', 'mi*'), [VpcId]);
  assert.deepEqual(await found('cidr-block-association.cidr-block', '10.20.*'), [VpcId]);
  assert.deepEqual(await found('is-default', 'false'), [VpcId]);
  assert.equal((await found('owner-id', c.account)).length, 2);
  assert.deepEqual(await found('ipv6-cidr-block-association.state', 'associated'), []);

  for (const cidr of ['10.0.0.0/15', '10.0.0.0/29']) {
    await assert.rejects(ec2.send(new CreateVpcCommand({ CidrBlock: cidr })), refusal('InvalidVpc.Range'));
  }
  await assert.rejects(ec2.send(new CreateVpcCommand({ CidrBlock: '10.0.0.0' })), refusal('InvalidParameterValue'));
  await assert.rejects(ec2.send(new CreateVpcCommand({})), refusal('MissingParameter'));
  const six = ec2.send(new CreateVpcCommand({ CidrBlock: '10.0.0.0/16', AmazonProvidedIpv6CidrBlock: true }));
  await assert.rejects(six, refusal('UnsupportedOperation'));
  const host = ec2.send(new CreateVpcCommand({ CidrBlock: '10.0.0.0/16', InstanceTenancy: 'host' }));
  await assert.rejects(host, refusal('InvalidParameterValue'));
  await ec2.send(new ModifyVpcTenancyCommand({ VpcId, InstanceTenancy: 'default' }));
  const plain = await ec2.send(new DescribeVpcsCommand({ VpcIds: [VpcId] }));
  assert.equal(plain.Vpcs?.[0]?.InstanceTenancy, 'default');

  const SubnetId = await newSubnet(VpcId, '10.20.1.0/24');
  await assert.rejects(ec2.send(new DeleteVpcCommand({ VpcId })), refusal('DependencyViolation', new RegExp(VpcId)));
  await ec2.send(new DeleteSubnetCommand({ SubnetId }));
  const dry = ec2.send(new DeleteVpcCommand({ VpcId, DryRun: true }));
  await assert.rejects(dry, refusal('DryRunOperation'));
  await ec2.send(new DeleteVpcCommand({ VpcId }));
  const Filters = [{ Name: 'vpc-id', Values: [VpcId] }];
  assert.deepEqual((await ec2.send(new DescribeSecurityGroupsCommand({ Filters }))).SecurityGroups, []);
  assert.deepEqual((await ec2.send(new DescribeRouteTablesCommand({ Filters }))).RouteTables, []);
  assert.deepEqual((await ec2.send(new DescribeTagsCommand())).Tags, []);
  const absent = ec2.send(new DescribeVpcsCommand({ VpcIds: [VpcId] }));
  await assert.rejects(absent, refusal('InvalidVpcID.NotFound', `The vpc ID '${VpcId}' does not exist`));
});

test('there is a limit of VPCs', async (t) => {
  const { ec2, newVpc } = await startNetworks(t);
  for (const _ of [1, 2, 3, 4]) await newVpc();
  await assert.rejects(newVpc(), refusal('VpcLimitExceeded'));
  await assert.rejects(ec2.send(new CreateDefaultVpcCommand()), refusal('DefaultVpcAlreadyExists'));
});

test('DNS attributes of a VPC', async (t) => {
  const { ec2, newVpc, defaults } = await startNetworks(t);
  const VpcId = await newVpc();
  const attribute = async (
    id: string,
    Attribute: 'enableDnsSupport' | 'enableDnsHostnames' | 'enableNetworkAddressUsageMetrics',
  ) => {
    const {
      $metadata: _,
      VpcId: of,
      ...value
    } = await ec2.send(new DescribeVpcAttributeCommand({ VpcId: id, Attribute }));
    assert.equal(of, id);
    return Object.values(value)[0]?.Value;
  };
  assert.equal(await attribute(VpcId, 'enableDnsSupport'), true);
  assert.equal(await attribute(VpcId, 'enableDnsHostnames'), false);
  assert.equal(await attribute((await defaults()).vpc, 'enableDnsHostnames'), true);
  await ec2.send(new ModifyVpcAttributeCommand({ VpcId, EnableDnsHostnames: { Value: true } }));
  await ec2.send(new ModifyVpcAttributeCommand({ VpcId, EnableNetworkAddressUsageMetrics: { Value: true } }));
  assert.equal(await attribute(VpcId, 'enableDnsHostnames'), true);
  assert.equal(await attribute(VpcId, 'enableNetworkAddressUsageMetrics'), true);
  await ec2.send(new ModifyVpcAttributeCommand({ VpcId, EnableDnsSupport: { Value: false } }));
  assert.equal(await attribute(VpcId, 'enableDnsHostnames'), false);
  const alone = ec2.send(new ModifyVpcAttributeCommand({ VpcId, EnableDnsHostnames: { Value: true } }));
  await assert.rejects(alone, refusal('InvalidParameterValue'));
  const both = ec2.send(
    new ModifyVpcAttributeCommand({ VpcId, EnableDnsHostnames: { Value: true }, EnableDnsSupport: { Value: true } }),
  );
  await assert.rejects(both, refusal('InvalidParameterCombination'));
  await assert.rejects(ec2.send(new ModifyVpcAttributeCommand({ VpcId })), refusal('MissingParameter'));
});

test('a VPC gets more blocks, and loses those that nothing is in', async (t) => {
  const { ec2, newVpc, newSubnet } = await startNetworks(t);
  const VpcId = await newVpc('10.0.0.0/24');
  const add = (CidrBlock: string) => ec2.send(new AssociateVpcCidrBlockCommand({ VpcId, CidrBlock }));
  const { CidrBlockAssociation } = await add('10.1.0.0/16');
  assert.equal(CidrBlockAssociation?.CidrBlockState?.State, 'associating');
  const AssociationId = CidrBlockAssociation?.AssociationId ?? '';
  await assert.rejects(add('10.1.2.0/24'), refusal('CidrConflict'));
  await assert.rejects(add('10.2.0.0/8'), refusal('InvalidVpc.Range'));
  const SubnetId = await newSubnet(VpcId, '10.1.7.0/24');
  const { RouteTables = [] } = await ec2.send(
    new DescribeRouteTablesCommand({ Filters: [{ Name: 'vpc-id', Values: [VpcId] }] }),
  );
  assert.deepEqual(
    RouteTables[0]?.Routes?.map(({ DestinationCidrBlock, Origin }) => [DestinationCidrBlock, Origin]),
    [
      ['10.0.0.0/24', 'CreateRouteTable'],
      ['10.1.0.0/16', 'CreateRouteTable'],
    ],
  );
  const remove = (id: string) => ec2.send(new DisassociateVpcCidrBlockCommand({ AssociationId: id }));
  await assert.rejects(remove(AssociationId), refusal('DependencyViolation'));
  await ec2.send(new DeleteSubnetCommand({ SubnetId }));
  const removed = await remove(AssociationId);
  assert.equal(removed.CidrBlockAssociation?.CidrBlockState?.State, 'disassociating');
  await assert.rejects(remove(AssociationId), refusal('InvalidVpcCidrBlockAssociationID.NotFound'));
  const { Vpcs = [] } = await ec2.send(new DescribeVpcsCommand({ VpcIds: [VpcId] }));
  const primary = Vpcs[0]?.CidrBlockAssociationSet?.[0]?.AssociationId ?? '';
  await assert.rejects(remove(primary), refusal('OperationNotPermitted', /primary/));
  for (const at of [2, 3, 4, 5]) await add(`10.${at}.0.0/16`);
  await assert.rejects(add('10.9.0.0/16'), refusal('CidrLimitExceeded'));
});

test('subnets lie in a block of their VPC, apart from one another', async (t) => {
  const { c, ec2, newVpc, newSubnet } = await startNetworks(t);
  const VpcId = await newVpc();
  const { Subnet } = await ec2.send(
    new CreateSubnetCommand({ VpcId, CidrBlock: '10.0.1.7/24', TagSpecifications: tagged('subnet', { Tier: 'web' }) }),
  );
  const { SubnetId = '', SubnetArn, AvailabilityZoneId, ...shown } = Subnet ?? {};
  assert.equal(SubnetArn, `arn:aws:ec2:us-east-1:${c.account}:subnet/${SubnetId}`);
  assert.equal(AvailabilityZoneId, 'use1-az1');
  assert.deepEqual(
    [shown.CidrBlock, shown.AvailableIpAddressCount, shown.MapPublicIpOnLaunch, shown.DefaultForAz, shown.Tags],
    ['10.0.1.0/24', 251, false, false, [{ Key: 'Tier', Value: 'web' }]],
  );
  await assert.rejects(newSubnet(VpcId, '10.0.1.128/25'), refusal('InvalidSubnet.Conflict'));
  await assert.rejects(newSubnet(VpcId, '10.1.0.0/24'), refusal('InvalidSubnet.Range'));
  await assert.rejects(newSubnet(VpcId, '10.0.2.0/29'), refusal('InvalidSubnet.Range'));
  await assert.rejects(newSubnet(VpcId, '10.0.2.0/24', 'eu-west-1a'), refusal('InvalidParameterValue', /us-east-1f/));
  await assert.rejects(newSubnet('vpc-12345678', '10.0.2.0/24'), refusal('InvalidVpcID.NotFound'));
  const six = ec2.send(new CreateSubnetCommand({ VpcId, Ipv6Native: true }));
  await assert.rejects(six, refusal('UnsupportedOperation'));

  const modify = (given: object) => ec2.send(new ModifySubnetAttributeCommand({ SubnetId, ...given }));
  await modify({ MapPublicIpOnLaunch: { Value: true } });
  await modify({ PrivateDnsHostnameTypeOnLaunch: 'resource-name' });
  await modify({ EnableResourceNameDnsARecordOnLaunch: { Value: true } });
  await modify({ EnableDns64: { Value: false } });
  await assert.rejects(modify({ EnableDns64: { Value: true } }), refusal('UnsupportedOperation'));
  await assert.rejects(modify({}), refusal('MissingParameter'));
  const two = { MapPublicIpOnLaunch: { Value: true }, EnableDns64: { Value: false } };
  await assert.rejects(modify(two), refusal('InvalidParameterCombination'));
  const changed = await ec2.send(new DescribeSubnetsCommand({ SubnetIds: [SubnetId] }));
  assert.equal(changed.Subnets?.[0]?.MapPublicIpOnLaunch, true);
  assert.deepEqual(changed.Subnets?.[0]?.PrivateDnsNameOptionsOnLaunch, {
    HostnameType: 'resource-name',
    EnableResourceNameDnsARecord: true,
    EnableResourceNameDnsAAAARecord: false,
  });

  const found = async (Name: string, ...Values: string[]) => {
    const { Subnets = [] } = await ec2.send(new DescribeSubnetsCommand({ Filters: [{ Name, Values }] }));
    return Subnets.map((subnet) => subnet.SubnetId);
  };
  assert.deepEqual(await found('vpc-id', VpcId), [SubnetId]);
  assert.deepEqual(await found('cidrBlock', '10.0.1.0/24'), [SubnetId]);
  assert.deepEqual(await found('available-ip-address-count', '251'), [SubnetId]);
  assert.deepEqual(await found('private-dns-name-options-on-launch.hostname-type', 'resource-name'), [SubnetId]);
  assert.equal((await found('availabilityZoneId', 'use1-az1')).length, 2);
  assert.equal((await found('default-for-az', 'true')).length, 6);
  await assert.rejects(found('colour', 'red'), refusal('InvalidParameterValue', /'colour'/));
  const pages = paginateDescribeSubnets({ client: ec2, pageSize: 5 }, {});
  const sizes: (number | undefined)[] = [];
  for await (const page of pages) sizes.push(page.Subnets?.length);
  assert.deepEqual(sizes, [5, 2]);

  await ec2.send(new DeleteSubnetCommand({ SubnetId }));
  await assert.rejects(ec2.send(new DeleteSubnetCommand({ SubnetId })), refusal('InvalidSubnetID.NotFound'));
});

test('a user may make subnets of the VPC that a policy names, with the tags that it names', async (t) => {
  const { c, newVpc } = await startNetworks(t);
  const [mine, other] = [await newVpc(), await newVpc('10.1.0.0/16')];
  const arn = (what: string) => `arn:aws:ec2:us-east-1:${c.account}:${what}`;
  const { credentials, allow } = await newUser(c, 'anna');
  await allow(
    { Effect: 'Allow', Action: 'ec2:CreateSubnet', Resource: arn(`vpc/${mine}`) },
    { Effect: 'Allow', Action: 'ec2:CreateSubnet', Resource: arn('subnet/*') },
    {
      Effect: 'Allow',
      Action: 'ec2:CreateTags',
      Resource: arn('subnet/*'),
      Condition: { StringEquals: { 'ec2:CreateAction': 'CreateSubnet', 'aws:RequestTag/Owner': 'anna' } },
    },
    {
      Effect: 'Allow',
      Action: 'ec2:ModifySubnetAttribute',
      Resource: '*',
      Condition: {
        ArnEquals: { 'ec2:Vpc': arn(`vpc/${mine}`) },
        StringEquals: { 'ec2:Attribute': 'MapPublicIpOnLaunch', 'ec2:ResourceTag/Owner': 'anna' },
      },
    },
  );
  const ec2 = c.client(EC2Client, { credentials });
  const make = (VpcId: string, Owner: string) =>
    ec2.send(
      new CreateSubnetCommand({
        VpcId,
        CidrBlock: VpcId === mine ? '10.0.0.0/24' : '10.1.0.0/24',
        TagSpecifications: tagged('subnet', { Owner }),
      }),
    );
  await assert.rejects(make(other, 'anna'), refusal('UnauthorizedOperation'));
  await assert.rejects(make(mine, 'otto'), refusal('UnauthorizedOperation'));
  const { Subnet } = await make(mine, 'anna');
  const modify = (given: object) =>
    ec2.send(new ModifySubnetAttributeCommand({ SubnetId: Subnet?.SubnetId, ...given }));
  await modify({ MapPublicIpOnLaunch: { Value: true } });
  await assert.rejects(modify({ EnableDns64: { Value: false } }), refusal('UnauthorizedOperation'));
  await assert.rejects(ec2.send(new DescribeVpcsCommand()), refusal('UnauthorizedOperation'));
});

test('a VPC has a network ACL that lets everything through', async (t) => {
  const { c, ec2, newVpc, newSubnet } = await startNetworks(t);
  const VpcId = await newVpc();
  const SubnetId = await newSubnet(VpcId);
  const find = async (Name: string, value: string) => {
    const { NetworkAcls = [] } = await ec2.send(
      new DescribeNetworkAclsCommand({ Filters: [{ Name, Values: [value] }] }),
    );
    return NetworkAcls;
  };
  const [acl] = await find('vpc-id', VpcId);
  assert.deepEqual([acl?.IsDefault, acl?.OwnerId, acl?.VpcId], [true, c.account, VpcId]);
  assert.deepEqual(
    acl?.Associations?.map((each) => each.SubnetId),
    [SubnetId],
  );
  assert.deepEqual(
    acl?.Entries?.map(({ Egress, RuleAction, RuleNumber }) => [Egress, RuleAction, RuleNumber]),
    [
      [true, 'allow', 100],
      [true, 'deny', 32_767],
      [false, 'allow', 100],
      [false, 'deny', 32_767],
    ],
  );
  const NetworkAclId = acl?.NetworkAclId ?? '';
  await ec2.send(new CreateTagsCommand({ Resources: [NetworkAclId], Tags: [{ Key: 'Name', Value: 'all' }] }));
  assert.deepEqual((await find('tag:Name', 'all'))[0]?.Associations?.[0]?.NetworkAclId, NetworkAclId);
  assert.equal((await find('association.subnet-id', SubnetId)).length, 1);
  await ec2.send(new DeleteSubnetCommand({ SubnetId }));
  await ec2.send(new DeleteVpcCommand({ VpcId }));
  assert.deepEqual((await ec2.send(new DescribeTagsCommand())).Tags, []);
  const gone = ec2.send(new DescribeNetworkAclsCommand({ NetworkAclIds: [NetworkAclId] }));
  await assert.rejects(gone, refusal('InvalidNetworkAclID.NotFound'));
});
