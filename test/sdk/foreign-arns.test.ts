/** One thing has one ARN: another partition's name of it must not lead past a policy that denies it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  AddTagsCommand,
  CloudTrailClient,
  CreateTrailCommand,
  GetTrailStatusCommand,
  StartLoggingCommand,
  StopLoggingCommand,
} from '@aws-sdk/client-cloudtrail';
import {
  CreateQueueCommand,
  ListMessageMoveTasksCommand,
  SQSClient,
  StartMessageMoveTaskCommand,
} from '@aws-sdk/client-sqs';
import { cloud } from '#test/sdk/cloud.ts';
import { testBucket } from '#test/sdk/log-bucket.ts';
import { newUser } from '#test/sdk/people.ts';

const EVERYTHING = { Effect: 'Allow', Action: '*', Resource: '*' };

test('who may not stop a trail may not do so by an ARN of another partition', async (t) => {
  const c = await cloud(t, { logBucket: testBucket() });
  const trails = c.client(CloudTrailClient);
  await trails.send(new CreateTrailCommand({ Name: 'audit', S3BucketName: 'logs-of-all' }));
  await trails.send(new StartLoggingCommand({ Name: 'audit' }));
  const arn = `arn:aws:cloudtrail:us-east-1:${c.account}:trail/audit`;
  const intruder = await newUser(c, 'intruder');
  await intruder.allow(EVERYTHING, { Effect: 'Deny', Action: 'cloudtrail:*', Resource: arn });
  const own = c.client(CloudTrailClient, { credentials: intruder.credentials });
  for (const Name of [arn, 'audit']) {
    await assert.rejects(own.send(new StopLoggingCommand({ Name })), { name: 'AccessDeniedException' });
  }
  for (const partition of ['aws-cn', 'aws-us-gov', 'x']) {
    const foreign = arn.replace('arn:aws:', `arn:${partition}:`);
    await assert.rejects(own.send(new StopLoggingCommand({ Name: foreign })), {
      name: 'CloudTrailARNInvalidException',
    });
    await assert.rejects(own.send(new AddTagsCommand({ ResourceId: foreign, TagsList: [{ Key: 'a' }] })), {
      name: 'CloudTrailARNInvalidException',
    });
  }
  assert.equal((await trails.send(new GetTrailStatusCommand({ Name: 'audit' }))).IsLogging, true);
});

test('who may not read a dead-letter queue may not move its messages by an ARN of another partition', async (t) => {
  const c = await cloud(t);
  const sqs = c.client(SQSClient);
  await sqs.send(new CreateQueueCommand({ QueueName: 'dead' }));
  const arn = `arn:aws:sqs:us-east-1:${c.account}:dead`;
  await sqs.send(
    new CreateQueueCommand({
      QueueName: 'orders',
      Attributes: { RedrivePolicy: JSON.stringify({ deadLetterTargetArn: arn, maxReceiveCount: 1 }) },
    }),
  );
  const intruder = await newUser(c, 'intruder');
  await intruder.allow(EVERYTHING, { Effect: 'Deny', Action: 'sqs:*', Resource: arn });
  const own = c.client(SQSClient, { credentials: intruder.credentials });
  const foreign = arn.replace('arn:aws:', 'arn:aws-cn:');
  for (const SourceArn of [arn, foreign]) {
    await assert.rejects(own.send(new StartMessageMoveTaskCommand({ SourceArn })));
    await assert.rejects(own.send(new ListMessageMoveTasksCommand({ SourceArn })));
  }
});
