/** What lies on disk of a message: nothing that can be read without the master key. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { CreateQueueCommand, ReceiveMessageCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { cloud } from '#test/sdk/cloud.ts';

test('bodies and attributes lie sealed, and are read again after a restart', async (t) => {
  const first = await cloud(t);
  const sqs = first.client(SQSClient);
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'orders' }));
  const bodies = ['confidential', `confidential ${'x'.repeat(20_000)}`];
  for (const MessageBody of bodies) {
    const MessageAttributes = { kind: { DataType: 'String', StringValue: 'classified' } };
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody, MessageAttributes }));
  }
  const second = await first.restart();
  const folder = join(second.data, 'regions');
  const onDisk = readdirSync(folder).map((name) => readFileSync(join(folder, name)).toString('latin1'));
  assert.ok(onDisk.some((content) => content.includes('orders')));
  for (const content of onDisk) assert.doesNotMatch(content, /confidential|classified|xxxxx/);
  const url = `${second.url}/queue/us-east-1/${second.account}/orders`;
  const receive = new ReceiveMessageCommand({ QueueUrl: url, MaxNumberOfMessages: 10 });
  const { Messages = [] } = await second.client(SQSClient).send(receive);
  assert.deepEqual(
    Messages.map(({ Body }) => Body),
    bodies,
  );
});
