/** What a session may be given, what it hands on, how it is taken back, and what refusals tell administrators. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as iam from '@aws-sdk/client-iam';
import { CreateQueueCommand, ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs';
import * as sts from '@aws-sdk/client-sts';
import { days, seconds } from '#platform/base/clock.ts';
import type { Region } from '#platform/base/ids.ts';
import { dispatch } from '#platform/dispatch.ts';
import type { ServiceModel } from '#platform/model/schema.ts';
import { compileValidator } from '#platform/model/validate.ts';
import { RegisteredService } from '#platform/registry.ts';
import { defineService } from '#platform/service.ts';
import { document } from '#test/policy-document.ts';
import { type Credentials, cloud, type TestCloud } from '#test/sdk/cloud.ts';
import { bigTags, credentialsOf, lists, minutesLeft, named, tooLarge } from '#test/sdk/federation.ts';
import { newUser } from '#test/sdk/people.ts';
import { formDraft, sendRaw, signedRequest } from '#test/sdk/raw-request.ts';

const ALL = ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'];

async function role(c: TestCloud, RoleName: string, Action = ALL): Promise<string> {
  const admin = c.client(iam.IAMClient);
  const trust = document({ Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${c.account}:root` }, Action });
  const { Role } = await admin.send(new iam.CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: trust }));
  const PolicyDocument = document({ Effect: 'Allow', Action: ['sqs:*', 'sts:*'], Resource: '*' });
  await admin.send(new iam.PutRolePolicyCommand({ RoleName, PolicyName: 'own', PolicyDocument }));
  return Role?.Arn ?? '';
}

const assume = (c: TestCloud, RoleArn: string, more: Partial<sts.AssumeRoleCommandInput> = {}, as?: Credentials) =>
  c
    .client(sts.STSClient, as && { credentials: as })
    .send(new sts.AssumeRoleCommand({ RoleArn, RoleSessionName: 'session', ...more }));

test('older sessions are revoked by the inline policy that the console makes', async (t) => {
  const c = await cloud(t);
  const RoleArn = await role(c, 'worker');
  const old = credentialsOf((await assume(c, RoleArn)).Credentials);
  await lists(c, old);
  c.advance(seconds(10));
  const revoke = {
    Effect: 'Deny',
    Action: ['*'],
    Resource: ['*'],
    Condition: { DateLessThan: { 'aws:TokenIssueTime': new Date(c.clock.now()).toISOString() } },
  };
  const policy = { RoleName: 'worker', PolicyName: 'AWSRevokeOlderSessions', PolicyDocument: document(revoke) };
  await c.client(iam.IAMClient).send(new iam.PutRolePolicyCommand(policy));
  await assert.rejects(lists(c, old), named('AccessDenied', /with an explicit deny in an identity-based policy/));
  c.advance(seconds(2));
  await lists(c, credentialsOf((await assume(c, RoleArn)).Credentials));
});

test('session policies and tags: how many, how large, and what of a chain goes on', async (t) => {
  const c = await cloud(t);
  const [first, second] = [await role(c, 'first'), await role(c, 'second')];
  const tags = (...keys: string[]) => keys.map((Key) => ({ Key, Value: `of ${Key}` }));
  const many = Array.from({ length: 51 }, (_, n) => `key${n}`);
  await assert.rejects(assume(c, first, { Tags: tags(...many) }), named('ValidationError'));
  await assert.rejects(
    assume(c, first, { Tags: tags('a', 'A') }),
    named('InvalidParameterValue', /^Duplicate tag keys/),
  );
  await assert.rejects(assume(c, first, { Tags: tags('aws:x') }), named('InvalidParameterValue', /^System tag keys/));
  const transitive = { Tags: tags('a'), TransitiveTagKeys: ['b'] };
  await assert.rejects(
    assume(c, first, transitive),
    named('InvalidParameterValue', /^The specified transitive tag key/),
  );
  await assert.rejects(assume(c, first, { Tags: bigTags() }), tooLarge);
  const ProvidedContexts = [
    { ProviderArn: 'arn:aws:iam::aws:contextProvider/IdentityCenter', ContextAssertion: 'none' },
  ];
  await assert.rejects(assume(c, first, { ProvidedContexts }), named('AccessDenied', /sts:SetContext/));
  const open = await role(c, 'open', [...ALL, 'sts:SetContext']);
  await assert.rejects(assume(c, open, { ProvidedContexts }), named('ExpiredTokenException'));
  const managed = (n: number) =>
    Array.from({ length: n }, () => ({ arn: 'arn:aws:iam::aws:policy/AmazonSQSReadOnlyAccess' }));
  await assert.rejects(assume(c, first, { PolicyArns: managed(11) }));
  const limited = await assume(c, first, { PolicyArns: managed(1), Tags: tags('a') });
  assert.ok((limited.PackedPolicySize ?? 0) > 0 && (limited.PackedPolicySize ?? 0) <= 100);

  const given = { Tags: tags('team', 'own'), TransitiveTagKeys: ['team'], SourceIdentity: 'ann' };
  const session = credentialsOf((await assume(c, first, given)).Credentials);
  await assert.rejects(
    assume(c, second, { Tags: tags('TEAM') }, session),
    named('InvalidParameterValue', /conflicts with a transitive tag key from the calling session/),
  );
  await assert.rejects(assume(c, second, { SourceIdentity: 'eve' }, session), named('AccessDenied'));
  const next = await assume(c, second, { Tags: tags('more') }, session);
  assert.equal(next.SourceIdentity, 'ann');
  const third = await assume(c, first, {}, credentialsOf(next.Credentials));
  const mine = (key: string) => ({
    RoleName: 'first',
    PolicyName: 'own',
    PolicyDocument: document({
      Effect: 'Allow',
      Action: 'sqs:*',
      Resource: '*',
      Condition: { Null: { [`aws:PrincipalTag/${key}`]: 'false' } },
    }),
  });
  const admin = c.client(iam.IAMClient);
  for (const [key, isThere] of [
    ['team', true],
    ['own', false],
    ['more', false],
  ] as const) {
    await admin.send(new iam.PutRolePolicyCommand(mine(key)));
    const call = lists(c, credentialsOf(third.Credentials));
    if (isThere) await call;
    else await assert.rejects(call, named('AccessDenied'), key);
  }
});

test('a session says how long its token is, and is given a longer one', async (t) => {
  const c = await cloud(t);
  const RoleArn = await role(c, 'worker');
  const client = c.client(sts.STSClient);
  const Name = 'fred';
  const calls: Record<string, (size?: { MinimumSessionTokenSize: number }) => Promise<sts.AssumeRoleCommandOutput>> = {
    AssumeRole: (size) => assume(c, RoleArn, size),
    GetSessionToken: (size) => client.send(new sts.GetSessionTokenCommand({ ...size })),
    GetFederationToken: (size) => client.send(new sts.GetFederationTokenCommand({ Name, ...size })),
  };
  for (const [operation, call] of Object.entries(calls)) {
    const plain = await call();
    const size = plain.Credentials?.SessionToken?.length ?? 0;
    assert.equal(plain.SessionTokenSize, size, operation);
    assert.ok(size > 0 && size < 2000, operation);
    const padded = await call({ MinimumSessionTokenSize: 4096 });
    const { SessionTokenSize = 0, SessionTokenUtilization = 0, Credentials } = padded;
    assert.equal(Credentials?.SessionToken?.length, SessionTokenSize, operation);
    assert.ok(SessionTokenSize >= 4096 && SessionTokenSize < 4300, `${operation}: ${SessionTokenSize}`);
    assert.ok((plain.SessionTokenUtilization ?? 0) < SessionTokenUtilization && SessionTokenUtilization <= 100);
    const who = c.client(sts.STSClient, { credentials: credentialsOf(Credentials) });
    assert.equal((await who.send(new sts.GetCallerIdentityCommand({}))).Account, c.account);
    await assert.rejects(call({ MinimumSessionTokenSize: 4097 }), named('ValidationError'));
  }
});

test('federated users', async (t) => {
  const c = await cloud(t);
  const RoleArn = await role(c, 'worker');
  const bob = await newUser(c, 'bob');
  const asBob = c.client(sts.STSClient, { credentials: bob.credentials });
  const federate = (more: Partial<sts.GetFederationTokenCommandInput> = {}) =>
    asBob.send(new sts.GetFederationTokenCommand({ Name: 'guest', ...more }));
  await assert.rejects(federate(), named('AccessDenied'));
  await bob.allow({ Effect: 'Allow', Action: ['sts:*', 'sqs:*'], Resource: '*' });
  const { Credentials: half } = await federate();
  assert.equal(minutesLeft(c, half), 720);
  await assert.rejects(federate({ DurationSeconds: 129_601 }), named('ValidationError'));
  await assert.rejects(federate({ Name: 'x'.repeat(33) }), named('ValidationError'));
  await assert.rejects(
    federate({ PolicyArns: [{ arn: `arn:aws:iam::${c.account}:policy/missing` }] }),
    named('NoSuchEntity'),
  );
  await assert.rejects(federate({ Tags: bigTags() }), tooLarge);
  const Policy = document({ Effect: 'Allow', Action: ['sqs:*', 'sts:*', 'ec2:*'], Resource: '*' });
  const whole = await federate({ Policy, Tags: [{ Key: 'team', Value: 'blue' }], DurationSeconds: 900 });
  assert.ok((whole.PackedPolicySize ?? 0) > 0);
  const guest = credentialsOf(whole.Credentials);
  await lists(c, guest);
  const asGuest = c.client(sts.STSClient, { credentials: guest });
  const { Arn } = await asGuest.send(new sts.GetCallerIdentityCommand({}));
  assert.equal(Arn, `arn:aws:sts::${c.account}:federated-user/guest`);
  await assert.rejects(assume(c, RoleArn, {}, guest), named('AccessDenied'));
  await assert.rejects(asGuest.send(new sts.GetSessionTokenCommand({})), named('AccessDenied'));
  // The root user's sessions last an hour at most, whatever is asked for.
  const { operator } = c;
  const ofRoot = await c
    .client(sts.STSClient, { credentials: operator })
    .send(new sts.GetFederationTokenCommand({ Name: 'guest', DurationSeconds: 43_200 }));
  assert.equal(minutesLeft(c, ofRoot.Credentials), 60);
});

test('whose key is it', async (t) => {
  const c = await cloud(t);
  const asker = c.client(sts.STSClient);
  const ask = (AccessKeyId: string) => asker.send(new sts.GetAccessKeyInfoCommand({ AccessKeyId }));
  const { credentials } = await newUser(c, 'bob');
  assert.equal((await ask(credentials.accessKeyId)).Account, c.account);
  const session = credentialsOf((await assume(c, await role(c, 'worker'))).Credentials);
  assert.equal((await ask(session.accessKeyId)).Account, c.account);
  assert.equal((await ask(c.operator.accessKeyId)).Account, '000000000000');
  await assert.rejects(ask('AKIAIOSFODNN7EXAMPLE'), named('ValidationError'));
  await assert.rejects(ask('short'), named('ValidationError'));
});

test('tokens of the global endpoint are of the version that the account chose', async (t) => {
  const c = await cloud(t);
  // Clients are led here under AWS's own name.
  const session = async (host: string): Promise<Credentials> => {
    const { headers, body } = formDraft('2011-06-15', 'GetSessionToken');
    const draft = { headers: { ...headers, host }, ...(body && { body }) };
    const answer = await sendRaw(c, await signedRequest(c, draft, { service: 'sts' }));
    const part = (name: string): string => new RegExp(`<${name}>([^<]*)`).exec(answer.body)?.[1] ?? '';
    return credentialsOf({
      AccessKeyId: part('AccessKeyId'),
      SecretAccessKey: part('SecretAccessKey'),
      SessionToken: part('SessionToken'),
      Expiration: undefined,
    });
  };
  const listIn = (region: string, credentials: Credentials) =>
    c.client(SQSClient, { credentials, region }).send(new ListQueuesCommand({}));
  const [global, regional] = [await session('sts.amazonaws.com'), await session('sts.eu-west-1.amazonaws.com')];
  await listIn('eu-west-1', global);
  await listIn('eu-south-2', regional);
  await assert.rejects(listIn('eu-south-2', global), named('InvalidClientTokenId'));
  const prefer = (GlobalEndpointTokenVersion: 'v1Token' | 'v2Token') =>
    c.client(iam.IAMClient).send(new iam.SetSecurityTokenServicePreferencesCommand({ GlobalEndpointTokenVersion }));
  await prefer('v2Token');
  await listIn('eu-south-2', await session('sts.amazonaws.com'));
  await assert.rejects(listIn('eu-south-2', global), named('InvalidClientTokenId'), 'it stays what it is');
  const summary = () => c.client(iam.IAMClient).send(new iam.GetAccountSummaryCommand({}));
  assert.equal((await summary()).SummaryMap?.['GlobalEndpointTokenVersion'], 2);
  await prefer('v1Token');
  assert.equal((await summary()).SummaryMap?.['GlobalEndpointTokenVersion'], 1);
  await assert.rejects(listIn('eu-south-2', await session('sts.amazonaws.com')), named('InvalidClientTokenId'));
});

const MODEL: ServiceModel = {
  metadata: { serviceId: 'Machines', apiVersion: '1', endpointPrefix: 'machines', protocols: ['json'] },
  operations: { Start: { name: 'Start' } },
  shapes: {},
};

/** A service as EC2 will be: its refusals are encoded. */
const machines = new RegisteredService(
  {
    name: 'machines',
    principal: 'machines.amazonaws.com',
    scope: 'regional',
    load: async () => machinesDeclaration,
  },
  { summary: { metadata: MODEL.metadata }, load: () => MODEL },
  compileValidator,
);
const machinesDeclaration = defineService({
  encodedRefusals: true,
  operations: {
    Start: {
      handler: () => ({}),
      resource: (_: object, { account, region }) => `arn:aws:machines:${region}:${account}:machine/m-1`,
      conditions: () => ({ 'machines:Size': 'large' }),
    },
  },
  notImplemented: {},
  kinds: {},
  quotas: {},
});

