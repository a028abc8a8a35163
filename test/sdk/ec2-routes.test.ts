/** Internet gateways, route tables with their routes, and DHCP option sets. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  AssociateDhcpOptionsCommand,
  AssociateRouteTableCommand,
  AttachInternetGatewayCommand,
  CreateDhcpOptionsCommand,
  CreateInternetGatewayCommand,
  CreateManagedPrefixListCommand,
  CreateNetworkInterfaceCommand,
  CreateRouteCommand,
  CreateRouteTableCommand,
  DeleteDhcpOptionsCommand,
  DeleteInternetGatewayCommand,
  DeleteRouteCommand,
  DeleteRouteTableCommand,
  DeleteSubnetCommand,
  DescribeDhcpOptionsCommand,
  DescribeInternetGatewaysCommand,
  DescribeRouteTablesCommand,
  DescribeVpcsCommand,
  DetachInternetGatewayCommand,
  DisassociateRouteTableCommand,
  type EC2Client,
  ReplaceRouteCommand,
  ReplaceRouteTableAssociationCommand,
} from '@aws-sdk/client-ec2';
import { startNetworks, tagged } from '#test/sdk/ec2-network.ts';
import { refusal } from '#test/sdk/refusals.ts';

async function newGateway(ec2: EC2Client, VpcId?: string): Promise<string> {
  const made = await ec2.send(
    new CreateInternetGatewayCommand({ TagSpecifications: tagged('internet-gateway', { Name: 'out' }) }),
  );
  const InternetGatewayId = made.InternetGateway?.InternetGatewayId ?? '';
  if (VpcId !== undefined) await ec2.send(new AttachInternetGatewayCommand({ InternetGatewayId, VpcId }));
  return InternetGatewayId;
}

async function newTable(ec2: EC2Client, VpcId: string): Promise<string> {
  const { RouteTable } = await ec2.send(
    new CreateRouteTableCommand({ VpcId, TagSpecifications: tagged('route-table', { Name: 'own' }) }),
  );
  return RouteTable?.RouteTableId ?? '';
}

async function tableOf(ec2: EC2Client, id: string) {
  const { RouteTables = [] } = await ec2.send(new DescribeRouteTablesCommand({ RouteTableIds: [id] }));
  return RouteTables[0] ?? assert.fail(`${id} is not there`);
}

test('an internet gateway is attached to one VPC at a time', async (t) => {
  const { c, ec2, newVpc } = await startNetworks(t);
  const [first, second] = [await newVpc(), await newVpc()];
  const gateway = await newGateway(ec2, first);
  const { InternetGateways } = await ec2.send(new DescribeInternetGatewaysCommand({ InternetGatewayIds: [gateway] }));
  assert.deepEqual(InternetGateways, [
    {
      InternetGatewayId: gateway,
      OwnerId: c.account,
      Attachments: [{ State: 'available', VpcId: first }],
      Tags: [{ Key: 'Name', Value: 'out' }],
    },
  ]);
  const attach = (InternetGatewayId: string, VpcId: string) =>
    ec2.send(new AttachInternetGatewayCommand({ InternetGatewayId, VpcId }));
  await assert.rejects(
    attach(gateway, second),
    refusal('Resource.AlreadyAssociated', `resource ${gateway} is already attached to network ${first}`),
  );
  const other = await newGateway(ec2);
  await assert.rejects(attach(other, first), refusal('InvalidParameterValue', /already has an internet gateway/));
  await assert.rejects(attach('igw-12345678', first), refusal('InvalidInternetGatewayID.NotFound'));
  await assert.rejects(attach(other, 'vpc-12345678'), refusal('InvalidVpcID.NotFound'));
  const remove = (InternetGatewayId: string) => ec2.send(new DeleteInternetGatewayCommand({ InternetGatewayId }));
  await assert.rejects(remove(gateway), refusal('DependencyViolation'));
  const detach = (VpcId: string) => ec2.send(new DetachInternetGatewayCommand({ InternetGatewayId: gateway, VpcId }));
  await assert.rejects(
    detach(second),
    refusal('Gateway.NotAttached', `resource ${gateway} is not attached to network ${second}`),
  );
  await detach(first);
  await remove(gateway);
  await assert.rejects(remove(gateway), refusal('InvalidInternetGatewayID.NotFound'));
  const free = await ec2.send(
    new DescribeInternetGatewaysCommand({ Filters: [{ Name: 'attachment.state', Values: ['available'] }] }),
  );
  // The default VPC's.
  assert.equal(free.InternetGateways?.length, 1);
  for (const _ of [1, 2, 3]) await newGateway(ec2);
  await assert.rejects(newGateway(ec2), refusal('InternetGatewayLimitExceeded'));
});

async function routesOf(ec2: EC2Client, table: string): Promise<readonly string[]> {
  const { Routes = [] } = await tableOf(ec2, table);
  return Routes.map((route) =>
    [
      route.DestinationCidrBlock ?? route.DestinationIpv6CidrBlock ?? route.DestinationPrefixListId,
      route.GatewayId ?? route.NetworkInterfaceId,
      route.Origin,
      route.State,
    ].join(' '),
  );
}

test('routes lead to gateways and interfaces, and nowhere when those are gone', async (t) => {
  const { ec2, newVpc, newSubnet } = await startNetworks(t);
  const VpcId = await newVpc();
  const gateway = await newGateway(ec2, VpcId);
  const RouteTableId = await newTable(ec2, VpcId);
  const { NetworkInterface } = await ec2.send(new CreateNetworkInterfaceCommand({ SubnetId: await newSubnet(VpcId) }));
  const NetworkInterfaceId = NetworkInterface?.NetworkInterfaceId ?? '';
  const { PrefixList } = await ec2.send(
    new CreateManagedPrefixListCommand({ PrefixListName: 'office', AddressFamily: 'IPv4', MaxEntries: 3 }),
  );
  const list = PrefixList?.PrefixListId ?? '';
  const create = (given: object) => ec2.send(new CreateRouteCommand({ RouteTableId, ...given }));
  const replace = (given: object) => ec2.send(new ReplaceRouteCommand({ RouteTableId, ...given }));
  const remove = (given: object) => ec2.send(new DeleteRouteCommand({ RouteTableId, ...given }));
  assert.equal((await create({ DestinationCidrBlock: '0.0.0.0/0', GatewayId: gateway })).Return, true);
  await create({ DestinationCidrBlock: '192.168.7.9/16', NetworkInterfaceId });
  await create({ DestinationPrefixListId: list, GatewayId: gateway });
  await create({ DestinationIpv6CidrBlock: '::/0', GatewayId: gateway });
  await create({ DestinationCidrBlock: '10.0.7.0/24', NetworkInterfaceId });
  const routes = () => routesOf(ec2, RouteTableId);
  const lasting = [
    '10.0.0.0/16 local CreateRouteTable active',
    `0.0.0.0/0 ${gateway} CreateRoute active`,
    // It is attached to no instance.
    `192.168.0.0/16 ${NetworkInterfaceId} CreateRoute blackhole`,
    `${list} ${gateway} CreateRoute active`,
    `::/0 ${gateway} CreateRoute active`,
    `10.0.7.0/24 ${NetworkInterfaceId} CreateRoute blackhole`,
  ];
  assert.deepEqual(await routes(), lasting);
  await replace({ DestinationCidrBlock: '192.168.0.0/16', GatewayId: gateway });
  await replace({ DestinationCidrBlock: '10.0.0.0/16', NetworkInterfaceId });
  assert.deepEqual((await routes()).slice(0, 3), [
    `10.0.0.0/16 ${NetworkInterfaceId} CreateRouteTable blackhole`,
    lasting[1],
    `192.168.0.0/16 ${gateway} CreateRoute active`,
  ]);
  await replace({ DestinationCidrBlock: '10.0.0.0/16', LocalTarget: true });
  const notLocal = replace({ DestinationCidrBlock: '192.168.0.0/16', LocalTarget: true });
  await assert.rejects(notLocal, refusal('InvalidParameterValue'));
  const unknown = replace({ DestinationCidrBlock: '1.0.0.0/8', GatewayId: gateway });
  await assert.rejects(unknown, refusal('InvalidRoute.NotFound'));
  await ec2.send(new DetachInternetGatewayCommand({ InternetGatewayId: gateway, VpcId }));
  assert.equal((await routes())[1], `0.0.0.0/0 ${gateway} CreateRoute blackhole`);
  const found = await ec2.send(
    new DescribeRouteTablesCommand({ Filters: [{ Name: 'route.state', Values: ['blackhole'] }] }),
  );
  assert.deepEqual(
    found.RouteTables?.map((table) => table.RouteTableId),
    [RouteTableId],
  );

  await remove({ DestinationCidrBlock: '0.0.0.0/0' });
  await remove({ DestinationPrefixListId: list });
  await assert.rejects(remove({ DestinationCidrBlock: '0.0.0.0/0' }), refusal('InvalidRoute.NotFound'));
  await assert.rejects(
    remove({ DestinationCidrBlock: '10.0.0.0/16' }),
    refusal('InvalidParameterValue', /local route/),
  );
});

test('what is no route', async (t) => {
  const { ec2, newVpc, newSubnet } = await startNetworks(t);
  const VpcId = await newVpc();
  const gateway = await newGateway(ec2, VpcId);
  const RouteTableId = await newTable(ec2, VpcId);
  const { NetworkInterface } = await ec2.send(new CreateNetworkInterfaceCommand({ SubnetId: await newSubnet(VpcId) }));
  const NetworkInterfaceId = NetworkInterface?.NetworkInterfaceId ?? '';
  const create = (given: object) => ec2.send(new CreateRouteCommand({ RouteTableId, ...given }));
  await create({ DestinationCidrBlock: '0.0.0.0/0', GatewayId: gateway });
  const again = create({ DestinationCidrBlock: '0.0.0.0/0', NetworkInterfaceId });
  await assert.rejects(again, refusal('RouteAlreadyExists', 'The route identified by 0.0.0.0/0 already exists.'));
  const local = create({ DestinationCidrBlock: '10.0.8.0/24', GatewayId: gateway });
  await assert.rejects(local, refusal('InvalidParameterValue', /can target only an interface or an instance/));
  const anywhere = '1.0.0.0/8';
  await assert.rejects(create({ GatewayId: gateway }), refusal('MissingParameter'));
  await assert.rejects(create({ DestinationCidrBlock: anywhere }), refusal('MissingParameter'));
  await assert.rejects(
    create({ DestinationCidrBlock: '1.0.0.0', GatewayId: gateway }),
    refusal('InvalidParameterValue'),
  );
  const two = { DestinationCidrBlock: anywhere, GatewayId: gateway, NetworkInterfaceId };
  await assert.rejects(create(two), refusal('InvalidParameterCombination'));
  const twice = { DestinationCidrBlock: anywhere, DestinationIpv6CidrBlock: '::/1', GatewayId: gateway };
  await assert.rejects(create(twice), refusal('InvalidParameterCombination'));
  const nat = create({ DestinationCidrBlock: anywhere, NatGatewayId: 'nat-1' });
  await assert.rejects(nat, refusal('UnsupportedOperation'));
  const absent = create({ DestinationCidrBlock: anywhere, GatewayId: 'igw-12345678' });
  await assert.rejects(absent, refusal('InvalidGatewayID.NotFound'));
  const missing = create({ DestinationCidrBlock: anywhere, NetworkInterfaceId: 'eni-12345678' });
  await assert.rejects(missing, refusal('InvalidNetworkInterfaceID.NotFound'));
  const machine = create({ DestinationCidrBlock: anywhere, InstanceId: 'i-12345678' });
  await assert.rejects(machine, refusal('InvalidInstanceID.NotFound'));
  const foreign = create({ DestinationCidrBlock: anywhere, GatewayId: await newGateway(ec2, await newVpc()) });
  await assert.rejects(foreign, refusal('InvalidParameterValue', /belong to different networks/));
});

test('a subnet goes by its table, or by the main one', async (t) => {
  const { ec2, newVpc, newSubnet } = await startNetworks(t);
  const VpcId = await newVpc();
  const SubnetId = await newSubnet(VpcId);
  const own = await newTable(ec2, VpcId);
  const find = async (Name: string, value: string) => {
    const Filters = [
      { Name, Values: [value] },
      { Name: 'vpc-id', Values: [VpcId] },
    ];
    return (await ec2.send(new DescribeRouteTablesCommand({ Filters }))).RouteTables?.map(
      (table) => table.RouteTableId,
    );
  };
  const [main = ''] = (await find('association.main', 'true')) ?? [];
  assert.notEqual(main, own);
  const associate = (RouteTableId: string, given: object = { SubnetId }) =>
    ec2.send(new AssociateRouteTableCommand({ RouteTableId, ...given }));
  const { AssociationId = '', AssociationState } = await associate(own);
  assert.match(AssociationId, /^rtbassoc-/);
  assert.equal(AssociationState?.State, 'associated');
  assert.deepEqual(await find('association.subnet-id', SubnetId), [own]);
  await assert.rejects(associate(main), refusal('Resource.AlreadyAssociated'));
  await assert.rejects(associate(own, {}), refusal('MissingParameter'));
  await assert.rejects(associate(own, { GatewayId: 'igw-12345678' }), refusal('UnsupportedOperation'));
  await assert.rejects(associate('rtb-12345678'), refusal('InvalidRouteTableID.NotFound'));
  const foreign = await newTable(ec2, await newVpc());
  await assert.rejects(associate(foreign), refusal('InvalidParameterValue', /belong to different networks/));

  const replace = (id: string, RouteTableId: string) =>
    ec2.send(new ReplaceRouteTableAssociationCommand({ AssociationId: id, RouteTableId }));
  const moved = (await replace(AssociationId, main)).NewAssociationId ?? '';
  await assert.rejects(replace(AssociationId, main), refusal('InvalidAssociationID.NotFound'));
  await assert.rejects(replace(moved, foreign), refusal('InvalidParameterValue'));
  const { Associations = [] } = await tableOf(ec2, main);
  assert.equal(Associations.length, 2);
  const mainAssociation = Associations.find(({ Main }) => Main)?.RouteTableAssociationId ?? '';
  const disassociate = (id: string) => ec2.send(new DisassociateRouteTableCommand({ AssociationId: id }));
  await assert.rejects(disassociate(mainAssociation), refusal('InvalidParameterValue', /main route table/));
  await replace(mainAssociation, own);
  assert.deepEqual(await find('association.main', 'true'), [own]);
  const remove = (RouteTableId: string) => ec2.send(new DeleteRouteTableCommand({ RouteTableId }));
  await assert.rejects(remove(main), refusal('DependencyViolation'));
  await assert.rejects(remove(own), refusal('DependencyViolation'));
  await disassociate(moved);
  await assert.rejects(disassociate(moved), refusal('InvalidAssociationID.NotFound'));
  await remove(main);
  await assert.rejects(remove(main), refusal('InvalidRouteTableID.NotFound'));
  // With a subnet goes its association.
  const last = await newTable(ec2, VpcId);
  await associate(last);
  await ec2.send(new DeleteSubnetCommand({ SubnetId }));
  assert.deepEqual((await tableOf(ec2, last)).Associations, []);
});

test('DHCP option sets are given to VPCs, and deleted when none has them', async (t) => {
  const { c, ec2, newVpc } = await startNetworks(t);
  const VpcId = await newVpc();
  const create = (...given: readonly (readonly [string, ...string[]])[]) =>
    ec2.send(
      new CreateDhcpOptionsCommand({
        DhcpConfigurations: given.map(([Key, ...Values]) => ({ Key, Values })),
        TagSpecifications: tagged('dhcp-options', { Name: 'own' }),
      }),
    );
  const made = await create(
    ['domain-name', 'example.com'],
    ['domain-name-servers', '10.2.5.1,10.2.5.2'],
    ['ntp-servers', '10.2.5.3'],
  );
  const DhcpOptionsId = made.DhcpOptions?.DhcpOptionsId ?? '';
  const { DhcpOptions } = await ec2.send(
    new DescribeDhcpOptionsCommand({ Filters: [{ Name: 'value', Values: ['10.2.5.2'] }] }),
  );
  assert.deepEqual(DhcpOptions, [
    {
      DhcpOptionsId,
      OwnerId: c.account,
      Tags: [{ Key: 'Name', Value: 'own' }],
      DhcpConfigurations: [
        { Key: 'domain-name', Values: [{ Value: 'example.com' }] },
        { Key: 'domain-name-servers', Values: [{ Value: '10.2.5.1' }, { Value: '10.2.5.2' }] },
        { Key: 'ntp-servers', Values: [{ Value: '10.2.5.3' }] },
      ],
    },
  ]);
  const standard = await ec2.send(
    new DescribeDhcpOptionsCommand({ Filters: [{ Name: 'value', Values: ['AmazonProvidedDNS'] }] }),
  );
  assert.deepEqual(standard.DhcpOptions?.[0]?.DhcpConfigurations, [
    { Key: 'domain-name', Values: [{ Value: 'ec2.internal' }] },
    { Key: 'domain-name-servers', Values: [{ Value: 'AmazonProvidedDNS' }] },
  ]);
  await assert.rejects(create(['colour', 'red']), refusal('InvalidParameterValue'));
  await assert.rejects(create(['netbios-node-type', '3']), refusal('InvalidParameterValue'));
  await assert.rejects(
    create(['domain-name-servers', '1.1.1.1', '1.1.1.2', '1.1.1.3', '1.1.1.4', '1.1.1.5']),
    refusal('InvalidParameterValue'),
  );
  await assert.rejects(create(['domain-name', 'a'], ['domain-name', 'b']), refusal('InvalidParameterValue'));
  await assert.rejects(create(), refusal('MissingParameter'));

  const associate = (id: string) => ec2.send(new AssociateDhcpOptionsCommand({ DhcpOptionsId: id, VpcId }));
  await associate(DhcpOptionsId);
  const remove = () => ec2.send(new DeleteDhcpOptionsCommand({ DhcpOptionsId }));
  await assert.rejects(remove(), refusal('DependencyViolation'));
  await associate('default');
  const { Vpcs = [] } = await ec2.send(new DescribeVpcsCommand({ VpcIds: [VpcId] }));
  assert.equal(Vpcs[0]?.DhcpOptionsId, 'default');
  await remove();
  await assert.rejects(associate(DhcpOptionsId), refusal('InvalidDhcpOptionID.NotFound'));
  await assert.rejects(remove(), refusal('InvalidDhcpOptionID.NotFound'));
});
