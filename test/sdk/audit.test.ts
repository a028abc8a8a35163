/** What the books say after a while of use: every management call, refused ones too; no secret; usage that equals the answers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CreateAccessKeyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  DeleteUserCommand,
  GetUserCommand,
  IAMClient,
} from '@aws-sdk/client-iam';
import {
  CreateGrantCommand,
  CreateKeyCommand,
  DecryptCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GenerateMacCommand,
  KMSClient,
} from '@aws-sdk/client-kms';
import {
  AddPermissionCommand,
  CreateQueueCommand,
  DeleteMessageCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { AssumeRoleCommand, GetCallerIdentityCommand, GetSessionTokenCommand, STSClient } from '@aws-sdk/client-sts';
import { waitingRecords } from '#platform/audit/journal.fixture.ts';
import type { AuditRecord } from '#platform/audit/record.ts';
import { hours } from '#platform/base/clock.ts';
import { type AccountId, GLOBAL_REGION, type Region } from '#platform/base/ids.ts';
import { usageOf } from '#platform/metering/usage.ts';
import { cloud, type TestCloud } from '#test/sdk/cloud.ts';
import { newAccount, newUser } from '#test/sdk/people.ts';

const REGION = 'us-east-1' as Region;
const partitionOf = (c: TestCloud, service: string, region: Region = REGION, account = c.account) =>
  c.running.cloud.store.partition({ service, account: account as AccountId, region });

/** The oldest first. */
const auditIn = (c: TestCloud, ...place: [service: string, region?: Region, account?: string]): AuditRecord[] =>
  partitionOf(c, ...place)
    .read((tx) => waitingRecords(tx))
    .toReversed();
const named = (records: readonly AuditRecord[], name: string): AuditRecord =>
  records.find(({ eventName }) => eventName === name) ?? assert.fail(`no record of ${name}`);

test('management calls are in the audit: successes, reads and refusals; data events are not', async (t) => {
  const c = await cloud(t);
  const sqs = c.client(SQSClient);
  const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: 'orders', tags: { team: 'blue' } }));
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'a body is nobody’s business' }));
  await sqs.send(new ReceiveMessageCommand({ QueueUrl }));
  c.advance(1);
  await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }));
  const { credentials } = await newUser(c, 'bob');
  const bob = c.client(SQSClient, { credentials });
  c.advance(1);
  await assert.rejects(bob.send(new DeleteQueueCommand({ QueueUrl })), { name: /AccessDenied/ });
  await assert.rejects(bob.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x' })), { name: /AccessDenied/ });
  c.advance(1);
  const failed = new GetQueueAttributesCommand({ QueueUrl: `${QueueUrl}-gone`, AttributeNames: ['All'] });
  await assert.rejects(sqs.send(failed), { name: 'QueueDoesNotExist' });

  const records = auditIn(c, 'sqs');
  const lines = records.map(({ eventName, errorCode = 'ok', readOnly }) => `${eventName} ${errorCode} ${readOnly}`);
  assert.deepEqual(lines, [
    'CreateQueue ok false',
    'GetQueueAttributes ok true',
    'DeleteQueue AccessDenied false',
    'GetQueueAttributes QueueDoesNotExist true',
  ]);
  const created = named(records, 'CreateQueue');
  assert.deepEqual(created.requestParameters, { queueName: 'orders', tags: { team: 'blue' } });
  assert.deepEqual(created.responseElements, { queueUrl: QueueUrl });
  assert.deepEqual(created.resources, [
    { accountId: c.account, type: 'AWS::SQS::Queue', ARN: `arn:aws:sqs:us-east-1:${c.account}:orders` },
  ]);
  assert.equal(created.userIdentity['accessKeyId'], c.administrator.accessKeyId);
  assert.equal(created.sourceIPAddress, '127.0.0.1');
  assert.match(created.userAgent, /^aws-sdk-js/);
  assert.equal(named(records, 'GetQueueAttributes').responseElements, null);
  const refused = named(records, 'DeleteQueue');
  assert.match(refused.errorMessage ?? '', /is not authorized to perform: sqs:DeleteQueue/);
  assert.equal(refused.userIdentity['userName'], 'bob');
});

