/** Elastic addresses: one space for all accounts and regions, and what each leads to. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  AllocateAddressCommand,
  AssignPrivateIpAddressesCommand,
  AssociateAddressCommand,
  AttachInternetGatewayCommand,
  CreateInternetGatewayCommand,
  CreateNetworkInterfaceCommand,
  DeleteNetworkInterfaceCommand,
  DescribeAddressesAttributeCommand,
  DescribeAddressesCommand,
  DescribeNetworkInterfacesCommand,
  DetachInternetGatewayCommand,
  DisassociateAddressCommand,
  EC2Client,
  ReleaseAddressCommand,
} from '@aws-sdk/client-ec2';
import { simulatedNetworks } from '#platform/network/simulated/networks.ts';
import { cloud } from '#test/sdk/cloud.ts';
import { startNetworks, tagged } from '#test/sdk/ec2-network.ts';
import { newAccount, newUser } from '#test/sdk/people.ts';
import { refusal } from '#test/sdk/refusals.ts';
import { until } from '#test/until.ts';

test('an address is allocated, described, released, and had again', async (t) => {
  const { c, ec2, networks } = await startNetworks(t);
  const made = await ec2.send(
    new AllocateAddressCommand({ Domain: 'vpc', TagSpecifications: tagged('elastic-ip', { Name: 'front' }) }),
  );
  const { AllocationId = '', PublicIp = '' } = made;
  assert.match(AllocationId, /^eipalloc-0[0-9a-f]{16}$/);
  assert.match(PublicIp, /^203\.0\.113\.\d+$/);
  assert.deepEqual([made.Domain, made.NetworkBorderGroup, made.PublicIpv4Pool], ['vpc', 'us-east-1', 'amazon']);
  assert.equal(networks.publicCidr, '203.0.113.0/24');
  const { Addresses } = await ec2.send(new DescribeAddressesCommand({ PublicIps: [PublicIp] }));
  assert.deepEqual(Addresses, [
    {
      AllocationId,
      PublicIp,
      Domain: 'vpc',
      NetworkBorderGroup: 'us-east-1',
      PublicIpv4Pool: 'amazon',
      Tags: [{ Key: 'Name', Value: 'front' }],
    },
  ]);
  const attributes = await ec2.send(
    new DescribeAddressesAttributeCommand({ AllocationIds: [AllocationId], Attribute: 'domain-name' }),
  );
  assert.deepEqual(attributes.Addresses, [{ AllocationId, PublicIp }]);
  await ec2.send(new ReleaseAddressCommand({ AllocationId }));
  const gone = ec2.send(new DescribeAddressesCommand({ AllocationIds: [AllocationId] }));
  await assert.rejects(
    gone,
    refusal('InvalidAllocationID.NotFound', `The allocation ID '${AllocationId}' does not exist`),
  );
  const lost = ec2.send(new DescribeAddressesCommand({ PublicIps: [PublicIp] }));
  await assert.rejects(lost, refusal('InvalidAddress.NotFound', `Address '${PublicIp}' not found.`));
  const recovered = await ec2.send(new AllocateAddressCommand({ Address: PublicIp }));
  assert.equal(recovered.PublicIp, PublicIp);
  await assert.rejects(ec2.send(new AllocateAddressCommand({ Address: PublicIp })), refusal('InvalidAddress.NotFound'));
  await ec2.send(new ReleaseAddressCommand({ PublicIp }));
  // An hour later it is everybody's.
  c.advance(2 * 3_600_000);
  await until(async () => {
    const again = await ec2.send(new AllocateAddressCommand({ Address: PublicIp })).catch(() => undefined);
    if (again !== undefined) await ec2.send(new ReleaseAddressCommand({ PublicIp }));
    return again === undefined;
  }, 'the address is given back');

  await assert.rejects(ec2.send(new AllocateAddressCommand({ Domain: 'standard' })), refusal('InvalidParameterValue'));
  const pool = ec2.send(new AllocateAddressCommand({ CustomerOwnedIpv4Pool: 'ipv4pool-coip-1' }));
  await assert.rejects(pool, refusal('UnsupportedOperation'));
  const border = ec2.send(new AllocateAddressCommand({ NetworkBorderGroup: 'us-east-1-wl1' }));
  await assert.rejects(border, refusal('InvalidParameterValue'));
  await assert.rejects(ec2.send(new ReleaseAddressCommand({})), refusal('MissingParameter'));
  for (const _ of [1, 2, 3, 4, 5]) await ec2.send(new AllocateAddressCommand());
  await assert.rejects(
    ec2.send(new AllocateAddressCommand()),
    refusal('AddressLimitExceeded', /number of addresses has been/),
  );
});

test('no two accounts or regions have the same address, and there are only so many', async (t) => {
  // Eight addresses: five to hand out.
  const { c, ec2 } = await startNetworks(t, simulatedNetworks('198.51.100.0/29'));
  const partner = c.client(EC2Client, { credentials: await newAccount(c, '111122223333') });
  const europe = c.client(EC2Client, { region: 'eu-west-1' });
  const made = await Promise.all(
    [ec2, ec2, partner, partner, europe].map((each) => each.send(new AllocateAddressCommand())),
  );
  assert.equal(new Set(made.map(({ PublicIp }) => PublicIp)).size, 5);
  await assert.rejects(partner.send(new AllocateAddressCommand()), refusal('InsufficientAddressCapacity'));
  await ec2.send(new ReleaseAddressCommand({ AllocationId: made[0]?.AllocationId }));
  const foreign = partner.send(new AllocateAddressCommand({ Address: made[0]?.PublicIp }));
  await assert.rejects(foreign, refusal('InvalidAddress.NotFound'));
  assert.equal((await ec2.send(new AllocateAddressCommand())).PublicIp, made[0]?.PublicIp);
});

test('a restart forgets no address', async (t) => {
  const { c, ec2 } = await startNetworks(t, simulatedNetworks('198.51.100.0/29'));
  const { PublicIp } = await ec2.send(new AllocateAddressCommand());
  const again = (await c.restart()).client(EC2Client, { region: 'eu-west-1' });
  for (const _ of [1, 2, 3, 4]) {
    assert.notEqual((await again.send(new AllocateAddressCommand())).PublicIp, PublicIp);
  }
  await assert.rejects(again.send(new AllocateAddressCommand()), refusal('InsufficientAddressCapacity'));
});

test('without a host there are no public addresses', async (t) => {
  const ec2 = (await cloud(t)).client(EC2Client);
  await assert.rejects(ec2.send(new AllocateAddressCommand()), refusal('InsufficientAddressCapacity'));
});

async function newInterface(ec2: EC2Client, SubnetId: string) {
  const { NetworkInterface } = await ec2.send(
    new CreateNetworkInterfaceCommand({ SubnetId, SecondaryPrivateIpAddressCount: 1 }),
  );
  const [first, second] = (NetworkInterface?.PrivateIpAddresses ?? []).map(
    ({ PrivateIpAddress = '' }) => PrivateIpAddress,
  );
  return { id: NetworkInterface?.NetworkInterfaceId ?? '', first: first ?? '', second: second ?? '' };
}

test('an address leads to a private address of an interface', async (t) => {
  const { c, ec2, defaults } = await startNetworks(t);
  const { subnet } = await defaults();
  const { id, first, second } = await newInterface(ec2, subnet);
  const { AllocationId = '', PublicIp = '' } = await ec2.send(new AllocateAddressCommand());
  const associate = (given: object) => ec2.send(new AssociateAddressCommand({ AllocationId, ...given }));
  const { AssociationId = '' } = await associate({ NetworkInterfaceId: id });
  assert.match(AssociationId, /^eipassoc-/);
  assert.equal((await associate({ NetworkInterfaceId: id })).AssociationId, AssociationId);
  const shown = async () => (await ec2.send(new DescribeAddressesCommand())).Addresses?.[0];
  assert.deepEqual(await shown(), {
    AllocationId,
    AssociationId,
    PublicIp,
    Domain: 'vpc',
    NetworkBorderGroup: 'us-east-1',
    NetworkInterfaceId: id,
    NetworkInterfaceOwnerId: c.account,
    PrivateIpAddress: first,
    PublicIpv4Pool: 'amazon',
    SubnetId: subnet,
    Tags: [],
  });
  const { NetworkInterfaces = [] } = await ec2.send(
    new DescribeNetworkInterfacesCommand({ Filters: [{ Name: 'association.public-ip', Values: [PublicIp] }] }),
  );
  const PublicDnsName = `ec2-${PublicIp.replaceAll('.', '-')}.compute-1.amazonaws.com`;
  const Association = { AllocationId, AssociationId, IpOwnerId: c.account, PublicDnsName, PublicIp };
  assert.deepEqual(NetworkInterfaces[0]?.Association, Association);
  assert.deepEqual(NetworkInterfaces[0]?.PrivateIpAddresses?.[0]?.Association, Association);

  const other = await newInterface(ec2, subnet);
  const kept = associate({ NetworkInterfaceId: other.id, AllowReassociation: false });
  await assert.rejects(kept, refusal('Resource.AlreadyAssociated', new RegExp(AssociationId)));
  await associate({ NetworkInterfaceId: id, PrivateIpAddress: second });
  assert.equal((await shown())?.PrivateIpAddress, second);
  const filtered = await ec2.send(
    new DescribeAddressesCommand({ Filters: [{ Name: 'private-ip-address', Values: [second] }] }),
  );
  assert.equal(filtered.Addresses?.length, 1);
  // A second address at the same place: the first one leads nowhere.
  const another = await ec2.send(new AllocateAddressCommand());
  const { AssociationId: taken } = await ec2.send(
    new AssociateAddressCommand({ PublicIp: another.PublicIp, NetworkInterfaceId: id, PrivateIpAddress: second }),
  );
  assert.equal((await shown())?.AssociationId, AllocationId < (another.AllocationId ?? '') ? undefined : taken);

  await ec2.send(new DisassociateAddressCommand({ AssociationId: taken }));
  const gone = ec2.send(new DisassociateAddressCommand({ AssociationId: taken }));
  await assert.rejects(gone, refusal('InvalidAssociationID.NotFound'));
  await ec2.send(new DisassociateAddressCommand({ PublicIp }));
  await assert.rejects(ec2.send(new DisassociateAddressCommand({})), refusal('MissingParameter'));
  // With its interface goes what it leads to, not the address.
  await associate({ NetworkInterfaceId: other.id });
  await ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId: other.id }));
  const { Addresses = [] } = await ec2.send(new DescribeAddressesCommand());
  assert.deepEqual(
    Addresses.map((address) => address.AssociationId),
    [undefined, undefined],
  );
});

test('what can’t be associated', async (t) => {
  const { ec2, defaults, newVpc, newSubnet } = await startNetworks(t);
  const { subnet, vpc, gateway } = await defaults();
  const [{ id }, other] = [await newInterface(ec2, subnet), await newInterface(ec2, subnet)];
  const { AllocationId } = await ec2.send(new AllocateAddressCommand());
  const associate = (given: object) => ec2.send(new AssociateAddressCommand({ AllocationId, ...given }));
  await associate({ NetworkInterfaceId: id });
  const foreign = associate({ NetworkInterfaceId: id, PrivateIpAddress: other.first });
  await assert.rejects(foreign, refusal('InvalidParameterValue'));
  await assert.rejects(associate({}), refusal('MissingParameter'));
  await assert.rejects(
    associate({ NetworkInterfaceId: 'eni-12345678' }),
    refusal('InvalidNetworkInterfaceID.NotFound'),
  );
  await assert.rejects(associate({ InstanceId: 'i-12345678' }), refusal('InvalidInstanceID.NotFound'));
  const both = associate({ InstanceId: 'i-12345678', NetworkInterfaceId: id });
  await assert.rejects(both, refusal('InvalidParameterCombination'));
  const nameless = ec2.send(new AssociateAddressCommand({ NetworkInterfaceId: id }));
  await assert.rejects(nameless, refusal('MissingParameter'));
  const inside = await newSubnet(await newVpc());
  const closed = associate({ NetworkInterfaceId: (await newInterface(ec2, inside)).id });
  await assert.rejects(closed, refusal('Gateway.NotAttached', /is not attached to any internet gateway/));
  const detach = ec2.send(new DetachInternetGatewayCommand({ InternetGatewayId: gateway, VpcId: vpc }));
  await assert.rejects(detach, refusal('DependencyViolation', /mapped public address/));
});

test('an associated address is released at once in the default VPC only; a reassigned one comes along', async (t) => {
  const { ec2, defaults, newVpc, newSubnet } = await startNetworks(t);
  const VpcId = await newVpc();
  const { InternetGateway } = await ec2.send(new CreateInternetGatewayCommand({}));
  await ec2.send(new AttachInternetGatewayCommand({ VpcId, InternetGatewayId: InternetGateway?.InternetGatewayId }));
  const [own, theirs] = [await newSubnet(VpcId), (await defaults()).subnet];
  const newInterface = async (SubnetId: string, PrivateIpAddress?: string) => {
    const { NetworkInterface } = await ec2.send(new CreateNetworkInterfaceCommand({ SubnetId, PrivateIpAddress }));
    return NetworkInterface?.NetworkInterfaceId ?? '';
  };
  const lead = async (NetworkInterfaceId: string, PrivateIpAddress?: string) => {
    const { AllocationId = '' } = await ec2.send(new AllocateAddressCommand());
    await ec2.send(new AssociateAddressCommand({ AllocationId, NetworkInterfaceId, PrivateIpAddress }));
    return AllocationId;
  };
  const bound = await lead(await newInterface(own, '10.0.1.5'));
  await assert.rejects(ec2.send(new ReleaseAddressCommand({ AllocationId: bound })), refusal('InvalidIPAddress.InUse'));
  const free = await lead(await newInterface(theirs));
  await ec2.send(new ReleaseAddressCommand({ AllocationId: free }));

  const [from, to] = [await newInterface(own, '10.0.1.10'), await newInterface(own, '10.0.1.11')];
  const assign = (NetworkInterfaceId: string, AllowReassignment?: boolean) =>
    ec2.send(
      new AssignPrivateIpAddressesCommand({ NetworkInterfaceId, PrivateIpAddresses: ['10.0.1.20'], AllowReassignment }),
    );
  await assign(from);
  const moving = await lead(from, '10.0.1.20');
  await assert.rejects(assign(to), refusal('InvalidIPAddress.InUse'));
  await assign(to, true);
  const { Addresses = [] } = await ec2.send(new DescribeAddressesCommand({ AllocationIds: [moving] }));
  assert.deepEqual([Addresses[0]?.NetworkInterfaceId, Addresses[0]?.PrivateIpAddress], [to, '10.0.1.20']);
});

test('a user may associate the address that a tag names', async (t) => {
  const { c, ec2, defaults } = await startNetworks(t);
  const { subnet } = await defaults();
  const { NetworkInterface } = await ec2.send(new CreateNetworkInterfaceCommand({ SubnetId: subnet }));
  const allocate = async (Owner: string) => {
    const made = await ec2.send(new AllocateAddressCommand({ TagSpecifications: tagged('elastic-ip', { Owner }) }));
    return made.AllocationId ?? '';
  };
  const [mine, other] = [await allocate('anna'), await allocate('otto')];
  const { credentials, allow } = await newUser(c, 'anna');
  await allow(
    {
      Effect: 'Allow',
      Action: 'ec2:AssociateAddress',
      Resource: `arn:aws:ec2:us-east-1:${c.account}:network-interface/*`,
    },
    {
      Effect: 'Allow',
      Action: 'ec2:AssociateAddress',
      Resource: `arn:aws:ec2:us-east-1:${c.account}:elastic-ip/*`,
      Condition: { StringEquals: { 'ec2:ResourceTag/Owner': 'anna', 'ec2:Domain': 'vpc', 'ec2:AllocationId': mine } },
    },
  );
  const anna = c.client(EC2Client, { credentials });
  const associate = (AllocationId: string) =>
    anna.send(new AssociateAddressCommand({ AllocationId, NetworkInterfaceId: NetworkInterface?.NetworkInterfaceId }));
  await assert.rejects(associate(other), refusal('UnauthorizedOperation'));
  await associate(mine);
});
