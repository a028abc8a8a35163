import assert from 'node:assert/strict';
import { test } from 'node:test';
import { minutes, seconds } from '#platform/base/clock.ts';
import { testSqs } from './testing.ts';

test('a message comes back when its visibility timeout ends', async (t) => {
  const sqs = testSqs(t);
  const QueueUrl = await sqs.queue('orders', { VisibilityTimeout: '30' });
  assert.equal(QueueUrl, 'http://localhost:4566/queue/us-east-1/123456789012/orders');
  const sent = await sqs.call('SendMessage', { QueueUrl, MessageBody: 'hello' });
  assert.equal(sent.MD5OfMessageBody, '5d41402abc4b2a76b9719d911017c592');
  const first = await sqs.call('ReceiveMessage', { QueueUrl, AttributeNames: ['All'] });
  assert.equal(first.Messages?.[0]?.Body, 'hello');
  assert.equal(first.Messages[0].MessageId, sent.MessageId);
  assert.equal(first.Messages[0].Attributes?.['ApproximateReceiveCount'], '1');
  assert.equal(first.Messages[0].Attributes['SenderId'], 'AIDAALICE');
  sqs.clock.advance(seconds(29));
  assert.deepEqual(await sqs.call('ReceiveMessage', { QueueUrl }), {});
  sqs.clock.advance(seconds(1));
  const again = await sqs.call('ReceiveMessage', {
    QueueUrl,
    MessageSystemAttributeNames: ['ApproximateReceiveCount'],
  });
  assert.equal(again.Messages?.[0]?.Body, 'hello');
  assert.deepEqual(again.Messages[0].Attributes, { ApproximateReceiveCount: '2' });
  assert.notEqual(again.Messages[0].ReceiptHandle, first.Messages[0].ReceiptHandle);
});

test('delete ends a message; the handle of an earlier receive does not', async (t) => {
  const sqs = testSqs(t);
  const QueueUrl = await sqs.queue('orders', { VisibilityTimeout: '1' });
  await sqs.call('SendMessage', { QueueUrl, MessageBody: 'hello' });
  const first = await sqs.call('ReceiveMessage', { QueueUrl });
  sqs.clock.advance(seconds(1));
  const second = await sqs.call('ReceiveMessage', { QueueUrl });
  const count = async () =>
    (await sqs.call('GetQueueAttributes', { QueueUrl, AttributeNames: ['All'] })).Attributes?.[
      'ApproximateNumberOfMessagesNotVisible'
    ];
  await sqs.call('DeleteMessage', { QueueUrl, ReceiptHandle: first.Messages?.[0]?.ReceiptHandle ?? '' });
  assert.equal(await count(), '1');
  const ReceiptHandle = second.Messages?.[0]?.ReceiptHandle ?? '';
  await sqs.call('DeleteMessage', { QueueUrl, ReceiptHandle });
  assert.equal(await count(), '0');
  await sqs.call('DeleteMessage', { QueueUrl, ReceiptHandle });
  await assert.rejects(sqs.call('DeleteMessage', { QueueUrl, ReceiptHandle: 'garbage' }), {
    code: 'ReceiptHandleIsInvalid',
  });
});

test('state survives a restart: messages, what is in flight, counts', async (t) => {
  const sqs = testSqs(t);
  const QueueUrl = await sqs.queue('orders');
  for (let i = 0; i < 500; i++) await sqs.call('SendMessage', { QueueUrl, MessageBody: `m${i}` });
  await sqs.call('SendMessage', { QueueUrl, MessageBody: 'late', DelaySeconds: 60 });
  const held = await sqs.call('ReceiveMessage', { QueueUrl, MaxNumberOfMessages: 10 });
  await sqs.restart();
  const { Attributes } = await sqs.call('GetQueueAttributes', { QueueUrl, AttributeNames: ['All'] });
  assert.equal(Attributes?.['ApproximateNumberOfMessages'], '490');
  assert.equal(Attributes['ApproximateNumberOfMessagesNotVisible'], '10');
  assert.equal(Attributes['ApproximateNumberOfMessagesDelayed'], '1');
  for (const { ReceiptHandle = '' } of held.Messages ?? [])
    await sqs.call('DeleteMessage', { QueueUrl, ReceiptHandle });
  sqs.clock.advance(minutes(1));
  const bodies = new Set<string | undefined>();
  for (;;) {
    const { Messages } = await sqs.call('ReceiveMessage', {
      QueueUrl,
      MaxNumberOfMessages: 10,
      VisibilityTimeout: 600,
    });
    if (Messages === undefined) break;
    for (const { Body } of Messages) bodies.add(Body);
  }
  assert.equal(bodies.size, 491);
  assert.ok(bodies.has('late') && bodies.has('m499') && !bodies.has('m0'));
});

