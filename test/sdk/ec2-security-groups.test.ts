/** Security groups, and who may change them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  AuthorizeSecurityGroupIngressCommand,
  CreateNetworkInterfaceCommand,
  CreateSecurityGroupCommand,
  DeleteNetworkInterfaceCommand,
  DeleteSecurityGroupCommand,
  DescribeSecurityGroupReferencesCommand,
  DescribeSecurityGroupsCommand,
  DescribeStaleSecurityGroupsCommand,
  EC2Client,
  GetSecurityGroupsForVpcCommand,
} from '@aws-sdk/client-ec2';
import { ssh, startGroups, tagged } from '#test/sdk/ec2-network.ts';
import { newUser } from '#test/sdk/people.ts';
import { refusal } from '#test/sdk/refusals.ts';

test('a group is made, described, deleted', async (t) => {
  const { c, ec2, defaults, newVpc, newGroup, groupOf } = await startGroups(t);
  const { vpc, group } = await defaults();
  const made = await ec2.send(
    new CreateSecurityGroupCommand({
      GroupName: ' web ',
      Description: 'of the web',
      TagSpecifications: tagged('security-group', { Tier: 'web' }),
    }),
  );
  const id = made.GroupId ?? '';
  assert.match(id, /^sg-0[0-9a-f]{16}$/);
  assert.equal(made.SecurityGroupArn, `arn:aws:ec2:us-east-1:${c.account}:security-group/${id}`);
  assert.deepEqual(await groupOf(id), {
    GroupId: id,
    GroupName: 'web',
    Description: 'of the web',
    VpcId: vpc,
    OwnerId: c.account,
    SecurityGroupArn: made.SecurityGroupArn,
    Tags: [{ Key: 'Tier', Value: 'web' }],
    IpPermissions: [],
    IpPermissionsEgress: [
      {
        IpProtocol: '-1',
        IpRanges: [{ CidrIp: '0.0.0.0/0' }],
        Ipv6Ranges: [],
        PrefixListIds: [],
        UserIdGroupPairs: [],
      },
    ],
  });
  await assert.rejects(newGroup(vpc), refusal('InvalidGroup.Duplicate'));
  await assert.rejects(newGroup(vpc, 'default'), refusal('InvalidGroup.Reserved'));
  await assert.rejects(newGroup(vpc, 'sg-mine'), refusal('InvalidParameterValue'));
  await assert.rejects(newGroup(vpc, 'naïve'), refusal('InvalidParameterValue'));
  await assert.rejects(newGroup('vpc-12345678'), refusal('InvalidVpcID.NotFound'));
  const own = await newVpc();
  const same = await newGroup(own);
  const byName = await ec2.send(new DescribeSecurityGroupsCommand({ GroupNames: ['web'] }));
  assert.deepEqual(
    byName.SecurityGroups?.map(({ GroupId }) => GroupId),
    [id],
  );

  const forVpc = await ec2.send(
    new GetSecurityGroupsForVpcCommand({ VpcId: own, Filters: [{ Name: 'group-name', Values: ['w*'] }] }),
  );
  assert.deepEqual(forVpc.SecurityGroupForVpcs, [
    { GroupId: same, GroupName: 'web', Description: 'for tests', OwnerId: c.account, PrimaryVpcId: own, Tags: [] },
  ]);
  const stale = await ec2.send(new DescribeStaleSecurityGroupsCommand({ VpcId: own }));
  assert.deepEqual(stale.StaleSecurityGroupSet, []);
  const references = await ec2.send(new DescribeSecurityGroupReferencesCommand({ GroupId: [id] }));
  assert.deepEqual(references.SecurityGroupReferenceSet, []);

  await assert.rejects(ec2.send(new DeleteSecurityGroupCommand({ GroupId: group })), refusal('CannotDelete'));
  assert.equal((await ec2.send(new DeleteSecurityGroupCommand({ GroupName: 'web' }))).GroupId, id);
  await assert.rejects(ec2.send(new DeleteSecurityGroupCommand({ GroupId: id })), refusal('InvalidGroup.NotFound'));
  await assert.rejects(ec2.send(new DeleteSecurityGroupCommand({})), refusal('MissingParameter'));
  await assert.rejects(groupOf(id), refusal('InvalidGroup.NotFound', `The security group '${id}' does not exist`));
});

test('a group that an interface has stays', async (t) => {
  const { ec2, defaults, newGroup } = await startGroups(t);
  const { vpc, subnet } = await defaults();
  const id = await newGroup(vpc);
  const { NetworkInterface } = await ec2.send(new CreateNetworkInterfaceCommand({ SubnetId: subnet, Groups: [id] }));
  await assert.rejects(ec2.send(new DeleteSecurityGroupCommand({ GroupId: id })), refusal('DependencyViolation'));
  await ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId: NetworkInterface?.NetworkInterfaceId }));
  await ec2.send(new DeleteSecurityGroupCommand({ GroupId: id }));
});

test('a user may open ports of the groups of one VPC, and tag the rules if allowed to', async (t) => {
  const { c, defaults, newVpc, newGroup } = await startGroups(t);
  const { vpc } = await defaults();
  const [mine, other] = [await newGroup(vpc), await newGroup(await newVpc())];
  const { credentials, allow } = await newUser(c, 'anna');
  const arn = (what: string) => `arn:aws:ec2:us-east-1:${c.account}:${what}`;
  const inVpc = {
    Effect: 'Allow',
    Action: 'ec2:AuthorizeSecurityGroupIngress',
    Resource: arn('security-group/*'),
    Condition: { ArnEquals: { 'ec2:Vpc': arn(`vpc/${vpc}`) } },
  };
  await allow(inVpc);
  const ec2 = c.client(EC2Client, { credentials });
  const open = (GroupId: string, cidr: string, tags?: Record<string, string>) =>
    ec2.send(
      new AuthorizeSecurityGroupIngressCommand({
        GroupId,
        IpPermissions: [ssh(cidr)],
        ...(tags && { TagSpecifications: tagged('security-group-rule', tags) }),
      }),
    );
  await open(mine, '10.0.0.0/8');
  await assert.rejects(open(other, '10.0.0.0/8'), refusal('UnauthorizedOperation'));
  await assert.rejects(open(mine, '10.1.0.0/16', { Owner: 'anna' }), refusal('UnauthorizedOperation'));
  await allow(inVpc, { Effect: 'Allow', Action: 'ec2:CreateTags', Resource: arn('security-group-rule/*') });
  const { SecurityGroupRules } = await open(mine, '10.1.0.0/16', { Owner: 'anna' });
  assert.deepEqual(SecurityGroupRules?.[0]?.Tags, [{ Key: 'Owner', Value: 'anna' }]);
});
