/** What trails deliver: log files every five minutes, digests every hour, data events where they are asked for, insights. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import {
  CloudTrailClient,
  CreateTrailCommand,
  type CreateTrailCommandInput,
  DeleteTrailCommand,
  GetTrailStatusCommand,
  type InsightSelector,
  ListInsightsDataCommand,
  ListInsightsMetricDataCommand,
  ListPublicKeysCommand,
  LookupEventsCommand,
  PutEventSelectorsCommand,
  PutInsightSelectorsCommand,
  StartLoggingCommand,
  StopLoggingCommand,
  UpdateTrailCommand,
} from '@aws-sdk/client-cloudtrail';
import { CreateUserCommand, IAMClient } from '@aws-sdk/client-iam';
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { hours, seconds } from '#platform/base/clock.ts';
import { findExecutable, NOT_FOUND } from '#test/clients/executables.ts';
import { cloud, type TestCloud } from '#test/sdk/cloud.ts';
import { type TestBucket, testBucket } from '#test/sdk/log-bucket.ts';
import { passUntil } from '#test/sdk/pass-until.ts';

async function start(t: TestContext, input: Partial<CreateTrailCommandInput> = {}) {
  const bucket = testBucket();
  const c = await cloud(t, { logBucket: bucket });
  const client = c.client(CloudTrailClient);
  await client.send(new CreateTrailCommand({ Name: 'audit', S3BucketName: 'logs', ...input }));
  await client.send(new StartLoggingCommand({ Name: 'audit' }));
  return { bucket, c, client };
}

async function deliver(c: TestCloud, bucket: TestBucket, folder = 'CloudTrail'): Promise<string[]> {
  const before = bucket.keys(folder).length;
  await passUntil(c, () => bucket.keys(folder).length > before, `a file in ${folder}`);
  return bucket.keys(folder);
}

test('events of a trail become a file under AWS’s name; what came before it logged, or after, does not', async (t) => {
  const { bucket, c, client } = await start(t, { S3KeyPrefix: 'all' });
  await c.client(SQSClient).send(new CreateQueueCommand({ QueueName: 'orders' }));
  await client.send(new StopLoggingCommand({ Name: 'audit' }));
  await c.client(SQSClient).send(new CreateQueueCommand({ QueueName: 'later' }));
  const [key = ''] = await deliver(c, bucket);
  const day = new Date(c.clock.now()).toISOString().slice(0, 10);
  const form = `^all/AWSLogs/${c.account}/CloudTrail/us-east-1/${day.replaceAll('-', '/')}/${c.account}_CloudTrail_us-east-1_`;
  assert.match(key, new RegExp(`${form}${day.replaceAll('-', '')}T\\d{4}Z_[A-Za-z0-9]{16}\\.json\\.gz$`));
  const names = bucket.records(key).map(({ eventName }) => eventName);
  assert.deepEqual(names, ['StartLogging', 'CreateQueue', 'StopLogging']);
  const object = bucket.objects.get(key);
  assert.equal(object?.trailArn, `arn:aws:cloudtrail:us-east-1:${c.account}:trail/audit`);
  const status = await c.client(CloudTrailClient).send(new GetTrailStatusCommand({ Name: 'audit' }));
  assert.ok(status.LatestDeliveryTime !== undefined);
  assert.equal(status.LatestDeliveryError, undefined);
});

test('a trail that is started again at once has what came before it was stopped', async (t) => {
  const { bucket, c, client } = await start(t);
  const step = async (name: string) => {
    await c.client(SQSClient).send(new CreateQueueCommand({ QueueName: name }));
    c.advance(seconds(2));
  };
  await step('before');
  await client.send(new StopLoggingCommand({ Name: 'audit' }));
  c.advance(seconds(2));
  await step('meanwhile');
  await client.send(new StartLoggingCommand({ Name: 'audit' }));
  await step('after');
  const [key = ''] = await deliver(c, bucket);
  const made = { eventName: 'CreateQueue' };
  assert.partialDeepStrictEqual(bucket.records(key), [
    { eventName: 'StartLogging' },
    { ...made, requestParameters: { queueName: 'before' } },
    { eventName: 'StopLogging' },
    { eventName: 'StartLogging' },
    { ...made, requestParameters: { queueName: 'after' } },
  ]);
  assert.equal(bucket.records(key).length, 5);
});

test('a bucket that refuses is in the status, and gets all when it takes files again', async (t) => {
  const { bucket, c } = await start(t);
  // Connections don't outlive five minutes.
  const status = () => c.client(CloudTrailClient).send(new GetTrailStatusCommand({ Name: 'audit' }));
  bucket.error = 'NoSuchBucket';
  await passUntil(c, async () => (await status()).LatestDeliveryError === 'NoSuchBucket', 'the error in the status');
  assert.equal((await status()).LatestDeliveryTime, undefined);
  bucket.error = undefined;
  const [key = ''] = await deliver(c, bucket);
  assert.equal(bucket.records(key)[0]?.['eventName'], 'StartLogging');
  assert.equal((await status()).LatestDeliveryError, undefined);
});

test('data events are recorded where a trail’s selectors ask for them, and never in the event history', async (t) => {
  const { bucket, c, client } = await start(t);
  const sqs = c.client(SQSClient);
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'orders' }));
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'before' }));
  const FieldSelectors = [
    { Field: 'eventCategory', Equals: ['Data'] },
    { Field: 'resources.type', Equals: ['AWS::SQS::Queue'] },
    { Field: 'readOnly', Equals: ['false'] },
  ];
  const AdvancedEventSelectors = [{ FieldSelectors }];
  await client.send(new PutEventSelectorsCommand({ TrailName: 'audit', AdvancedEventSelectors }));
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'a secret' }));
  await sqs.send(new ReceiveMessageCommand({ QueueUrl }));
  const [key = ''] = await deliver(c, bucket);
  const records = bucket.records(key);
  const data = records.filter(({ eventCategory }) => eventCategory === 'Data');
  assert.deepEqual(
    data.map(({ eventName, managementEvent }) => [eventName, managementEvent]),
    [['SendMessage', false]],
  );
  assert.ok(!JSON.stringify(records).includes('a secret'));
  const { Events = [] } = await c.client(CloudTrailClient).send(new LookupEventsCommand({}));
  assert.ok(Events.every(({ EventName }) => EventName !== 'SendMessage'));
});

test('a trail for all regions takes events of each, of global services once', async (t) => {
  const { bucket, c } = await start(t, { IsMultiRegionTrail: true });
  await c.client(SQSClient, { region: 'eu-west-1' }).send(new CreateQueueCommand({ QueueName: 'orders' }));
  await c.client(IAMClient).send(new CreateUserCommand({ UserName: 'bob' }));
  for (const region of ['eu-west-1', 'us-east-1']) {
    await passUntil(c, () => bucket.keys('CloudTrail').some((key) => key.includes(`/${region}/`)), region);
  }
  const all = bucket.keys('CloudTrail').flatMap((key) => bucket.records(key));
  const names = all.map(({ eventName, awsRegion }) => `${eventName} ${awsRegion}`).sort();
  assert.deepEqual(names, ['CreateQueue eu-west-1', 'CreateUser us-east-1', 'StartLogging us-east-1']);
});

const python = findExecutable('python') ?? '';
const skip = python === '' && `python ${NOT_FOUND}`;

test('AWS’s own validator accepts files and digests, and finds what was altered or removed', { skip }, async (t) => {
  const { bucket, c } = await start(t, { EnableLogFileValidation: true });
  const began = c.clock.now();
  for (let hour = 0; hour < 3; hour++) {
    await c.client(SQSClient).send(new CreateQueueCommand({ QueueName: `orders${hour}` }));
    await deliver(c, bucket);
    c.advance(hours(1));
    await deliver(c, bucket, 'CloudTrail-Digest');
  }
  const client = c.client(CloudTrailClient);
  const { PublicKeyList = [] } = await client.send(
    new ListPublicKeysCommand({ StartTime: new Date(began), EndTime: new Date(c.clock.now()) }),
  );
  assert.equal(PublicKeyList.length, 1);
  const wrong = new ListPublicKeysCommand({ StartTime: new Date(2000), EndTime: new Date(1000) });
  await assert.rejects(client.send(wrong), { name: 'InvalidTimeRangeException' });

  const check = () => validate(t, c, bucket, PublicKeyList, began);
  assert.match(await check(), /3\/3 digest files valid[\s\S]*3\/3 log files valid/);
  const [first = '', second = ''] = bucket.keys('CloudTrail');
  const original = bucket.objects.get(first) ?? assert.fail();
  bucket.objects.set(first, { ...original, body: bucket.objects.get(second)?.body ?? assert.fail() });
  assert.match(await check(), /2\/3 log files valid, 1\/3 log files INVALID/);
  bucket.objects.delete(first);
  assert.match(await check(), /INVALID: not found/);
  const [digest = ''] = bucket.keys('CloudTrail-Digest');
  bucket.objects.delete(digest);
  assert.match(await check(), /2\/3 digest files valid, 1\/3 digest files INVALID/);
});

test('a trail that stops is closed by a last digest, and each new start begins a new chain', async (t) => {
  const { bucket, c } = await start(t, { EnableLogFileValidation: true });
  // Connections don't outlive five minutes.
  const client = () => c.client(CloudTrailClient);
  const newest = () => bucket.digest(bucket.keys('CloudTrail-Digest').at(-1) ?? '');
  await deliver(c, bucket);
  await client().send(new StopLoggingCommand({ Name: 'audit' }));
  const stoppedAt = c.clock.now();
  await deliver(c, bucket, 'CloudTrail-Digest');
  assert.ok(c.clock.now() - stoppedAt < hours(1));
  const last = newest();
  assert.deepEqual(
    last.logFiles.map(({ s3Object }) => s3Object),
    bucket.keys('CloudTrail'),
  );
  const taken = bucket.keys('CloudTrail').flatMap((key) => bucket.records(key));
  assert.equal(taken.at(-1)?.['eventName'], 'StopLogging');
  // There is but one.
  const digests = bucket.keys('CloudTrail-Digest').length;
  for (let i = 0; i < 15; i++) await passUntil(c, () => true, 'time');
  assert.equal(bucket.keys('CloudTrail-Digest').length, digests);

  await client().send(new StartLoggingCommand({ Name: 'audit' }));
  c.advance(hours(1));
  await deliver(c, bucket, 'CloudTrail-Digest');
  assert.equal(newest().previousDigestS3Object, null);
  c.advance(hours(1));
  await deliver(c, bucket, 'CloudTrail-Digest');
  assert.notEqual(newest().previousDigestS3Object, null);

  const validate = (EnableLogFileValidation: boolean) =>
    client().send(new UpdateTrailCommand({ Name: 'audit', EnableLogFileValidation }));
  await validate(false);
  await deliver(c, bucket);
  c.advance(hours(3));
  await validate(true);
  const since = c.clock.now();
  c.advance(hours(1));
  await deliver(c, bucket, 'CloudTrail-Digest');
  const { previousDigestS3Object, digestStartTime } = newest();
  assert.equal(previousDigestS3Object, null);
  assert.ok(Date.parse(digestStartTime) >= since - 1000);
});

test('a trail that is deleted delivers its last files at once, and closes them by a digest', async (t) => {
  const { bucket, c, client } = await start(t, { EnableLogFileValidation: true });
  await c.client(SQSClient).send(new CreateQueueCommand({ QueueName: 'orders' }));
  await client.send(new DeleteTrailCommand({ Name: 'audit' }));
  const [file = '', ...files] = bucket.keys('CloudTrail');
  const [digest = '', ...digests] = bucket.keys('CloudTrail-Digest');
  assert.deepEqual([files, digests], [[], []]);
  assert.deepEqual(
    bucket.records(file).map(({ eventName }) => eventName),
    ['StartLogging', 'CreateQueue'],
  );
  assert.deepEqual(
    bucket.digest(digest).logFiles.map(({ s3Object }) => s3Object),
    [file],
  );
  await client.send(new CreateTrailCommand({ Name: 'audit', S3BucketName: 'logs' }));
  const status = await client.send(new GetTrailStatusCommand({ Name: 'audit' }));
  assert.equal(status.LatestDeliveryTime, undefined);
});

/** Runs the validator of the installed AWS CLI over the bucket's objects, which it gets as files. */
async function validate(
  t: TestContext,
  c: TestCloud,
  bucket: TestBucket,
  keys: object[],
  from: number,
): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'makonis-logs-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const [key, { body, metadata }] of bucket.objects) {
    mkdirSync(dirname(join(folder, key)), { recursive: true });
    if (key.endsWith('/')) continue;
    writeFileSync(join(folder, key), body);
    writeFileSync(join(folder, `${key}.metadata`), JSON.stringify(metadata));
  }
  const publicKeys = keys.map((key) => {
    const { Value = new Uint8Array(), Fingerprint } = key as { Value?: Uint8Array; Fingerprint?: string };
    return { Value: Buffer.from(Value).toString('base64'), Fingerprint };
  });
  writeFileSync(join(folder, 'keys.json'), JSON.stringify(publicKeys));
  const script = join(import.meta.dirname, '../clients/validate-logs.py');
  const arn = `arn:aws:cloudtrail:us-east-1:${c.account}:trail/audit`;
  const times = [from, c.clock.now()].map((time) => new Date(time).toISOString());
  // What is wrong is said on the other stream.
  const { stdout, stderr } = await promisify(execFile)(python, [script, folder, arn, ...times]);
  return stderr + stdout;
}

