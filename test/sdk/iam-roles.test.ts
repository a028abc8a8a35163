import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as iam from '@aws-sdk/client-iam';
import { GetAccessKeyInfoCommand, STSClient } from '@aws-sdk/client-sts';
import { document } from '#test/policy-document.ts';
import { cloud } from '#test/sdk/cloud.ts';

const allow = (Action: string) => document({ Effect: 'Allow', Action, Resource: '*' });
const trust = (Service: string) => document({ Effect: 'Allow', Principal: { Service }, Action: 'sts:AssumeRole' });
const named = (name: string) => (error: unknown) => error instanceof Error && error.name === name;
const ReadOnly = 'arn:aws:iam::aws:policy/AmazonSQSReadOnlyAccess';

test('a role’s life', async (t) => {
  const c = await cloud(t);
  const admin = c.client(iam.IAMClient);
  const RoleName = 'worker';
  const made = await admin.send(
    new iam.CreateRoleCommand({
      RoleName,
      Path: '/service/',
      AssumeRolePolicyDocument: trust('ec2.amazonaws.com'),
      Description: 'works',
      Tags: [{ Key: 'a', Value: '1' }],
      PermissionsBoundary: ReadOnly,
    }),
  );
  assert.match(made.Role?.RoleId ?? '', /^AROA[A-Z2-7]{17}$/);
  await assert.rejects(
    admin.send(new iam.CreateRoleCommand({ RoleName: 'WORKER', AssumeRolePolicyDocument: trust('ec2.amazonaws.com') })),
    named('EntityAlreadyExistsException'),
  );
  await assert.rejects(
    admin.send(new iam.CreateRoleCommand({ RoleName: 'bad', AssumeRolePolicyDocument: allow('sqs:*') })),
    named('MalformedPolicyDocumentException'),
  );
  await admin.send(new iam.UpdateRoleCommand({ RoleName, MaxSessionDuration: 7200 }));
  const described = await admin.send(new iam.UpdateRoleDescriptionCommand({ RoleName, Description: 'rests' }));
  assert.equal(described.Role?.Description, 'rests');
  const PolicyDocument = trust('lambda.amazonaws.com');
  await admin.send(new iam.UpdateAssumeRolePolicyCommand({ RoleName, PolicyDocument }));
  const { Role } = await admin.send(new iam.GetRoleCommand({ RoleName }));
  assert.equal(Role?.Arn, `arn:aws:iam::${c.account}:role/service/worker`);
  assert.equal(Role?.MaxSessionDuration, 7200);
  assert.equal(decodeURIComponent(Role?.AssumeRolePolicyDocument ?? ''), PolicyDocument);
  assert.equal(Role?.PermissionsBoundary?.PermissionsBoundaryArn, ReadOnly);
  assert.deepEqual(Role?.RoleLastUsed, {});

  await admin.send(new iam.TagRoleCommand({ RoleName, Tags: [{ Key: 'b', Value: '2' }] }));
  await admin.send(new iam.UntagRoleCommand({ RoleName, TagKeys: ['a'] }));
  assert.deepEqual((await admin.send(new iam.ListRoleTagsCommand({ RoleName }))).Tags, [{ Key: 'b', Value: '2' }]);
  await assert.rejects(
    admin.send(new iam.TagRoleCommand({ RoleName, Tags: [{ Key: 'aws:x', Value: '' }] })),
    named('InvalidInputException'),
  );
});

test('what must go before a role goes', async (t) => {
  const c = await cloud(t);
  const admin = c.client(iam.IAMClient);
  const RoleName = 'worker';
  await admin.send(
    new iam.CreateRoleCommand({
      RoleName,
      Path: '/service/',
      AssumeRolePolicyDocument: trust('ec2.amazonaws.com'),
      PermissionsBoundary: ReadOnly,
    }),
  );
  await admin.send(new iam.PutRolePolicyCommand({ RoleName, PolicyName: 'own', PolicyDocument: allow('sqs:*') }));
  await admin.send(new iam.AttachRolePolicyCommand({ RoleName, PolicyArn: ReadOnly }));
  const inline = await admin.send(new iam.GetRolePolicyCommand({ RoleName, PolicyName: 'own' }));
  assert.equal(decodeURIComponent(inline.PolicyDocument ?? ''), allow('sqs:*'));
  assert.deepEqual((await admin.send(new iam.ListRolePoliciesCommand({ RoleName }))).PolicyNames, ['own']);
  const attached = await admin.send(new iam.ListAttachedRolePoliciesCommand({ RoleName }));
  assert.deepEqual(attached.AttachedPolicies, [{ PolicyName: 'AmazonSQSReadOnlyAccess', PolicyArn: ReadOnly }]);
  const { Roles } = await admin.send(new iam.ListRolesCommand({ PathPrefix: '/service/' }));
  assert.deepEqual(
    Roles?.map((role) => role.RoleName),
    [RoleName],
  );

  await assert.rejects(admin.send(new iam.DeleteRoleCommand({ RoleName })), (error: Error) => {
    assert.equal(error.message, 'Cannot delete entity, must detach all policies first.');
    return error.name === 'DeleteConflictException';
  });
  await admin.send(new iam.DetachRolePolicyCommand({ RoleName, PolicyArn: ReadOnly }));
  await assert.rejects(admin.send(new iam.DeleteRoleCommand({ RoleName })), named('DeleteConflictException'));
  await admin.send(new iam.DeleteRolePolicyCommand({ RoleName, PolicyName: 'own' }));
  const bounded = await admin.send(
    new iam.ListEntitiesForPolicyCommand({ PolicyArn: ReadOnly, PolicyUsageFilter: 'PermissionsBoundary' }),
  );
  assert.deepEqual(
    bounded.PolicyRoles?.map((role) => role.RoleName),
    [RoleName],
  );
  await admin.send(new iam.DeleteRolePermissionsBoundaryCommand({ RoleName }));
  await admin.send(new iam.PutRolePermissionsBoundaryCommand({ RoleName, PermissionsBoundary: ReadOnly }));
  await admin.send(new iam.DeleteRoleCommand({ RoleName }));
  const { Policy } = await admin.send(new iam.GetPolicyCommand({ PolicyArn: ReadOnly }));
  assert.deepEqual([Policy?.AttachmentCount, Policy?.PermissionsBoundaryUsageCount], [0, 0]);
});

