/** Interfaces of instances: attached and detached, reached by elastic addresses, and what the host's networks are told of it all. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  AllocateAddressCommand,
  AssociateAddressCommand,
  AttachNetworkInterfaceCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateNetworkInterfaceCommand,
  CreateRouteCommand,
  CreateVpcCommand,
  DeleteNetworkInterfaceCommand,
  DescribeAddressesCommand,
  DescribeNetworkInterfacesCommand,
  DescribeRouteTablesCommand,
  DetachNetworkInterfaceCommand,
  DisassociateAddressCommand,
  ModifyNetworkInterfaceAttributeCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';
import { cloudWithHost, launchOne, untilState } from '#test/sdk/ec2-host.ts';
import { shortWays } from '#test/sdk/ec2-network.ts';
import { refusal } from '#test/sdk/refusals.ts';
import { until } from '#test/until.ts';

async function start(t: TestContext) {
  const given = await cloudWithHost(t);
  const { ec2, host, image } = given;
  const ways = shortWays(ec2);
  const there = await ways.defaults();
  const launch = () => launchOne(ec2, image, { SubnetId: there.subnet });
  const newInterface = async (SubnetId = there.subnet) => {
    const { NetworkInterface } = await ec2.send(new CreateNetworkInterfaceCommand({ SubnetId }));
    return NetworkInterface?.NetworkInterfaceId ?? '';
  };
  const interfaceOf = async (id: string) => {
    const { NetworkInterfaces = [] } = await ec2.send(
      new DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [id] }),
    );
    return NetworkInterfaces[0] ?? assert.fail(`${id} is not there`);
  };
  const primaryOf = async (instance: string) => {
    const { NetworkInterfaces = [] } = await ec2.send(
      new DescribeNetworkInterfacesCommand({ Filters: [{ Name: 'attachment.instance-id', Values: [instance] }] }),
    );
    return NetworkInterfaces.find(({ Attachment }) => Attachment?.DeviceIndex === 0) ?? assert.fail('it has none');
  };
  const planned = (id: string) => host.networks.plans.get(there.vpc)?.interfaces.find((each) => each.id === id);
  return { ...given, ...ways, ...there, launch, newInterface, interfaceOf, primaryOf, planned };
}

test('the host is told of an instance’s network before it starts', async (t) => {
  const { ec2, host, group, launch, primaryOf, planned } = await start(t);
  const instance = await launch();
  const primary = await primaryOf(instance);
  const plan = planned(primary.NetworkInterfaceId ?? '') ?? assert.fail('it is not planned');
  assert.deepEqual(
    [plan.machine, plan.mac, plan.metadataHopLimit, plan.hostName],
    [instance, primary.MacAddress, 2, primary.PrivateDnsName],
  );
  assert.deepEqual(plan.addresses, [{ privateIp: primary.PrivateIpAddress, publicIp: primary.Association?.PublicIp }]);
  assert.equal(primary.Association?.IpOwnerId, 'amazon');
  assert.deepEqual(plan.ingress, [{ protocol: 'all', peer: { set: group } }]);
  await ec2.send(
    new AuthorizeSecurityGroupIngressCommand({
      GroupId: group,
      IpPermissions: [{ IpProtocol: 'tcp', FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: '0.0.0.0/0' }] }],
    }),
  );
  await until(() => planned(plan.id)?.ingress.length === 2, 'the rule at the host');
  await ec2.send(new TerminateInstancesCommand({ InstanceIds: [instance] }));
  await untilState(ec2, instance, 'terminated');
  await until(() => host.networks.plans.size === 0, 'the end of the network');
});

test('an interface comes to an instance that runs, and leaves it', async (t) => {
  const { ec2, host, launch, newInterface, interfaceOf, planned } = await start(t);
  const InstanceId = await launch();
  const id = await newInterface();
  const attach = (given: object = {}) =>
    ec2.send(new AttachNetworkInterfaceCommand({ NetworkInterfaceId: id, InstanceId, DeviceIndex: 1, ...given }));
  await assert.rejects(attach({ DeviceIndex: 0 }), refusal('InvalidParameterValue', /device index '0'/));
  await assert.rejects(attach({ NetworkCardIndex: 1 }), refusal('InvalidParameterValue'));
  const { AttachmentId = '' } = await attach();
  assert.match(AttachmentId, /^eni-attach-0[0-9a-f]{16}$/);
  await until(async () => (await interfaceOf(id)).Attachment?.Status === 'attached', 'it is attached');
  assert.ok(host.machines.machines.get(InstanceId)?.nics.has(id));
  assert.equal(planned(id)?.machine, InstanceId);
  const { Attachment, Status } = await interfaceOf(id);
  assert.deepEqual([Status, Attachment?.DeviceIndex, Attachment?.DeleteOnTermination], ['in-use', 1, false]);
  await assert.rejects(attach({ DeviceIndex: 2 }), refusal('InvalidNetworkInterface.InUse'));
  const remove = () => ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId: id }));
  await assert.rejects(remove(), refusal('InvalidNetworkInterface.InUse'));
  await ec2.send(
    new ModifyNetworkInterfaceAttributeCommand({
      NetworkInterfaceId: id,
      Attachment: { AttachmentId, DeleteOnTermination: true },
    }),
  );
  assert.equal((await interfaceOf(id)).Attachment?.DeleteOnTermination, true);
  // A t3.micro has two.
  const third = attach({ NetworkInterfaceId: await newInterface(), DeviceIndex: 2 });
  await assert.rejects(third, refusal('AttachmentLimitExceeded'));

  await ec2.send(new DetachNetworkInterfaceCommand({ AttachmentId }));
  await until(async () => (await interfaceOf(id)).Status === 'available', 'it is detached');
  assert.equal(host.machines.machines.get(InstanceId)?.nics.has(id), false);
  await remove();
});

test('one that is stopped has it at once', async (t) => {
  const { ec2, launch, newInterface, interfaceOf, primaryOf, newVpc, newSubnet, subnets } = await start(t);
  const InstanceId = await launch();
  await ec2.send(new StopInstancesCommand({ InstanceIds: [InstanceId] }));
  await untilState(ec2, InstanceId, 'stopped');
  const attach = (NetworkInterfaceId: string) =>
    ec2.send(new AttachNetworkInterfaceCommand({ NetworkInterfaceId, InstanceId, DeviceIndex: 1 }));
  const elsewhere = subnets.find(({ AvailabilityZone }) => AvailabilityZone === 'us-east-1b')?.SubnetId;
  await assert.rejects(attach(await newInterface(elsewhere)), refusal('InvalidParameterValue', /availability zone/));
  const foreign = await newInterface(await newSubnet(await newVpc()));
  await assert.rejects(attach(foreign), refusal('InvalidParameterValue', /same VPC/));
  const id = await newInterface();
  const { AttachmentId } = await attach(id);
  assert.equal((await interfaceOf(id)).Attachment?.Status, 'attached');
  await ec2.send(new DetachNetworkInterfaceCommand({ AttachmentId }));
  assert.equal((await interfaceOf(id)).Status, 'available');
  const primary = await primaryOf(InstanceId);
  const first = ec2.send(new DetachNetworkInterfaceCommand({ AttachmentId: primary.Attachment?.AttachmentId }));
  await assert.rejects(first, refusal('OperationNotPermitted'));
});

test('an elastic address takes the place of a borrowed one', async (t) => {
  const { ec2, launch, newInterface, primaryOf, planned } = await start(t);
  const InstanceId = await launch();
  const borrowed = (await primaryOf(InstanceId)).Association?.PublicIp;
  const { AllocationId, PublicIp } = await ec2.send(new AllocateAddressCommand());
  assert.notEqual(PublicIp, borrowed);
  const associate = () => ec2.send(new AssociateAddressCommand({ AllocationId, InstanceId }));
  const { AssociationId } = await associate();
  const { Association, NetworkInterfaceId = '' } = await primaryOf(InstanceId);
  assert.deepEqual([Association?.PublicIp, Association?.AllocationId], [PublicIp, AllocationId]);
  await until(() => planned(NetworkInterfaceId)?.addresses[0]?.publicIp === PublicIp, 'the address at the host');
  const { Addresses } = await ec2.send(
    new DescribeAddressesCommand({ Filters: [{ Name: 'instance-id', Values: [InstanceId] }] }),
  );
  assert.deepEqual([Addresses?.length, Addresses?.[0]?.InstanceId], [1, InstanceId]);
  // What it had borrowed is to spare.
  assert.equal((await ec2.send(new AllocateAddressCommand({ Address: borrowed }))).PublicIp, borrowed);
  await ec2.send(new DisassociateAddressCommand({ AssociationId }));
  const modify = (AssociatePublicIpAddress: boolean) =>
    ec2.send(new ModifyNetworkInterfaceAttributeCommand({ NetworkInterfaceId, AssociatePublicIpAddress }));
  assert.equal((await primaryOf(InstanceId)).Association, undefined);
  await modify(true);
  assert.equal((await primaryOf(InstanceId)).Association?.IpOwnerId, 'amazon');
  await modify(false);
  assert.equal((await primaryOf(InstanceId)).Association, undefined);

  const NetworkInterfaceIdOfSecond = await newInterface();
  await ec2.send(
    new AttachNetworkInterfaceCommand({ NetworkInterfaceId: NetworkInterfaceIdOfSecond, InstanceId, DeviceIndex: 1 }),
  );
  await assert.rejects(associate(), refusal('InvalidInstanceID', /multiple interfaces/));
});

test('a route leads through an instance as long as it is there', async (t) => {
  const { ec2, host, vpc, launch, primaryOf } = await start(t);
  const InstanceId = await launch();
  const { NetworkInterfaceId } = await primaryOf(InstanceId);
  const { RouteTables = [] } = await ec2.send(new DescribeRouteTablesCommand());
  const RouteTableId = RouteTables[0]?.RouteTableId;
  await ec2.send(new CreateRouteCommand({ RouteTableId, DestinationCidrBlock: '192.168.0.0/16', InstanceId }));
  const route = async () => {
    const shown = await ec2.send(new DescribeRouteTablesCommand({ RouteTableIds: [RouteTableId ?? ''] }));
    return shown.RouteTables?.[0]?.Routes?.find((each) => each.DestinationCidrBlock === '192.168.0.0/16');
  };
  const { State, InstanceId: through } = (await route()) ?? {};
  assert.deepEqual([State, through], ['active', InstanceId]);
  const target = () =>
    host.networks.plans.get(vpc)?.subnets[0]?.routes.find(({ destination }) => destination === '192.168.0.0/16')
      ?.target;
  await until(() => target() !== undefined, 'the route at the host');
  assert.deepEqual(target(), { interface: NetworkInterfaceId });
  await ec2.send(new TerminateInstancesCommand({ InstanceIds: [InstanceId] }));
  await untilState(ec2, InstanceId, 'terminated');
  assert.equal((await route())?.State, 'blackhole');
});

test('networks are taken up again after a restart', async (t) => {
  const { c, ec2, host, vpc, launch } = await start(t);
  await launch();
  await until(() => host.networks.plans.has(vpc), 'the network');
  const before = host.networks.plans.get(vpc);
  await ec2.send(new CreateVpcCommand({ CidrBlock: '10.0.0.0/16' }));
  await host.networks.apply({ ...(before ?? assert.fail('none')), id: 'vpc-0123456789abcdef0' });
  await c.restart();
  await until(() => host.networks.plans.size === 1, 'nothing of nobody’s is left');
  assert.deepEqual(host.networks.plans.get(vpc), before);
});
