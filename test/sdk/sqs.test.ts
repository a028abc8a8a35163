/** SQS through AWS's own SDK, every operation at least once; the rules themselves are tested beside the service. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  AddPermissionCommand,
  CancelMessageMoveTaskCommand,
  ChangeMessageVisibilityBatchCommand,
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  DeleteMessageCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListDeadLetterSourceQueuesCommand,
  ListMessageMoveTasksCommand,
  ListQueuesCommand,
  ListQueueTagsCommand,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  RemovePermissionCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
  StartMessageMoveTaskCommand,
  TagQueueCommand,
  UntagQueueCommand,
} from '@aws-sdk/client-sqs';
import { seconds } from '#platform/base/clock.ts';
import { cloud } from '#test/sdk/cloud.ts';

async function start(t: TestContext) {
  const running = await cloud(t);
  const sqs = running.client(SQSClient);
  return {
    running,
    sqs,
    arnOf: (name: string) => `arn:aws:sqs:us-east-1:${running.account}:${name}`,
    async queue(QueueName: string, Attributes: Record<string, string> = {}) {
      const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName, Attributes }));
      return QueueUrl;
    },
    async attributes(QueueUrl: string) {
      const { Attributes = {} } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }));
      return Attributes as Record<string, string>;
    },
    async receive(QueueUrl: string) {
      const { Messages = [] } = await sqs.send(
        new ReceiveMessageCommand({
          QueueUrl,
          MaxNumberOfMessages: 10,
          MessageSystemAttributeNames: ['All'],
          MessageAttributeNames: ['All'],
        }),
      );
      return Messages;
    },
  };
}

test('a message from sending to deletion', async (t) => {
  const { running, sqs, queue, receive } = await start(t);
  const QueueUrl = await queue('orders', { VisibilityTimeout: '30' });
  assert.equal((await sqs.send(new GetQueueUrlCommand({ QueueName: 'orders' }))).QueueUrl, QueueUrl);
  const sent = await sqs.send(
    new SendMessageCommand({
      QueueUrl,
      MessageBody: 'hello <&> "é" 😀',
      MessageAttributes: {
        count: { DataType: 'Number', StringValue: '1' },
        bytes: { DataType: 'Binary', BinaryValue: Buffer.from([0, 1, 255]) },
      },
    }),
  );
  const [message] = await receive(QueueUrl);
  assert.equal(message?.Body, 'hello <&> "é" 😀');
  assert.equal(message.MessageId, sent.MessageId);
  assert.equal(message.MD5OfMessageAttributes, sent.MD5OfMessageAttributes);
  assert.deepEqual(Buffer.from(message.MessageAttributes?.['bytes']?.BinaryValue ?? []), Buffer.from([0, 1, 255]));
  assert.equal(message.Attributes?.ApproximateReceiveCount, '1');
  running.advance(seconds(29));
  assert.deepEqual(await receive(QueueUrl), []);
  running.advance(seconds(1));
  const [again] = await receive(QueueUrl);
  const ReceiptHandle = again?.ReceiptHandle;
  assert.notEqual(ReceiptHandle, message.ReceiptHandle);
  await sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 60 }));
  running.advance(seconds(59));
  assert.deepEqual(await receive(QueueUrl), []);
  await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
  running.advance(seconds(10));
  assert.deepEqual(await receive(QueueUrl), []);
});

test('batches', async (t) => {
  const { sqs, queue, receive, attributes } = await start(t);
  const QueueUrl = await queue('orders');
  const sent = await sqs.send(
    new SendMessageBatchCommand({
      QueueUrl,
      Entries: [
        { Id: 'a', MessageBody: 'one' },
        { Id: 'b', MessageBody: 'two', DelaySeconds: 901 },
      ],
    }),
  );
  assert.deepEqual([sent.Successful?.map(({ Id }) => Id), sent.Failed?.map(({ Id }) => Id)], [['a'], ['b']]);
  const [message] = await receive(QueueUrl);
  const ReceiptHandle = message?.ReceiptHandle;
  const Entries = [{ Id: 'x', ReceiptHandle, VisibilityTimeout: 100 }];
  const changed = await sqs.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl, Entries }));
  assert.equal(changed.Successful?.[0]?.Id, 'x');
  const deleted = await sqs.send(
    new DeleteMessageBatchCommand({
      QueueUrl,
      Entries: [
        { Id: 'x', ReceiptHandle },
        { Id: 'y', ReceiptHandle: 'no' },
      ],
    }),
  );
  assert.equal(deleted.Successful?.[0]?.Id, 'x');
  assert.equal(deleted.Failed?.[0]?.Code, 'ReceiptHandleIsInvalid');
  assert.equal((await attributes(QueueUrl))['ApproximateNumberOfMessages'], '0');
});

test('a long poll over HTTP is answered by a send, and leaves when its client does', async (t) => {
  const { sqs, queue } = await start(t);
  const QueueUrl = await queue('orders');
  const gone = new AbortController();
  const poll = new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 });
  const first = assert.rejects(sqs.send(poll, { abortSignal: gone.signal }), { name: 'AbortError' });
  await sqs.send(new ListQueuesCommand({}));
  gone.abort();
  await first;
  const second = sqs.send(poll);
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'hello' }));
  assert.equal((await second).Messages?.[0]?.Body, 'hello');
});

test('queues: attributes, tags, permissions, lists, purge, deletion', async (t) => {
  const { sqs, queue, attributes, arnOf, running } = await start(t);
  const QueueUrl = await queue('orders');
  await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { DelaySeconds: '5' } }));
  assert.equal((await attributes(QueueUrl))['DelaySeconds'], '5');
  assert.equal((await attributes(QueueUrl))['QueueArn'], arnOf('orders'));
  await sqs.send(new TagQueueCommand({ QueueUrl, Tags: { team: 'a', stage: 'test' } }));
  await sqs.send(new UntagQueueCommand({ QueueUrl, TagKeys: ['stage'] }));
  assert.deepEqual((await sqs.send(new ListQueueTagsCommand({ QueueUrl }))).Tags, { team: 'a' });
  const permission = { QueueUrl, Label: 'partner', AWSAccountIds: ['210987654321'], Actions: ['SendMessage'] };
  await sqs.send(new AddPermissionCommand(permission));
  assert.match((await attributes(QueueUrl))['Policy'] ?? '', /210987654321/);
  await sqs.send(new RemovePermissionCommand({ QueueUrl, Label: 'partner' }));
  assert.equal((await attributes(QueueUrl))['Policy'], undefined);
  await queue('other');
  const first = await sqs.send(new ListQueuesCommand({ MaxResults: 1 }));
  const rest = await sqs.send(new ListQueuesCommand({ MaxResults: 1, NextToken: first.NextToken }));
  assert.deepEqual(
    [...(first.QueueUrls ?? []), ...(rest.QueueUrls ?? [])].map((url) => url.replace(/.*\//, '')),
    ['orders', 'other'],
  );
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x' }));
  await sqs.send(new PurgeQueueCommand({ QueueUrl }));
  await assert.rejects(sqs.send(new PurgeQueueCommand({ QueueUrl })), { name: 'PurgeQueueInProgress' });
  await sqs.send(new DeleteQueueCommand({ QueueUrl }));
  await assert.rejects(sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x' })), {
    name: 'QueueDoesNotExist',
    message: 'The specified queue does not exist.',
  });
  await assert.rejects(queue('orders'), { name: 'QueueDeletedRecently' });
  running.advance(seconds(60));
  await queue('orders');
});

test('two regions have each their own queue of one name', async (t) => {
  const { running, sqs, queue } = await start(t);
  const QueueUrl = await queue('orders');
  const ireland = running.client(SQSClient, { region: 'eu-west-1' });
  const there = await ireland.send(new CreateQueueCommand({ QueueName: 'orders' }));
  assert.notEqual(there.QueueUrl, QueueUrl);
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x' }));
  assert.equal((await ireland.send(new ReceiveMessageCommand({ QueueUrl: there.QueueUrl }))).Messages, undefined);
});

test('dead letters and their way back', async (t) => {
  const { running, sqs, queue, receive, arnOf, attributes } = await start(t);
  const dead = await queue('dead');
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: arnOf('dead'), maxReceiveCount: '1' });
  const QueueUrl = await queue('orders', { RedrivePolicy });
  const sources = await sqs.send(new ListDeadLetterSourceQueuesCommand({ QueueUrl: dead }));
  assert.deepEqual(sources.queueUrls, [QueueUrl]);
  for (let i = 0; i < 3; i++) await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: `m${i}` }));
  for (let i = 0; i < 2; i++) {
    await receive(QueueUrl);
    running.advance(seconds(30));
  }
  const [letter] = await receive(dead);
  assert.equal(letter?.Attributes?.DeadLetterQueueSourceArn, arnOf('orders'));
  running.advance(seconds(30));
  const SourceArn = arnOf('dead');
  const started = await sqs.send(new StartMessageMoveTaskCommand({ SourceArn, MaxNumberOfMessagesPerSecond: 1 }));
  running.advance(1);
  await sqs.send(new CancelMessageMoveTaskCommand({ TaskHandle: started.TaskHandle }));
  await sqs.send(new StartMessageMoveTaskCommand({ SourceArn, MaxNumberOfMessagesPerSecond: 500 }));
  for (let i = 0; i < 3; i++) running.advance(seconds(1));
  const { Results } = await sqs.send(new ListMessageMoveTasksCommand({ SourceArn, MaxResults: 10 }));
  assert.deepEqual(
    Results?.map(({ Status }) => Status),
    ['COMPLETED', 'CANCELLED'],
  );
  assert.equal((await attributes(QueueUrl))['ApproximateNumberOfMessages'], '3');
});

test('a FIFO queue keeps order and drops duplicates over a restart', async (t) => {
  const first = await start(t);
  const QueueUrl = await first.queue('orders.fifo', { FifoQueue: 'true', ContentBasedDeduplication: 'true' });
  const bodies = ['a', 'b', 'c', 'a', 'd'];
  const Entries = bodies.map((MessageBody, i) => ({ Id: `${i}`, MessageBody, MessageGroupId: 'g' }));
  const sent = await first.sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
  assert.equal(sent.Successful?.[0]?.SequenceNumber, sent.Successful?.[3]?.SequenceNumber);
  const running = await first.running.restart();
  const sqs = running.client(SQSClient);
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'b', MessageGroupId: 'g' }));
  const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
  assert.deepEqual(
    Messages?.map(({ Body }) => Body),
    ['a', 'b', 'c', 'd'],
  );
});
