/** Managed prefix lists: their versions, and what names them. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import {
  AttachInternetGatewayCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateInternetGatewayCommand,
  CreateManagedPrefixListCommand,
  type CreateManagedPrefixListCommandInput,
  CreateRouteCommand,
  CreateRouteTableCommand,
  CreateSecurityGroupCommand,
  DeleteManagedPrefixListCommand,
  DeleteRouteCommand,
  DescribeManagedPrefixListsCommand,
  DescribePrefixListsCommand,
  GetManagedPrefixListAssociationsCommand,
  GetManagedPrefixListEntriesCommand,
  ModifyManagedPrefixListCommand,
  paginateGetManagedPrefixListEntries,
  RestoreManagedPrefixListVersionCommand,
  RevokeSecurityGroupIngressCommand,
} from '@aws-sdk/client-ec2';
import { startNetworks, tagged } from '#test/sdk/ec2-network.ts';
import { operate } from '#test/sdk/people.ts';
import { refusal } from '#test/sdk/refusals.ts';

async function start(t: TestContext) {
  const given = await startNetworks(t);
  const { ec2 } = given;
  const create = async (input: Partial<CreateManagedPrefixListCommandInput> = {}) => {
    const { PrefixList } = await ec2.send(
      new CreateManagedPrefixListCommand({
        PrefixListName: 'office',
        AddressFamily: 'IPv4',
        MaxEntries: 3,
        Entries: [{ Cidr: '10.0.0.7/8', Description: 'all of it' }],
        ...input,
      }),
    );
    return PrefixList ?? assert.fail('nothing was made');
  };
  const entries = async (PrefixListId: string, TargetVersion?: number) => {
    const { Entries = [] } = await ec2.send(new GetManagedPrefixListEntriesCommand({ PrefixListId, TargetVersion }));
    return Entries.map(({ Cidr }) => Cidr);
  };
  return { ...given, create, entries };
}

test('a list is made, with entries in canonical form', async (t) => {
  const { c, ec2, create } = await start(t);
  const made = await create({ TagSpecifications: tagged('prefix-list', { Name: 'own' }), ClientToken: 'once' });
  const PrefixListId = made.PrefixListId ?? '';
  assert.match(PrefixListId, /^pl-0[0-9a-f]{16}$/);
  assert.equal(made.State, 'create-in-progress');
  const { PrefixLists = [] } = await ec2.send(
    new DescribeManagedPrefixListsCommand({ Filters: [{ Name: 'owner-id', Values: [c.account] }] }),
  );
  assert.deepEqual(PrefixLists, [
    {
      PrefixListId,
      PrefixListArn: `arn:aws:ec2:us-east-1:${c.account}:prefix-list/${PrefixListId}`,
      PrefixListName: 'office',
      AddressFamily: 'IPv4',
      MaxEntries: 3,
      OwnerId: c.account,
      State: 'create-complete',
      Version: 1,
      Tags: [{ Key: 'Name', Value: 'own' }],
    },
  ]);
  const { Entries } = await ec2.send(new GetManagedPrefixListEntriesCommand({ PrefixListId }));
  assert.deepEqual(Entries, [{ Cidr: '10.0.0.0/8', Description: 'all of it' }]);
  const six = await create({ AddressFamily: 'IPv6', Entries: [{ Cidr: '2001:DB8:0::/32' }] });
  const ipv6 = await ec2.send(new GetManagedPrefixListEntriesCommand({ PrefixListId: six.PrefixListId }));
  assert.deepEqual(ipv6.Entries, [{ Cidr: '2001:db8::/32' }]);

  const bad = async (input: Partial<CreateManagedPrefixListCommandInput>, code = 'InvalidParameterValue') =>
    assert.rejects(create(input), refusal(code));
  await bad({ AddressFamily: 'IPv5' });
  await bad({ PrefixListName: 'com.amazonaws.mine' });
  await bad({ PrefixListName: '' }, 'MissingParameter');
  await bad({ MaxEntries: 0 });
  await bad({ Entries: [{ Cidr: '::/0' }] });
  await bad({ Entries: [{ Cidr: '10.0.0.0/8' }, { Cidr: '10.1.0.0/8' }] });
  await bad(
    { MaxEntries: 1, Entries: [{ Cidr: '10.0.0.0/8' }, { Cidr: '11.0.0.0/8' }] },
    'PrefixListMaxEntriesExceeded',
  );
});

test('each change of the entries is a version, and earlier ones come back', async (t) => {
  const { ec2, create, entries } = await start(t);
  const PrefixListId = (await create()).PrefixListId ?? '';
  const modify = (given: object) => ec2.send(new ModifyManagedPrefixListCommand({ PrefixListId, ...given }));
  const { PrefixList } = await modify({
    CurrentVersion: 1,
    AddEntries: [{ Cidr: '11.0.0.0/8' }, { Cidr: '12.0.0.0/8' }],
    RemoveEntries: [{ Cidr: '10.0.0.0/8' }],
  });
  assert.deepEqual([PrefixList?.Version, PrefixList?.State], [2, 'modify-in-progress']);
  assert.deepEqual(await entries(PrefixListId), ['11.0.0.0/8', '12.0.0.0/8']);
  assert.deepEqual(await entries(PrefixListId, 1), ['10.0.0.0/8']);
  await assert.rejects(entries(PrefixListId, 3), refusal('InvalidPrefixListVersion.NotFound'));
  await assert.rejects(
    modify({ CurrentVersion: 1, AddEntries: [{ Cidr: '1.0.0.0/8' }] }),
    refusal('PrefixListVersionMismatch'),
  );
  await assert.rejects(modify({ AddEntries: [{ Cidr: '1.0.0.0/8' }] }), refusal('MissingParameter'));
  const absent = modify({ CurrentVersion: 2, RemoveEntries: [{ Cidr: '1.0.0.0/8' }] });
  await assert.rejects(absent, refusal('InvalidParameterValue'));
  const mixed = modify({ CurrentVersion: 2, MaxEntries: 5, AddEntries: [{ Cidr: '1.0.0.0/8' }] });
  await assert.rejects(mixed, refusal('InvalidParameterCombination'));
  await assert.rejects(modify({ MaxEntries: 1 }), refusal('PrefixListMaxEntriesExceeded'));
  // Neither the name nor the size makes a version.
  await modify({ PrefixListName: 'site' });
  assert.deepEqual((await modify({ MaxEntries: 7 })).PrefixList?.Version, 2);
  const restored = await ec2.send(
    new RestoreManagedPrefixListVersionCommand({ PrefixListId, PreviousVersion: 1, CurrentVersion: 2 }),
  );
  assert.deepEqual([restored.PrefixList?.Version, restored.PrefixList?.State], [3, 'restore-in-progress']);
  assert.deepEqual(await entries(PrefixListId), ['10.0.0.0/8']);
  const never = ec2.send(
    new RestoreManagedPrefixListVersionCommand({ PrefixListId, PreviousVersion: 9, CurrentVersion: 3 }),
  );
  await assert.rejects(never, refusal('InvalidPrefixListVersion.NotFound'));
  const { PrefixLists = [] } = await ec2.send(new DescribeManagedPrefixListsCommand({ PrefixListIds: [PrefixListId] }));
  assert.deepEqual(
    [PrefixLists[0]?.PrefixListName, PrefixLists[0]?.MaxEntries, PrefixLists[0]?.State],
    ['site', 7, 'restore-complete'],
  );
  await modify({ MaxEntries: 20 });
  const AddEntries = Array.from({ length: 11 }, (_, at) => ({ Cidr: `20.${at}.0.0/16` }));
  await modify({ CurrentVersion: 3, AddEntries });
  const sizes: (number | undefined)[] = [];
  for await (const page of paginateGetManagedPrefixListEntries({ client: ec2, pageSize: 5 }, { PrefixListId })) {
    sizes.push(page.Entries?.length);
  }
  assert.deepEqual(sizes, [5, 5, 2]);
});

test('a list that a rule names stays', async (t) => {
  const { c, ec2, defaults, create } = await start(t);
  const { group } = await defaults();
  const PrefixListId = (await create()).PrefixListId ?? '';
  const IpPermissions = [{ IpProtocol: '-1', PrefixListIds: [{ PrefixListId }] }];
  await ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId: group, IpPermissions }));
  const { PrefixListAssociations } = await ec2.send(new GetManagedPrefixListAssociationsCommand({ PrefixListId }));
  assert.deepEqual(PrefixListAssociations, [{ ResourceId: group, ResourceOwner: c.account }]);
  const remove = () => ec2.send(new DeleteManagedPrefixListCommand({ PrefixListId }));
  await assert.rejects(remove(), refusal('DependencyViolation'));
  await ec2.send(new RevokeSecurityGroupIngressCommand({ GroupId: group, IpPermissions }));
  assert.equal((await remove()).PrefixList?.State, 'delete-in-progress');
  await assert.rejects(remove(), refusal('InvalidPrefixListID.NotFound'));
});

test('AWS has lists of its own, which nobody changes', async (t) => {
  const { ec2 } = await start(t);
  const { PrefixLists = [] } = await ec2.send(
    new DescribePrefixListsCommand({ Filters: [{ Name: 'prefix-list-name', Values: ['com.amazonaws.us-east-1.s3'] }] }),
  );
  const [{ PrefixListId = '', Cidrs } = {}] = PrefixLists;
  assert.equal(Cidrs?.length, 1);
  const managed = await ec2.send(new DescribeManagedPrefixListsCommand({ PrefixListIds: [PrefixListId] }));
  assert.deepEqual(
    [managed.PrefixLists?.[0]?.OwnerId, managed.PrefixLists?.[0]?.PrefixListArn],
    ['AWS', `arn:aws:ec2:us-east-1:aws:prefix-list/${PrefixListId}`],
  );
  const { Entries } = await ec2.send(new GetManagedPrefixListEntriesCommand({ PrefixListId }));
  assert.deepEqual(
    Entries?.map(({ Cidr }) => Cidr),
    Cidrs,
  );
  const change = ec2.send(new ModifyManagedPrefixListCommand({ PrefixListId, PrefixListName: 'mine' }));
  await assert.rejects(change, refusal('OperationNotPermitted'));
  const remove = ec2.send(new DeleteManagedPrefixListCommand({ PrefixListId }));
  await assert.rejects(remove, refusal('OperationNotPermitted'));
  const absent = ec2.send(new DescribePrefixListsCommand({ PrefixListIds: ['pl-12345678'] }));
  await assert.rejects(absent, refusal('InvalidPrefixListID.NotFound'));
});

test('a list counts where it is referred to as often as it may have entries', async (t) => {
  const { c, ec2, create, newVpc } = await start(t);
  const only = (QuotaCode: string, Value: number) =>
    operate(c, 'SetQuota', { AccountId: c.account, Region: 'us-east-1', ServiceCode: 'ec2', QuotaCode, Value });
  await only('L-0EA8095F', 4);
  await only('L-93826ACB', 4);
  const PrefixListId = (await create({ MaxEntries: 4 })).PrefixListId ?? '';
  const VpcId = await newVpc();
  const made = await ec2.send(new CreateSecurityGroupCommand({ VpcId, GroupName: 'web', Description: 'for lists' }));
  const GroupId = made.GroupId ?? '';
  const IpPermissions = [{ IpProtocol: 'tcp', FromPort: 80, ToPort: 80, PrefixListIds: [{ PrefixListId }] }];
  await ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions }));
  const ranges = (permission: object) =>
    ec2.send(
      new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions: [{ IpProtocol: '-1', ...permission }] }),
    );
  await assert.rejects(ranges({ IpRanges: [{ CidrIp: '10.0.0.0/8' }] }), refusal('RulesPerSecurityGroupLimitExceeded'));
  // IPv6 is counted apart.
  await ranges({ Ipv6Ranges: [{ CidrIpv6: '::/0' }] });

  const { RouteTable } = await ec2.send(new CreateRouteTableCommand({ VpcId }));
  const RouteTableId = RouteTable?.RouteTableId ?? '';
  const { InternetGateway } = await ec2.send(new CreateInternetGatewayCommand());
  const GatewayId = InternetGateway?.InternetGatewayId ?? '';
  await ec2.send(new AttachInternetGatewayCommand({ InternetGatewayId: GatewayId, VpcId }));
  const route = (destination: object) => ec2.send(new CreateRouteCommand({ RouteTableId, GatewayId, ...destination }));
  await route({ DestinationPrefixListId: PrefixListId });
  await assert.rejects(route({ DestinationCidrBlock: '0.0.0.0/0' }), refusal('RouteLimitExceeded'));
  await route({ DestinationIpv6CidrBlock: '::/0' });

  const grow = async () => {
    const asked = await ec2.send(new ModifyManagedPrefixListCommand({ PrefixListId, MaxEntries: 5 }));
    assert.equal(asked.PrefixList?.State, 'modify-in-progress');
    const found = await ec2.send(new DescribeManagedPrefixListsCommand({ PrefixListIds: [PrefixListId] }));
    return found.PrefixLists?.[0] ?? assert.fail('the list is gone');
  };
  const failed = await grow();
  assert.deepEqual([failed.State, failed.MaxEntries], ['modify-failed', 4]);
  assert.match(failed.StateMessage ?? '', new RegExp(`: ${GroupId}, ${RouteTableId}$`));
  await ec2.send(new RevokeSecurityGroupIngressCommand({ GroupId, IpPermissions }));
  assert.match((await grow()).StateMessage ?? '', new RegExp(`: ${RouteTableId}$`));
  await ec2.send(new DeleteRouteCommand({ RouteTableId, DestinationPrefixListId: PrefixListId }));
  const grown = await grow();
  assert.deepEqual([grown.State, grown.MaxEntries, grown.StateMessage], ['modify-complete', 5, undefined]);
});