test('a group’s life', async (t) => {
  const c = await cloud(t);
  const admin = c.client(iam.IAMClient);
  const GroupName = 'readers';
  const made = await admin.send(new iam.CreateGroupCommand({ GroupName }));
  assert.match(made.Group?.GroupId ?? '', /^AGPA[A-Z2-7]{17}$/);
  for (const UserName of ['ann', 'bob']) {
    await admin.send(new iam.CreateUserCommand({ UserName }));
    await admin.send(new iam.AddUserToGroupCommand({ GroupName, UserName }));
  }
  await admin.send(new iam.PutGroupPolicyCommand({ GroupName, PolicyName: 'own', PolicyDocument: allow('sqs:*') }));
  await admin.send(new iam.AttachGroupPolicyCommand({ GroupName, PolicyArn: ReadOnly }));
  await admin.send(new iam.UpdateGroupCommand({ GroupName, NewGroupName: 'Readers', NewPath: '/all/' }));
  const renamed = { GroupName: 'Readers' };
  const got = await admin.send(new iam.GetGroupCommand({ ...renamed, MaxItems: 1 }));
  const rest = await admin.send(new iam.GetGroupCommand({ ...renamed, Marker: got.Marker }));
  const names = [...(got.Users ?? []), ...(rest.Users ?? [])].map((user) => user.UserName);
  assert.deepEqual(names.sort(), ['ann', 'bob']);
  assert.equal(got.Group?.Arn, `arn:aws:iam::${c.account}:group/all/Readers`);
  const own = await admin.send(new iam.GetGroupPolicyCommand({ ...renamed, PolicyName: 'own' }));
  assert.equal(own.GroupName, 'Readers');
  assert.deepEqual((await admin.send(new iam.ListGroupPoliciesCommand(renamed))).PolicyNames, ['own']);
  assert.equal((await admin.send(new iam.ListAttachedGroupPoliciesCommand(renamed))).AttachedPolicies?.length, 1);
  assert.equal((await admin.send(new iam.ListGroupsCommand({}))).Groups?.length, 1);
  const ofAnn = await admin.send(new iam.ListGroupsForUserCommand({ UserName: 'ann' }));
  assert.deepEqual(
    ofAnn.Groups?.map((group) => group.GroupName),
    ['Readers'],
  );

  await assert.rejects(admin.send(new iam.DeleteGroupCommand(renamed)), named('DeleteConflictException'));
  for (const UserName of ['ann', 'bob']) {
    await assert.rejects(admin.send(new iam.DeleteUserCommand({ UserName })), named('DeleteConflictException'));
    await admin.send(new iam.RemoveUserFromGroupCommand({ ...renamed, UserName }));
    await admin.send(new iam.DeleteUserCommand({ UserName }));
  }
  await admin.send(new iam.DeleteGroupPolicyCommand({ ...renamed, PolicyName: 'own' }));
  await admin.send(new iam.DetachGroupPolicyCommand({ ...renamed, PolicyArn: ReadOnly }));
  await admin.send(new iam.DeleteGroupCommand(renamed));
  await assert.rejects(admin.send(new iam.GetGroupCommand(renamed)), named('NoSuchEntityException'));
});

