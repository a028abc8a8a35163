import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { waitingRecords } from '#platform/audit/journal.fixture.ts';
import { writeRecord } from '#platform/audit/journal.ts';
import { type AuditedCall, recordOf } from '#platform/audit/record.ts';
import { asAudited } from '#platform/audit/resources.ts';
import { timedId, timeOfId } from '#platform/base/ids.ts';
import { ServiceError } from '#platform/error.ts';
import type { Principal } from '#platform/principal.ts';
import { memoryDrivers } from '#platform/store/memory/drivers.ts';
import { openStore } from '#platform/store/open-store.ts';
import { OTHER, OWN, REGION, userOf } from '#platform/tiny-cloud.fixture.ts';

const NOW = Date.UTC(2026, 0, 31, 12);

const call = (over: Partial<AuditedCall> = {}): AuditedCall => ({
  eventId: timedId(NOW),
  time: NOW,
  source: 'sqs.amazonaws.com',
  operation: 'CreateQueue',
  region: REGION,
  account: OWN,
  sourceAddress: '127.0.0.1',
  userAgent: 'test',
  principal: userOf(OWN),
  accessKeyId: 'AKIATEST',
  requestId: 'request',
  isReadOnly: false,
  isManagement: true,
  resources: asAudited([{ accountId: OWN, type: 'AWS::SQS::Queue', ARN: 'arn:aws:sqs:us-east-1:123456789012:orders' }]),
  input: JSON.stringify({ queueName: 'orders' }),
  output: JSON.stringify({ queueUrl: 'http://localhost/orders' }),
  error: undefined,
  tls: undefined,
  invokedBy: undefined,
  additions: undefined,
  sharedEventId: undefined,
  ...over,
});

function start() {
  const partition = openStore({ drivers: memoryDrivers() }).partition({ service: 'sqs', account: OWN, region: REGION });
  return {
    async write(over?: Partial<AuditedCall>): Promise<void> {
      partition.transact((tx) => writeRecord(tx, recordOf(call(over))));
      await partition.durable();
    },
    read: () => partition.read(waitingRecords),
  };
}

test('a record has the form of CloudTrail’s', async () => {
  const { write, read } = start();
  await write();
  const [record] = read();
  assert.equal(timeOfId(record?.eventID ?? ''), NOW);
  assert.deepEqual(
    { ...record, eventID: '' },
    {
      eventVersion: '1.11',
      eventID: '',
      eventTime: '2026-01-31T12:00:00Z',
      eventSource: 'sqs.amazonaws.com',
      eventName: 'CreateQueue',
      awsRegion: 'us-east-1',
      sourceIPAddress: '127.0.0.1',
      userAgent: 'test',
      userIdentity: {
        type: 'IAMUser',
        principalId: 'AIDAALICE',
        arn: `arn:aws:iam::${OWN}:user/alice`,
        accountId: OWN,
        accessKeyId: 'AKIATEST',
        userName: 'alice',
      },
      requestParameters: { queueName: 'orders' },
      responseElements: { queueUrl: 'http://localhost/orders' },
      requestID: 'request',
      readOnly: false,
      eventType: 'AwsApiCall',
      managementEvent: true,
      eventCategory: 'Management',
      recipientAccountId: OWN,
      resources: [{ accountId: OWN, type: 'AWS::SQS::Queue', ARN: 'arn:aws:sqs:us-east-1:123456789012:orders' }],
    },
  );
});

test('a record is whole whatever its texts hold', async () => {
  const { write, read } = start();
  const hostile = fc.string({ unit: 'binary', maxLength: 20 }).map((text) => text.toWellFormed());
  await fc.assert(
    fc.asyncProperty(hostile, hostile, hostile, async (agent, message, name) => {
      const error = new ServiceError('AccessDenied', message);
      await write({
        userAgent: agent,
        error,
        output: undefined,
        resources: asAudited([{ ARN: name }]),
        input: JSON.stringify({ [name]: agent }),
      });
      const [record] = read();
      assert.equal(record?.userAgent, agent);
      assert.equal(record.errorMessage, message);
      assert.deepEqual(record.resources, [{ ARN: name }]);
    }),
  );
});

test('reads have no answer in their record, refusals their error, large parts their size', async () => {
  const { write, read } = start();
  await write({ time: NOW, isReadOnly: true });
  await write({ time: NOW + 1, output: undefined, error: new ServiceError('AccessDenied', 'no') });
  await write({ time: NOW + 2, input: JSON.stringify({ Policy: 'x'.repeat(200_000) }), output: '{}' });
  const [large, refusal, look] = read();
  assert.equal(look?.responseElements, null);
  assert.equal(look.readOnly, true);
  assert.deepEqual(
    [refusal?.errorCode, refusal?.errorMessage, refusal?.responseElements],
    ['AccessDenied', 'no', null],
  );
  assert.deepEqual(large?.requestParameters, { omitted: true, originalSize: 200_013, reason: 'too large' });
  assert.equal(large.responseElements, null);
});

