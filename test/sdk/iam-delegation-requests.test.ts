/** A partner asks, an owner accepts, and the partner works with the owner's permissions as far as it asked for them. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import * as iam from '@aws-sdk/client-iam';
import * as sqs from '@aws-sdk/client-sqs';
import {
  AssumeRoleCommand,
  GetCallerIdentityCommand,
  GetDelegatedAccessTokenCommand,
  STSClient,
} from '@aws-sdk/client-sts';
import { GLOBAL_REGION } from '#platform/base/ids.ts';
import { noise } from '#test/noise.ts';
import { type Credentials, cloud } from '#test/sdk/cloud.ts';
import { newAccount, newUser } from '#test/sdk/people.ts';
import { refusal } from '#test/sdk/refusals.ts';
import { until } from '#test/until.ts';

const PARTNER = '210987654321';
const DAY = 86_400_000;

interface Message {
  readonly delegationRequestId: string;
  readonly state: string;
  readonly tradeInToken?: string;
  readonly rejectionReason?: string;
}

async function start(t: TestContext) {
  const c = await cloud(t);
  const credentials = await newAccount(c, PARTNER);
  const partner = c.client(iam.IAMClient, { credentials });
  const queues = c.client(sqs.SQSClient, { credentials });
  const { QueueUrl } = await queues.send(new sqs.CreateQueueCommand({ QueueName: 'told' }));
  const channel = `arn:aws:sqs:us-east-1:${PARTNER}:told`;
  const Statement = {
    Effect: 'Allow',
    Principal: { Service: 'iam.amazonaws.com' },
    Action: 'sqs:SendMessage',
    Resource: channel,
  };
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
  await queues.send(new sqs.SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }));
  const PolicyDocument = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Action: ['sqs:SendMessage', 'sqs:GetQueueUrl'], Resource: 'arn:aws:sqs:*:*:@{queueName}' },
    ],
  });
  const { Policy: template } = await partner.send(new iam.CreatePolicyCommand({ PolicyName: 'ask', PolicyDocument }));
  let workflow = 10_000;
  const ask = async (input: Partial<iam.CreateDelegationRequestRequest> = {}, queueName = 'orders') => {
    const Parameters: iam.PolicyParameter[] = [{ Name: 'queueName', Type: 'string', Values: [queueName] }];
    const answer = await partner.send(
      new iam.CreateDelegationRequestCommand({
        Description: 'Sets up the integration',
        Permissions: { PolicyTemplateArn: template?.Arn, Parameters },
        RequestorWorkflowId: String(workflow++),
        NotificationChannel: channel,
        SessionDuration: 3600,
        ...input,
      }),
    );
    return answer.DelegationRequestId ?? '';
  };
  const told = async (): Promise<Message> => {
    let found: Message | undefined;
    await until(async () => {
      const { Messages } = await queues.send(new sqs.ReceiveMessageCommand({ QueueUrl }));
      const [message] = Messages ?? [];
      if (message === undefined) return false;
      found = JSON.parse(message.Body ?? '') as Message;
      await queues.send(new sqs.DeleteMessageCommand({ QueueUrl, ReceiptHandle: message.ReceiptHandle }));
      return true;
    }, 'a notification');
    return found ?? assert.fail();
  };
  const trade = async (TradeInToken = '', by: Credentials = credentials) => {
    const sts = c.client(STSClient, { credentials: by });
    const answer = await sts.send(new GetDelegatedAccessTokenCommand({ TradeInToken }));
    const { AccessKeyId = '', SecretAccessKey = '', SessionToken = '', Expiration } = answer.Credentials ?? {};
    const keys = { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken };
    return { keys, Expiration, principal: answer.AssumedPrincipal, packed: answer.PackedPolicySize };
  };
  return { c, partner, ask, told, trade, template: template?.Arn, channel, credentials };
}

/** What an owner does with a request. */
const acting = (client: iam.IAMClient) => ({
  associate: (DelegationRequestId: string) =>
    client.send(new iam.AssociateDelegationRequestCommand({ DelegationRequestId })),
  update: (DelegationRequestId: string, Notes?: string) =>
    client.send(new iam.UpdateDelegationRequestCommand({ DelegationRequestId, ...(Notes && { Notes }) })),
  accept: (DelegationRequestId: string) => client.send(new iam.AcceptDelegationRequestCommand({ DelegationRequestId })),
  reject: (DelegationRequestId: string, Notes?: string) =>
    client.send(new iam.RejectDelegationRequestCommand({ DelegationRequestId, ...(Notes && { Notes }) })),
  send: (DelegationRequestId: string) => client.send(new iam.SendDelegationTokenCommand({ DelegationRequestId })),
  get: async (DelegationRequestId: string, DelegationPermissionCheck?: boolean) =>
    await client.send(
      new iam.GetDelegationRequestCommand({
        DelegationRequestId,
        ...(DelegationPermissionCheck !== undefined && { DelegationPermissionCheck }),
      }),
    ),
});

