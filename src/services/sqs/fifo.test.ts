import assert from 'node:assert/strict';
import { test } from 'node:test';
import { minutes, seconds } from '#platform/base/clock.ts';
import { type TestSqs, testSqs } from './testing.ts';

const FIFO = { FifoQueue: 'true', ContentBasedDeduplication: 'true' };

async function receive(sqs: TestSqs, QueueUrl: string, max = 10) {
  const { Messages = [] } = await sqs.call('ReceiveMessage', {
    QueueUrl,
    MaxNumberOfMessages: max,
    AttributeNames: ['All'],
  });
  return Messages;
}

const bodies = (messages: readonly { readonly Body?: string }[]) => messages.map(({ Body }) => Body);

test('a group goes out in order, and waits while one of it is in flight', async (t) => {
  const sqs = testSqs(t);
  const QueueUrl = await sqs.queue('orders.fifo', FIFO);
  for (const body of ['a1', 'b1', 'a2', 'a3', 'b2']) {
    await sqs.call('SendMessage', { QueueUrl, MessageBody: body, MessageGroupId: body[0] ?? '' });
  }
  assert.deepEqual(bodies(await receive(sqs, QueueUrl, 2)), ['a1', 'a2']);
  assert.deepEqual(bodies(await receive(sqs, QueueUrl)), ['b1', 'b2']);
  assert.deepEqual(await receive(sqs, QueueUrl), []);
  sqs.clock.advance(seconds(30));
  const all = await receive(sqs, QueueUrl);
  assert.deepEqual(bodies(all), ['a1', 'a2', 'a3', 'b1', 'b2']);
  const numbers = all.map(({ Attributes }) => Attributes?.['SequenceNumber'] ?? '');
  assert.ok(numbers.every((number) => /^\d{20}$/.test(number)));
  assert.equal(all[0]?.Attributes?.['MessageGroupId'], 'a');
});

test('a deleted message unlocks its group for a long poll', async (t) => {
  const sqs = testSqs(t);
  const QueueUrl = await sqs.queue('orders.fifo', FIFO);
  await sqs.call('SendMessage', { QueueUrl, MessageBody: 'one', MessageGroupId: 'g' });
  await sqs.call('SendMessage', { QueueUrl, MessageBody: 'two', MessageGroupId: 'g' });
  const [first] = await receive(sqs, QueueUrl, 1);
  const poll = sqs.call('ReceiveMessage', { QueueUrl, WaitTimeSeconds: 20 });
  await sqs.call('DeleteMessage', { QueueUrl, ReceiptHandle: first?.ReceiptHandle ?? '' });
  assert.equal((await poll).Messages?.[0]?.Body, 'two');
});

test('duplicates within five minutes are accepted and not delivered', async (t) => {
  const sqs = testSqs(t);
  const QueueUrl = await sqs.queue('orders.fifo', FIFO);
  const input = { QueueUrl, MessageBody: 'same', MessageGroupId: 'g' };
  const first = await sqs.call('SendMessage', input);
  sqs.clock.advance(minutes(5) - 1000);
  const second = await sqs.call('SendMessage', input);
  assert.equal(second.MessageId, first.MessageId);
  assert.equal(second.SequenceNumber, first.SequenceNumber);
  await sqs.restart();
  assert.equal((await sqs.call('SendMessage', input)).MessageId, first.MessageId);
  sqs.clock.advance(seconds(1));
  const third = await sqs.call('SendMessage', input);
  assert.notEqual(third.MessageId, first.MessageId);
  assert.ok((third.SequenceNumber ?? '') > (first.SequenceNumber ?? ''));
  assert.equal((await receive(sqs, QueueUrl)).length, 2);
});

test('duplicates are found in every interval, before and after a restart', async (t) => {
  const sqs = testSqs(t);
  const QueueUrl = await sqs.queue('orders.fifo', FIFO);
  const send = (MessageBody: string) => sqs.call('SendMessage', { QueueUrl, MessageBody, MessageGroupId: 'g' });
  for (let round = 0; round < 8; round++) {
    const sent = await send(`m${round}`);
    if (round % 3 === 2) await sqs.restart();
    for (let step = 0; step < 3; step++) {
      sqs.clock.advance(seconds(90));
      assert.equal((await send(`m${round}`)).MessageId, sent.MessageId, `round ${round}, step ${step}`);
    }
    sqs.clock.advance(seconds(31));
    assert.notEqual((await send(`m${round}`)).MessageId, sent.MessageId);
  }
});

