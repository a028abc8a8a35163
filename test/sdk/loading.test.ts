/** Services load when they are first used: what that may not change. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CloudTrailClient, LookupEventsCommand } from '@aws-sdk/client-cloudtrail';
import { DescribeRegionsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { IAMClient, ListUsersCommand } from '@aws-sdk/client-iam';
import { CreateKeyCommand, KMSClient, ListKeysCommand } from '@aws-sdk/client-kms';
import { GetTagKeysCommand, ResourceGroupsTaggingAPIClient } from '@aws-sdk/client-resource-groups-tagging-api';
import { ListBucketsCommand, S3Client } from '@aws-sdk/client-s3';
import { GetServiceQuotaCommand, ListServicesCommand, ServiceQuotasClient } from '@aws-sdk/client-service-quotas';
import { CreateQueueCommand, ListQueuesCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { days } from '#platform/base/clock.ts';
import { type Logger, silent } from '#platform/base/log.ts';
import { cloud, type TestCloud } from '#test/sdk/cloud.ts';
import { simulatedHost } from '#test/sdk/ec2-host.ts';
import { operate } from '#test/sdk/people.ts';
import { until } from '#test/until.ts';

const loadedIn = (c: TestCloud): string[] =>
  c.running.cloud.registry.services.filter(({ loaded }) => loaded !== undefined).map(({ name }) => name);

test('a start loads no service, a request its own', async (t) => {
  const c = await cloud(t);
  assert.deepEqual(loadedIn(c), []);
  await c.client(SQSClient).send(new ListQueuesCommand());
  assert.deepEqual(loadedIn(c), ['sqs']);
  // What was never used has no tags.
  await c.client(KMSClient).send(new CreateKeyCommand());
  await c.client(ResourceGroupsTaggingAPIClient).send(new GetTagKeysCommand());
  assert.deepEqual(loadedIn(c), ['kms', 'sqs', 'tagging']);
});

test('who speaks of quotas alone opens no host of machines', async (t) => {
  const c = await cloud(t);
  const quotas = c.client(ServiceQuotasClient);
  const { Services = [] } = await quotas.send(new ListServicesCommand());
  assert.ok(Services.some(({ ServiceCode }) => ServiceCode === 'ec2'));
  const wanted = { ServiceCode: 'ec2', QuotaCode: 'L-F678F1CE' };
  const { Quota } = await quotas.send(new GetServiceQuotaCommand(wanted));
  assert.equal(Quota?.Value, 5);
  await operate(c, 'SetQuota', { AccountId: c.account, Region: 'us-east-1', ...wanted, Value: 7 });
  await c.client(ResourceGroupsTaggingAPIClient).send(new GetTagKeysCommand());
  assert.ok(!loadedIn(c).includes('ec2'), 'it is opened when EC2 loads');
});

test('many first requests at once are all answered', async (t) => {
  const c = await cloud(t);
  const [sqs, s3, kms] = [c.client(SQSClient), c.client(S3Client), c.client(KMSClient)];
  const [iam, sts, trail] = [c.client(IAMClient), c.client(STSClient), c.client(CloudTrailClient)];
  const quotas = c.client(ServiceQuotasClient);
  const asked = Array.from({ length: 20 }, () => [
    sqs.send(new ListQueuesCommand()),
    s3.send(new ListBucketsCommand()),
    kms.send(new ListKeysCommand()),
    iam.send(new ListUsersCommand()),
    sts.send(new GetCallerIdentityCommand()),
  ]);
  await Promise.all([...asked.flat(), trail.send(new LookupEventsCommand()), quotas.send(new ListServicesCommand())]);
});

test('a service that fails to load is a fault of ours, told in the log, and tried again', async (t) => {
  const lines: string[] = [];
  const log: Logger = { ...silent, log: (_level, event, fields) => lines.push(`${event}: ${fields?.['stack']}`) };
  const c = await cloud(t, { log });
  const service = c.running.cloud.registry.service('sqs') ?? assert.fail();
  const { load } = service.entry;
  Object.assign(service.entry, { load: () => Promise.reject(new Error('the file is gone')) });
  const sqs = c.client(SQSClient);
  await assert.rejects(sqs.send(new ListQueuesCommand()), { name: 'InternalFailure' });
  assert.match(lines.join('\n'), /request failed: Error: the file is gone/);
  // Others don't mind.
  await c.client(KMSClient).send(new ListKeysCommand());
  Object.assign(service.entry, { load });
  await sqs.send(new ListQueuesCommand());
});

test('after a start a timer loads its service when it is due', async (t) => {
  const before = await cloud(t);
  const sqs = before.client(SQSClient);
  const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: 'orders' }));
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x' }));
  const c = await before.restart();
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
  assert.ok(!loadedIn(c).includes('sqs'));
  c.advance(days(5));
  await until(() => loadedIn(c).includes('sqs'), 'the service');
});

test('to load the code of all services opens no host', async (t) => {
  let opened = 0;
  const host = async () => {
    opened += 1;
    return simulatedHost();
  };
  const c = await cloud(t, { openHost: host });
  await c.running.cloud.registry.preloadAll();
  assert.equal(opened, 0, 'root is not given up yet');
  await c.client(EC2Client).send(new DescribeRegionsCommand());
  assert.equal(opened, 1);
});
