/** Rules of security groups, in both forms that the API has. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  AuthorizeSecurityGroupEgressCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateManagedPrefixListCommand,
  CreateTagsCommand,
  DeleteSecurityGroupCommand,
  DescribePrefixListsCommand,
  DescribeSecurityGroupRulesCommand,
  DescribeSecurityGroupsCommand,
  DescribeTagsCommand,
  type EC2Client,
  type IpPermission,
  ModifySecurityGroupRulesCommand,
  paginateDescribeSecurityGroupRules,
  RevokeSecurityGroupEgressCommand,
  RevokeSecurityGroupIngressCommand,
  type SecurityGroupRuleRequest,
  UpdateSecurityGroupRuleDescriptionsEgressCommand,
  UpdateSecurityGroupRuleDescriptionsIngressCommand,
} from '@aws-sdk/client-ec2';
import { ssh, startGroups } from '#test/sdk/ec2-network.ts';
import { refusal } from '#test/sdk/refusals.ts';

test('permissions become rules, each with one peer, in canonical form', async (t) => {
  const { c, ec2, defaults, newGroup, allow, groupOf } = await startGroups(t);
  const { vpc } = await defaults();
  const [id, other] = [await newGroup(vpc), await newGroup(vpc, 'other')];
  const { PrefixList } = await ec2.send(
    new CreateManagedPrefixListCommand({ PrefixListName: 'office', AddressFamily: 'IPv4', MaxEntries: 3 }),
  );
  const PrefixListId = PrefixList?.PrefixListId ?? '';
  const { SecurityGroupRules = [] } = await allow(
    id,
    {
      IpProtocol: '6',
      FromPort: 80,
      ToPort: 81,
      IpRanges: [{ CidrIp: '100.68.0.18/18', Description: 'us' }],
      Ipv6Ranges: [{ CidrIpv6: '0:0:0:0:0:0:0:0/0' }],
      UserIdGroupPairs: [{ GroupId: other }],
      PrefixListIds: [{ PrefixListId }],
    },
    { IpProtocol: 'icmp', FromPort: 8, ToPort: -1, IpRanges: [{ CidrIp: '10.0.0.0/8' }] },
    { IpProtocol: '47', FromPort: 1, ToPort: 2, IpRanges: [{ CidrIp: '10.0.0.0/8' }] },
  );
  assert.equal(SecurityGroupRules.length, 6);
  assert.deepEqual(
    SecurityGroupRules.map(
      ({ IpProtocol, FromPort, ToPort, CidrIpv4, CidrIpv6, PrefixListId: list, ReferencedGroupInfo }) =>
        [IpProtocol, FromPort, ToPort, CidrIpv4 ?? CidrIpv6 ?? list ?? ReferencedGroupInfo?.GroupId].join(' '),
    ),
    [
      'tcp 80 81 100.68.0.0/18',
      'tcp 80 81 ::/0',
      `tcp 80 81 ${other}`,
      `tcp 80 81 ${PrefixListId}`,
      'icmp 8 -1 10.0.0.0/8',
      '47 -1 -1 10.0.0.0/8',
    ],
  );
  const { IpPermissions = [] } = await groupOf(id);
  assert.deepEqual(IpPermissions[0], {
    IpProtocol: 'tcp',
    FromPort: 80,
    ToPort: 81,
    IpRanges: [{ CidrIp: '100.68.0.0/18', Description: 'us' }],
    Ipv6Ranges: [{ CidrIpv6: '::/0' }],
    UserIdGroupPairs: [{ GroupId: other, UserId: c.account }],
    PrefixListIds: [{ PrefixListId }],
  });
  // The same, written otherwise.
  const again = allow(id, { IpProtocol: 'TCP', FromPort: 80, ToPort: 81, IpRanges: [{ CidrIp: '100.68.63.255/18' }] });
  await assert.rejects(
    again,
    refusal(
      'InvalidPermission.Duplicate',
      'the specified rule "peer: 100.68.0.0/18, TCP, from port: 80, to port: 81, ALLOW" already exists',
    ),
  );
  const held = ec2.send(new DeleteSecurityGroupCommand({ GroupId: other }));
  await assert.rejects(held, refusal('DependencyViolation', `resource ${other} has a dependent object`));
});

test('groups are found by their rules', async (t) => {
  const { c, ec2, defaults, newGroup, allow } = await startGroups(t);
  const { vpc } = await defaults();
  const [id, other] = [await newGroup(vpc), await newGroup(vpc, 'other')];
  const { PrefixLists = [] } = await ec2.send(new DescribePrefixListsCommand());
  const PrefixListId = PrefixLists[0]?.PrefixListId ?? '';
  await allow(id, {
    ...ssh('100.68.0.0/18'),
    Ipv6Ranges: [{ CidrIpv6: '::/0' }],
    UserIdGroupPairs: [{ GroupId: other }],
    PrefixListIds: [{ PrefixListId }],
  });
  const found = async (Name: string, value: string) => {
    const { SecurityGroups = [] } = await ec2.send(
      new DescribeSecurityGroupsCommand({ Filters: [{ Name, Values: [value] }] }),
    );
    return SecurityGroups.map(({ GroupName }) => GroupName).sort();
  };
  assert.deepEqual(await found('ip-permission.cidr', '100.68.0.0/18'), ['web']);
  assert.deepEqual(await found('ip-permission.ipv6-cidr', '::/0'), ['web']);
  assert.deepEqual(await found('ip-permission.group-name', 'other'), ['web']);
  assert.deepEqual(await found('ip-permission.prefix-list-id', PrefixListId), ['web']);
  assert.deepEqual(await found('ip-permission.from-port', '22'), ['web']);
  assert.deepEqual(await found('egress.ip-permission.protocol', '-1'), ['default', 'other', 'web']);
  assert.deepEqual(await found('description', 'for*'), ['other', 'web']);
  assert.deepEqual(await found('ip-permission.user-id', c.account), ['default', 'web']);
});

test('what is no rule', async (t) => {
  const { defaults, newVpc, newGroup, allow } = await startGroups(t);
  const id = await newGroup((await defaults()).vpc);
  const foreign = await newGroup(await newVpc());
  const bad = async (permission: IpPermission, code: string, message?: RegExp) =>
    assert.rejects(allow(id, permission), refusal(code, message));
  const range = { IpRanges: [{ CidrIp: '10.0.0.0/8' }] };
  await bad({ IpProtocol: 'carrier-pigeon', ...range }, 'InvalidParameterValue', /Unknown protocol/);
  await bad({ IpProtocol: 'tcp', ...range }, 'InvalidParameterValue', /both from and to ports/);
  await bad({ IpProtocol: 'udp', FromPort: 2, ToPort: 1, ...range }, 'InvalidParameterValue', /'2-1'/);
  await bad({ IpProtocol: 'tcp', FromPort: 0, ToPort: 65_536, ...range }, 'InvalidParameterValue');
  await bad({ IpProtocol: 'icmp', FromPort: -1, ToPort: 3, ...range }, 'InvalidParameterValue');
  await bad({ ...ssh('10.0.0.0') }, 'InvalidParameterValue', /CIDR block 10.0.0.0 is malformed/);
  await bad({ ...ssh(), IpRanges: [] }, 'MissingParameter');
  await bad({ ...range }, 'MissingParameter');
  await bad(ssh('10.0.0.0/8', 'naïve'), 'InvalidParameterValue', /Invalid rule description/);
  await bad(
    { ...ssh(), IpRanges: [{ CidrIp: '10.0.0.0/8' }, { CidrIp: '10.1.0.0/8' }] },
    'InvalidParameterValue',
    /multiple times/,
  );
  await bad(
    { IpProtocol: '-1', UserIdGroupPairs: [{ GroupId: foreign }] },
    'InvalidGroup.NotFound',
    /different networks/,
  );
  await bad({ IpProtocol: '-1', UserIdGroupPairs: [{ GroupId: 'sg-12345678' }] }, 'InvalidGroup.NotFound');
  await bad({ IpProtocol: '-1', UserIdGroupPairs: [{ GroupId: id, UserId: '111122223333' }] }, 'InvalidGroup.NotFound');
  await bad({ IpProtocol: '-1', PrefixListIds: [{ PrefixListId: 'pl-12345678' }] }, 'InvalidPrefixListID.NotFound');
  await assert.rejects(allow('sg-12345678', ssh()), refusal('InvalidGroup.NotFound'));
  await assert.rejects(allow(id), refusal('MissingParameter'));
});

test('one rule may be given by members of its own, and a group by its name', async (t) => {
  const { ec2, defaults, newGroup, groupOf } = await startGroups(t);
  const { vpc } = await defaults();
  const id = await newGroup(vpc);
  await ec2.send(
    new AuthorizeSecurityGroupIngressCommand({
      GroupName: 'web',
      IpProtocol: 'tcp',
      FromPort: 443,
      ToPort: 443,
      CidrIp: '0.0.0.0/0',
    }),
  );
  await ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId: id, SourceSecurityGroupName: 'default' }));
  const { IpPermissions = [] } = await groupOf(id);
  assert.deepEqual(
    IpPermissions.map(({ IpProtocol, FromPort, ToPort }) => [IpProtocol, FromPort, ToPort]),
    [
      ['tcp', 443, 443],
      ['tcp', 0, 65_535],
      ['udp', 0, 65_535],
      ['icmp', -1, -1],
    ],
  );
  const mixed = { GroupId: id, IpProtocol: 'tcp', IpPermissions: [ssh()] };
  await assert.rejects(
    ec2.send(new AuthorizeSecurityGroupIngressCommand(mixed)),
    refusal('InvalidParameterCombination'),
  );
  await assert.rejects(
    ec2.send(new AuthorizeSecurityGroupEgressCommand(mixed)),
    refusal('InvalidParameterCombination'),
  );
  const both = { GroupId: id, SourceSecurityGroupName: 'default', CidrIp: '10.0.0.0/8' };
  await assert.rejects(
    ec2.send(new AuthorizeSecurityGroupIngressCommand(both)),
    refusal('InvalidParameterCombination'),
  );
});

test('rules are revoked by what they allow or by their ids', async (t) => {
  const { ec2, defaults, newVpc, newGroup, allow, groupOf } = await startGroups(t);
  const id = await newGroup(await newVpc());
  const { SecurityGroupRules = [] } = await allow(id, ssh('10.0.0.0/8', 'ours'), ssh('10.1.0.0/16'));
  const first = SecurityGroupRules[0]?.SecurityGroupRuleId ?? '';
  await ec2.send(new CreateTagsCommand({ Resources: [first], Tags: [{ Key: 'Owner', Value: 'anna' }] }));
  const revoked = await ec2.send(
    new RevokeSecurityGroupIngressCommand({ GroupId: id, IpPermissions: [ssh('10.0.0.0/8')] }),
  );
  assert.deepEqual(
    revoked.RevokedSecurityGroupRules?.map(({ SecurityGroupRuleId, CidrIpv4, Description }) => [
      SecurityGroupRuleId,
      CidrIpv4,
      Description,
    ]),
    [[first, '10.0.0.0/8', 'ours']],
  );
  assert.deepEqual((await ec2.send(new DescribeTagsCommand())).Tags, []);
  const absent = ec2.send(new RevokeSecurityGroupIngressCommand({ GroupId: id, IpPermissions: [ssh('10.0.0.0/8')] }));
  await assert.rejects(absent, refusal('InvalidPermission.NotFound'));
  const second = SecurityGroupRules[1]?.SecurityGroupRuleId ?? '';
  const wrongWay = ec2.send(new RevokeSecurityGroupEgressCommand({ GroupId: id, SecurityGroupRuleIds: [second] }));
  await assert.rejects(wrongWay, refusal('InvalidSecurityGroupRuleId.NotFound'));
  await ec2.send(new RevokeSecurityGroupIngressCommand({ GroupId: id, SecurityGroupRuleIds: [second] }));
  await ec2.send(
    new RevokeSecurityGroupEgressCommand({
      GroupId: id,
      IpPermissions: [{ IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }] }],
    }),
  );
  const { IpPermissions, IpPermissionsEgress } = await groupOf(id);
  assert.deepEqual([IpPermissions, IpPermissionsEgress], [[], []]);

  // A default VPC says what it doesn't know instead.
  const { vpc } = await defaults();
  const lenient = await ec2.send(
    new RevokeSecurityGroupIngressCommand({ GroupId: await newGroup(vpc), IpPermissions: [ssh()] }),
  );
  assert.deepEqual(lenient.RevokedSecurityGroupRules, []);
  assert.equal(lenient.UnknownIpPermissions?.[0]?.FromPort, 22);
});

test('a rule changes into another one of its direction', async (t) => {
  const { ec2, newVpc, newGroup, allow } = await startGroups(t);
  const id = await newGroup(await newVpc());
  const { SecurityGroupRules = [] } = await allow(id, ssh('10.0.0.0/8', 'old'), ssh('10.1.0.0/16'));
  const [first = '', second = ''] = SecurityGroupRules.map(({ SecurityGroupRuleId }) => SecurityGroupRuleId ?? '');
  const modify = (rule: string, SecurityGroupRule?: SecurityGroupRuleRequest) =>
    ec2.send(
      new ModifySecurityGroupRulesCommand({
        GroupId: id,
        SecurityGroupRules: [{ SecurityGroupRuleId: rule, ...(SecurityGroupRule && { SecurityGroupRule }) }],
      }),
    );
  const http = { IpProtocol: 'tcp', FromPort: 80, ToPort: 80 };
  await modify(first, { ...http, CidrIpv6: '2001:DB8::/32', Description: 'new' });
  await assert.rejects(modify(second), refusal('MissingParameter'));
  await assert.rejects(
    modify('sgr-12345678', { ...http, CidrIpv4: '10.0.0.0/8' }),
    refusal('InvalidSecurityGroupRuleId.NotFound'),
  );
  await assert.rejects(modify(second, { ...http, CidrIpv6: '2001:db8::/32' }), refusal('InvalidPermission.Duplicate'));
  await assert.rejects(modify(second, http), refusal('MissingParameter'));
  const two = { ...http, CidrIpv4: '10.0.0.0/8', CidrIpv6: '::/0' };
  await assert.rejects(modify(second, two), refusal('InvalidParameterCombination'));

  const rules = await rulesOf(ec2, id);
  assert.equal(rules.size, 3);
  assert.deepEqual(
    [rules.get(first)?.CidrIpv6, rules.get(first)?.FromPort, rules.get(first)?.Description],
    ['2001:db8::/32', 80, 'new'],
  );
});

async function rulesOf(ec2: EC2Client, group: string) {
  const Filters = [{ Name: 'group-id', Values: [group] }];
  const rules = [];
  for await (const page of paginateDescribeSecurityGroupRules({ client: ec2, pageSize: 5 }, { Filters })) {
    rules.push(...(page.SecurityGroupRules ?? []));
  }
  return new Map(rules.map((rule) => [rule.SecurityGroupRuleId, rule]));
}

test('rules are described anew', async (t) => {
  const { ec2, newVpc, newGroup, allow } = await startGroups(t);
  const id = await newGroup(await newVpc());
  const { SecurityGroupRules = [] } = await allow(id, ssh('10.0.0.0/8', 'old'), ssh('10.1.0.0/16'));
  const [first = '', second = ''] = SecurityGroupRules.map(({ SecurityGroupRuleId }) => SecurityGroupRuleId ?? '');
  await ec2.send(
    new UpdateSecurityGroupRuleDescriptionsIngressCommand({
      GroupId: id,
      IpPermissions: [ssh('10.1.0.0/16', 'by text')],
    }),
  );
  await ec2.send(
    new UpdateSecurityGroupRuleDescriptionsIngressCommand({
      GroupId: id,
      SecurityGroupRuleDescriptions: [{ SecurityGroupRuleId: first }],
    }),
  );
  await ec2.send(
    new UpdateSecurityGroupRuleDescriptionsEgressCommand({
      GroupId: id,
      IpPermissions: [{ IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0', Description: 'all' }] }],
    }),
  );
  const described = await rulesOf(ec2, id);
  assert.equal(described.get(second)?.Description, 'by text');
  assert.equal(described.get(first)?.Description, undefined);
  assert.ok([...described.values()].some(({ IsEgress, Description }) => IsEgress && Description === 'all'));
  const unknown = ec2.send(
    new UpdateSecurityGroupRuleDescriptionsIngressCommand({ GroupId: id, IpPermissions: [ssh('9.9.9.9/32', 'x')] }),
  );
  await assert.rejects(unknown, refusal('InvalidPermission.NotFound'));
  const none = ec2.send(new UpdateSecurityGroupRuleDescriptionsIngressCommand({ GroupId: id }));
  await assert.rejects(none, refusal('MissingParameter'));
  const absent = ec2.send(new DescribeSecurityGroupRulesCommand({ SecurityGroupRuleIds: ['sgr-12345678'] }));
  await assert.rejects(absent, refusal('InvalidSecurityGroupRuleId.NotFound'));
});

test('rules count, for IPv4 and IPv6 apart, and a prefix list as often as it may have entries', async (t) => {
  const { ec2, newVpc, newGroup, allow } = await startGroups(t);
  const id = await newGroup(await newVpc());
  const ports = (count: number) => Array.from({ length: count }, (_, at) => ({ ...ssh(), FromPort: at, ToPort: at }));
  await allow(id, ...ports(50));
  await assert.rejects(allow(id, ...ports(61).slice(50)), refusal('RulesPerSecurityGroupLimitExceeded'));
  const { PrefixList } = await ec2.send(
    new CreateManagedPrefixListCommand({ PrefixListName: 'many', AddressFamily: 'IPv4', MaxEntries: 11 }),
  );
  const ofList = (IpProtocol: string) => ({
    IpProtocol,
    PrefixListIds: [{ PrefixListId: PrefixList?.PrefixListId ?? '' }],
  });
  await assert.rejects(allow(id, ofList('-1')), refusal('RulesPerSecurityGroupLimitExceeded'));
  await allow(id, { IpProtocol: '-1', Ipv6Ranges: [{ CidrIpv6: '::/0' }] });
  await ec2.send(new AuthorizeSecurityGroupEgressCommand({ GroupId: id, IpPermissions: [ofList('-1')] }));
});
