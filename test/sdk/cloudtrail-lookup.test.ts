/** The event history, as LookupEvents shows it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CloudTrailClient, type LookupAttributeKey, LookupEventsCommand } from '@aws-sdk/client-cloudtrail';
import { CreateUserCommand, IAMClient } from '@aws-sdk/client-iam';
import { CreateQueueCommand, DeleteQueueCommand, ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { days, minutes, seconds } from '#platform/base/clock.ts';
import { cloud, type TestCloud } from '#test/sdk/cloud.ts';
import { newUser } from '#test/sdk/people.ts';

/** Two a second are allowed. */
async function lookUp(c: TestCloud, input: ConstructorParameters<typeof LookupEventsCommand>[0] = {}) {
  c.advance(seconds(1));
  return await c.client(CloudTrailClient).send(new LookupEventsCommand(input));
}

async function namesBy(c: TestCloud, AttributeKey: LookupAttributeKey, AttributeValue: string): Promise<string[]> {
  const { Events = [] } = await lookUp(c, { LookupAttributes: [{ AttributeKey, AttributeValue }] });
  return Events.map(({ EventName = '' }) => EventName);
}

test('what was done is found by every attribute, the newest first', async (t) => {
  const c = await cloud(t);
  const sqs = c.client(SQSClient);
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'orders' }));
  c.advance(seconds(2));
  await sqs.send(new ListQueuesCommand({}));
  c.advance(seconds(2));
  const { credentials } = await newUser(c, 'bob');
  c.advance(seconds(2));
  const bob = c.client(SQSClient, { credentials });
  await assert.rejects(bob.send(new DeleteQueueCommand({ QueueUrl })), { name: /AccessDenied/ });

  const { Events = [] } = await lookUp(c);
  assert.deepEqual(
    Events.map(({ EventName }) => EventName),
    ['DeleteQueue', 'CreateAccessKey', 'CreateUser', 'ListQueues', 'CreateQueue'],
  );
  const created = Events.at(-1);
  assert.equal(created?.EventSource, 'sqs.amazonaws.com');
  assert.equal(created.ReadOnly, 'false');
  assert.equal(created.AccessKeyId, c.administrator.accessKeyId);
  assert.deepEqual(created.Resources, [{ ResourceType: 'AWS::SQS::Queue', ResourceName: 'orders' }]);
  const record = JSON.parse(created.CloudTrailEvent ?? '');
  assert.equal(record.eventID, created.EventId);
  assert.deepEqual(record.requestParameters, { queueName: 'orders' });

  assert.deepEqual(await namesBy(c, 'EventName', 'CreateQueue'), ['CreateQueue']);
  assert.deepEqual(await namesBy(c, 'EventId', created.EventId ?? ''), ['CreateQueue']);
  assert.deepEqual(await namesBy(c, 'EventId', '00000000-0000-4000-8000-000000000000'), []);
  assert.deepEqual(await namesBy(c, 'Username', 'bob'), ['DeleteQueue']);
  assert.deepEqual(await namesBy(c, 'AccessKeyId', credentials.accessKeyId), ['DeleteQueue']);
  assert.deepEqual(await namesBy(c, 'ResourceName', 'orders'), ['DeleteQueue', 'CreateQueue']);
  assert.deepEqual(await namesBy(c, 'ResourceType', 'AWS::SQS::Queue'), ['DeleteQueue', 'CreateQueue']);
  assert.deepEqual(await namesBy(c, 'EventSource', 'iam.amazonaws.com'), ['CreateAccessKey', 'CreateUser']);
  assert.deepEqual((await namesBy(c, 'ReadOnly', 'true')).slice(-1), ['ListQueues']);
});

