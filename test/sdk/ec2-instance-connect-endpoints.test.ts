/** EC2 Instance Connect Endpoints by AWS's SDK; what goes through them is in ec2-instance-connect-tunnels.test.ts. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  AllocateAddressCommand,
  AssignPrivateIpAddressesCommand,
  AssociateAddressCommand,
  AttachNetworkInterfaceCommand,
  CreateInstanceConnectEndpointCommand,
  type CreateInstanceConnectEndpointCommandInput,
  CreateSecurityGroupCommand,
  DeleteInstanceConnectEndpointCommand,
  DeleteNetworkInterfaceCommand,
  DeleteSecurityGroupCommand,
  DeleteSubnetCommand,
  DescribeInstanceConnectEndpointsCommand,
  DescribeNetworkInterfacesCommand,
  DescribeTagsCommand,
  DetachNetworkInterfaceCommand,
  EC2Client,
  ModifyInstanceConnectEndpointCommand,
  ModifyNetworkInterfaceAttributeCommand,
} from '@aws-sdk/client-ec2';
import {
  DeleteServiceLinkedRoleCommand,
  GetRoleCommand,
  GetServiceLinkedRoleDeletionStatusCommand,
  IAMClient,
  ListAttachedRolePoliciesCommand,
} from '@aws-sdk/client-iam';
import { startNetworks, tagged } from '#test/sdk/ec2-network.ts';
import { newUser, operate } from '#test/sdk/people.ts';
import { refusal } from '#test/sdk/refusals.ts';
import { until } from '#test/until.ts';

async function start(t: TestContext) {
  const given = await startNetworks(t);
  const { ec2, newVpc, newSubnet } = given;
  const vpc = await newVpc();
  const subnet = await newSubnet(vpc);
  const create = async (input: Partial<CreateInstanceConnectEndpointCommandInput> = {}) => {
    const made = await ec2.send(new CreateInstanceConnectEndpointCommand({ SubnetId: subnet, ...input }));
    return made.InstanceConnectEndpoint ?? assert.fail('nothing was made');
  };
  const describe = async (...InstanceConnectEndpointIds: string[]) => {
    const found = await ec2.send(new DescribeInstanceConnectEndpointsCommand({ InstanceConnectEndpointIds }));
    return found.InstanceConnectEndpoints ?? [];
  };
  const interfaceOf = async (id: string | undefined) => {
    const found = await ec2.send(new DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [id ?? ''] }));
    return found.NetworkInterfaces?.[0] ?? assert.fail(`${id} is not there`);
  };
  return { ...given, vpc, subnet, create, describe, interfaceOf };
}

test('an endpoint is made with an interface of its own, and goes with it', async (t) => {
  const { c, ec2, vpc, subnet, create, describe, interfaceOf } = await start(t);
  const TagSpecifications = tagged('instance-connect-endpoint', { Name: 'way in' });
  const made = await create({ TagSpecifications, ClientToken: 'once' });
  const { InstanceConnectEndpointId: id = '', NetworkInterfaceIds: [nic = ''] = [] } = made;
  assert.match(id, /^eice-0[0-9a-f]{16}$/);
  assert.equal(made.State, 'create-in-progress');
  assert.equal((await create({ TagSpecifications, ClientToken: 'once' })).InstanceConnectEndpointId, id);
  const face = await interfaceOf(nic);
  const [found] = await describe(id);
  assert.deepEqual(found, {
    ...made,
    OwnerId: c.account,
    InstanceConnectEndpointArn: `arn:aws:ec2:us-east-1:${c.account}:instance-connect-endpoint/${id}`,
    State: 'create-complete',
    StateMessage: '',
    DnsName: `${id}.us-east-1.localhost`,
    VpcId: vpc,
    SubnetId: subnet,
    AvailabilityZone: 'us-east-1a',
    AvailabilityZoneId: 'use1-az1',
    PreserveClientIp: false,
    SecurityGroupIds: [face.Groups?.[0]?.GroupId],
    IpAddressType: 'ipv4',
    Tags: [{ Key: 'Name', Value: 'way in' }],
  });
  assert.equal(face.Groups?.[0]?.GroupName, 'default');
  assert.deepEqual(
    [face.InterfaceType, face.RequesterManaged, face.Status, face.Attachment?.InstanceId, face.SubnetId],
    ['ec2_instance_connect_endpoint', true, 'in-use', undefined, subnet],
  );
  const { Tags } = await ec2.send(
    new DescribeTagsCommand({ Filters: [{ Name: 'resource-type', Values: ['instance-connect-endpoint'] }] }),
  );
  assert.equal(Tags?.[0]?.ResourceId, id);

  const gone = await ec2.send(new DeleteInstanceConnectEndpointCommand({ InstanceConnectEndpointId: id }));
  assert.equal(gone.InstanceConnectEndpoint?.State, 'delete-in-progress');
  const absent = refusal('InvalidInstanceConnectEndpointId.NotFound');
  await assert.rejects(describe(id), absent);
  await assert.rejects(interfaceOf(nic), refusal('InvalidNetworkInterfaceID.NotFound'));
  const again = ec2.send(new DeleteInstanceConnectEndpointCommand({ InstanceConnectEndpointId: id }));
  await assert.rejects(again, absent);
  await ec2.send(new DeleteSubnetCommand({ SubnetId: subnet }));
});

test('what EC2 has made its account can look at, and it keeps the rest from going', async (t) => {
  const { ec2, subnet, create, interfaceOf } = await start(t);
  const { NetworkInterfaceIds: [NetworkInterfaceId = ''] = [] } = await create();
  const AttachmentId = (await interfaceOf(NetworkInterfaceId)).Attachment?.AttachmentId;
  await assert.rejects(
    ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId })),
    refusal('InvalidNetworkInterface.InUse'),
  );
  await assert.rejects(
    ec2.send(new DetachNetworkInterfaceCommand({ AttachmentId, Force: true })),
    refusal('OperationNotPermitted', /You are not allowed to manage 'ela-attach-\w+' attachments/),
  );
  const forbidden = refusal('OperationNotPermitted');
  const described = { NetworkInterfaceId, Description: { Value: 'x' } };
  await assert.rejects(ec2.send(new ModifyNetworkInterfaceAttributeCommand(described)), forbidden);
  const more = { NetworkInterfaceId, SecondaryPrivateIpAddressCount: 1 };
  await assert.rejects(ec2.send(new AssignPrivateIpAddressesCommand(more)), forbidden);
  const attached = { NetworkInterfaceId, InstanceId: 'i-0123456789abcdef0', DeviceIndex: 1 };
  await assert.rejects(ec2.send(new AttachNetworkInterfaceCommand(attached)), forbidden);
  const { AllocationId } = await ec2.send(new AllocateAddressCommand());
  const led = ec2.send(new AssociateAddressCommand({ NetworkInterfaceId, AllocationId }));
  await assert.rejects(led, forbidden);
  await assert.rejects(ec2.send(new DeleteSubnetCommand({ SubnetId: subnet })), refusal('DependencyViolation'));
});

test('endpoints are found by what AWS documents', async (t) => {
  const { ec2, vpc, create, newVpc, newSubnet } = await start(t);
  const tags = tagged('instance-connect-endpoint', { Name: 'way in' });
  const { InstanceConnectEndpointId: id = '' } = await create({ TagSpecifications: tags });
  const other = await create({ SubnetId: await newSubnet(await newVpc('10.1.0.0/16'), '10.1.1.0/24') });
  const found = async (Name: string, ...Values: string[]) => {
    const asked = new DescribeInstanceConnectEndpointsCommand({ Filters: [{ Name, Values }] });
    return ((await ec2.send(asked)).InstanceConnectEndpoints ?? []).map((each) => each.InstanceConnectEndpointId);
  };
  assert.deepEqual(await found('vpc-id', vpc), [id]);
  assert.deepEqual(await found('subnet-id', other.SubnetId ?? ''), [other.InstanceConnectEndpointId]);
  assert.deepEqual(await found('tag:Name', 'way *'), [id]);
  assert.deepEqual(await found('instance-connect-endpoint-id', id), [id]);
  assert.equal((await found('state', 'create-complete')).length, 2);
  assert.deepEqual(await found('state', 'create-failed'), []);
});

test('a VPC has one endpoint, an account five', async (t) => {
  const { c, create, newVpc, newSubnet, subnet } = await start(t);
  await assert.rejects(create({ SubnetId: 'subnet-00000000' }), refusal('InvalidSubnetID.NotFound'));
  await assert.rejects(create({ IpAddressType: 'dualstack' }), refusal('InvalidParameterValue'));
  await assert.rejects(create({ SecurityGroupIds: ['sg-00000000'] }), refusal('InvalidGroup.NotFound'));
  await create();
  const full = refusal('InstanceConnectEndpointLimitExceeded');
  await assert.rejects(create({ SubnetId: subnet }), full);
  const vpcs = { ServiceCode: 'ec2', QuotaCode: 'L-F678F1CE', Value: 9 };
  await operate(c, 'SetQuota', { AccountId: c.account, Region: 'us-east-1', ...vpcs });
  const elsewhere = async (at: number) =>
    create({ SubnetId: await newSubnet(await newVpc(`10.${at}.0.0/16`), `10.${at}.1.0/24`) });
  for (let at = 1; at < 5; at++) await elsewhere(at);
  await assert.rejects(elsewhere(5), full);
});

test('groups of an endpoint change, and so does what instances see of clients', async (t) => {
  const { ec2, vpc, create, describe, interfaceOf } = await start(t);
  const { InstanceConnectEndpointId: id = '', NetworkInterfaceIds: [nic] = [] } = await create();
  const newGroup = await ec2.send(
    new CreateSecurityGroupCommand({ VpcId: vpc, GroupName: 'way-in', Description: 'for endpoints' }),
  );
  const group = newGroup.GroupId ?? '';
  const modify = (input: object) =>
    ec2.send(new ModifyInstanceConnectEndpointCommand({ InstanceConnectEndpointId: id, ...input }));
  await assert.rejects(modify({}), refusal('MissingParameter'));
  await assert.rejects(modify({ IpAddressType: 'ipv6' }), refusal('InvalidParameterValue'));
  assert.equal((await modify({ SecurityGroupIds: [group], PreserveClientIp: true })).Return, true);
  const [changed] = await describe(id);
  assert.deepEqual(
    [changed?.State, changed?.SecurityGroupIds, changed?.PreserveClientIp],
    ['update-complete', [group], true],
  );
  assert.equal((await interfaceOf(nic)).Groups?.[0]?.GroupId, group);
  await assert.rejects(ec2.send(new DeleteSecurityGroupCommand({ GroupId: group })), refusal('DependencyViolation'));
  await ec2.send(new DeleteInstanceConnectEndpointCommand({ InstanceConnectEndpointId: id }));
  await ec2.send(new DeleteSecurityGroupCommand({ GroupId: group }));
});

test('who makes an endpoint needs the permissions that AWS names', async (t) => {
  const { c, subnet, vpc } = await start(t);
  const { credentials, allow } = await newUser(c, 'anna');
  const anna = c.client(EC2Client, { credentials });
  const create = () => anna.send(new CreateInstanceConnectEndpointCommand({ SubnetId: subnet }));
  const arn = (resource: string): string => `arn:aws:ec2:us-east-1:${c.account}:${resource}`;
  const own = {
    Effect: 'Allow',
    Action: 'ec2:*InstanceConnectEndpoint',
    Resource: [arn('instance-connect-endpoint/*'), arn(`subnet/${subnet}`)],
    Condition: { ArnEqualsIfExists: { 'ec2:Vpc': arn(`vpc/${vpc}`) } },
  };
  await allow(own);
  await assert.rejects(create(), refusal('UnauthorizedOperation', /ec2:CreateNetworkInterface/));
  const withInterface = { Effect: 'Allow', Action: 'ec2:CreateNetworkInterface', Resource: arn('subnet/*') };
  await allow(own, withInterface);
  await assert.rejects(create(), refusal('UnauthorizedOperation', /iam:CreateServiceLinkedRole/));
  await allow(own, withInterface, {
    Effect: 'Allow',
    Action: 'iam:CreateServiceLinkedRole',
    Resource: '*',
    Condition: { StringEquals: { 'iam:AWSServiceName': 'ec2-instance-connect.amazonaws.com' } },
  });
  const { InstanceConnectEndpoint: made } = await create();
  const remove = () =>
    anna.send(
      new DeleteInstanceConnectEndpointCommand({ InstanceConnectEndpointId: made?.InstanceConnectEndpointId ?? '' }),
    );
  const bySubnet = (id: string) => ({ ...own, Condition: { StringEquals: { 'ec2:SubnetID': id } } });
  await allow(bySubnet('subnet-00000000'));
  await assert.rejects(remove(), refusal('UnauthorizedOperation'));
  await allow(bySubnet(subnet));
  await remove();
});

test('the first endpoint brings the role of EC2 Instance Connect, which stays as long as there is one', async (t) => {
  const { c, ec2, create } = await start(t);
  const iam = c.client(IAMClient);
  const RoleName = 'AWSServiceRoleForEC2InstanceConnect';
  await assert.rejects(iam.send(new GetRoleCommand({ RoleName })), refusal('NoSuchEntityException'));
  const { InstanceConnectEndpointId: id = '' } = await create();
  const role = () =>
    iam.send(new GetRoleCommand({ RoleName })).then(
      ({ Role }) => Role,
      () => undefined,
    );
  await until(async () => (await role()) !== undefined, 'the role');
  const { Path, AssumeRolePolicyDocument: trust = '' } = (await role()) ?? {};
  assert.equal(Path, '/aws-service-role/ec2-instance-connect.amazonaws.com/');
  assert.deepEqual(JSON.parse(decodeURIComponent(trust)).Statement[0].Principal, {
    Service: 'ec2-instance-connect.amazonaws.com',
  });
  const { AttachedPolicies } = await iam.send(new ListAttachedRolePoliciesCommand({ RoleName }));
  assert.deepEqual(AttachedPolicies, [
    {
      PolicyName: 'Ec2InstanceConnectEndpoint',
      PolicyArn: 'arn:aws:iam::aws:policy/aws-service-role/Ec2InstanceConnectEndpoint',
    },
  ]);

  const deleted = async (): Promise<string | undefined> => {
    const { DeletionTaskId } = await iam.send(new DeleteServiceLinkedRoleCommand({ RoleName }));
    let status: string | undefined;
    await until(async () => {
      ({ Status: status } = await iam.send(new GetServiceLinkedRoleDeletionStatusCommand({ DeletionTaskId })));
      return status === 'SUCCEEDED' || status === 'FAILED';
    }, 'an end of the deletion');
    return status;
  };
  assert.equal(await deleted(), 'FAILED');
  await ec2.send(new DeleteInstanceConnectEndpointCommand({ InstanceConnectEndpointId: id }));
  assert.equal(await deleted(), 'SUCCEEDED');
});