test('a refused stranger is in the audit of its own account, not of the queue’s', async (t) => {
  const c = await cloud(t);
  const partner = '210987654321';
  const { QueueUrl } = await c.client(SQSClient).send(new CreateQueueCommand({ QueueName: 'orders' }));
  const sqs = c.client(SQSClient, { credentials: await newAccount(c, partner) });
  await assert.rejects(sqs.send(new DeleteQueueCommand({ QueueUrl })), { name: /AccessDenied/ });
  assert.deepEqual(
    auditIn(c, 'sqs').map(({ eventName }) => eventName),
    ['CreateQueue'],
  );
  const [record] = auditIn(c, 'sqs', REGION, partner);
  assert.equal(record?.errorCode, 'AccessDenied');
  assert.equal(record.recipientAccountId, partner);
});

test('what is not valid is in the audit of who asked, as it was asked', async (t) => {
  const c = await cloud(t);
  const create = new CreateUserCommand({ UserName: 'not a name' });
  await assert.rejects(c.client(IAMClient).send(create), { name: 'ValidationError' });
  const record = named(auditIn(c, 'iam', GLOBAL_REGION), 'CreateUser');
  assert.equal(record.errorCode, 'ValidationError');
  assert.deepEqual(record.requestParameters, { userName: 'not a name' });
  assert.equal(record.awsRegion, 'us-east-1');
});

test('a refusal that quotes a secret of the input is in the audit without it', async (t) => {
  const c = await cloud(t);
  const mistyped = new GetSessionTokenCommand({ SerialNumber: 'a-device-of-mine', TokenCode: '123456789' });
  await assert.rejects(c.client(STSClient).send(mistyped), {
    name: 'ValidationError',
    message: /Value '123456789' at/,
  });
  const record = named(auditIn(c, 'sts'), 'GetSessionToken');
  assert.match(record.errorMessage ?? '', /Value 'HIDDEN_DUE_TO_SECURITY_REASONS' at 'tokenCode'/);
  assert.ok(!JSON.stringify(record).includes('123456789'));
});

test('a call on another account’s queue is in both audits, joined by an id', async (t) => {
  const c = await cloud(t);
  const partner = '210987654321';
  const credentials = await newAccount(c, partner);
  const own = c.client(SQSClient);
  const { QueueUrl } = await own.send(new CreateQueueCommand({ QueueName: 'orders' }));
  const permission = { Label: 'p', AWSAccountIds: [partner], Actions: ['GetQueueAttributes'] };
  await own.send(new AddPermissionCommand({ QueueUrl, ...permission }));
  await c.client(SQSClient, { credentials }).send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }));
  const theirs = named(auditIn(c, 'sqs', REGION, partner), 'GetQueueAttributes');
  const ours = named(auditIn(c, 'sqs'), 'GetQueueAttributes');
  assert.deepEqual([theirs.userIdentity['type'], theirs.recipientAccountId], ['IAMUser', partner]);
  assert.equal(ours.userIdentity['type'], 'AWSAccount');
  assert.equal(ours.userIdentity['accountId'], partner);
  assert.equal(ours.userIdentity['arn'], undefined);
  assert.ok(ours.sharedEventID !== undefined && ours.sharedEventID === theirs.sharedEventID);
});

test('what was permitted on another account’s key and failed is in both audits; what was refused in the caller’s', async (t) => {
  const c = await cloud(t);
  const partner = '210987654321';
  const credentials = await newAccount(c, partner);
  const own = c.client(KMSClient);
  const { KeyMetadata } = await own.send(new CreateKeyCommand({}));
  const KeyId = KeyMetadata?.Arn ?? '';
  const grant = { KeyId, GranteePrincipal: `arn:aws:iam::${partner}:root`, Operations: ['Decrypt' as const] };
  await own.send(new CreateGrantCommand(grant));
  const { CiphertextBlob } = await own.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('x') }));
  const theirs = c.client(KMSClient, { credentials });
  const input = { CiphertextBlob, EncryptionContext: { wrong: 'context' } };
  await assert.rejects(theirs.send(new DecryptCommand(input)), { name: 'InvalidCiphertextException' });
  const [here, there] = [auditIn(c, 'kms'), auditIn(c, 'kms', REGION, partner)].map((audit) => named(audit, 'Decrypt'));
  assert.deepEqual(
    [here, there].map((record) => [record?.errorCode, record?.recipientAccountId, record?.userIdentity['type']]),
    [
      ['InvalidCiphertextException', c.account, 'AWSAccount'],
      ['InvalidCiphertextException', partner, 'IAMUser'],
    ],
  );
  assert.ok(here?.sharedEventID !== undefined && here.sharedEventID === there?.sharedEventID);
  const refused = new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' });
  await assert.rejects(theirs.send(refused), { name: 'AccessDeniedException' });
  const ofRefusal = (audit: readonly AuditRecord[]) => audit.find(({ eventName }) => eventName === 'GenerateDataKey');
  assert.equal(ofRefusal(auditIn(c, 'kms')), undefined);
  const refusal = ofRefusal(auditIn(c, 'kms', REGION, partner));
  assert.deepEqual([refusal?.errorCode, refusal?.sharedEventID], ['AccessDenied', undefined]);
});