interface InsightContext {
  readonly statistics: { readonly baseline: { readonly average: number } };
  readonly attributions: readonly {
    readonly attribute: string;
    readonly insight: readonly { readonly value: string; readonly average: number }[];
    readonly baseline: readonly { readonly value: string; readonly average: number }[];
  }[];
}

test('an unusual rate of calls is an insight: it begins, is delivered and looked up, and ends', async (t) => {
  const { bucket, c, client } = await start(t);
  const InsightSelectors = [{ InsightType: 'ApiCallRateInsight' }] as const;
  await client.send(new PutInsightSelectorsCommand({ TrailName: 'audit', InsightSelectors: [...InsightSelectors] }));
  const call = async (times: number): Promise<void> => {
    const sqs = c.client(SQSClient);
    for (let n = 0; n < times; n++) await sqs.send(new CreateQueueCommand({ QueueName: 'orders' }));
  };
  await call(1);
  await deliver(c, bucket);
  c.advance(hours(40));
  await call(2);
  await deliver(c, bucket);
  assert.deepEqual(bucket.keys('CloudTrail-Insight'), []);
  await call(30);
  const [key = ''] = await deliver(c, bucket, 'CloudTrail-Insight');
  const [begun] = bucket.records(key) as { insightDetails: Record<string, unknown>; sharedEventID: string }[];
  assert.equal(begun?.insightDetails['state'], 'Start');
  assert.equal(begun.insightDetails['eventName'], 'CreateQueue');
  assert.equal(begun.insightDetails['insightType'], 'ApiCallRateInsight');
  const { statistics, attributions } = begun.insightDetails['insightContext'] as InsightContext;
  const usual = statistics.baseline.average;
  // Three calls in 40 hours, by one user all of them.
  assert.ok(usual > 0 && usual < 0.01);
  assert.deepEqual(
    attributions.map(({ attribute, insight: [now], baseline: [before] }) => [attribute, now?.average, before?.average]),
    ['userIdentityArn', 'userAgent', 'errorCode'].map((attribute) => [attribute, 30, usual]),
  );
  const [who] = attributions;
  assert.equal(who?.baseline[0]?.value, `arn:aws:iam::${c.account}:user/administrator`);
  await deliver(c, bucket, 'CloudTrail-Insight');
  const last = bucket.records(bucket.keys('CloudTrail-Insight').at(-1) ?? '');
  assert.equal(last.at(-1)?.['sharedEventID'], begun.sharedEventID);

  const lookUp = new LookupEventsCommand({ EventCategory: 'insight' });
  const { Events = [] } = await c.client(CloudTrailClient).send(lookUp);
  assert.deepEqual(
    Events.map(({ EventName, EventSource }) => `${EventName} ${EventSource}`),
    ['CreateQueue sqs.amazonaws.com', 'CreateQueue sqs.amazonaws.com'],
  );
  const metrics = (input: object) =>
    c.client(CloudTrailClient).send(
      new ListInsightsMetricDataCommand({
        EventSource: 'sqs.amazonaws.com',
        EventName: 'CreateQueue',
        InsightType: 'ApiCallRateInsight',
        ...input,
      }),
    );
  const { Values = [], Timestamps } = await metrics({ Period: 60 });
  assert.deepEqual(Values, [1, 2, 30]);
  assert.equal(Timestamps?.length, 3);
  const first = await metrics({ Period: 60, MaxResults: 1 });
  assert.deepEqual((await metrics({ Period: 60, NextToken: first.NextToken })).Values, [2, 30]);
  for (const wrong of [{ Period: 120 }, { InsightType: 'ApiErrorRateInsight' }, { NextToken: 'x' }]) {
    await assert.rejects(metrics(wrong), { name: 'InvalidParameterException' });
  }
  await assert.rejects(metrics({ TrailName: 'nowhere' }), { name: 'InvalidParameterException' });
});