test('a long poll is answered when a message arrives, and in the order of asking', async (t) => {
  const sqs = testSqs(t);
  const QueueUrl = await sqs.queue('orders');
  const polls = [1, 2, 3].map(() => sqs.call('ReceiveMessage', { QueueUrl, WaitTimeSeconds: 20 }));
  await sqs.call('SendMessage', { QueueUrl, MessageBody: 'one' });
  await sqs.call('SendMessage', { QueueUrl, MessageBody: 'two' });
  const [first, second] = await Promise.all(polls.slice(0, 2));
  assert.equal(first?.Messages?.[0]?.Body, 'one');
  assert.equal(second?.Messages?.[0]?.Body, 'two');
  sqs.clock.advance(seconds(20));
  assert.deepEqual(await polls[2], {});
});

test('a long poll sees a delay and a visibility timeout end', async (t) => {
  const sqs = testSqs(t);
  const QueueUrl = await sqs.queue('orders', { VisibilityTimeout: '5' });
  await sqs.call('SendMessage', { QueueUrl, MessageBody: 'late', DelaySeconds: 10 });
  const delayed = sqs.call('ReceiveMessage', { QueueUrl, WaitTimeSeconds: 20 });
  await sqs.call('ListQueues', {});
  sqs.clock.advance(seconds(10));
  assert.equal((await delayed).Messages?.[0]?.Body, 'late');
  const back = sqs.call('ReceiveMessage', { QueueUrl, WaitTimeSeconds: 20 });
  await sqs.call('ListQueues', {});
  sqs.clock.advance(seconds(5));
  assert.equal((await back).Messages?.[0]?.Body, 'late');
});

test('a client that is gone leaves the line, and its message to the next', async (t) => {
  const sqs = testSqs(t);
  const QueueUrl = await sqs.queue('orders');
  const gone = new AbortController();
  const first = sqs.call('ReceiveMessage', { QueueUrl, WaitTimeSeconds: 20 }, gone.signal);
  const second = sqs.call('ReceiveMessage', { QueueUrl, WaitTimeSeconds: 20 });
  gone.abort();
  await sqs.call('SendMessage', { QueueUrl, MessageBody: 'hello' });
  assert.deepEqual(await first, {});
  assert.equal((await second).Messages?.[0]?.Body, 'hello');
});

test('messages expire with the retention period, to the second', async (t) => {
  const sqs = testSqs(t);
  const QueueUrl = await sqs.queue('orders', { MessageRetentionPeriod: '60' });
  const count = async () =>
    (await sqs.call('GetQueueAttributes', { QueueUrl, AttributeNames: ['ApproximateNumberOfMessages'] })).Attributes?.[
      'ApproximateNumberOfMessages'
    ];
  for (let i = 0; i < 450; i++) await sqs.call('SendMessage', { QueueUrl, MessageBody: `m${i}` });
  sqs.clock.advance(seconds(30));
  await sqs.call('SendMessage', { QueueUrl, MessageBody: 'younger' });
  assert.equal(await count(), '451');
  sqs.clock.advance(seconds(30));
  for (let i = 0; i < 5; i++) sqs.clock.advance(1);
  assert.equal(await count(), '1');
  const { Messages } = await sqs.call('ReceiveMessage', { QueueUrl, MaxNumberOfMessages: 10 });
  assert.deepEqual(
    Messages?.map(({ Body }) => Body),
    ['younger'],
  );
  sqs.clock.advance(seconds(31));
  assert.equal(await count(), '0');
});

test('a thousand long polls at once get a message each, in their order', async (t) => {
  const sqs = testSqs(t);
  const QueueUrl = await sqs.queue('orders');
  const polls = Array.from({ length: 1000 }, () => sqs.call('ReceiveMessage', { QueueUrl, WaitTimeSeconds: 20 }));
  for (let i = 0; i < 1000; i++) await sqs.call('SendMessage', { QueueUrl, MessageBody: `${i}` });
  const bodies = (await Promise.all(polls)).map(({ Messages }) => Messages?.[0]?.Body);
  assert.deepEqual(
    bodies,
    bodies.map((_, i) => `${i}`),
  );
});

test('of a standard queue 120,000 messages are in flight at most', async (t) => {
  const sqs = testSqs(t);
  const QueueUrl = await sqs.queue('orders', { VisibilityTimeout: '30' });
  const Entries = Array.from({ length: 10 }, (_, n) => ({ Id: String(n), MessageBody: 'x' }));
  for (let n = 0; n <= 12_000; n++) await sqs.call('SendMessageBatch', { QueueUrl, Entries });
  const receive = () => sqs.call('ReceiveMessage', { QueueUrl, MaxNumberOfMessages: 10 });
  for (let n = 0; n < 12_000; n++) assert.equal((await receive()).Messages?.length, 10);
  await assert.rejects(receive(), { code: 'OverLimit' });
  sqs.clock.advance(seconds(30));
  assert.equal((await receive()).Messages?.length, 10);
});