test('a role of another account: its owner’s audit says who assumed it', async (t) => {
  const c = await cloud(t);
  const partner = '210987654321';
  const credentials = await newAccount(c, partner);
  const trust = { Effect: 'Allow', Principal: { AWS: c.account }, Action: 'sts:AssumeRole' };
  const AssumeRolePolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: trust });
  const iam = c.client(IAMClient, { credentials });
  const { Role } = await iam.send(new CreateRoleCommand({ RoleName: 'reader', AssumeRolePolicyDocument }));
  await c.client(STSClient).send(new AssumeRoleCommand({ RoleArn: Role?.Arn, RoleSessionName: 'session' }));
  const ours = named(auditIn(c, 'sts'), 'AssumeRole');
  const theirs = named(auditIn(c, 'sts', REGION, partner), 'AssumeRole');
  assert.deepEqual([theirs.recipientAccountId, theirs.userIdentity['type']], [partner, 'AWSAccount']);
  assert.equal(theirs.userIdentity['accountId'], c.account);
  assert.ok(ours.sharedEventID !== undefined && ours.sharedEventID === theirs.sharedEventID);
});

test('no secret is written down', async (t) => {
  const c = await cloud(t);
  const iam = c.client(IAMClient);
  await iam.send(new CreateUserCommand({ UserName: 'bob' }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'bob' }));
  const trust = { Effect: 'Allow', Principal: { AWS: c.account }, Action: 'sts:AssumeRole' };
  const AssumeRolePolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: trust });
  const { Role } = await iam.send(new CreateRoleCommand({ RoleName: 'reader', AssumeRolePolicyDocument }));
  const assume = new AssumeRoleCommand({ RoleArn: Role?.Arn, RoleSessionName: 'session' });
  const { Credentials: session } = await c.client(STSClient).send(assume);
  const partner = await newAccount(c, '210987654321');

  const all = c.running.cloud.store
    .partitions({})
    .flatMap(({ service, account, region }) => auditIn(c, service, region, account));
  const text = JSON.stringify(all);
  for (const secret of [
    AccessKey?.SecretAccessKey,
    session?.SecretAccessKey,
    session?.SessionToken,
    partner.secretAccessKey,
    c.administrator.secretAccessKey,
    c.operator.secretAccessKey,
  ]) {
    assert.ok(secret !== undefined && secret !== '');
    assert.ok(!text.includes(secret), text.slice(text.indexOf(secret) - 300, text.indexOf(secret) + 60));
  }
  const key = named(auditIn(c, 'iam', GLOBAL_REGION), 'CreateAccessKey');
  const { accessKey } = key.responseElements as { accessKey: Record<string, string> };
  assert.equal(accessKey['accessKeyId'], AccessKey?.AccessKeyId);
  assert.match(JSON.stringify(named(all, 'AssumeRole').responseElements), new RegExp(session?.AccessKeyId ?? 'none'));
});

test('usage is the sum of what was answered, by operation and resource, and goes on after a restart', async (t) => {
  const first = await cloud(t);
  const usageIn = (c: TestCloud): Record<string, number> =>
    Object.fromEntries(
      partitionOf(c, 'sqs')
        .read((tx) => usageOf(tx, 0, c.clock.now() + hours(1)))
        .filter(({ usageType }) => usageType === 'Requests')
        .map(({ operation, resource, amount }) => [`${operation} ${resource.replace(/.*:/, '')}`, amount]),
    );
  const sqs = first.client(SQSClient);
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'orders' }));
  for (let i = 0; i < 7; i++) await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x' }));
  const Entries = Array.from({ length: 10 }, (_, i) => ({ Id: String(i), MessageBody: 'x' }));
  await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
  const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl }));
  await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: Messages?.[0]?.ReceiptHandle }));
  await assert.rejects(sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: '' })));
  await assert.rejects(sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: 'none' })));
  const wanted = {
    'CreateQueue orders': 1,
    'DeleteMessage orders': 1,
    'ReceiveMessage orders': 1,
    'SendMessage orders': 7,
    'SendMessageBatch orders': 1,
  };
  assert.deepEqual(usageIn(first), wanted);
  const second = await first.restart();
  await second.client(SQSClient).send(
    new SendMessageCommand({
      QueueUrl: QueueUrl?.replace(String(first.port), String(second.port)),
      MessageBody: 'x',
    }),
  );
  assert.deepEqual(usageIn(second), { ...wanted, 'SendMessage orders': 8 });
});

