import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as iam from '@aws-sdk/client-iam';
import { CreateQueueCommand, ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs';
import * as sts from '@aws-sdk/client-sts';
import { hours, minutes } from '#platform/base/clock.ts';
import { document } from '#test/policy-document.ts';
import { type Credentials, cloud, type TestCloud } from '#test/sdk/cloud.ts';
import { newAccount, newUser } from '#test/sdk/people.ts';

const allow = (Action: string | string[], Resource = '*') => ({ Effect: 'Allow', Action, Resource });
const trusting = (principal: string, Condition?: object, Action: string | string[] = 'sts:AssumeRole') =>
  document({ Effect: 'Allow', Principal: { AWS: principal }, Action, ...(Condition && { Condition }) });
const named = (name: string) => (error: unknown) => error instanceof Error && error.name === name;

const credentialsOf = (given: sts.Credentials | undefined): Credentials => ({
  accessKeyId: given?.AccessKeyId ?? '',
  secretAccessKey: given?.SecretAccessKey ?? '',
  sessionToken: given?.SessionToken ?? '',
});

async function userWith(c: TestCloud, UserName: string, PolicyDocument: string): Promise<Credentials> {
  const admin = c.client(iam.IAMClient);
  await admin.send(new iam.CreateUserCommand({ UserName }));
  await admin.send(new iam.PutUserPolicyCommand({ UserName, PolicyName: 'own', PolicyDocument }));
  const { AccessKey } = await admin.send(new iam.CreateAccessKeyCommand({ UserName }));
  return { accessKeyId: AccessKey?.AccessKeyId ?? '', secretAccessKey: AccessKey?.SecretAccessKey ?? '' };
}

async function role(c: TestCloud, RoleName: string, trust: string, permissions?: string): Promise<string> {
  const admin = c.client(iam.IAMClient);
  const made = await admin.send(new iam.CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: trust }));
  if (permissions !== undefined) {
    await admin.send(new iam.PutRolePolicyCommand({ RoleName, PolicyName: 'own', PolicyDocument: permissions }));
  }
  return made.Role?.Arn ?? '';
}

const assume = (c: TestCloud, credentials: Credentials, input: Partial<sts.AssumeRoleCommandInput>) =>
  c
    .client(sts.STSClient, { credentials })
    .send(new sts.AssumeRoleCommand({ RoleArn: '', RoleSessionName: 'session', ...input }));

const lists = (c: TestCloud, credentials: Credentials) =>
  c.client(SQSClient, { credentials }).send(new ListQueuesCommand({}));

test('a role is assumed when the caller’s and the trust policy allow it', async (t) => {
  const c = await cloud(t);
  const { account } = c;
  const bob = await userWith(c, 'bob', document(allow('sts:AssumeRole')));
  const eve = await userWith(c, 'eve', document(allow('sqs:*')));
  const ofAccount = await role(c, 'of-account', trusting(`arn:aws:iam::${account}:root`), document(allow('sqs:*')));
  const ofNobody = await role(c, 'of-nobody', trusting('arn:aws:iam::999999999999:root'));
  const made = await assume(c, bob, { RoleArn: ofAccount });
  assert.equal(made.AssumedRoleUser?.Arn, `arn:aws:sts::${account}:assumed-role/of-account/session`);
  const session = credentialsOf(made.Credentials);
  assert.match(session.accessKeyId, /^ASIA/);
  const who = await c.client(sts.STSClient, { credentials: session }).send(new sts.GetCallerIdentityCommand({}));
  assert.equal(who.Arn, made.AssumedRoleUser?.Arn);
  assert.equal(who.UserId, made.AssumedRoleUser?.AssumedRoleId);
  await lists(c, session);
  await assert.rejects(assume(c, eve, { RoleArn: ofAccount }), named('AccessDenied'));
  await assert.rejects(assume(c, c.administrator, { RoleArn: ofNobody }), named('AccessDenied'));
  await assert.rejects(assume(c, c.administrator, { RoleArn: `${ofNobody}-else` }), (error: Error) => {
    const arn = `arn:aws:iam::${account}:user/administrator`;
    const expected = `User: ${arn} is not authorized to perform: sts:AssumeRole on resource: ${ofNobody}-else`;
    return error.name === 'AccessDenied' && error.message.startsWith(expected);
  });

  for (const RoleArn of ['ReadWriteQuiltBucket', 'arn:aws:iam::12345:role/x']) {
    await assert.rejects(
      assume(c, eve, { RoleArn }),
      (error: Error) => error.name === 'ValidationError' && error.message === `${RoleArn} is invalid`,
    );
  }
  // What is no role's is one that is not there.
  await assert.rejects(assume(c, bob, { RoleArn: `arn:aws:iam::${account}:user/bob` }), named('AccessDenied'));

  // The session follows what happens to its role.
  const admin = c.client(iam.IAMClient);
  const ownPolicy = { RoleName: 'of-account', PolicyName: 'own' };
  await admin.send(new iam.DeleteRolePolicyCommand(ownPolicy));
  await assert.rejects(lists(c, session), named('AccessDenied'));
  await admin.send(new iam.PutRolePolicyCommand({ ...ownPolicy, PolicyDocument: document(allow('sqs:*')) }));
  await lists(c, session);
  c.advance(hours(1) + minutes(1));
  await assert.rejects(lists(c, session), named('ExpiredToken'));
});