test('asked, accepted, traded in, and limited to what was asked for', async (t) => {
  const { c, ask, told, trade, template } = await start(t);
  const own = c.client(sqs.SQSClient);
  for (const QueueName of ['orders', 'other']) await own.send(new sqs.CreateQueueCommand({ QueueName }));
  const admin = acting(c.client(iam.IAMClient));
  const id = await ask({
    OwnerAccountId: c.account,
    RequestMessage: 'please',
    RedirectUrl: 'https://example.com/done',
  });
  assert.equal((await admin.get(id)).DelegationRequest?.State, 'UNASSIGNED');
  await admin.associate(id);
  const { DelegationRequest: asked, ...check } = await admin.get(id, true);
  const arn = `arn:aws:iam::${c.account}:user/administrator`;
  assert.deepEqual(
    [asked?.State, asked?.OwnerId, asked?.OwnerAccountId, asked?.RequestorId, asked?.RequestMessage],
    ['ASSIGNED', arn, c.account, PARTNER, 'please'],
  );
  assert.equal(asked?.Permissions?.PolicyTemplateArn, template);
  assert.equal(JSON.parse(asked?.PermissionPolicy ?? '').Statement[0].Resource, 'arn:aws:sqs:*:*:orders');
  assert.deepEqual([check.PermissionCheckStatus, check.PermissionCheckResult], ['COMPLETE', 'ALLOWED']);
  await admin.accept(id);
  assert.equal((await told()).state, 'ACCEPTED');
  await admin.send(id);
  const { state, delegationRequestId, tradeInToken } = await told();
  assert.deepEqual([state, delegationRequestId], ['FINALIZED', id]);
  assert.equal((await admin.get(id)).DelegationRequest?.ApproverId, arn);
  // On its way it lay in the outbox and in a queue.
  const folder = join(c.data, 'regions');
  for (const name of readdirSync(folder)) {
    assert.ok(!readFileSync(join(folder, name)).includes(tradeInToken ?? ''), `${name} holds the token`);
  }

  const { keys, Expiration, principal, packed } = await trade(tradeInToken);
  assert.equal(principal, arn);
  assert.ok(packed !== undefined && packed > 0 && packed < 100);
  assert.ok(Math.abs((Expiration?.getTime() ?? 0) - c.clock.now() - 3_600_000) < 5000);
  const sts = c.client(STSClient, { credentials: keys });
  assert.equal((await sts.send(new GetCallerIdentityCommand({}))).Arn, arn);
  const theirs = c.client(sqs.SQSClient, { credentials: keys });
  const send = async (QueueName: string) => {
    const { QueueUrl } = await own.send(new sqs.GetQueueUrlCommand({ QueueName }));
    await theirs.send(new sqs.SendMessageCommand({ QueueUrl, MessageBody: 'set up' }));
  };
  await send('orders');
  await assert.rejects(send('other'), /no session policy allows/);
  await assert.rejects(theirs.send(new sqs.ListQueuesCommand({})), /no session policy allows/);
  // What a queue lets the approver do is no more for them.
  const { QueueUrl } = await own.send(new sqs.GetQueueUrlCommand({ QueueName: 'other' }));
  const Resource = `arn:aws:sqs:us-east-1:${c.account}:other`;
  const Statement = { Effect: 'Allow', Principal: { AWS: arn }, Action: 'sqs:*', Resource };
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
  await own.send(new sqs.SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }));
  await assert.rejects(send('other'), /no session policy allows/);
  // The administrator's own key is as free as ever.
  await own.send(new sqs.ListQueuesCommand({}));

  await assert.rejects(trade(tradeInToken, c.administrator), refusal('AccessDenied'));
  await assert.rejects(trade(`${tradeInToken}x`), refusal('AccessDenied'));
  await assert.rejects(trade('token'), refusal('AccessDenied'));
  // Half an hour later the same time is left as for the first credentials.
  c.advance(1_800_000);
  assert.deepEqual((await trade(tradeInToken)).Expiration, Expiration);
  c.advance(1_800_000);
  await assert.rejects(trade(tradeInToken), refusal('ExpiredTradeInTokenException'));
});