test('reads and failures of IAM and STS are recorded as what they are', async (t) => {
  const c = await cloud(t);
  const iam = c.client(IAMClient);
  await iam.send(new GetUserCommand({}));
  c.advance(1);
  await assert.rejects(iam.send(new DeleteUserCommand({ UserName: 'nobody' })), { name: /^NoSuchEntity/ });
  const records = auditIn(c, 'iam', GLOBAL_REGION).slice(-2);
  assert.deepEqual(
    records.map(({ eventName, errorCode, readOnly }) => [eventName, errorCode, readOnly]),
    [
      ['GetUser', undefined, true],
      ['DeleteUser', records[1]?.errorCode, false],
    ],
  );
  assert.match(records[1]?.errorCode ?? '', /^NoSuchEntity/);
  await c.client(STSClient).send(new GetCallerIdentityCommand({}));
  assert.equal(named(auditIn(c, 'sts'), 'GetCallerIdentity').readOnly, true);
});

test('KMS calls are in the audit with their key and context, never with what they protect', async (t) => {
  const c = await cloud(t);
  const kms = c.client(KMSClient);
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
  const { KeyId, Arn = '' } = KeyMetadata ?? {};
  const secret = Buffer.from('a secret that must not be written down');
  c.advance(1);
  const EncryptionContext = { tenant: 'blue' };
  const { CiphertextBlob } = await kms.send(new EncryptCommand({ KeyId, Plaintext: secret, EncryptionContext }));
  c.advance(1);
  await kms.send(new DecryptCommand({ CiphertextBlob, EncryptionContext }));
  c.advance(1);
  const dataKey = await kms.send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' }));
  c.advance(1);
  const trial = new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256', DryRun: true });
  await assert.rejects(kms.send(trial), { name: 'DryRunOperationException' });
  c.advance(1);
  const mac = await kms.send(new CreateKeyCommand({ KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' }));
  const macInput = { KeyId: mac.KeyMetadata?.KeyId, MacAlgorithm: 'HMAC_SHA_256', Message: secret } as const;
  const { Mac } = await kms.send(new GenerateMacCommand(macInput));
  c.advance(1);
  const GranteePrincipal = `arn:aws:iam::${c.account}:root`;
  const { GrantToken = '' } = await kms.send(
    new CreateGrantCommand({ KeyId, GranteePrincipal, Operations: ['Decrypt'] }),
  );
  const records = auditIn(c, 'kms');
  const decrypted = named(records, 'Decrypt');
  assert.deepEqual([decrypted.readOnly, decrypted.responseElements], [true, null]);
  assert.deepEqual(
    decrypted.resources?.map(({ ARN }) => ARN),
    [Arn],
  );
  const { encryptionContext } = decrypted.requestParameters as Record<string, unknown>;
  assert.deepEqual(encryptionContext, EncryptionContext);
  const lines = records.map(({ eventName, errorCode = 'ok', readOnly }) => `${eventName} ${errorCode} ${readOnly}`);
  assert.ok(lines.includes('GenerateDataKey DryRunOperationException true'), lines.join('\n'));
  assert.ok(lines.includes('CreateGrant ok false'));
  const written = JSON.stringify(records);
  const hidden = [secret, CiphertextBlob, dataKey.Plaintext, dataKey.CiphertextBlob, Mac].map((bytes) =>
    Buffer.from(bytes ?? []),
  );
  for (const bytes of hidden) {
    for (const form of [bytes.toString('base64'), bytes.toString('hex'), bytes.toString('latin1')]) {
      assert.ok(form.length > 0 && !written.includes(form));
    }
  }
  assert.ok(!written.includes(GrantToken));
});
