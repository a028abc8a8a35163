/** Aggregated events: data events of a trail, counted over five minutes. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  type AggregationConfiguration,
  CloudTrailClient,
  CreateTrailCommand,
  GetEventConfigurationCommand,
  PutEventConfigurationCommand,
  PutEventSelectorsCommand,
  StartLoggingCommand,
  type Template,
} from '@aws-sdk/client-cloudtrail';
import { CreateQueueCommand, ReceiveMessageCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { minutes } from '#platform/base/clock.ts';
import { cloud } from '#test/sdk/cloud.ts';
import { testBucket } from '#test/sdk/log-bucket.ts';
import { passUntil } from '#test/sdk/pass-until.ts';
import { newUser } from '#test/sdk/people.ts';

interface Counted {
  readonly dimension: string;
  readonly statistics: readonly { readonly name: string; readonly value: number }[];
}
interface Aggregated {
  readonly eventId: string;
  readonly summary: { readonly primaryDimension: Counted; readonly details: readonly Counted[] };
}

const of = (...Templates: Template[]): AggregationConfiguration => ({ EventCategory: 'Data', Templates });
const TrailName = 'audit';

async function start(t: TestContext) {
  const bucket = testBucket();
  const c = await cloud(t, { logBucket: bucket });
  const trails = c.client(CloudTrailClient);
  const { TrailARN } = await trails.send(new CreateTrailCommand({ Name: TrailName, S3BucketName: 'logs' }));
  const FieldSelectors = [
    { Field: 'eventCategory', Equals: ['Data'] },
    { Field: 'resources.type', Equals: ['AWS::SQS::Queue'] },
  ];
  return {
    ...{ bucket, c, trails, TrailARN },
    logData: () =>
      trails.send(new PutEventSelectorsCommand({ TrailName, AdvancedEventSelectors: [{ FieldSelectors }] })),
    put: (input: object) => trails.send(new PutEventConfigurationCommand({ TrailName, ...input })),
    get: () => trails.send(new GetEventConfigurationCommand({ TrailName })),
  };
}

test('how a trail aggregates is set, told and taken back', async (t) => {
  const { TrailARN, logData, put, get } = await start(t);
  const AggregationConfigurations = [of('API_ACTIVITY', 'RESOURCE_ACCESS')];
  const invalid = { name: 'InvalidParameterException' };
  await assert.rejects(put({ AggregationConfigurations }), invalid, 'a trail without data events');
  await logData();
  await assert.rejects(put({ AggregationConfigurations: [of('USER_ACTIONS', 'USER_ACTIONS')] }), invalid);
  await assert.rejects(put({}), invalid);
  await assert.rejects(put({ AggregationConfigurations, MaxEventSize: 'Large' }), {
    name: 'InvalidParameterCombinationException',
  });
  assert.deepEqual((await get()).AggregationConfigurations, []);
  const answer = await put({ AggregationConfigurations });
  assert.deepEqual([answer.TrailARN, answer.AggregationConfigurations], [TrailARN, AggregationConfigurations]);
  assert.deepEqual((await get()).AggregationConfigurations, AggregationConfigurations);
  await put({ AggregationConfigurations: [] });
  assert.deepEqual((await get()).AggregationConfigurations, []);
});

const counts = ({ statistics }: Counted) => Object.fromEntries(statistics.map(({ name, value }) => [name, value]));

/** How often a name was counted as the first dimension, and what by the others. */
function countedOf(records: readonly Aggregated[], name: string) {
  const found = records.filter(({ summary }) => counts(summary.primaryDimension)[name] !== undefined);
  assert.equal(found.length, 1, name);
  const { primaryDimension, details } = found[0]?.summary ?? assert.fail();
  const others = Object.fromEntries(details.map((each) => [each.dimension, counts(each)]));
  const { sourceIpAddress, userAgent, ...rest } = others;
  assert.ok(sourceIpAddress?.['127.0.0.1'] && Object.keys(userAgent ?? {}).length > 0);
  return [primaryDimension.dimension, counts(primaryDimension)[name], rest];
}

test('data events are counted over five minutes, by API, by resource and by who called', async (t) => {
  const { bucket, c, trails, logData, put } = await start(t);
  await logData();
  await put({ AggregationConfigurations: [of('API_ACTIVITY', 'RESOURCE_ACCESS', 'USER_ACTIONS')] });
  await trails.send(new StartLoggingCommand({ Name: TrailName }));
  // Within one window.
  c.advance(minutes(5) - (c.clock.now() % minutes(5)) + 1000);
  const from = c.clock.now() - (c.clock.now() % minutes(5));
  const ann = await newUser(c, 'ann');
  const admin = c.client(SQSClient);
  const queues: string[] = [];
  for (const QueueName of ['orders', 'bills']) {
    queues.push((await admin.send(new CreateQueueCommand({ QueueName }))).QueueUrl ?? '');
  }
  const send = (client: SQSClient, QueueUrl = queues[0]) =>
    client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x' }));
  for (let n = 0; n < 3; n++) await send(admin);
  await send(admin, queues[1]);
  await admin.send(new ReceiveMessageCommand({ QueueUrl: queues[0] }));
  await assert.rejects(send(c.client(SQSClient, { credentials: ann.credentials })), { name: /AccessDenied/ });

  const recordsIn = (folder: string) => bucket.keys(folder).flatMap((key) => bucket.records(key));
  await passUntil(c, () => recordsIn('CloudTrail-Aggregated').length > 0, 'a file of aggregated events');
  const records = recordsIn('CloudTrail-Aggregated') as unknown as Aggregated[];
  const at = (time: number) => `${new Date(time).toISOString().slice(0, 19)}Z`;
  const { summary: _, eventId, ...frame } = records[0] ?? assert.fail();
  assert.match(eventId, /^[0-9a-f-]{36}$/);
  assert.deepEqual(frame, {
    eventVersion: '1.0',
    accountId: c.account,
    eventCategory: 'Aggregated',
    eventType: 'AwsAggregatedEvent',
    awsRegion: 'us-east-1',
    eventSource: 'sqs.amazonaws.com',
    timeWindow: { windowStart: at(from), windowEnd: at(from + minutes(5)), windowSize: 'PT5M' },
  });
  const queue = (name: string) => `arn:aws:sqs:us-east-1:${c.account}:${name}`;
  const user = (name: string) => `arn:aws:iam::${c.account}:user/${name}`;
  assert.equal(records.length, 6, 'two APIs, two queues, two users');
  const sent = {
    resourceARN: { [queue('orders')]: 4, [queue('bills')]: 1 },
    userIdentity: { [user('administrator')]: 4, [user('ann')]: 1 },
    errorCodes: { AccessDenied: 1 },
  };
  assert.deepEqual(countedOf(records, 'SendMessage'), ['eventName', 5, sent]);
  const billed = { eventName: { SendMessage: 1 }, userIdentity: { [user('administrator')]: 1 } };
  assert.deepEqual(countedOf(records, queue('bills')), ['resourceARN', 1, billed]);
  const tried = {
    eventName: { SendMessage: 1 },
    resourceARN: { [queue('orders')]: 1 },
    errorCodes: { AccessDenied: 1 },
  };
  assert.deepEqual(countedOf(records, user('ann')), ['userIdentity', 1, tried]);
  // The events themselves are delivered as well.
  assert.equal(recordsIn('CloudTrail').filter(({ eventName }) => eventName === 'SendMessage').length, 5);
});
