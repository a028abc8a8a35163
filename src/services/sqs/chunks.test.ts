import assert from 'node:assert/strict';
import { test } from 'node:test';
import { minutes, seconds } from '#platform/base/clock.ts';
import { bodies, chunks, states } from './state.ts';
import { ACCOUNT, REGION, type TestSqs, testSqs } from './testing.ts';

const entries = (count: number, body: (at: number) => string) =>
  Array.from({ length: count }, (_, at) => ({ Id: `${at}`, MessageBody: body(at) }));

const rowsOf = (sqs: TestSqs) =>
  sqs.partition.read((tx) =>
    [chunks, states, bodies].map((table) => tx.range<unknown, [number, number]>(table).length),
  );

async function receive(sqs: TestSqs, QueueUrl: string) {
  const { Messages = [] } = await sqs.call('ReceiveMessage', { QueueUrl, MaxNumberOfMessages: 10 });
  return Messages;
}

/** Visible, and in flight. */
async function counts(sqs: TestSqs, QueueUrl: string) {
  const { Attributes = {} } = await sqs.call('GetQueueAttributes', { QueueUrl, AttributeNames: ['All'] });
  const { ApproximateNumberOfMessages: visible, ApproximateNumberOfMessagesNotVisible: inFlight } = Attributes;
  return [visible, inFlight];
}

test('a batch is one row, a second one when it was received, and none when all of it is deleted', async (t) => {
  const sqs = testSqs(t);
  const QueueUrl = await sqs.queue('orders');
  await sqs.call('SendMessageBatch', { QueueUrl, Entries: entries(10, (at) => `m${at}`) });
  assert.deepEqual(rowsOf(sqs), [1, 0, 0]);
  const messages = await receive(sqs, QueueUrl);
  assert.equal(messages.length, 10);
  assert.deepEqual(rowsOf(sqs), [1, 1, 0]);
  const gone = messages.map(({ ReceiptHandle = '' }, at) => ({ Id: `${at}`, ReceiptHandle }));
  await sqs.call('DeleteMessageBatch', { QueueUrl, Entries: gone.slice(0, 4) });
  await sqs.restart();
  sqs.clock.advance(seconds(30));
  const again = await receive(sqs, QueueUrl);
  assert.deepEqual(again.map(({ Body = '' }) => Body).sort(), ['m4', 'm5', 'm6', 'm7', 'm8', 'm9']);
  for (const { ReceiptHandle = '' } of again) {
    assert.deepEqual(rowsOf(sqs), [1, 1, 0]);
    await sqs.call('DeleteMessage', { QueueUrl, ReceiptHandle });
  }
  assert.deepEqual(rowsOf(sqs), [0, 0, 0]);
});

test('a handle given twice in a batch deletes one message', async (t) => {
  const sqs = testSqs(t);
  const QueueUrl = await sqs.queue('orders');
  await sqs.call('SendMessageBatch', { QueueUrl, Entries: entries(2, (at) => `m${at}`) });
  const [{ ReceiptHandle = '' } = {}] = await receive(sqs, QueueUrl);
  const Entries = ['a', 'b'].map((Id) => ({ Id, ReceiptHandle }));
  assert.equal((await sqs.call('DeleteMessageBatch', { QueueUrl, Entries })).Successful.length, 2);
  assert.deepEqual(await counts(sqs, QueueUrl), ['0', '1']);
  sqs.clock.advance(seconds(30));
  assert.equal((await receive(sqs, QueueUrl)).length, 1);
});

test('a batch of large messages fills several rows, and its largest bodies lie apart', async (t) => {
  const sqs = testSqs(t);
  const QueueUrl = await sqs.queue('orders');
  const sizes = [4000, 4000, 4000, 100, 5000, 100, 4096, 4097];
  await sqs.call('SendMessageBatch', { QueueUrl, Entries: entries(8, (at) => 'x'.repeat(sizes[at] ?? 0)) });
  assert.deepEqual(rowsOf(sqs), [3, 0, 2]);
  await sqs.restart();
  const messages = await receive(sqs, QueueUrl);
  assert.deepEqual(
    messages.map(({ Body = '' }) => Body.length),
    sizes,
  );
  for (const { ReceiptHandle = '' } of messages) await sqs.call('DeleteMessage', { QueueUrl, ReceiptHandle });
  assert.deepEqual(rowsOf(sqs), [0, 0, 0]);
});

