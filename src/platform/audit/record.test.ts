import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AUDIT_RETENTION, auditOf } from '#platform/audit/journal.ts';
import { type AuditedCall, writeAudit } from '#platform/audit/record.ts';
import { days } from '#platform/base/clock.ts';
import { ServiceError } from '#platform/error.ts';
import type { Principal } from '#platform/principal.ts';
import { memoryDrivers } from '#platform/store/memory/drivers.ts';
import { openStore } from '#platform/store/open-store.ts';
import { OWN, REGION, userOf } from '#platform/tiny-cloud.fixture.ts';

const NOW = Date.UTC(2026, 0, 31, 12);

const call = (over: Partial<AuditedCall> = {}): AuditedCall => ({
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
  resources: ['arn:aws:sqs:us-east-1:123456789012:orders', '*'],
  input: { queueName: 'orders' },
  output: { queueUrl: 'http://localhost/orders' },
  error: undefined,
  ...over,
});

function start() {
  const partition = openStore({ drivers: memoryDrivers() }).partition({ service: 'sqs', account: OWN, region: REGION });
  return {
    async write(over?: Partial<AuditedCall>): Promise<void> {
      partition.transact((tx) => writeAudit(tx, call(over)));
      await partition.durable();
    },
    read: (from = 0, to = NOW + days(1000), limit = 100) => partition.read((tx) => auditOf(tx, from, to, limit)),
  };
}

test('a record has the form of CloudTrail’s', async () => {
  const { write, read } = start();
  await write();
  const [record] = read();
  assert.match(record?.eventID ?? '', /^[0-9a-f-]{36}$/);
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
      resources: [{ ARN: 'arn:aws:sqs:us-east-1:123456789012:orders' }],
    },
  );
});

test('a record is whole whatever its texts hold', async () => {
  const { write, read } = start();
  const hostile = fc.string({ unit: 'binary', maxLength: 20 }).map((text) => text.toWellFormed());
  let time = NOW;
  await fc.assert(
    fc.asyncProperty(hostile, hostile, hostile, async (agent, message, name) => {
      const error = new ServiceError('AccessDenied', message);
      await write({
        time: ++time,
        userAgent: agent,
        error,
        output: undefined,
        resources: [name],
        input: { [name]: agent },
      });
      const [record] = read(time);
      assert.equal(record?.userAgent, agent);
      assert.equal(record.errorMessage, message);
      assert.deepEqual(record.resources, name === '*' ? [] : [{ ARN: name }]);
    }),
  );
});

test('reads have no answer in their record, refusals their error, large parts their size', async () => {
  const { write, read } = start();
  await write({ time: NOW, isReadOnly: true });
  await write({ time: NOW + 1, output: undefined, error: new ServiceError('AccessDenied', 'no') });
  await write({ time: NOW + 2, input: { Policy: 'x'.repeat(200_000) }, output: {} });
  const [large, refusal, look] = read();
  assert.equal(look?.responseElements, null);
  assert.equal(look.readOnly, true);
  assert.deepEqual(
    [refusal?.errorCode, refusal?.errorMessage, refusal?.responseElements],
    ['AccessDenied', 'no', null],
  );
  assert.deepEqual(large?.requestParameters, { omitted: true, originalSize: 200_013 });
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

test('records are read by time, newest first, and dropped after 90 days', async () => {
  const { write, read } = start();
  for (let day = 0; day < 5; day++) await write({ time: NOW + days(day), requestId: String(day) });
  const ids = (...range: Parameters<typeof read>): string[] => read(...range).map(({ requestID }) => requestID);
  assert.deepEqual(ids(), ['4', '3', '2', '1', '0']);
  assert.deepEqual(ids(NOW + days(1), NOW + days(3)), ['2', '1']);
  assert.deepEqual(ids(0, NOW + days(9), 2), ['4', '3']);
  await write({ time: NOW + AUDIT_RETENTION + days(2), requestId: 'late' });
  assert.deepEqual(ids(), ['late', '4', '3', '2']);
});