test('every kind of principal is told apart', async () => {
  const { write, read } = start();
  const session = { issuedAt: NOW, expiresAt: NOW + 1, sourceIdentity: 'alice' };
  const arn = 'arn:x';
  const kinds: Principal[] = [
    { kind: 'root', account: OWN, arn, userId: OWN },
    { kind: 'role-session', account: OWN, arn, userId: 'AROA:s', roleArn: arn, roleId: 'AROA', roleName: 'r', session },
    { kind: 'federated-user', account: OWN, arn, userId: 'x', session },
    { kind: 'service', service: 'sns.amazonaws.com' },
    { kind: 'anonymous' },
  ];
  for (const [i, principal] of kinds.entries()) await write({ time: NOW + i, principal });
  const identities = read().map(({ userIdentity }) => userIdentity);
  assert.deepEqual(
    identities.map(({ type }) => type),
    ['AWSAccount', 'AWSService', 'FederatedUser', 'AssumedRole', 'Root'],
  );
  assert.match(JSON.stringify(identities[3]), /"sourceIdentity":"alice"/);
});

test('another account’s record says which principal it was, and no more; what passes a call on is named', async () => {
  const { write, read } = start();
  await write({ account: OTHER, sharedEventId: 'shared' });
  await write({ invokedBy: 'cloudformation.amazonaws.com' });
  const [passedOn, strange] = read();
  assert.deepEqual(strange?.userIdentity, { type: 'AWSAccount', principalId: 'AIDAALICE', accountId: OWN });
  assert.deepEqual([strange.recipientAccountId, strange.sharedEventID], [OTHER, 'shared']);
  assert.equal(passedOn?.userIdentity['invokedBy'], 'cloudformation.amazonaws.com');
});

test('sessions tell how they began', async () => {
  const { write, read } = start();
  const iam = `arn:aws:iam::${OWN}:`;
  const times = { issuedAt: NOW, expiresAt: NOW + 1 };
  const from = (provider: string) => ({ federation: { provider, keys: { 'idp:sub': 'x' } } });
  const guest = { kind: 'federated-user', account: OWN, arn: 'arn:x', userId: `${OWN}:guest` } as const;
  const alice = { issuerArn: `${iam}user/a/alice`, issuerId: 'AIDAALICE' };
  const facts = { mfaAuthenticatedAt: NOW, signInSessionArn: 'arn:x' };
  for (const [i, principal] of [
    { ...userOf(OWN), session: { ...times, ...facts, ...from(`${iam}oidc-provider/idp`) } },
    { ...userOf(OWN), session: { ...times, ...from(`${iam}saml-provider/idp`) } },
    { ...guest, session: { ...times, ...alice } },
    { ...guest, session: { ...times, issuerArn: `${iam}root` } },
  ].entries()) {
    await write({ time: NOW + i, principal: principal as Principal });
  }
  const told = read().reverse();
  assert.deepEqual(
    told.map(({ userIdentity }) => userIdentity['sessionContext']),
    [
      {
        sessionIssuer: {},
        webIdFederationData: { federatedProvider: `${iam}oidc-provider/idp`, attributes: {} },
        attributes: { creationDate: '2026-01-31T12:00:00Z', mfaAuthenticated: 'true' },
      },
      plain({}),
      plain({
        type: 'IAMUser',
        principalId: 'AIDAALICE',
        arn: `${iam}user/a/alice`,
        accountId: OWN,
        userName: 'alice',
      }),
      plain({ type: 'Root', principalId: OWN, arn: `${iam}root`, accountId: OWN }),
    ],
  );
  assert.equal(told[0]?.sessionCredentialFromConsole, 'true');
});

const plain = (sessionIssuer: object) => ({
  sessionIssuer,
  webIdFederationData: {},
  attributes: { creationDate: '2026-01-31T12:00:00Z', mfaAuthenticated: 'false' },
});

test('what an operation adds is in its record; who a token names stands for who signed', async () => {
  const { write, read } = start();
  const userIdentity = { type: 'WebIdentityUser', userName: 'sub' };
  await write({ principal: { kind: 'anonymous' }, additions: { userIdentity, additionalEventData: { a: 'b' } } });
  const [record] = read();
  assert.deepEqual([record?.userIdentity, record?.additionalEventData], [userIdentity, { a: 'b' }]);
});

test('long texts are cut', async () => {
  const { write, read } = start();
  await write({ userAgent: 'x'.repeat(5000), error: new ServiceError('E', 'y'.repeat(5000)), output: undefined });
  const [record] = read();
  assert.deepEqual([record?.userAgent.length, record?.errorMessage?.length], [1024, 1024]);
});

test('a record says nothing of the one before it', () => {
  const first = call();
  const others: Partial<AuditedCall>[] = [
    { time: NOW + 1000 },
    { source: 'sns.amazonaws.com' },
    { region: 'eu-west-1' },
    { account: OTHER },
    { sourceAddress: '::1' },
    { userAgent: 'other' },
    { principal: userOf(OTHER) },
    { accessKeyId: 'AKIAOTHER' },
    { invokedBy: 'sns.amazonaws.com' },
    { tls: { version: 'TLSv1.3', cipherSuite: 'TLS_AES_128_GCM_SHA256', host: 'localhost' } },
    { isReadOnly: true },
    { isManagement: false },
    { resources: asAudited([]) },
    { input: '{}' },
    { output: '{}' },
    { error: new ServiceError('AccessDenied', 'no') },
    { error: new ServiceError('AccessDenied', 'not') },
    { additions: { additionalEventData: { a: 'b' } } },
    { additions: { userIdentity: { type: 'WebIdentityUser' } } },
    { sharedEventId: 'shared' },
  ];
  const known = recordOf(first);
  const told = others.map((over) => {
    const { before, ids, after } = recordOf(call(over));
    assert.deepEqual(recordOf(first), known);
    return before + ids + after;
  });
  assert.equal(new Set(told).size, others.length);
});
