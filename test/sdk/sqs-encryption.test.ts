/** SSE-KMS: who may send to and receive from a queue with a KMS key, what lies there, and what becomes of it with the key. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { CloudTrailClient, LookupEventsCommand } from '@aws-sdk/client-cloudtrail';
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import {
  CreateAliasCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  PutKeyPolicyCommand,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms';
import {
  GetQueueAttributesCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
  StartMessageMoveTaskCommand,
} from '@aws-sdk/client-sqs';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { days, seconds } from '#platform/base/clock.ts';
import type { AccountId } from '#platform/base/ids.ts';
import { deliver } from '#platform/jobs/deliver.ts';
import { REGION, start, textsOf } from '#test/sdk/encrypted-queues.ts';
import { newAccount, newUser, operate } from '#test/sdk/people.ts';
import { formDraft, sendRaw, signedRequest, unsigned } from '#test/sdk/raw-request.ts';
import { refusal } from '#test/sdk/refusals.ts';
import { until } from '#test/until.ts';

const PARTNER = '210987654321';

test('a body lies sealed by the key that the queue names, in whatever way', async (t) => {
  const { c, kms, key, queue, send, receive, stored } = await start(t);
  const { id, arn } = await key();
  await kms.send(new CreateAliasCommand({ AliasName: 'alias/orders', TargetKeyId: id }));
  const aliasArn = `arn:aws:kms:us-east-1:${c.account}:alias/orders`;
  const names = [id, arn, 'alias/orders', aliasArn, 'alias/aws/sqs'];
  for (const [i, KmsMasterKeyId] of names.entries()) {
    const url = await queue(`orders-${i}`, { KmsMasterKeyId });
    await send(url, `confidential ${KmsMasterKeyId}`);
    assert.deepEqual(textsOf(await receive(url)), [`confidential ${KmsMasterKeyId}`]);
  }
  assert.equal(stored().messages.length, names.length);
  assert.doesNotMatch(JSON.stringify(stored()), /confidential/);
  const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId: 'alias/aws/sqs' }));
  assert.equal(KeyMetadata?.KeyManager, 'AWS');
});

test('batches, large bodies and FIFO queues are sealed too, and are there after a restart', async (t) => {
  const { c, sqs, queue, receive, stored, key } = await start(t);
  const { id } = await key();
  const url = await queue('orders', { KmsMasterKeyId: id });
  const large = `confidential ${'é'.repeat(20_000)}`;
  const Entries = ['confidential 1', large, 'confidential 3'].map((MessageBody, i) => ({ Id: `${i}`, MessageBody }));
  const { Successful } = await sqs.send(new SendMessageBatchCommand({ QueueUrl: url, Entries }));
  assert.equal(Successful?.length, 3);
  const fifo = await queue('orders.fifo', {
    FifoQueue: 'true',
    ContentBasedDeduplication: 'true',
    KmsMasterKeyId: 'alias/aws/sqs',
  });
  for (let i = 0; i < 2; i++) {
    await sqs.send(new SendMessageCommand({ QueueUrl: fifo, MessageBody: 'confidential', MessageGroupId: 'g' }));
  }
  const { messages, apart } = stored();
  assert.equal(new Set(messages.slice(0, 3).map(({ encryption }) => encryption?.dataKey)).size, 1);
  assert.equal(apart.length, 1);
  assert.doesNotMatch(JSON.stringify({ messages, apart }), /confidential/);
  const again = await c.restart();
  for (const name of readdirSync(join(again.data, 'regions'))) {
    assert.doesNotMatch(readFileSync(join(again.data, 'regions', name)).toString('latin1'), /confidential/);
  }
  const client = again.client(SQSClient);
  const at = (queueName: string) => `${again.url}/${c.account}/${queueName}`;
  assert.deepEqual(textsOf(await receive(at('orders'), client)), ['confidential 1', large, 'confidential 3']);
  const attempt = { ReceiveRequestAttemptId: 'one' };
  const [first] = await receive(at('orders.fifo'), client, attempt);
  assert.equal(first?.Body, 'confidential');
  assert.deepEqual(textsOf(await receive(at('orders.fifo'), client, attempt)), ['confidential']);
});

test('who sends needs GenerateDataKey and Decrypt, who receives Decrypt, through SQS and for the queue', async (t) => {
  const { c, key, queue, send, sendBatch, receive, sqsAs, arnOfQueue } = await start(t);
  const { id, arn } = await key();
  const url = await queue('orders', { KmsMasterKeyId: id });
  const [alice, bob] = [await newUser(c, 'alice'), await newUser(c, 'bob')];
  const ofQueue = { Effect: 'Allow', Action: 'sqs:*', Resource: '*' };
  const Condition = {
    StringEquals: {
      'kms:ViaService': 'sqs.us-east-1.amazonaws.com',
      'kms:EncryptionContext:aws:sqs:arn': arnOfQueue('orders'),
    },
  };
  const may = (...Action: string[]) => ({ Effect: 'Allow', Action, Resource: arn, Condition });
  const [sender, receiver] = [sqsAs(alice.credentials), sqsAs(bob.credentials)];
  const deniedTo = (who: string, action: string) =>
    refusal(
      'KmsAccessDenied',
      new RegExp(`user/${who} is not authorized to perform: kms:${action} on resource: ${arn}`),
    );
  await alice.allow(ofQueue);
  await bob.allow(ofQueue);
  await assert.rejects(send(url, 'x', sender), deniedTo('alice', 'GenerateDataKey'));
  await alice.allow(ofQueue, may('kms:GenerateDataKey'));
  await assert.rejects(send(url, 'x', sender), deniedTo('alice', 'Decrypt'));
  await alice.allow(ofQueue, may('kms:GenerateDataKey', 'kms:Decrypt'));
  await send(url, 'x', sender);
  await assert.rejects(receive(url, receiver), deniedTo('bob', 'Decrypt'));
  await assert.rejects(receive(url, receiver, { WaitTimeSeconds: 20 }), deniedTo('bob', 'Decrypt'));
  await bob.allow(ofQueue, may('kms:Decrypt'));
  const [message] = await receive(url, receiver, { MessageSystemAttributeNames: ['ApproximateReceiveCount'] });
  assert.equal(message?.Body, 'x');
  assert.equal(message?.Attributes?.ApproximateReceiveCount, '1', 'what KMS refused was no receive');
  await assert.rejects(send(url, 'x', receiver), deniedTo('bob', 'GenerateDataKey'));
  await assert.rejects(sendBatch(url, receiver), deniedTo('bob', 'GenerateDataKey'));
  const other = await queue('other', { KmsMasterKeyId: id });
  await assert.rejects(send(other, 'x', sender), deniedTo('alice', 'GenerateDataKey'));
});

test('a key that can’t be used makes sending and receiving fail, in both protocols', async (t) => {
  const { c, kms, key, queue, set, send, sendBatch, receive } = await start(t);
  const [{ id, arn }, signing] = [await key(), await key({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' })];
  const url = await queue('orders', {
    KmsMasterKeyId: id,
    KmsDataKeyReusePeriodSeconds: '60',
    MessageRetentionPeriod: '1209600',
  });
  await send(url);
  const sendFails = async (name: string, message: RegExp) => {
    await assert.rejects(send(url), refusal(name, message));
    await assert.rejects(sendBatch(url), refusal(name, message));
  };
  const bothFail = async (name: string, queryCode: string) => {
    await sendFails(name, new RegExp(arn));
    await assert.rejects(receive(url), refusal(name, new RegExp(arn)));
    for (const form of [{ Action: 'SendMessage', MessageBody: 'x' }, { Action: 'ReceiveMessage' }]) {
      const { Action, ...rest } = form;
      const draft = formDraft('2012-11-05', Action, { QueueUrl: url, ...rest });
      const answer = await sendRaw(c, await signedRequest(c, draft, { service: 'sqs' }));
      assert.deepEqual([answer.status, answer.code], [400, queryCode]);
    }
  };
  await kms.send(new DisableKeyCommand({ KeyId: id }));
  await send(url, 'under a data key of before');
  c.advance(seconds(60));
  await bothFail('KmsDisabled', 'KMS.DisabledException');
  await kms.send(new ScheduleKeyDeletionCommand({ KeyId: id, PendingWindowInDays: 7 }));
  await bothFail('KmsInvalidState', 'KMS.InvalidStateException');
  await set(url, { KmsMasterKeyId: 'alias/nobody' });
  await sendFails('KmsNotFound', /alias\/nobody/);
  await set(url, { KmsMasterKeyId: 'not a key' });
  await assert.rejects(send(url), refusal('KmsNotFound'));
  await assert.rejects(send(url.replace('orders', 'nobody')), refusal('QueueDoesNotExist'));
  await set(url, { KmsMasterKeyId: signing.id });
  await sendFails('KmsInvalidKeyUsage', /./);
  await assert.rejects(set(url, { KmsMasterKeyId: 'x'.repeat(2049) }), refusal('InvalidAttributeValue'));
  await assert.rejects(set(url, { KmsDataKeyReusePeriodSeconds: '59' }), refusal('InvalidAttributeValue'));
  await assert.rejects(set(url, { KmsDataKeyReusePeriodSeconds: '86401' }), refusal('InvalidAttributeValue'));
  c.advance(days(8));
  // The key that the messages lie under is gone. Connections don't outlive eight days.
  await assert.rejects(receive(url, c.client(SQSClient)), refusal('KmsNotFound'));
});

test('KMS’s rate is SQS’s error, and stands in the way of nobody who has a data key', async (t) => {
  const { c, queue, send, sendBatch, receive } = await start(t);
  const url = await queue('orders', { KmsMasterKeyId: 'alias/aws/sqs', KmsDataKeyReusePeriodSeconds: '60' });
  await send(url);
  const QUOTA = { ServiceCode: 'kms', QuotaCode: 'L-6E3AF000', AccountId: c.account, Region: REGION, Value: 1 };
  await operate(c, 'SetQuota', QUOTA);
  c.advance(seconds(60));
  await assert.rejects(send(url), refusal('KmsThrottled'));
  await assert.rejects(sendBatch(url), refusal('KmsThrottled'));
  await assert.rejects(receive(url), refusal('KmsThrottled'));
  await operate(c, 'SetQuota', { ...QUOTA, Value: 100 });
  // A changed rate counts after ten seconds.
  c.advance(seconds(10));
  await send(url);
  await operate(c, 'SetQuota', { ...QUOTA, Value: 1 });
  c.advance(seconds(10));
  for (let i = 0; i < 5; i++) await send(url);
});

test('what KMS is asked is in the history of the one who asked SQS', async (t) => {
  const { c, key, queue, send, receive } = await start(t);
  const url = await queue('orders', { KmsMasterKeyId: (await key()).id });
  for (let i = 0; i < 3; i++) await send(url);
  assert.equal((await receive(url)).length, 3);
  const trail = c.client(CloudTrailClient);
  const recorded = async (AttributeValue: string) => {
    // Two look-ups a second are allowed.
    c.advance(seconds(1));
    const LookupAttributes = [{ AttributeKey: 'EventName' as const, AttributeValue }];
    const { Events = [] } = await trail.send(new LookupEventsCommand({ LookupAttributes }));
    return Events.map(({ Username, CloudTrailEvent = '{}' }) => [
      Username,
      JSON.parse(CloudTrailEvent).sourceIPAddress,
    ]);
  };
  const once = [['administrator', 'sqs.amazonaws.com']];
  await until(async () => (await recorded('Decrypt')).length > 1, 'the events');
  assert.deepEqual(await recorded('GenerateDataKey'), once);
  // Of the sender, who verifies its key, and of the receiver.
  assert.deepEqual(await recorded('Decrypt'), [...once, ...once]);
});

test('a data key is used again for its period, by those who are the same to KMS', async (t) => {
  const { c, key, queue, send, sqsAs, stored } = await start(t);
  const url = await queue('orders', { KmsMasterKeyId: (await key()).id, KmsDataKeyReusePeriodSeconds: '60' });
  const [iam, sts] = [c.client(IAMClient), c.client(STSClient)];
  const trust = { Effect: 'Allow', Principal: { AWS: c.account }, Action: 'sts:AssumeRole' };
  const document = (Statement: object) => JSON.stringify({ Version: '2012-10-17', Statement });
  const { Role } = await iam.send(
    new CreateRoleCommand({ RoleName: 'sender', AssumeRolePolicyDocument: document(trust) }),
  );
  const PolicyDocument = document({ Effect: 'Allow', Action: ['sqs:*', 'kms:*'], Resource: '*' });
  await iam.send(new PutRolePolicyCommand({ RoleName: 'sender', PolicyName: 'own', PolicyDocument }));
  const session = async (RoleSessionName: string, Policy?: string) => {
    const input = { RoleArn: Role?.Arn, RoleSessionName, Policy };
    const { Credentials: key } = await sts.send(new AssumeRoleCommand(input));
    return sqsAs({
      accessKeyId: key?.AccessKeyId ?? '',
      secretAccessKey: key?.SecretAccessKey ?? '',
      sessionToken: key?.SessionToken ?? '',
    });
  };
  const keyOf = async (client: SQSClient) => {
    const before = stored().messages.length;
    await send(url, 'x', client);
    return stored().messages[before]?.encryption?.dataKey;
  };
  const [one, two] = [await session('one'), await session('two')];
  const scoped = await session('one', document({ Effect: 'Allow', Action: 'sqs:*', Resource: '*' }));
  const first = await keyOf(one);
  assert.equal(await keyOf(one), first);
  assert.equal(await keyOf(two), first, 'a session’s name makes no other requester');
  await assert.rejects(send(url, 'x', scoped), refusal('KmsAccessDenied'));
  c.advance(seconds(60));
  assert.notEqual(await keyOf(one), first);
});

test('messages keep the key that they were sealed under, whatever becomes of the queue', async (t) => {
  const { sqs, kms, key, queue, set, send, receive, stored } = await start(t);
  const [first, second] = [await key(), await key()];
  const url = await queue('orders', { KmsMasterKeyId: first.id });
  const shown = async () => {
    const input = { QueueUrl: url, AttributeNames: ['All' as const] };
    const { Attributes = {} } = await sqs.send(new GetQueueAttributesCommand(input));
    return [
      Attributes['KmsMasterKeyId'],
      Attributes['KmsDataKeyReusePeriodSeconds'],
      Attributes['SqsManagedSseEnabled'],
    ];
  };
  assert.deepEqual(await shown(), [first.id, '300', 'false']);
  await send(url, 'one');
  await set(url, { KmsMasterKeyId: second.id });
  await send(url, 'two');
  await set(url, { KmsMasterKeyId: '' });
  assert.deepEqual(await shown(), [undefined, undefined, 'false']);
  await send(url, 'three');
  await set(url, { KmsMasterKeyId: second.id });
  await set(url, { SqsManagedSseEnabled: 'true' });
  assert.deepEqual(await shown(), [undefined, undefined, 'true']);
  const both = { KmsMasterKeyId: second.id, SqsManagedSseEnabled: 'true' };
  await assert.rejects(set(url, both), refusal('InvalidAttributeValue', /one type of server-side encryption/));
  assert.deepEqual(
    stored().messages.map(({ encryption }) => encryption !== undefined),
    [true, true, false],
  );
  await kms.send(new DisableKeyCommand({ KeyId: first.id }));
  await assert.rejects(receive(url), refusal('KmsDisabled', new RegExp(first.arn)));
  await kms.send(new EnableKeyCommand({ KeyId: first.id }));
  assert.deepEqual(textsOf(await receive(url)), ['one', 'two', 'three']);
});

test('dead letters and moved messages stay sealed as they were', async (t) => {
  const { c, kms, key, queue, send, receive, stored, arnOfQueue, sqs } = await start(t);
  const { id } = await key();
  const dead = await queue('dead', { KmsDataKeyReusePeriodSeconds: '60' });
  const deadLetterTargetArn = arnOfQueue('dead');
  const url = await queue('orders', {
    KmsMasterKeyId: id,
    KmsDataKeyReusePeriodSeconds: '60',
    VisibilityTimeout: '0',
    RedrivePolicy: JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 1 }),
  });
  await send(url, 'confidential');
  const before = stored().messages[0];
  await receive(url);
  // What moves is not opened, so nobody needs the key for it.
  await kms.send(new DisableKeyCommand({ KeyId: id }));
  c.advance(seconds(60));
  assert.deepEqual(await receive(url), []);
  const { messages } = stored();
  assert.deepEqual([messages[0]?.body, messages[0]?.encryption], [before?.body, before?.encryption]);
  await assert.rejects(receive(dead), refusal('KmsDisabled'));
  await queue('elsewhere', {});
  const move = { SourceArn: deadLetterTargetArn, DestinationArn: arnOfQueue('elsewhere') };
  await sqs.send(new StartMessageMoveTaskCommand(move));
  await kms.send(new EnableKeyCommand({ KeyId: id }));
  const elsewhere = dead.replace('dead', 'elsewhere');
  await until(async () => {
    c.advance(seconds(1));
    return textsOf(await receive(elsewhere)).includes('confidential');
  }, 'the moved message');
});

test('another account and a service need the key’s policy; nobody unsigned gets near', async (t) => {
  const { c, key, policy, queue, set, send, receive, as, sqsAs, arnOfQueue } = await start(t);
  const { id } = await key();
  const url = await queue('orders', { KmsMasterKeyId: id });
  const partner = await newAccount(c, PARTNER);
  const open = { Effect: 'Allow', Principal: '*', Action: 'sqs:*', Resource: arnOfQueue('orders') };
  await set(url, { Policy: JSON.stringify({ Version: '2012-10-17', Statement: open }) });
  const fromService = () =>
    deliver(c.running.cloud, {
      service: 'sqs',
      operation: 'SendMessage',
      input: { QueueUrl: url, MessageBody: 'from a service' },
      region: REGION,
      sourceArn: `arn:aws:cloudtrail:us-east-1:${c.account}:trail/events`,
      sourceAccount: c.account as AccountId,
      from: 'cloudtrail',
      target: 'orders',
      idempotencyToken: `${Math.random()}`,
      requestId: 'test',
    });
  await assert.rejects(send(url, 'x', sqsAs(partner)), refusal('KmsAccessDenied'));
  await assert.rejects(fromService(), { code: 'KmsAccessDenied' });
  const Action = ['kms:GenerateDataKey', 'kms:Decrypt'];
  await policy(
    id,
    { Effect: 'Allow', Principal: { AWS: PARTNER }, Action, Resource: '*' },
    {
      Effect: 'Allow',
      Principal: { Service: 'cloudtrail.amazonaws.com' },
      Action,
      Resource: '*',
      Condition: { StringEquals: { 'aws:SourceAccount': c.account } },
    },
  );
  await send(url, 'from a partner', sqsAs(partner));
  await fromService();
  for (const form of [{ Action: 'SendMessage', MessageBody: 'x' }, { Action: 'ReceiveMessage' }]) {
    const { Action: operation, ...rest } = form;
    const answer = await sendRaw(c, unsigned(c, formDraft('2012-11-05', operation, { QueueUrl: url, ...rest })));
    assert.deepEqual([answer.status, answer.code], [400, 'KMS.AccessDeniedException']);
  }
  assert.deepEqual(textsOf(await receive(url)), ['from a partner', 'from a service']);
  // The other way round: the key is another account's.
  const partnersKms = as(partner);
  const document = (...Statement: object[]) => JSON.stringify({ Version: '2012-10-17', Statement });
  const ofPartner = { Effect: 'Allow', Principal: { AWS: PARTNER }, Action: 'kms:*', Resource: '*' };
  const { arn } = await key({ Policy: document(ofPartner) }, partnersKms);
  await set(url, { KmsMasterKeyId: arn });
  await assert.rejects(send(url), refusal('KmsAccessDenied'));
  const forUs = { Effect: 'Allow', Principal: { AWS: c.account }, Action, Resource: '*' };
  await partnersKms.send(new PutKeyPolicyCommand({ KeyId: arn, Policy: document(ofPartner, forUs) }));
  await send(url, 'under a partner’s key');
  assert.deepEqual(textsOf(await receive(url)), ['under a partner’s key']);
});