test('a request is owned by one account, and only its people answer it', async (t) => {
  const { c, ask, told, partner } = await start(t);
  const stranger = acting(c.client(iam.IAMClient, { credentials: await newAccount(c, '310987654321') }));
  const admin = acting(c.client(iam.IAMClient));
  const denied = refusal('AccessDenied');
  const id = await ask({ OwnerAccountId: c.account });
  await assert.rejects(stranger.get(id), denied);
  await assert.rejects(stranger.associate(id), denied);
  await assert.rejects(acting(partner).get(id), denied);
  // One that is meant for nobody is anybody's to take.
  const open = await ask();
  assert.equal((await stranger.get(open)).DelegationRequest?.State, 'UNASSIGNED');
  await stranger.associate(open);
  await assert.rejects(admin.get(open), denied);
  await assert.rejects(admin.associate(open), denied);
  await assert.rejects(admin.get('x'.repeat(20)), refusal('NoSuchEntityException'));

  const ann = await newUser(c, 'ann');
  const hers = acting(c.client(iam.IAMClient, { credentials: ann.credentials }));
  await assert.rejects(hers.associate(id), denied);
  await ann.allow({ Effect: 'Allow', Action: 'iam:AssociateDelegationRequest', Resource: '*' });
  await hers.associate(id);
  // As its owner she may look at it and pass it on, but accept it only if she is allowed to.
  assert.equal((await hers.get(id, true)).PermissionCheckResult, 'DENIED');
  await hers.update(id, 'for the boss');
  assert.equal((await told()).state, 'PENDING_APPROVAL');
  await assert.rejects(hers.accept(id), denied);
  const list = async (OwnerId?: string) =>
    (await c.client(iam.IAMClient).send(new iam.ListDelegationRequestsCommand({ ...(OwnerId && { OwnerId }) })))
      .DelegationRequests ?? [];
  assert.deepEqual(
    (await list()).map((each) => [each.DelegationRequestId, each.Notes]),
    [[id, 'for the boss']],
  );
  assert.equal((await list(`arn:aws:iam::${c.account}:user/ann`)).length, 1);
  assert.equal((await list(`arn:aws:iam::${c.account}:user/administrator`)).length, 0);
  await ann.allow({
    Effect: 'Allow',
    Action: 'iam:AcceptDelegationRequest',
    Resource: '*',
    Condition: { ArnEquals: { 'iam:DelegationRequestOwner': `arn:aws:iam::${c.account}:user/ann` } },
  });
  assert.equal((await hers.get(id, true)).PermissionCheckResult, 'UNSURE');
  await hers.accept(id);
});