test('what belongs to a user and to a policy is listed, tagged and limited', async (t) => {
  const c = await cloud(t);
  const admin = c.client(iam.IAMClient);
  const UserName = 'ann';
  await admin.send(new iam.CreateUserCommand({ UserName }));
  for (const PolicyName of ['a', 'b', 'c']) {
    await admin.send(new iam.PutUserPolicyCommand({ UserName, PolicyName, PolicyDocument: allow('sqs:*') }));
  }
  const page = await admin.send(new iam.ListUserPoliciesCommand({ UserName, MaxItems: 2 }));
  const rest = await admin.send(new iam.ListUserPoliciesCommand({ UserName, Marker: page.Marker }));
  assert.deepEqual([page.PolicyNames, rest.PolicyNames], [['a', 'b'], ['c']]);
  const long = document({ Effect: 'Allow', Action: 'sqs:*', Resource: `arn:aws:sqs:*:*:${'x'.repeat(2048)}` });
  await assert.rejects(
    admin.send(new iam.PutUserPolicyCommand({ UserName, PolicyName: 'd', PolicyDocument: long })),
    named('LimitExceededException'),
  );
  for (let n = 0; n < 11; n++) {
    const PolicyName = `p${n}`;
    const { Policy } = await admin.send(new iam.CreatePolicyCommand({ PolicyName, PolicyDocument: allow('sqs:*') }));
    const attaching = admin.send(new iam.AttachUserPolicyCommand({ UserName, PolicyArn: Policy?.Arn }));
    if (n < 10) await attaching;
    else await assert.rejects(attaching, named('LimitExceededException'));
  }
  const attached = await admin.send(new iam.ListAttachedUserPoliciesCommand({ UserName, MaxItems: 9 }));
  assert.deepEqual([attached.AttachedPolicies?.length, attached.IsTruncated], [9, true]);
  await admin.send(
    new iam.TagUserCommand({
      UserName,
      Tags: [
        { Key: 'x', Value: '1' },
        { Key: 'y', Value: '2' },
      ],
    }),
  );
  await admin.send(new iam.UntagUserCommand({ UserName, TagKeys: ['X'] }));
  assert.deepEqual((await admin.send(new iam.ListUserTagsCommand({ UserName }))).Tags, [{ Key: 'y', Value: '2' }]);
  const PolicyArn = `arn:aws:iam::${c.account}:policy/p0`;
  await admin.send(new iam.TagPolicyCommand({ PolicyArn, Tags: [{ Key: 'x', Value: '1' }] }));
  assert.equal((await admin.send(new iam.ListPolicyTagsCommand({ PolicyArn }))).Tags?.length, 1);
  await admin.send(new iam.UntagPolicyCommand({ PolicyArn, TagKeys: ['x'] }));
  assert.equal((await admin.send(new iam.GetPolicyCommand({ PolicyArn }))).Policy?.Tags, undefined);
  await assert.rejects(
    admin.send(new iam.AttachUserPolicyCommand({ UserName, PolicyArn: `${PolicyArn}-nowhere` })),
    named('NoSuchEntityException'),
  );
  const all: (string | undefined)[] = [];
  for await (const each of iam.paginateListPolicies({ client: admin, pageSize: 10 }, {})) {
    all.push(...(each.Policies ?? []).map(({ PolicyName }) => PolicyName));
  }
  assert.equal(new Set(all).size, all.length);
  assert.ok(all.includes('ReadOnlyAccess') && all.includes('p10') && all.length > 30);
  const { accessKeyId: AccessKeyId } = c.administrator;
  const info = await c.client(STSClient).send(new GetAccessKeyInfoCommand({ AccessKeyId }));
  assert.equal(info.Account, c.account);
});

test('tags of a user count as aws:PrincipalTag from the next request on', async (t) => {
  const c = await cloud(t);
  const admin = c.client(iam.IAMClient);
  const UserName = 'ann';
  await admin.send(new iam.CreateUserCommand({ UserName }));
  const PolicyDocument = document({
    Effect: 'Allow',
    Action: 'iam:ListUsers',
    Resource: '*',
    Condition: { StringEquals: { 'aws:PrincipalTag/team': 'blue' } },
  });
  await admin.send(new iam.PutUserPolicyCommand({ UserName, PolicyName: 'own', PolicyDocument }));
  const { AccessKey } = await admin.send(new iam.CreateAccessKeyCommand({ UserName }));
  const { AccessKeyId: accessKeyId = '', SecretAccessKey: secretAccessKey = '' } = AccessKey ?? {};
  const ann = c.client(iam.IAMClient, { credentials: { accessKeyId, secretAccessKey } });
  await assert.rejects(ann.send(new iam.ListUsersCommand({})), named('AccessDenied'));
  await admin.send(new iam.TagUserCommand({ UserName, Tags: [{ Key: 'team', Value: 'blue' }] }));
  await ann.send(new iam.ListUsersCommand({}));
  await admin.send(new iam.UntagUserCommand({ UserName, TagKeys: ['team'] }));
  await assert.rejects(ann.send(new iam.ListUsersCommand({})), named('AccessDenied'));
});