test('insights on errors, and on data events, which are listed by their trail', async (t) => {
  const { bucket, c, client } = await start(t);
  const arn = `arn:aws:cloudtrail:us-east-1:${c.account}:trail/audit`;
  const { QueueUrl } = await c.client(SQSClient).send(new CreateQueueCommand({ QueueName: 'orders' }));
  const data = [
    { Field: 'eventCategory', Equals: ['Data'] },
    { Field: 'resources.type', Equals: ['AWS::SQS::Queue'] },
  ];
  const AdvancedEventSelectors = [
    { FieldSelectors: data },
    { FieldSelectors: [{ Field: 'eventCategory', Equals: ['Management'] }] },
  ];
  await client.send(new PutEventSelectorsCommand({ TrailName: 'audit', AdvancedEventSelectors }));
  const InsightSelectors: InsightSelector[] = [
    { InsightType: 'ApiCallRateInsight', EventCategories: ['Data'] },
    { InsightType: 'ApiErrorRateInsight', EventCategories: ['Management'] },
  ];
  await client.send(new PutInsightSelectorsCommand({ TrailName: 'audit', InsightSelectors }));
  const call = async (times: number): Promise<void> => {
    const sqs = c.client(SQSClient);
    for (let n = 0; n < times; n++) {
      await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x' }));
      const missing = new GetQueueAttributesCommand({ QueueUrl: `${QueueUrl}-gone`, AttributeNames: ['All'] });
      await assert.rejects(sqs.send(missing), { name: 'QueueDoesNotExist' });
    }
  };
  await call(1);
  await deliver(c, bucket);
  c.advance(hours(40));
  await call(20);
  await deliver(c, bucket, 'CloudTrail-Insight');
  const all = bucket.keys('CloudTrail-Insight').flatMap((key) => bucket.records(key)) as {
    insightDetails: Record<string, unknown>;
  }[];
  const begun = all.filter(({ insightDetails }) => insightDetails['state'] === 'Start');
  assert.deepEqual(
    begun.map(({ insightDetails: { eventName, errorCode = '' } }) => `${eventName} ${errorCode}`).sort(),
    ['GetQueueAttributes QueueDoesNotExist', 'SendMessage '],
  );
  const list = (input: object) =>
    c
      .client(CloudTrailClient)
      .send(new ListInsightsDataCommand({ InsightSource: arn, DataType: 'InsightsEvents', ...input }));
  const { Events = [] } = await list({ Dimensions: { EventName: 'SendMessage' }, MaxResults: 1 });
  assert.equal(Events[0]?.EventName, 'SendMessage');
  assert.deepEqual((await list({ Dimensions: { EventName: 'ReceiveMessage' } })).Events, []);
  c.advance(1000);
  await assert.rejects(list({ NextToken: 'none' }), { name: 'InvalidParameterException' });
  const missing = list({ InsightSource: `${arn}2` });
  await assert.rejects(missing, { name: 'InvalidParameterException' });
});
