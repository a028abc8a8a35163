import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CreateQueueCommand, ReceiveMessageCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { severalClouds } from '#test/sdk/several.ts';

test('any node takes any call', async (t) => {
  const several = await severalClouds(t, 3);
  const clients = several.nodes.map((node) => several.client(SQSClient, node));
  for (const [at, sqs] of clients.entries()) {
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: `q${at}` }));
    for (const sender of clients) await sender.send(new SendMessageCommand({ QueueUrl, MessageBody: 'hello' }));
    for (const receiver of clients) {
      const { Messages = [] } = await receiver.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 1 }));
      assert.equal(Messages[0]?.Body, 'hello');
    }
  }
});