test('a time range and pages cover what there is, once; tokens hold for their query only', async (t) => {
  const c = await cloud(t);
  const sts = c.client(STSClient);
  const begin = Math.floor(c.clock.now() / 1000) * 1000;
  for (let n = 0; n < 130; n++) {
    await sts.send(new GetCallerIdentityCommand({}));
    if (n === 64) c.advance(minutes(1));
  }
  const attributes = [{ AttributeKey: 'EventName', AttributeValue: 'GetCallerIdentity' }] as const;
  const seen = new Set<string>();
  const sizes: number[] = [];
  let NextToken: string | undefined;
  do {
    const page = await lookUp(c, { LookupAttributes: [...attributes], ...(NextToken && { NextToken }) });
    sizes.push(page.Events?.length ?? 0);
    for (const { EventId = '' } of page.Events ?? []) seen.add(EventId);
    NextToken = page.NextToken;
  } while (NextToken !== undefined);
  assert.deepEqual(sizes, [50, 50, 30]);
  assert.equal(seen.size, 130);

  const early = await lookUp(c, { StartTime: new Date(begin), EndTime: new Date(begin + seconds(30)) });
  assert.equal(early.Events?.length, 50);
  const rest = await lookUp(c, {
    StartTime: new Date(begin),
    EndTime: new Date(begin + seconds(30)),
    NextToken: early.NextToken,
  });
  assert.equal(rest.Events?.length, 15);
  const foreign = lookUp(c, { LookupAttributes: [...attributes], NextToken: early.NextToken });
  await assert.rejects(foreign, { name: 'InvalidNextTokenException' });
});

test('IAM’s events are in US East (N. Virginia), others in their region; they stay over a restart', async (t) => {
  const c = await cloud(t);
  await c.client(IAMClient).send(new CreateUserCommand({ UserName: 'bob' }));
  await c.client(SQSClient, { region: 'eu-west-1' }).send(new CreateQueueCommand({ QueueName: 'orders' }));
  const again = await c.restart();
  const inEurope = await again.client(CloudTrailClient, { region: 'eu-west-1' }).send(new LookupEventsCommand({}));
  assert.deepEqual(
    inEurope.Events?.map(({ EventName }) => EventName),
    ['CreateQueue'],
  );
  const { Events = [] } = await lookUp(again);
  assert.deepEqual(
    Events.map(({ EventName }) => EventName),
    ['CreateUser'],
  );
  assert.equal(JSON.parse(Events[0]?.CloudTrailEvent ?? '').awsRegion, 'us-east-1');
});

test('events are forgotten after 90 days', async (t) => {
  const c = await cloud(t);
  await c.client(SQSClient).send(new CreateQueueCommand({ QueueName: 'orders' }));
  assert.deepEqual(await namesBy(c, 'EventName', 'CreateQueue'), ['CreateQueue']);
  c.advance(days(89));
  assert.deepEqual(await namesBy(c, 'EventName', 'CreateQueue'), ['CreateQueue']);
  c.advance(days(3));
  assert.deepEqual(await namesBy(c, 'EventName', 'CreateQueue'), []);
});

test('what can’t be looked up is refused in CloudTrail’s words, and a rate is kept', async (t) => {
  const c = await cloud(t);
  const attribute = (AttributeKey: LookupAttributeKey, AttributeValue: string) => ({ AttributeKey, AttributeValue });
  const twice = [attribute('EventName', 'a'), attribute('EventName', 'b')];
  await assert.rejects(lookUp(c, { LookupAttributes: twice }), { name: 'InvalidLookupAttributesException' });
  const long = [attribute('EventName', '_'.repeat(1001))];
  await assert.rejects(lookUp(c, { LookupAttributes: long }), { name: 'InvalidLookupAttributesException' });
  const insight = { EventCategory: 'insight', LookupAttributes: [attribute('Username', 'bob')] } as const;
  await assert.rejects(lookUp(c, insight as never), { name: 'InvalidLookupAttributesException' });
  const backwards = { StartTime: new Date(2000), EndTime: new Date(1000) };
  await assert.rejects(lookUp(c, backwards), { name: 'InvalidTimeRangeException' });
  assert.deepEqual((await lookUp(c, { EventCategory: 'insight' })).Events, []);

  c.advance(seconds(2));
  const client = c.client(CloudTrailClient);
  const many = await Promise.allSettled([1, 2, 3, 4].map(() => client.send(new LookupEventsCommand({}))));
  const refusals = many.flatMap((one) => (one.status === 'rejected' ? [one.reason.name] : []));
  assert.deepEqual(refusals, ['ThrottlingException', 'ThrottlingException']);
  const { credentials } = await newUser(c, 'bob');
  c.advance(seconds(2));
  const bob = c.client(CloudTrailClient, { credentials });
  await assert.rejects(bob.send(new LookupEventsCommand({})), { name: /AccessDenied/ });
});