test('messages of a batch have delays of their own, before and after a restart', async (t) => {
  const sqs = testSqs(t);
  const QueueUrl = await sqs.queue('orders');
  const Entries = entries(4, (at) => `m${at}`).map((entry, at) => ({ ...entry, DelaySeconds: at * 10 }));
  await sqs.call('SendMessageBatch', { QueueUrl, Entries });
  for (const body of ['m0', 'm1', 'm2', 'm3']) {
    await sqs.restart();
    const messages = await receive(sqs, QueueUrl);
    assert.deepEqual(
      messages.map(({ Body }) => Body),
      [body],
    );
    await sqs.call('DeleteMessage', { QueueUrl, ReceiptHandle: messages[0]?.ReceiptHandle ?? '' });
    sqs.clock.advance(seconds(10));
  }
  assert.deepEqual(rowsOf(sqs), [0, 0, 0]);
});

test('what is left of batches expires, wherever it waits', async (t) => {
  const sqs = testSqs(t);
  const QueueUrl = await sqs.queue('orders', { MessageRetentionPeriod: '3600' });
  for (let i = 0; i < 500; i++)
    await sqs.call('SendMessageBatch', { QueueUrl, Entries: entries(10, (at) => `m${at}`) });
  const [first, ...held] = await receive(sqs, QueueUrl);
  assert.equal(held.length, 9);
  await sqs.call('DeleteMessage', { QueueUrl, ReceiptHandle: first?.ReceiptHandle ?? '' });
  assert.deepEqual(await counts(sqs, QueueUrl), ['4990', '9']);
  sqs.clock.advance(minutes(59));
  const [last] = await receive(sqs, QueueUrl);
  assert.deepEqual(await counts(sqs, QueueUrl), ['4989', '10']);
  sqs.clock.advance(minutes(1));
  for (let i = 0; i < 10; i++) sqs.clock.advance(1);
  assert.deepEqual(await counts(sqs, QueueUrl), ['0', '0']);
  await sqs.call('DeleteMessage', { QueueUrl, ReceiptHandle: last?.ReceiptHandle ?? '' });
  assert.deepEqual(await counts(sqs, QueueUrl), ['0', '0']);
  assert.deepEqual(rowsOf(sqs), [0, 0, 0]);
  await sqs.call('SendMessage', { QueueUrl, MessageBody: 'fresh' });
  assert.equal((await receive(sqs, QueueUrl))[0]?.Body, 'fresh');
});

test('messages of two queues that were sent at the same time find their places in one dead-letter queue', async (t) => {
  const sqs = testSqs(t);
  const dead = await sqs.queue('dead');
  const deadLetterTargetArn = `arn:aws:sqs:${REGION}:${ACCOUNT}:dead`;
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 1 });
  const sources = [await sqs.queue('a', { RedrivePolicy }), await sqs.queue('b', { RedrivePolicy })];
  const expected: string[] = [];
  for (let round = 0; round < 30; round++) {
    for (const QueueUrl of sources) {
      const Entries = entries(10, (at) => `${QueueUrl} ${round} ${at}`);
      expected.push(...Entries.map(({ MessageBody }) => MessageBody));
      await sqs.call('SendMessageBatch', { QueueUrl, Entries });
    }
  }
  for (const QueueUrl of sources) {
    for (let round = 0; round < 30; round++) await receive(sqs, QueueUrl);
    sqs.clock.advance(seconds(30));
    while ((await counts(sqs, QueueUrl))[0] !== '0') await receive(sqs, QueueUrl);
  }
  assert.deepEqual(await counts(sqs, dead), ['600', '0']);
  await sqs.restart();
  const found: (string | undefined)[] = [];
  for (let round = 0; round < 60; round++) found.push(...(await receive(sqs, dead)).map(({ Body }) => Body));
  assert.deepEqual(found.sort(), expected.sort());
});
