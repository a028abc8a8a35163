import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as iam from '@aws-sdk/client-iam';
import { ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { document } from '#test/policy-document.ts';
import { type Credentials, cloud, type TestCloud } from '#test/sdk/cloud.ts';

const allow = (Action: string | string[], Resource: string | string[] = '*') => ({ Effect: 'Allow', Action, Resource });
const named = (name: string) => (error: unknown) => error instanceof Error && error.name === name;

/** A user with a key, as whom clients can be made. */
async function newUser(admin: iam.IAMClient, UserName: string): Promise<Credentials & { arn: string }> {
  const { User } = await admin.send(new iam.CreateUserCommand({ UserName }));
  const { AccessKey } = await admin.send(new iam.CreateAccessKeyCommand({ UserName }));
  const { AccessKeyId: accessKeyId = '', SecretAccessKey: secretAccessKey = '' } = AccessKey ?? {};
  return { accessKeyId, secretAccessKey, arn: User?.Arn ?? '' };
}

const lists = (c: TestCloud, credentials: Credentials) =>
  c.client(SQSClient, { credentials }).send(new ListQueuesCommand({}));

test('a new user is allowed nothing, and what policies say from the next request on', async (t) => {
  const c = await cloud(t);
  const admin = c.client(iam.IAMClient);
  const bob = await newUser(admin, 'bob');
  await assert.rejects(lists(c, bob), (error: Error) => {
    assert.equal(error.name, 'AccessDenied');
    assert.match(error.message, /user\/bob is not authorized to perform: sqs:ListQueues .* no identity-based policy/);
    return true;
  });
  const UserName = 'bob';
  const PolicyName = 'queues';
  await admin.send(
    new iam.PutUserPolicyCommand({ UserName, PolicyName, PolicyDocument: document(allow('sqs:List*')) }),
  );
  await lists(c, bob);
  await admin.send(new iam.DeleteUserPolicyCommand({ UserName, PolicyName }));
  await assert.rejects(lists(c, bob), named('AccessDenied'));

  const PolicyArn = 'arn:aws:iam::aws:policy/AmazonSQSReadOnlyAccess';
  await admin.send(new iam.AttachUserPolicyCommand({ UserName, PolicyArn }));
  await lists(c, bob);
  await admin.send(new iam.DetachUserPolicyCommand({ UserName, PolicyArn }));
  await assert.rejects(lists(c, bob), named('AccessDenied'));

  await admin.send(new iam.CreateGroupCommand({ GroupName: 'readers' }));
  await admin.send(new iam.AttachGroupPolicyCommand({ GroupName: 'readers', PolicyArn }));
  await admin.send(new iam.AddUserToGroupCommand({ GroupName: 'readers', UserName }));
  await lists(c, bob);
  const boundary = await admin.send(
    new iam.CreatePolicyCommand({ PolicyName: 'narrow', PolicyDocument: document(allow('s3:*')) }),
  );
  await admin.send(new iam.PutUserPermissionsBoundaryCommand({ UserName, PermissionsBoundary: boundary.Policy?.Arn }));
  await assert.rejects(lists(c, bob), named('AccessDenied'));
  await admin.send(new iam.DeleteUserPermissionsBoundaryCommand({ UserName }));
  await lists(c, bob);
  await admin.send(new iam.RemoveUserFromGroupCommand({ GroupName: 'readers', UserName }));
  await assert.rejects(lists(c, bob), named('AccessDenied'));
});

test('a deactivated or deleted key is refused from the next request on', async (t) => {
  const c = await cloud(t);
  const admin = c.client(iam.IAMClient);
  const bob = await newUser(admin, 'bob');
  const who = () => c.client(STSClient, { credentials: bob }).send(new GetCallerIdentityCommand({}));
  assert.equal((await who()).Arn, bob.arn);
  const key = { UserName: 'bob', AccessKeyId: bob.accessKeyId };
  await admin.send(new iam.UpdateAccessKeyCommand({ ...key, Status: 'Inactive' }));
  await assert.rejects(who(), named('InvalidClientTokenId'));
  await admin.send(new iam.UpdateAccessKeyCommand({ ...key, Status: 'Active' }));
  await who();
  const { AccessKeyLastUsed, UserName } = await admin.send(
    new iam.GetAccessKeyLastUsedCommand({ AccessKeyId: bob.accessKeyId }),
  );
  assert.deepEqual([UserName, AccessKeyLastUsed?.ServiceName], ['bob', 'sts']);
  await admin.send(new iam.CreateAccessKeyCommand({ UserName: 'bob' }));
  await assert.rejects(
    admin.send(new iam.CreateAccessKeyCommand({ UserName: 'bob' })),
    named('LimitExceededException'),
  );
  await admin.send(new iam.DeleteAccessKeyCommand(key));
  await assert.rejects(who(), named('InvalidClientTokenId'));
  await assert.rejects(admin.send(new iam.DeleteAccessKeyCommand(key)), named('NoSuchEntityException'));
  const left = await admin.send(new iam.ListAccessKeysCommand({ UserName: 'bob' }));
  assert.equal(left.AccessKeyMetadata?.length, 1);
});

test('users: names, paths, tags, pages, and what must go before a user goes', async (t) => {
  const c = await cloud(t);
  const admin = c.client(iam.IAMClient);
  const made = await admin.send(
    new iam.CreateUserCommand({ UserName: 'Ann', Path: '/team/', Tags: [{ Key: 'cost', Value: '1' }] }),
  );
  assert.match(made.User?.UserId ?? '', /^AIDA[A-Z2-7]{17}$/);
  assert.equal(made.User?.Arn, `arn:aws:iam::${c.account}:user/team/Ann`);
  await assert.rejects(
    admin.send(new iam.CreateUserCommand({ UserName: 'ann' })),
    named('EntityAlreadyExistsException'),
  );
  await assert.rejects(admin.send(new iam.GetUserCommand({ UserName: 'nobody' })), (error: Error) => {
    assert.equal(error.name, 'NoSuchEntityException');
    assert.equal(error.message, 'The user with name nobody cannot be found.');
    return true;
  });
  await admin.send(new iam.TagUserCommand({ UserName: 'Ann', Tags: [{ Key: 'COST', Value: '2' }] }));
  await admin.send(new iam.UpdateUserCommand({ UserName: 'Ann', NewUserName: 'Anna', NewPath: '/' }));
  const renamed = await admin.send(new iam.GetUserCommand({ UserName: 'Anna' }));
  assert.deepEqual(renamed.User?.Tags, [{ Key: 'COST', Value: '2' }]);
  assert.equal(renamed.User?.UserId, made.User?.UserId);
  assert.equal((await admin.send(new iam.GetUserCommand({}))).User?.UserName, 'administrator');

  for (const name of ['bob', 'carl', 'dora'])
    await admin.send(new iam.CreateUserCommand({ UserName: name, Path: '/p/' }));
  const names: (string | undefined)[] = [];
  for await (const page of iam.paginateListUsers({ client: admin, pageSize: 2 }, {})) {
    names.push(...(page.Users ?? []).map((user) => user.UserName));
  }
  assert.deepEqual(names, ['administrator', 'Anna', 'bob', 'carl', 'dora']);
  const first = await admin.send(new iam.ListUsersCommand({ PathPrefix: '/p/', MaxItems: 1 }));
  assert.deepEqual([first.IsTruncated, first.Users?.[0]?.UserName], [true, 'bob']);
  await assert.rejects(
    admin.send(new iam.ListUsersCommand({ Marker: first.Marker })),
    (error: Error) => error.message === 'Invalid Marker.',
    'a marker belongs to the query that it came from',
  );

  await admin.send(new iam.CreateAccessKeyCommand({ UserName: 'bob' }));
  await assert.rejects(admin.send(new iam.DeleteUserCommand({ UserName: 'bob' })), named('DeleteConflictException'));
  await admin.send(new iam.DeleteUserCommand({ UserName: 'carl' }));
  await assert.rejects(admin.send(new iam.GetUserCommand({ UserName: 'carl' })), named('NoSuchEntityException'));
});

test('managed policies: versions, entities, conflicts', async (t) => {
  const c = await cloud(t);
  const admin = c.client(iam.IAMClient);
  const PolicyDocument = document(allow('sqs:*'));
  const { Policy } = await admin.send(new iam.CreatePolicyCommand({ PolicyName: 'queues', PolicyDocument }));
  const PolicyArn = Policy?.Arn ?? '';
  await assert.rejects(
    admin.send(new iam.CreatePolicyCommand({ PolicyName: 'bad', PolicyDocument: '{"Statement":[]}' })),
    named('MalformedPolicyDocumentException'),
  );
  const bob = await newUser(admin, 'bob');
  await admin.send(new iam.AttachUserPolicyCommand({ UserName: 'bob', PolicyArn }));
  await lists(c, bob);
  for (let version = 2; version <= 5; version++) {
    await admin.send(
      new iam.CreatePolicyVersionCommand({
        PolicyArn,
        PolicyDocument: document(allow('s3:*')),
        SetAsDefault: version === 5,
      }),
    );
  }
  await assert.rejects(lists(c, bob), named('AccessDenied'));
  await assert.rejects(
    admin.send(new iam.CreatePolicyVersionCommand({ PolicyArn, PolicyDocument })),
    named('LimitExceededException'),
  );
  await admin.send(new iam.SetDefaultPolicyVersionCommand({ PolicyArn, VersionId: 'v1' }));
  await lists(c, bob);
  const { PolicyVersion } = await admin.send(new iam.GetPolicyVersionCommand({ PolicyArn, VersionId: 'v1' }));
  assert.equal(decodeURIComponent(PolicyVersion?.Document ?? ''), PolicyDocument);
  const { Versions } = await admin.send(new iam.ListPolicyVersionsCommand({ PolicyArn }));
  assert.deepEqual(
    Versions?.map(({ VersionId }) => VersionId),
    ['v5', 'v4', 'v3', 'v2', 'v1'],
  );
  await assert.rejects(
    admin.send(new iam.DeletePolicyVersionCommand({ PolicyArn, VersionId: 'v1' })),
    named('DeleteConflictException'),
  );
  const { PolicyUsers } = await admin.send(new iam.ListEntitiesForPolicyCommand({ PolicyArn }));
  assert.deepEqual(
    PolicyUsers?.map(({ UserName }) => UserName),
    ['bob'],
  );
  const local = await admin.send(new iam.ListPoliciesCommand({ Scope: 'Local' }));
  assert.deepEqual(
    local.Policies?.map(({ PolicyName, AttachmentCount }) => [PolicyName, AttachmentCount]),
    [['queues', 1]],
  );
  await assert.rejects(admin.send(new iam.DeletePolicyCommand({ PolicyArn })), named('DeleteConflictException'));
  await admin.send(new iam.DetachUserPolicyCommand({ UserName: 'bob', PolicyArn }));
  for (const VersionId of ['v2', 'v3', 'v4', 'v5']) {
    await admin.send(new iam.DeletePolicyVersionCommand({ PolicyArn, VersionId }));
  }
  await admin.send(new iam.DeletePolicyCommand({ PolicyArn }));
  await assert.rejects(admin.send(new iam.GetPolicyCommand({ PolicyArn })), named('NoSuchEntityException'));
  const administrators = 'arn:aws:iam::aws:policy/AdministratorAccess';
  assert.equal((await admin.send(new iam.GetPolicyCommand({ PolicyArn: administrators }))).Policy?.AttachmentCount, 1);
  await assert.rejects(admin.send(new iam.DeletePolicyCommand({ PolicyArn: administrators })), named('AccessDenied'));
});

test('one account’s users don’t reach another’s, and what was answered outlives a restart', async (t) => {
  const c = await cloud(t);
  const admin = c.client(iam.IAMClient);
  const bob = await newUser(admin, 'bob');
  const [PolicyName, UserName] = ['own', 'bob'];
  await admin.send(new iam.PutUserPolicyCommand({ UserName, PolicyName, PolicyDocument: document(allow('iam:Get*')) }));
  const again = await c.restart();
  const asBob = again.client(iam.IAMClient, { credentials: bob });
  assert.equal((await asBob.send(new iam.GetUserCommand({}))).User?.UserName, 'bob');
  const policy = await asBob.send(new iam.GetUserPolicyCommand({ UserName, PolicyName }));
  assert.equal(decodeURIComponent(policy.PolicyDocument ?? ''), document(allow('iam:Get*')));
  await assert.rejects(asBob.send(new iam.CreateUserCommand({ UserName: 'eve' })), named('AccessDenied'));
});