async function start(c: TestCloud, { accessKeyId }: Credentials): Promise<unknown> {
  const { cloud: running } = c.running;
  await machines.load();
  const { principal } = running.identity.credential(accessKeyId, undefined, c.clock.now());
  const place = { sourceAddress: '192.0.2.7', userAgent: 'test', isSecure: false, calledVia: [] };
  return dispatch(running, {
    operation: machines.operation('Start') ?? assert.fail(),
    input: {},
    caller: { ...place, principal, accessKeyId },
    region: 'us-east-1' as Region,
    requestId: 'request',
    origin: c.url,
    client: new AbortController(),
  });
}

test('a refusal that is encoded tells an administrator why', async (t) => {
  const c = await cloud(t);
  const bob = await newUser(c, 'bob');
  const Condition = { StringEquals: { 'machines:Size': 'large' } };
  await bob.allow(
    { Effect: 'Allow', Action: 'machines:*', Resource: '*' },
    { Sid: 'NotLarge', Effect: 'Deny', Action: 'machines:Start', Resource: '*', Condition },
  );
  const refused = await start(c, bob.credentials).then(
    () => assert.fail('it was allowed'),
    (error: Error) => error.message,
  );
  const arn = `arn:aws:machines:us-east-1:${c.account}:machine/m-1`;
  const [head, EncodedMessage = ''] = refused.split(' Encoded authorization failure message: ');
  assert.equal(
    head,
    'You are not authorized to perform this operation. ' +
      `User: arn:aws:iam::${c.account}:user/bob is not authorized to perform: machines:Start on resource: ${arn} ` +
      'with an explicit deny in an identity-based policy.',
  );
  const decode = (as: Credentials, message = EncodedMessage) =>
    c
      .client(sts.STSClient, { credentials: as })
      .send(new sts.DecodeAuthorizationMessageCommand({ EncodedMessage: message }));
  await assert.rejects(decode(bob.credentials), named('AccessDenied'), 'the refused may not read it');
  const { DecodedMessage = '' } = await decode(c.administrator);
  const { explicitDeny, matchedStatements, context } = JSON.parse(DecodedMessage);
  assert.equal(explicitDeny, true);
  assert.equal(matchedStatements.items[0].statementId, 'NotLarge');
  assert.deepEqual([context.action, context.resource], ['machines:Start', arn]);
  const value = (key: string) =>
    context.conditions.items.find((item: { key: string }) => item.key === key)?.values.items[0].value;
  assert.deepEqual([value('machines:Size'), value('aws:SourceIp')], ['large', '192.0.2.7']);

  const invalid = named('InvalidAuthorizationMessageException');
  await assert.rejects(decode(c.administrator, `${EncodedMessage}\n`), invalid);
  await assert.rejects(decode(c.administrator, 'gibberish'), invalid);
  await assert.rejects(decode(c.operator), invalid, 'another account');
  c.advance(days(1));
  await assert.rejects(decode(c.administrator), invalid, 'a day later');
});