test('a session of a deleted role is refused, also when a role of that name is back', async (t) => {
  const c = await cloud(t);
  const admin = c.client(iam.IAMClient);
  const trust = trusting(`arn:aws:iam::${c.account}:user/administrator`);
  const RoleArn = await role(c, 'short', trust);
  const session = credentialsOf((await assume(c, c.administrator, { RoleArn })).Credentials);
  const who = () => c.client(sts.STSClient, { credentials: session }).send(new sts.GetCallerIdentityCommand({}));
  await who();
  await admin.send(new iam.DeleteRoleCommand({ RoleName: 'short' }));
  await assert.rejects(who(), named('InvalidClientTokenId'));
  await role(c, 'short', trust);
  await assert.rejects(who(), named('InvalidClientTokenId'));
});

test('conditions of a trust policy: ExternalId, tags, and the session’s limits', async (t) => {
  const c = await cloud(t);
  const root = `arn:aws:iam::${c.account}:root`;
  const guarded = await role(c, 'guarded', trusting(root, { StringEquals: { 'sts:ExternalId': 'secret' } }));
  await assert.rejects(assume(c, c.administrator, { RoleArn: guarded }), named('AccessDenied'));
  await assume(c, c.administrator, { RoleArn: guarded, ExternalId: 'secret' });
  const Tags = [{ Key: 'team', Value: 'blue' }];
  await assert.rejects(
    assume(c, c.administrator, { RoleArn: guarded, ExternalId: 'secret', Tags }),
    named('AccessDenied'),
    'sts:TagSession is needed too',
  );
  const open = await role(
    c,
    'open',
    trusting(root, undefined, ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity']),
    document(allow('sqs:*')),
  );
  const limited = await assume(c, c.administrator, {
    RoleArn: open,
    Tags,
    SourceIdentity: 'ann',
    Policy: document(allow('sqs:CreateQueue', `arn:aws:sqs:*:*:\${aws:PrincipalTag/team}-*`)),
  });
  assert.equal(limited.SourceIdentity, 'ann');
  assert.ok((limited.PackedPolicySize ?? 0) > 0);
  const session = credentialsOf(limited.Credentials);
  const create = (QueueName: string) =>
    c.client(SQSClient, { credentials: session }).send(new CreateQueueCommand({ QueueName }));
  await create('blue-1');
  await assert.rejects(create('red-1'), named('AccessDenied'));
  await assert.rejects(lists(c, session), named('AccessDenied'));
  const readOnly = await assume(c, c.administrator, {
    RoleArn: open,
    PolicyArns: [{ arn: 'arn:aws:iam::aws:policy/AmazonSQSReadOnlyAccess' }],
  });
  await lists(c, credentialsOf(readOnly.Credentials));
  await assert.rejects(
    assume(c, c.administrator, { RoleArn: open, Policy: '{"Statement":1}' }),
    named('MalformedPolicyDocumentException'),
  );
  await assert.rejects(assume(c, c.administrator, { RoleArn: open, DurationSeconds: 7200 }), (error: Error) =>
    error.message.includes('MaxSessionDuration'),
  );
});

test('a chain of roles lasts an hour and hands transitive tags on', async (t) => {
  const c = await cloud(t);
  const root = `arn:aws:iam::${c.account}:root`;
  const actions = ['sts:AssumeRole', 'sts:TagSession'];
  const first = await role(c, 'first', trusting(root, undefined, actions), document(allow('sts:*')));
  const onlyBlue = { StringEquals: { 'aws:PrincipalTag/team': 'blue' } };
  const second = await role(c, 'second', trusting(root, onlyBlue, actions));
  const admin = c.client(iam.IAMClient);
  await admin.send(new iam.UpdateRoleCommand({ RoleName: 'second', MaxSessionDuration: 7200 }));
  const Tags = [{ Key: 'team', Value: 'blue' }];
  const made = await assume(c, c.administrator, { RoleArn: first, Tags, TransitiveTagKeys: ['team'] });
  const session = credentialsOf(made.Credentials);
  await assume(c, session, { RoleArn: second });
  await assert.rejects(assume(c, session, { RoleArn: second, DurationSeconds: 7200 }), (error: Error) =>
    error.message.includes('role chaining'),
  );
  await assert.rejects(assume(c, session, { RoleArn: second, Tags: [{ Key: 'TEAM', Value: 'red' }] }));
  // To hand tags on is to tag the session, though the call names no tag.
  const third = await role(c, 'third', trusting(root));
  const plain = credentialsOf((await assume(c, c.administrator, { RoleArn: first })).Credentials);
  await assume(c, plain, { RoleArn: third });
  await assert.rejects(assume(c, session, { RoleArn: third }), (error: Error) => {
    assert.match(error.message, /not authorized to perform: sts:TagSession on resource: .*role\/third/);
    return error.name === 'AccessDenied';
  });
});

test('GetSessionToken and GetFederationToken', async (t) => {
  const c = await cloud(t);
  const bob = await userWith(c, 'bob', document(allow(['sqs:*', 'sts:GetFederationToken'])));
  const asBob = c.client(sts.STSClient, { credentials: bob });
  const own = credentialsOf((await asBob.send(new sts.GetSessionTokenCommand({}))).Credentials);
  await lists(c, own);
  const asSession = c.client(sts.STSClient, { credentials: own });
  assert.equal((await asSession.send(new sts.GetCallerIdentityCommand({}))).Arn, `arn:aws:iam::${c.account}:user/bob`);
  await assert.rejects(asSession.send(new sts.GetSessionTokenCommand({})), named('AccessDenied'));
  const { Credentials: nothing } = await asBob.send(new sts.GetFederationTokenCommand({ Name: 'guest' }));
  await assert.rejects(lists(c, credentialsOf(nothing)), named('AccessDenied'));
  const Policy = document(allow('sqs:List*'));
  const guest = await asBob.send(new sts.GetFederationTokenCommand({ Name: 'guest', Policy }));
  assert.equal(guest.FederatedUser?.Arn, `arn:aws:sts::${c.account}:federated-user/guest`);
  await lists(c, credentialsOf(guest.Credentials));
  const { Account } = await asBob
    .send(new sts.GetAccessKeyInfoCommand({ AccessKeyId: own.accessKeyId }))
    .catch(() => ({ Account: '' }));
  assert.equal(Account, '', 'bob has no permission for it');
});

for (const whose of ['its own account', 'another account']) {
  test(`a trust policy means the user of ${whose} that it was written for, not the name`, async (t) => {
    const c = await cloud(t);
    const admin = c.client(iam.IAMClient);
    const isOwn = whose === 'its own account';
    const account = isOwn ? c.account : '210987654321';
    const theirKey = isOwn ? c.administrator : await newAccount(c, account);
    const theirs = c.client(iam.IAMClient, { credentials: theirKey });
    const arnOf = (name: string) => `arn:aws:iam::${account}:user/${name}`;
    await assert.rejects(role(c, 'keeper', trusting(arnOf('bob'))), (error: Error) => {
      assert.equal(error.message, `Invalid principal in policy: "AWS":"${arnOf('bob')}"`);
      return error.name === 'MalformedPolicyDocumentException';
    });
    const all = { Effect: 'Allow', Action: 'sts:AssumeRole', Resource: '*' };
    const bob = await newUser(c, 'bob', theirKey);
    await bob.allow(all);
    const RoleArn = await role(c, 'keeper', trusting(arnOf('bob')));
    const trust = async () => {
      const { Role } = await admin.send(new iam.GetRoleCommand({ RoleName: 'keeper' }));
      return decodeURIComponent(Role?.AssumeRolePolicyDocument ?? '');
    };
    await assume(c, bob.credentials, { RoleArn });
    await theirs.send(new iam.UpdateUserCommand({ UserName: 'bob', NewUserName: 'robert' }));
    assert.equal(await trust(), trusting(arnOf('robert')));
    await assume(c, bob.credentials, { RoleArn });

    const { User } = await theirs.send(new iam.GetUserCommand({ UserName: 'robert' }));
    const { accessKeyId: AccessKeyId } = bob.credentials;
    await theirs.send(new iam.DeleteAccessKeyCommand({ UserName: 'robert', AccessKeyId }));
    await theirs.send(new iam.DeleteUserPolicyCommand({ UserName: 'robert', PolicyName: 'own' }));
    await theirs.send(new iam.DeleteUserCommand({ UserName: 'robert' }));
    const imposter = await newUser(c, 'robert', theirKey);
    await imposter.allow(all);
    assert.equal(await trust(), trusting(User?.UserId ?? ''));
    await assert.rejects(assume(c, imposter.credentials, { RoleArn }), named('AccessDenied'));
  });
}
