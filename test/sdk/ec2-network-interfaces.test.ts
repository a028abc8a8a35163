/** Network interfaces and their private addresses. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import {
  AssignPrivateIpAddressesCommand,
  AttachNetworkInterfaceCommand,
  CreateNetworkInterfaceCommand,
  type CreateNetworkInterfaceCommandInput,
  CreateSecurityGroupCommand,
  CreateSubnetCidrReservationCommand,
  DeleteNetworkInterfaceCommand,
  DeleteSubnetCidrReservationCommand,
  DeleteSubnetCommand,
  DescribeNetworkInterfaceAttributeCommand,
  DescribeNetworkInterfacesCommand,
  DescribeSubnetsCommand,
  DetachNetworkInterfaceCommand,
  type Filter,
  GetSubnetCidrReservationsCommand,
  ModifyNetworkInterfaceAttributeCommand,
  type NetworkInterfaceAttribute,
  paginateDescribeNetworkInterfaces,
  ResetNetworkInterfaceAttributeCommand,
  UnassignPrivateIpAddressesCommand,
} from '@aws-sdk/client-ec2';
import { startNetworks, tagged } from '#test/sdk/ec2-network.ts';
import { refusal } from '#test/sdk/refusals.ts';

async function start(t: TestContext) {
  const given = await startNetworks(t);
  const { ec2 } = given;
  const create = async (input: CreateNetworkInterfaceCommandInput) => {
    const { NetworkInterface } = await ec2.send(new CreateNetworkInterfaceCommand(input));
    return NetworkInterface ?? assert.fail('nothing was made');
  };
  const shown = async (id: string | undefined) => {
    const { NetworkInterfaces = [] } = await ec2.send(
      new DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [id ?? ''] }),
    );
    return NetworkInterfaces[0] ?? assert.fail(`${id} is not there`);
  };
  return { ...given, create, shown };
}

test('an interface is made, described, deleted', async (t) => {
  const { c, ec2, defaults, create, shown } = await start(t);
  const { vpc, subnet, group } = await defaults();
  const made = await create({
    SubnetId: subnet,
    Description: 'of the front',
    TagSpecifications: tagged('network-interface', { Name: 'front' }),
    ClientToken: 'once',
  });
  const { NetworkInterfaceId = '', PrivateIpAddress = '', MacAddress = '' } = made;
  assert.match(NetworkInterfaceId, /^eni-0[0-9a-f]{16}$/);
  assert.match(MacAddress, /^02(:[0-9a-f]{2}){5}$/);
  const PrivateDnsName = `ip-${PrivateIpAddress.replaceAll('.', '-')}.ec2.internal`;
  assert.deepEqual(await shown(NetworkInterfaceId), {
    AvailabilityZone: 'us-east-1a',
    AvailabilityZoneId: 'use1-az1',
    Description: 'of the front',
    Groups: [{ GroupId: group, GroupName: 'default' }],
    InterfaceType: 'interface',
    Ipv6Addresses: [],
    MacAddress,
    NetworkInterfaceId,
    Operator: { Managed: false },
    OwnerId: c.account,
    PrivateDnsName,
    PrivateIpAddress,
    PrivateIpAddresses: [{ Primary: true, PrivateDnsName, PrivateIpAddress }],
    RequesterId: c.account,
    RequesterManaged: false,
    SourceDestCheck: true,
    Status: 'available',
    SubnetId: subnet,
    TagSet: [{ Key: 'Name', Value: 'front' }],
    VpcId: vpc,
  });
  const again = await create({
    SubnetId: subnet,
    Description: 'of the front',
    TagSpecifications: tagged('network-interface', { Name: 'front' }),
    ClientToken: 'once',
  });
  assert.equal(again.NetworkInterfaceId, NetworkInterfaceId);
  const free = async () => {
    const { Subnets = [] } = await ec2.send(new DescribeSubnetsCommand({ SubnetIds: [subnet] }));
    return Subnets[0]?.AvailableIpAddressCount;
  };
  assert.equal(await free(), 4090);
  await assert.rejects(ec2.send(new DeleteSubnetCommand({ SubnetId: subnet })), refusal('DependencyViolation'));
  await ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId }));
  assert.equal(await free(), 4091);
  await assert.rejects(shown(NetworkInterfaceId), refusal('InvalidNetworkInterfaceID.NotFound'));
});

test('addresses are those asked for, or free ones; the first four and the last are nobody’s', async (t) => {
  const { ec2, newVpc, newSubnet, create, shown } = await start(t);
  const SubnetId = await newSubnet(await newVpc(), '10.0.0.0/28');
  const one = await create({
    SubnetId,
    PrivateIpAddresses: [{ PrivateIpAddress: '10.0.0.5' }, { PrivateIpAddress: '10.0.0.4', Primary: true }],
  });
  assert.deepEqual(
    one.PrivateIpAddresses?.map(({ PrivateIpAddress, Primary }) => [PrivateIpAddress, Primary]),
    [
      ['10.0.0.4', true],
      ['10.0.0.5', false],
    ],
  );
  // A VPC without DNS host names has none for interfaces either.
  assert.equal(one.PrivateDnsName, undefined);
  const bad = async (input: Omit<CreateNetworkInterfaceCommandInput, 'SubnetId'>, code: string, message?: string) =>
    assert.rejects(create({ SubnetId, ...input }), refusal(code, message));
  await bad({ PrivateIpAddress: '10.0.0.4' }, 'InvalidIPAddress.InUse', 'Address 10.0.0.4 is in use.');
  await bad(
    { PrivateIpAddress: '10.0.0.3' },
    'InvalidParameterValue',
    "Address 10.0.0.3 is in subnet's reserved address range",
  );
  await bad({ PrivateIpAddress: '10.0.0.15' }, 'InvalidParameterValue');
  await bad(
    { PrivateIpAddress: '10.0.1.4' },
    'InvalidParameterValue',
    "Address 10.0.1.4 does not fall within the subnet's address range",
  );
  await bad({ PrivateIpAddress: 'here' }, 'InvalidParameterValue');
  await bad(
    { PrivateIpAddress: '10.0.0.6', PrivateIpAddresses: [{ PrivateIpAddress: '10.0.0.7', Primary: true }] },
    'InvalidParameterCombination',
  );
  await bad({ PrivateIpAddresses: [{ PrivateIpAddress: '10.0.0.7' }] }, 'InvalidParameterValue');
  await bad({ Ipv6AddressCount: 1 }, 'UnsupportedOperation');
  await bad({ InterfaceType: 'trunk' }, 'UnsupportedOperation');
  await bad({ SecondaryPrivateIpAddressCount: 50 }, 'PrivateIpAddressLimitExceeded');
  await bad({ SecondaryPrivateIpAddressCount: 9 }, 'InsufficientFreeAddressesInSubnet');
  await bad({ Description: 'x'.repeat(256) }, 'InvalidParameterValue');
  const rest = await create({ SubnetId, SecondaryPrivateIpAddressCount: 8 });
  const ips = new Set(rest.PrivateIpAddresses?.map(({ PrivateIpAddress }) => PrivateIpAddress));
  assert.deepEqual(
    [...ips].sort(),
    ['6', '7', '8', '9', '10', '11', '12', '13', '14'].map((last) => `10.0.0.${last}`).sort(),
  );
  await bad({}, 'InsufficientFreeAddressesInSubnet');
  await ec2.send(
    new UnassignPrivateIpAddressesCommand({
      NetworkInterfaceId: one.NetworkInterfaceId,
      PrivateIpAddresses: ['10.0.0.5'],
    }),
  );
  assert.equal((await create({ SubnetId })).PrivateIpAddress, '10.0.0.5');
  assert.equal((await shown(one.NetworkInterfaceId)).PrivateIpAddresses?.length, 1);
  await assert.rejects(create({ SubnetId: 'subnet-12345678' }), refusal('InvalidSubnetID.NotFound'));
});

test('secondary addresses come and go', async (t) => {
  const { ec2, newVpc, newSubnet, create, shown } = await start(t);
  const SubnetId = await newSubnet(await newVpc());
  const { NetworkInterfaceId } = await create({ SubnetId, PrivateIpAddress: '10.0.1.10' });
  const other = await create({ SubnetId, PrivateIpAddress: '10.0.1.11' });
  const assign = (given: object) => ec2.send(new AssignPrivateIpAddressesCommand({ NetworkInterfaceId, ...given }));
  const { AssignedPrivateIpAddresses } = await assign({ PrivateIpAddresses: ['10.0.1.20', '10.0.1.21'] });
  assert.deepEqual(AssignedPrivateIpAddresses, [{ PrivateIpAddress: '10.0.1.20' }, { PrivateIpAddress: '10.0.1.21' }]);
  assert.equal((await assign({ SecondaryPrivateIpAddressCount: 2 })).AssignedPrivateIpAddresses?.length, 2);
  await assert.rejects(assign({}), refusal('MissingParameter'));
  const both = { PrivateIpAddresses: ['10.0.1.30'], SecondaryPrivateIpAddressCount: 2 };
  await assert.rejects(assign(both), refusal('InvalidParameterCombination'));
  await assert.rejects(assign({ Ipv4PrefixCount: 1 }), refusal('UnsupportedOperation'));
  await assert.rejects(assign({ PrivateIpAddresses: ['10.0.1.11'] }), refusal('InvalidIPAddress.InUse'));
  const primary = assign({ PrivateIpAddresses: ['10.0.1.11'], AllowReassignment: true });
  await assert.rejects(primary, refusal('InvalidParameterValue', /primary/));
  assert.equal((await shown(NetworkInterfaceId)).PrivateIpAddresses?.length, 5);

  const unassign = (...PrivateIpAddresses: string[]) =>
    ec2.send(new UnassignPrivateIpAddressesCommand({ NetworkInterfaceId, PrivateIpAddresses }));
  await unassign('10.0.1.20', '10.0.1.21');
  await assert.rejects(
    unassign('10.0.1.20'),
    refusal('InvalidParameterValue', /Some of \[10\.0\.1\.20\] are not assigned/),
  );
  await assert.rejects(unassign('10.0.1.10'), refusal('InvalidParameterValue', /primary/));
  await assert.rejects(unassign(), refusal('MissingParameter'));
  assert.equal((await shown(other.NetworkInterfaceId)).PrivateIpAddress, '10.0.1.11');
});

test('attributes change one at a time', async (t) => {
  const { ec2, defaults, newVpc, create, shown } = await start(t);
  const { vpc, subnet } = await defaults();
  const newGroup = async (VpcId: string) => {
    const made = await ec2.send(new CreateSecurityGroupCommand({ GroupName: 'web', Description: 'web', VpcId }));
    return made.GroupId ?? '';
  };
  const { NetworkInterfaceId } = await create({ SubnetId: subnet });
  const group = await newGroup(vpc);
  const modify = (given: object) =>
    ec2.send(new ModifyNetworkInterfaceAttributeCommand({ NetworkInterfaceId, ...given }));
  const attribute = async (Attribute: NetworkInterfaceAttribute) => {
    const {
      $metadata: _,
      NetworkInterfaceId: id,
      ...value
    } = await ec2.send(new DescribeNetworkInterfaceAttributeCommand({ NetworkInterfaceId, Attribute }));
    assert.equal(id, NetworkInterfaceId);
    return value;
  };
  await modify({ Description: { Value: 'new' } });
  await modify({ SourceDestCheck: { Value: false } });
  await modify({ Groups: [group] });
  assert.deepEqual(await attribute('description'), { Description: { Value: 'new' } });
  assert.deepEqual(await attribute('sourceDestCheck'), { SourceDestCheck: { Value: false } });
  assert.deepEqual(await attribute('groupSet'), { Groups: [{ GroupId: group, GroupName: 'web' }] });
  assert.deepEqual(await attribute('attachment'), {});
  assert.deepEqual(await attribute('associatePublicIpAddress'), { AssociatePublicIpAddress: false });
  await modify({ AssociatePublicIpAddress: true });
  await ec2.send(new ResetNetworkInterfaceAttributeCommand({ NetworkInterfaceId, SourceDestCheck: 'true' }));
  assert.equal((await shown(NetworkInterfaceId)).SourceDestCheck, true);

  await assert.rejects(modify({}), refusal('MissingParameter'));
  const two = { Description: { Value: 'x' }, SourceDestCheck: { Value: true } };
  await assert.rejects(modify(two), refusal('InvalidParameterCombination'));
  await assert.rejects(modify({ EnablePrimaryIpv6: true }), refusal('UnsupportedOperation'));
  await assert.rejects(modify({ Groups: ['sg-12345678'] }), refusal('InvalidGroup.NotFound'));
  await assert.rejects(
    modify({ Groups: [await newGroup(await newVpc())] }),
    refusal('InvalidParameter', /different networks/),
  );
  const absent = { Attachment: { AttachmentId: 'eni-attach-1', DeleteOnTermination: true } };
  await assert.rejects(modify(absent), refusal('InvalidAttachmentID.NotFound'));
  const reset = ec2.send(new ResetNetworkInterfaceAttributeCommand({ NetworkInterfaceId }));
  await assert.rejects(reset, refusal('MissingParameter'));
  const nameless = ec2.send(new DescribeNetworkInterfaceAttributeCommand({ NetworkInterfaceId }));
  await assert.rejects(nameless, refusal('MissingParameter'));
});

test('interfaces are found by filters, page by page; there are groups for five of each', async (t) => {
  const { ec2, newVpc, newSubnet, create } = await start(t);
  const VpcId = await newVpc();
  const SubnetId = await newSubnet(VpcId);
  const groups: string[] = [];
  for (const at of [1, 2, 3, 4, 5, 6]) {
    const made = await ec2.send(new CreateSecurityGroupCommand({ GroupName: `g${at}`, Description: 'x', VpcId }));
    groups.push(made.GroupId ?? '');
  }
  await assert.rejects(
    create({ SubnetId, Groups: groups }),
    refusal('SecurityGroupsPerInterfaceLimitExceeded', /security groups per interface has been reached\.$/),
  );
  const one = await create({ SubnetId, Groups: groups.slice(1), PrivateIpAddress: '10.0.1.77' });
  for (const _ of [1, 2, 3, 4, 5, 6]) await create({ SubnetId });
  const found = async (Name: string, ...Values: string[]) => {
    const { NetworkInterfaces = [] } = await ec2.send(
      new DescribeNetworkInterfacesCommand({ Filters: [{ Name, Values }] }),
    );
    return NetworkInterfaces.map(({ NetworkInterfaceId }) => NetworkInterfaceId);
  };
  const id = one.NetworkInterfaceId;
  assert.deepEqual(await found('group-id', groups[3] ?? ''), [id]);
  assert.deepEqual(await found('addresses.private-ip-address', '10.0.1.77'), [id]);
  assert.deepEqual(await found('private-ip-address', '*.77'), [id]);
  assert.deepEqual(await found('mac-address', one.MacAddress ?? ''), [id]);
  assert.deepEqual(await found('attachment.attach-time', '*'), []);
  assert.equal((await found('source-dest-check', 'true')).length, 7);
  assert.equal((await found('status', 'available')).length, 7);
  const sizes: (number | undefined)[] = [];
  for await (const page of paginateDescribeNetworkInterfaces({ client: ec2, pageSize: 5 }, {})) {
    sizes.push(page.NetworkInterfaces?.length);
  }
  assert.deepEqual(sizes, [5, 2]);
});

test('what is not there can’t be attached, and nothing detached', async (t) => {
  const { ec2, defaults, create } = await start(t);
  const { NetworkInterfaceId } = await create({ SubnetId: (await defaults()).subnet });
  const attach = (InstanceId: string, id = NetworkInterfaceId) =>
    ec2.send(new AttachNetworkInterfaceCommand({ NetworkInterfaceId: id, InstanceId, DeviceIndex: 1 }));
  await assert.rejects(attach('i-12345678'), refusal('InvalidInstanceID.NotFound'));
  await assert.rejects(attach('i-12345678', 'eni-12345678'), refusal('InvalidNetworkInterfaceID.NotFound'));
  const detach = ec2.send(new DetachNetworkInterfaceCommand({ AttachmentId: 'eni-attach-1' }));
  await assert.rejects(detach, refusal('InvalidAttachmentID.NotFound'));
});

test('what is reserved is had by who names it', async (t) => {
  const { c, ec2, newVpc, newSubnet, create } = await start(t);
  const SubnetId = await newSubnet(await newVpc(), '10.0.0.0/28');
  const reserve = (Cidr: string, ReservationType: 'explicit' | 'prefix' = 'explicit') =>
    ec2.send(
      new CreateSubnetCidrReservationCommand({
        SubnetId,
        Cidr,
        ReservationType,
        Description: 'ours',
        TagSpecifications: tagged('subnet-cidr-reservation', { Name: 'own' }),
      }),
    );
  const { SubnetCidrReservation } = await reserve('10.0.0.9/29');
  const { SubnetCidrReservationId = '', ...shown } = SubnetCidrReservation ?? {};
  assert.match(SubnetCidrReservationId, /^scr-0[0-9a-f]{16}$/);
  const expected = {
    SubnetId,
    Cidr: '10.0.0.8/29',
    ReservationType: 'explicit',
    Description: 'ours',
    OwnerId: c.account,
    Tags: [{ Key: 'Name', Value: 'own' }],
  };
  assert.deepEqual(shown, expected);
  await assert.rejects(reserve('10.0.0.12/30'), refusal('InvalidSubnetCidrReservation.Conflict'));
  await assert.rejects(reserve('10.0.0.0/27'), refusal('InvalidParameterValue', /is not within/));
  await assert.rejects(reserve('here'), refusal('InvalidParameterValue'));
  const list = async (Filters: Filter[] = []) => {
    const { SubnetIpv4CidrReservations } = await ec2.send(new GetSubnetCidrReservationsCommand({ SubnetId, Filters }));
    return SubnetIpv4CidrReservations;
  };
  assert.deepEqual(await list(), [{ SubnetCidrReservationId, ...expected }]);
  assert.deepEqual(await list([{ Name: 'reservationType', Values: ['prefix'] }]), []);
  // Four are left: 10.0.0.4 to 10.0.0.7.
  await create({ SubnetId, SecondaryPrivateIpAddressCount: 3 });
  await assert.rejects(create({ SubnetId }), refusal('InsufficientFreeAddressesInSubnet'));
  assert.equal((await create({ SubnetId, PrivateIpAddress: '10.0.0.9' })).PrivateIpAddress, '10.0.0.9');
  const remove = () => ec2.send(new DeleteSubnetCidrReservationCommand({ SubnetCidrReservationId }));
  assert.equal((await remove()).DeletedSubnetCidrReservation?.Cidr, '10.0.0.8/29');
  await assert.rejects(remove(), refusal('InvalidSubnetCidrReservationId.NotFound'));
  await create({ SubnetId });
});
