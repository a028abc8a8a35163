import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as iam from '@aws-sdk/client-iam';
import { CreateQueueCommand, ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { document } from '#test/policy-document.ts';
import { cloud, type TestCloud } from '#test/sdk/cloud.ts';
import { newUser } from '#test/sdk/people.ts';

const statement = (Action: string | string[], more: object = {}) => ({
  Effect: 'Allow',
  Action,
  Resource: '*',
  ...more,
});
const failing = (name: string, message: RegExp) => (error: unknown) =>
  error instanceof Error && error.name === name && message.test(error.message);
const denied = failing('AccessDenied', /not authorized to perform: iam:/);

const SQS_READ_ONLY = 'arn:aws:iam::aws:policy/AmazonSQSReadOnlyAccess';

async function populated(c: TestCloud) {
  const admin = c.client(iam.IAMClient);
  const bob = await newUser(c, 'bob');
  await bob.allow(statement('sqs:*'), statement('s3:*'));
  await admin.send(new iam.CreateGroupCommand({ GroupName: 'readers', Path: '/team/' }));
  await admin.send(new iam.AddUserToGroupCommand({ GroupName: 'readers', UserName: 'bob' }));
  await admin.send(new iam.AttachGroupPolicyCommand({ GroupName: 'readers', PolicyArn: SQS_READ_ONLY }));
  const own = { PolicyName: 'own', PolicyDocument: document(statement(['kms:Encrypt', 'sts:AssumeRole'])) };
  const { Policy } = await admin.send(new iam.CreatePolicyCommand(own));
  const PolicyArn = Policy?.Arn ?? '';
  await admin.send(new iam.AttachUserPolicyCommand({ UserName: 'bob', PolicyArn }));
  const trusted = { Effect: 'Allow', Principal: { AWS: c.account }, Action: 'sts:AssumeRole' };
  const role = { RoleName: 'worker', AssumeRolePolicyDocument: document(trusted) };
  const { Role } = await admin.send(new iam.CreateRoleCommand(role));
  await admin.send(new iam.AttachRolePolicyCommand({ RoleName: 'worker', PolicyArn: SQS_READ_ONLY }));
  const arn = (resource: string): string => `arn:aws:iam::${c.account}:${resource}`;
  return { admin, bob, PolicyArn, worker: Role?.Arn ?? '', arn };
}

test('all of an account’s permissions, filtered and in pages', async (t) => {
  const c = await cloud(t);
  const { admin, bob, PolicyArn, worker, arn } = await populated(c);
  await admin.send(new iam.TagUserCommand({ UserName: 'bob', Tags: [{ Key: 'a', Value: '1' }] }));
  await admin.send(new iam.PutUserPermissionsBoundaryCommand({ UserName: 'bob', PermissionsBoundary: PolicyArn }));
  const version = { PolicyArn, PolicyDocument: document(statement('kms:*')), SetAsDefault: true };
  await admin.send(new iam.CreatePolicyVersionCommand(version));

  await admin.send(new iam.CreateInstanceProfileCommand({ InstanceProfileName: 'machines' }));
  const held = { InstanceProfileName: 'machines', RoleName: 'worker' };
  await admin.send(new iam.AddRoleToInstanceProfileCommand(held));

  const all = await admin.send(new iam.GetAccountAuthorizationDetailsCommand({}));
  assert.equal(all.IsTruncated, false);
  const user = all.UserDetailList?.find(({ UserName }) => UserName === 'bob');
  assert.equal(user?.Arn, arn('user/bob'));
  assert.deepEqual(user?.GroupList, ['readers']);
  assert.deepEqual(user?.AttachedManagedPolicies, [{ PolicyName: 'own', PolicyArn }]);
  assert.equal(user?.PermissionsBoundary?.PermissionsBoundaryArn, PolicyArn);
  assert.deepEqual(user?.Tags, [{ Key: 'a', Value: '1' }]);
  const [inline] = user?.UserPolicyList ?? [];
  assert.deepEqual(JSON.parse(decodeURIComponent(inline?.PolicyDocument ?? '')).Statement[0].Action, 'sqs:*');
  const group = all.GroupDetailList?.find(({ GroupName }) => GroupName === 'readers');
  assert.deepEqual([group?.Path, group?.AttachedManagedPolicies?.[0]?.PolicyArn], ['/team/', SQS_READ_ONLY]);
  const role = all.RoleDetailList?.find(({ RoleName }) => RoleName === 'worker');
  assert.equal(role?.Arn, worker);
  assert.match(decodeURIComponent(role?.AssumeRolePolicyDocument ?? ''), /sts:AssumeRole/);
  assert.equal(role?.InstanceProfileList?.[0]?.InstanceProfileName, 'machines');
  const own = all.Policies?.find(({ Arn }) => Arn === PolicyArn);
  assert.deepEqual([own?.AttachmentCount, own?.PermissionsBoundaryUsageCount, own?.DefaultVersionId], [1, 1, 'v2']);
  assert.deepEqual(
    own?.PolicyVersionList?.map(({ VersionId, IsDefaultVersion }) => [VersionId, IsDefaultVersion]),
    [
      ['v2', true],
      ['v1', false],
    ],
  );
  // Of AWS's policies those that somebody has.
  const aws = all.Policies?.filter(({ Arn }) => Arn?.startsWith('arn:aws:iam::aws:'));
  assert.deepEqual(aws?.map(({ PolicyName }) => PolicyName).sort(), ['AdministratorAccess', 'AmazonSQSReadOnlyAccess']);

  const lists = ['UserDetailList', 'GroupDetailList', 'RoleDetailList', 'Policies'] as const;
  const filters: readonly [iam.EntityType, (typeof lists)[number]][] = [
    ['User', 'UserDetailList'],
    ['Group', 'GroupDetailList'],
    ['Role', 'RoleDetailList'],
    ['LocalManagedPolicy', 'Policies'],
    ['AWSManagedPolicy', 'Policies'],
  ];
  for (const [type, list] of filters) {
    const part = await admin.send(new iam.GetAccountAuthorizationDetailsCommand({ Filter: [type] }));
    for (const each of lists) assert.equal((part[each]?.length ?? 0) > 0, each === list, `${type} ${each}`);
    if (list === 'Policies')
      assert.equal(
        part.Policies?.some(({ Arn }) => Arn === PolicyArn),
        type !== 'AWSManagedPolicy',
      );
  }
  const seen: string[] = [];
  for await (const page of iam.paginateGetAccountAuthorizationDetails({ client: admin, pageSize: 1 }, {})) {
    const arns = lists.flatMap((list) => (page[list] ?? []).map(({ Arn = '' }) => Arn));
    assert.ok(arns.length <= 1);
    seen.push(...arns);
  }
  const whole = lists.flatMap((list) => (all[list] ?? []).map(({ Arn = '' }) => Arn));
  assert.deepEqual(seen, whole);
  const himself = c.client(iam.IAMClient, { credentials: bob.credentials });
  await assert.rejects(himself.send(new iam.GetAccountAuthorizationDetailsCommand({})), denied);
});

test('which policies open a service', async (t) => {
  const c = await cloud(t);
  const { admin, bob, PolicyArn, arn } = await populated(c);
  const list = async (Arn: string, ...ServiceNamespaces: string[]) => {
    const input = { Arn, ServiceNamespaces };
    const answer = await admin.send(new iam.ListPoliciesGrantingServiceAccessCommand(input));
    assert.deepEqual(
      answer.PoliciesGrantingServiceAccess?.map(({ ServiceNamespace }) => ServiceNamespace),
      ServiceNamespaces,
    );
    return answer.PoliciesGrantingServiceAccess?.map(({ Policies }) => Policies);
  };
  const inline = { PolicyName: 'own', PolicyType: 'INLINE', EntityType: 'USER', EntityName: 'bob' };
  const readers = { PolicyName: 'AmazonSQSReadOnlyAccess', PolicyType: 'MANAGED', PolicyArn: SQS_READ_ONLY };
  const own = { PolicyName: 'own', PolicyType: 'MANAGED', PolicyArn };
  assert.deepEqual(await list(arn('user/bob'), 'sqs', 's3', 'kms', 'ec2'), [[inline, readers], [inline], [own], []]);
  assert.deepEqual(await list(arn('group/team/readers'), 'sqs', 's3'), [[readers], []]);
  assert.deepEqual(await list(arn('role/worker'), 'sqs'), [[readers]]);
  // What a policy gives and takes back it does not grant.
  await bob.allow(statement('*'), { Effect: 'Deny', Action: 'sqs:*', Resource: '*' });
  assert.deepEqual(await list(arn('user/bob'), 'sqs', 'ec2'), [[readers], [inline]]);
  await bob.allow({ Effect: 'Allow', NotAction: 'ec2:*', Resource: '*' });
  assert.deepEqual(await list(arn('user/bob'), 'ec2', 's3'), [[], [inline]]);
  await assert.rejects(list(arn('user/nobody'), 'sqs'), failing('NoSuchEntityException', /nobody/));
  await assert.rejects(list(arn('policy/own'), 'sqs'), failing('InvalidInputException', /does not clearly define/));
});

function reporter(admin: iam.IAMClient) {
  return async (Arn: string, Granularity: iam.AccessAdvisorUsageGranularityType = 'SERVICE_LEVEL') => {
    const { JobId } = await admin.send(new iam.GenerateServiceLastAccessedDetailsCommand({ Arn, Granularity }));
    assert.match(JobId ?? '', /^[0-9a-f-]{36}$/);
    const done = await admin.send(new iam.GetServiceLastAccessedDetailsCommand({ JobId }));
    assert.deepEqual([done.JobStatus, done.JobType], ['COMPLETED', Granularity]);
    return { JobId, services: new Map(done.ServicesLastAccessed?.map((each) => [each.ServiceNamespace, each])) };
  };
}

test('what a user last used, down to the action', async (t) => {
  const c = await cloud(t);
  const { admin, bob, arn } = await populated(c);
  const report = reporter(admin);
  const unused = (await report(arn('user/bob'))).services;
  for (const each of ['kms', 's3', 'sqs', 'sts']) assert.ok(unused.has(each), each);
  assert.equal(unused.has('ec2'), false);
  const named = { ServiceName: 'Amazon SQS', ServiceNamespace: 'sqs' };
  assert.deepEqual(unused.get('sqs'), { ...named, TotalAuthenticatedEntities: 0 });

  const his = { credentials: bob.credentials };
  await c.client(SQSClient, { ...his, region: 'eu-west-1' }).send(new CreateQueueCommand({ QueueName: 'q' }));
  c.advance(60_000);
  await c.client(SQSClient, his).send(new ListQueuesCommand({}));
  // A refused attempt counts too, but only for services that the policies open.
  await assert.rejects(c.client(iam.IAMClient, his).send(new iam.ListUsersCommand({})), denied);

  const used = (await report(arn('user/bob'), 'ACTION_LEVEL')).services;
  assert.equal(used.has('iam'), false);
  const sqs = used.get('sqs');
  assert.equal(sqs?.LastAuthenticatedEntity, arn('user/bob'));
  assert.equal(sqs?.LastAuthenticatedRegion, 'us-east-1');
  assert.equal(sqs?.TotalAuthenticatedEntities, 1);
  assert.ok(Math.abs((sqs?.LastAuthenticated?.getTime() ?? 0) - c.clock.now()) < 30_000);
  assert.deepEqual(
    sqs?.TrackedActionsLastAccessed?.map((each) => [each.ActionName, each.LastAccessedRegion, each.LastAccessedEntity]),
    [
      ['CreateQueue', 'eu-west-1', arn('user/bob')],
      ['ListQueues', 'us-east-1', arn('user/bob')],
    ],
  );
});

test('what roles, groups and policies were last used for, and by whom', async (t) => {
  const c = await cloud(t);
  const { admin, bob, worker, arn } = await populated(c);
  const report = reporter(admin);
  await c.client(SQSClient, { credentials: bob.credentials }).send(new ListQueuesCommand({}));
  c.advance(60_000);
  const role = { RoleArn: worker, RoleSessionName: 'monday' };
  const { Credentials } = await c.client(STSClient).send(new AssumeRoleCommand(role));
  const { AccessKeyId = '', SecretAccessKey = '', SessionToken = '' } = Credentials ?? {};
  const credentials = { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken };
  await c.client(SQSClient, { credentials }).send(new ListQueuesCommand({}));

  const lastOf = async (Arn: string) => (await report(Arn)).services.get('sqs')?.LastAuthenticatedEntity;
  assert.equal(await lastOf(worker), worker);
  assert.equal(await lastOf(arn('group/team/readers')), arn('user/bob'));
  assert.equal(await lastOf(SQS_READ_ONLY), worker);
  const { JobId, services } = await report(SQS_READ_ONLY);
  assert.equal(services.get('sqs')?.TotalAuthenticatedEntities, 2);
  const { EntityDetailsList } = await admin.send(
    new iam.GetServiceLastAccessedDetailsWithEntitiesCommand({ JobId, ServiceNamespace: 'sqs' }),
  );
  assert.deepEqual(
    EntityDetailsList?.map(({ EntityInfo: e, LastAuthenticated: at }) => [e?.Type, e?.Arn, at !== undefined]),
    [
      ['ROLE', worker, true],
      ['USER', arn('user/bob'), true],
    ],
  );
});

test('a report comes in pages', async (t) => {
  const c = await cloud(t);
  const { admin, PolicyArn } = await populated(c);
  const { JobId, services } = await reporter(admin)(PolicyArn);
  assert.deepEqual([...services.keys()], ['kms', 'sts']);
  const paged = { JobId, MaxItems: 1 };
  const first = await admin.send(new iam.GetServiceLastAccessedDetailsCommand(paged));
  const second = await admin.send(new iam.GetServiceLastAccessedDetailsCommand({ ...paged, Marker: first.Marker }));
  assert.deepEqual(
    [first, second].map((page) => [page.ServicesLastAccessed?.[0]?.ServiceNamespace, page.IsTruncated]),
    [
      ['kms', true],
      ['sts', false],
    ],
  );
});

test('reports that can’t be had', async (t) => {
  const c = await cloud(t);
  const { admin, bob, arn } = await populated(c);
  const generate = (Arn: string, client = admin) =>
    client.send(new iam.GenerateServiceLastAccessedDetailsCommand({ Arn }));
  const missing = failing('NoSuchEntityException', /cannot be found|was not found/);
  await assert.rejects(generate(arn('user/nobody')), missing);
  await assert.rejects(generate(arn('policy/nothing')), missing);
  await assert.rejects(generate(arn('root')), failing('InvalidInputException', /does not clearly define/));
  const himself = c.client(iam.IAMClient, { credentials: bob.credentials });
  await assert.rejects(generate(arn('user/bob'), himself), denied);

  const { JobId = '' } = await generate(arn('user/bob'));
  const get = (client: iam.IAMClient, id: string) =>
    client.send(new iam.GetServiceLastAccessedDetailsCommand({ JobId: id }));
  await assert.rejects(get(admin, '00000000-0000-0000-0000-000000000000'), missing);
  // A report is for who asked for it.
  await bob.allow(statement('iam:*'));
  await assert.rejects(get(himself, JobId), missing);
  const entities = { JobId, ServiceNamespace: 'no-such-service' };
  const asked = admin.send(new iam.GetServiceLastAccessedDetailsWithEntitiesCommand(entities));
  await assert.rejects(asked, failing('InvalidInputException', /namespace/));

  const EntityPath = 'o-a1b2c3d4e5/r-f6g7h8i9j0example';
  const organization = admin.send(new iam.GenerateOrganizationsAccessReportCommand({ EntityPath }));
  await assert.rejects(organization, failing('AccessDenied', /not the management account of an organization/));
  await assert.rejects(admin.send(new iam.GetOrganizationsAccessReportCommand({ JobId })), missing);
});