test('what a federated user may do stays its issuer’s, though another user takes the issuer’s old name', async (t) => {
  const c = await cloud(t);
  const admin = c.client(iam.IAMClient);
  const ann = await newUser(c, 'ann');
  await ann.allow({ Effect: 'Allow', Action: ['sts:GetFederationToken', 'sqs:ListQueues'], Resource: '*' });
  const everything = document({ Effect: 'Allow', Action: '*', Resource: '*' });
  const { Credentials } = await c
    .client(sts.STSClient, { credentials: ann.credentials })
    .send(new sts.GetFederationTokenCommand({ Name: 'guest', Policy: everything }));
  const guest = credentialsOf(Credentials);
  await lists(c, guest);
  await admin.send(new iam.UpdateUserCommand({ UserName: 'ann', NewUserName: 'anna' }));
  const chief = await newUser(c, 'ann');
  await chief.allow({ Effect: 'Allow', Action: '*', Resource: '*' });
  await lists(c, guest);
  const makes = c.client(SQSClient, { credentials: guest }).send(new CreateQueueCommand({ QueueName: 'mine' }));
  await assert.rejects(makes, named('AccessDenied'));
});

test('a chain with a source identity leads only to roles that take one', async (t) => {
  const c = await cloud(t);
  const [first, second] = [await role(c, 'first'), await role(c, 'second')];
  const { Credentials } = await assume(c, first, { SourceIdentity: 'ann' });
  const chained = credentialsOf(Credentials);
  const trust = async (Action: string[], Condition?: object) => {
    const Principal = { AWS: `arn:aws:iam::${c.account}:root` };
    const PolicyDocument = document({ Effect: 'Allow', Principal, Action, ...(Condition && { Condition }) });
    const policy = { RoleName: 'second', PolicyDocument };
    await c.client(iam.IAMClient).send(new iam.UpdateAssumeRolePolicyCommand(policy));
  };
  await trust(['sts:AssumeRole']);
  await assert.rejects(assume(c, second, {}, chained), named('AccessDenied', /sts:SetSourceIdentity/));
  await assume(c, second);
  await trust(ALL, { StringEquals: { 'sts:SourceIdentity': 'bob' } });
  await assert.rejects(assume(c, second, {}, chained), named('AccessDenied'));
  await trust(ALL, { StringEquals: { 'sts:SourceIdentity': 'ann' } });
  assert.equal((await assume(c, second, {}, chained)).SourceIdentity, 'ann');
});
