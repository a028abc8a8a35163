/** A thousand long polls at once, and what becomes of them when messages come, or when the cloud stops. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { cloud } from '#test/sdk/cloud.ts';
import { jsonDraft, sendRaw, signedRequest } from '#test/sdk/raw-request.ts';
import { until } from '#test/until.ts';

const POLLS = 1000;
const MOST_BYTES_EACH = 200_000;

test('a thousand long polls wait at once, in bounded memory, and each message is answered to one', async (t) => {
  const c = await cloud(t);
  const sqs = c.client(SQSClient);
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'orders' }));
  const draft = jsonDraft('ReceiveMessage', { QueueUrl, WaitTimeSeconds: 20, MaxNumberOfMessages: 1 });
  const request = await signedRequest(c, draft);
  const before = process.memoryUsage().heapUsed;
  let answered = 0;
  const polls = Array.from({ length: POLLS }, async () => {
    const answer = await sendRaw(c, request);
    answered++;
    return answer;
  });
  // Others are answered meanwhile.
  for (let i = 0; i < 20; i++) await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }));
  assert.equal(answered, 0);
  const used = process.memoryUsage().heapUsed - before;
  // Both ends of each connection are in this process.
  assert.ok(used < POLLS * MOST_BYTES_EACH, `${used} bytes`);
  for (let batch = 0; batch < POLLS / 10; batch++) {
    const Entries = Array.from({ length: 10 }, (_, i) => ({ Id: String(i), MessageBody: `m${batch * 10 + i}` }));
    await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
  }
  await until(() => answered === POLLS, 'all polls are answered');
  const bodies = (await Promise.all(polls)).map(({ body }) => JSON.parse(body).Messages?.[0]?.Body as string);
  assert.equal(new Set(bodies).size, POLLS);
});

test('a cloud that stops answers its long polls at once, and refuses what comes after', async (t) => {
  const c = await cloud(t);
  const sqs = c.client(SQSClient);
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'orders' }));
  const poll = sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }));
  await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }));
  const begun = performance.now();
  await Promise.all([c.running.stop(10_000), poll.then(({ Messages }) => assert.equal(Messages, undefined))]);
  assert.ok(performance.now() - begun < 5000);
  await assert.rejects(c.client(SQSClient).send(new ReceiveMessageCommand({ QueueUrl })), { code: 'ECONNREFUSED' });
});