test('steps come in their order, or not at all', async (t) => {
  const { c, ask, told } = await start(t);
  const admin = acting(c.client(iam.IAMClient));
  const wrong = refusal('InvalidInputException', /is in the state/);
  const id = await ask({ OnlySendByOwner: true });
  for (const step of [admin.update, admin.accept, admin.reject, admin.send]) await assert.rejects(step(id), wrong);
  await admin.associate(id);
  await assert.rejects(admin.associate(id), wrong);
  await assert.rejects(admin.send(id), wrong);
  await admin.accept(id);
  assert.equal((await told()).state, 'ACCEPTED');
  const ann = await newUser(c, 'ann');
  await ann.allow({ Effect: 'Allow', Action: 'iam:*', Resource: '*' });
  const hers = acting(c.client(iam.IAMClient, { credentials: ann.credentials }));
  await assert.rejects(hers.send(id), refusal('AccessDenied', /Only the owner/));
  // An acceptance can be taken back before the token is sent.
  await hers.reject(id, 'not now');
  const { state, rejectionReason } = await told();
  assert.deepEqual([state, rejectionReason], ['REJECTED', 'not now']);
  for (const step of [admin.update, admin.accept, admin.send]) await assert.rejects(step(id), wrong);
  assert.equal((await admin.get(id)).DelegationRequest?.RejectionReason, 'not now');

  const late = await ask();
  c.advance(DAY);
  const later = acting(c.client(iam.IAMClient));
  assert.equal((await later.get(late)).DelegationRequest?.State, 'EXPIRED');
  await assert.rejects(later.associate(late), wrong);
  // In the end it is forgotten.
  c.advance(31 * DAY);
  const muchLater = acting(c.client(iam.IAMClient));
  await until(
    async () => await muchLater.get(late).then(() => false, refusal('NoSuchEntityException')),
    'the request is forgotten',
  );
});

test('what can’t be asked for', async (t) => {
  const { c, ask, template, partner, channel } = await start(t);
  const invalid = (message: RegExp) => refusal('InvalidInputException', message);
  const asked = (PolicyTemplateArn: string | undefined, ...Parameters: iam.PolicyParameter[]) => ({
    Permissions: { ...(PolicyTemplateArn && { PolicyTemplateArn }), Parameters },
  });
  const name: iam.PolicyParameter = { Name: 'queueName', Type: 'string', Values: ['a'] };
  await assert.rejects(ask(asked(template)), invalid(/queueName is required/));
  await assert.rejects(ask(asked(template, name, { ...name, Name: 'other' })), invalid(/no parameter other/));
  await assert.rejects(ask(asked(template, { ...name, Values: ['a', 'b'] })), invalid(/one value/));
  await assert.rejects(ask(asked(`arn:aws:iam::${c.account}:policy/ask`, name)), invalid(/cannot be found/));
  await assert.rejects(ask(asked(undefined)), invalid(/cannot be found/));
  await assert.rejects(ask({ OwnerAccountId: '999999999999' }), invalid(/does not exist/));
  for (const NotificationChannel of [
    channel.replace(PARTNER, c.account),
    'arn:aws:sns:us-east-1:210987654321:t',
    'topic',
  ]) {
    await assert.rejects(ask({ NotificationChannel }), invalid(/notification channel/), NotificationChannel);
  }
  await ask({ RequestorWorkflowId: 'workflow' });
  await assert.rejects(ask({ RequestorWorkflowId: 'workflow' }), refusal('EntityAlreadyExistsException'));
  await assert.rejects(ask({ SessionDuration: 60 }), refusal('ValidationError'));
  assert.deepEqual((await partner.send(new iam.ListDelegationRequestsCommand({}))).DelegationRequests, []);
});