test('deduplication by group lets another group send the same', async (t) => {
  const sqs = testSqs(t);
  const QueueUrl = await sqs.queue('orders.fifo', { ...FIFO, DeduplicationScope: 'messageGroup' });
  const send = (MessageGroupId: string) => sqs.call('SendMessage', { QueueUrl, MessageBody: 'same', MessageGroupId });
  const a = await send('a');
  assert.notEqual((await send('b')).MessageId, a.MessageId);
  assert.equal((await send('a')).MessageId, a.MessageId);
});

test('the same ReceiveRequestAttemptId gives the same messages, until one is touched', async (t) => {
  const sqs = testSqs(t);
  const QueueUrl = await sqs.queue('orders.fifo', FIFO);
  await sqs.call('SendMessage', { QueueUrl, MessageBody: 'one', MessageGroupId: 'g' });
  const attempt = () => sqs.call('ReceiveMessage', { QueueUrl, ReceiveRequestAttemptId: 'try' });
  const first = (await attempt()).Messages?.[0];
  sqs.clock.advance(seconds(20));
  await sqs.restart();
  const second = (await attempt()).Messages?.[0];
  assert.equal(second?.ReceiptHandle, first?.ReceiptHandle);
  sqs.clock.advance(seconds(20));
  const ReceiptHandle = second?.ReceiptHandle ?? '';
  await sqs.call('DeleteMessage', { QueueUrl, ReceiptHandle });
  assert.deepEqual(await attempt(), {});
});

test('an expired handle is refused', async (t) => {
  const sqs = testSqs(t);
  const QueueUrl = await sqs.queue('orders.fifo', FIFO);
  await sqs.call('SendMessage', { QueueUrl, MessageBody: 'one', MessageGroupId: 'g' });
  const [message] = await receive(sqs, QueueUrl);
  const ReceiptHandle = message?.ReceiptHandle ?? '';
  sqs.clock.advance(seconds(30));
  await assert.rejects(sqs.call('DeleteMessage', { QueueUrl, ReceiptHandle }), {
    code: 'InvalidParameterValue',
    message: `Value ${ReceiptHandle} for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.`,
  });
});

test('what FIFO queues require and refuse', async (t) => {
  const sqs = testSqs(t);
  const QueueUrl = await sqs.queue('plain.fifo', { FifoQueue: 'true' });
  await assert.rejects(sqs.call('SendMessage', { QueueUrl, MessageBody: 'x' }), {
    code: 'MissingParameter',
    message: 'The request must contain the parameter MessageGroupId.',
  });
  await assert.rejects(sqs.call('SendMessage', { QueueUrl, MessageBody: 'x', MessageGroupId: 'g' }), {
    message:
      'The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly',
  });
  const given = { QueueUrl, MessageBody: 'x', MessageGroupId: 'g', MessageDeduplicationId: '1' };
  await assert.rejects(sqs.call('SendMessage', { ...given, DelaySeconds: 5 }), { code: 'InvalidParameterValue' });
  await sqs.call('SendMessage', given);
  await assert.rejects(sqs.queue('orders', { FifoQueue: 'true' }), { code: 'InvalidParameterValue' });
  await assert.rejects(sqs.queue('orders.fifo'), { code: 'InvalidParameterValue' });
  await assert.rejects(sqs.queue('orders', { FifoQueue: 'false' }), { message: 'Unknown Attribute FifoQueue.' });
});

test("a FIFO queue's delay holds for messages that are there already", async (t) => {
  const sqs = testSqs(t);
  const QueueUrl = await sqs.queue('orders.fifo', FIFO);
  await sqs.call('SendMessage', { QueueUrl, MessageBody: 'one', MessageGroupId: 'g' });
  await sqs.call('SetQueueAttributes', { QueueUrl, Attributes: { DelaySeconds: '60' } });
  assert.deepEqual(await receive(sqs, QueueUrl), []);
  const { Attributes } = await sqs.call('GetQueueAttributes', { QueueUrl, AttributeNames: ['All'] });
  assert.equal(Attributes?.['ApproximateNumberOfMessagesDelayed'], '1');
  assert.equal(Attributes['ApproximateNumberOfMessages'], '0');
  const poll = sqs.call('ReceiveMessage', { QueueUrl, WaitTimeSeconds: 20 });
  await sqs.call('SetQueueAttributes', { QueueUrl, Attributes: { DelaySeconds: '15' } });
  sqs.clock.advance(seconds(15));
  assert.equal((await poll).Messages?.[0]?.Body, 'one');
});