test('a role session accepts as itself; one that session policies limit can’t', async (t) => {
  const { c, ask, told, trade } = await start(t);
  const administrator = c.client(iam.IAMClient);
  const Statement = { Effect: 'Allow', Principal: { AWS: c.account }, Action: 'sts:AssumeRole' };
  const AssumeRolePolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement });
  await administrator.send(new iam.CreateRoleCommand({ RoleName: 'ops', AssumeRolePolicyDocument }));
  const PolicyArn = 'arn:aws:iam::aws:policy/AdministratorAccess';
  await administrator.send(new iam.AttachRolePolicyCommand({ RoleName: 'ops', PolicyArn }));
  const assume = async (Policy?: string): Promise<Credentials> => {
    const input = {
      RoleArn: `arn:aws:iam::${c.account}:role/ops`,
      RoleSessionName: 'shift',
      ...(Policy && { Policy }),
    };
    const { Credentials: keys } = await c.client(STSClient).send(new AssumeRoleCommand(input));
    const { AccessKeyId = '', SecretAccessKey = '', SessionToken = '' } = keys ?? {};
    return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken };
  };
  const all = { Version: '2012-10-17', Statement: { Effect: 'Allow', Action: '*', Resource: '*' } };
  const limited = acting(c.client(iam.IAMClient, { credentials: await assume(JSON.stringify(all)) }));
  const ops = acting(c.client(iam.IAMClient, { credentials: await assume() }));
  const id = await ask();
  await limited.associate(id);
  await assert.rejects(limited.accept(id), refusal('AccessDenied', /session policies/));
  await ops.accept(id);
  await told();
  await ops.send(id);
  const { tradeInToken } = await told();
  const { keys, principal } = await trade(tradeInToken);
  assert.equal(principal, `arn:aws:sts::${c.account}:assumed-role/ops/shift`);
  const sts = c.client(STSClient, { credentials: keys });
  assert.equal((await sts.send(new GetCallerIdentityCommand({}))).Arn, principal);
  // Without the role there is nothing to delegate.
  await administrator.send(new iam.DetachRolePolicyCommand({ RoleName: 'ops', PolicyArn }));
  await administrator.send(new iam.DeleteRoleCommand({ RoleName: 'ops' }));
  await assert.rejects(trade(tradeInToken), refusal('AccessDenied'));
});

test('permissions that don’t fit into a session are no credentials', async (t) => {
  const { c, partner, ask, told, trade } = await start(t);
  const Resource = Array.from({ length: 10 }, (_, n) => `arn:aws:sqs:*:*:${noise(500, String(n))}`);
  const Statement = { Effect: 'Allow', Action: 'sqs:SendMessage', Resource };
  const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement });
  const { Policy } = await partner.send(new iam.CreatePolicyCommand({ PolicyName: 'big', PolicyDocument }));
  const id = await ask({ Permissions: { PolicyTemplateArn: Policy?.Arn, Parameters: [] } });
  const admin = acting(c.client(iam.IAMClient));
  await admin.associate(id);
  await admin.accept(id);
  await told();
  await admin.send(id);
  await assert.rejects(trade((await told()).tradeInToken), refusal('PackedPolicyTooLargeException'));
});

test('what is told of a request is on disk, also in a refusal', async (t) => {
  const { c, partner, ask } = await start(t);
  const DelegationRequestId = await ask();
  const directory = c.running.cloud.store.partition({ service: 'iam', account: 'global', region: GLOBAL_REGION });
  const disk = Promise.withResolvers<void>();
  // As if another call's write were under way.
  Object.assign(directory, { durable: () => disk.promise });
  let answered = 0;
  const count = () => void answered++;
  const get = (id: string) => partner.send(new iam.GetDelegationRequestCommand({ DelegationRequestId: id }));
  const calls = [
    get(DelegationRequestId).then(count),
    partner.send(new iam.ListDelegationRequestsCommand({})).then(count),
    get('11111111-2222-3333-4444-555555555555').catch(count),
  ];
  for (let turn = 0; turn < 3; turn++) await partner.send(new iam.ListUsersCommand({}));
  assert.equal(answered, 0);
  disk.resolve();
  await Promise.all(calls);
  assert.equal(answered, 3);
});
