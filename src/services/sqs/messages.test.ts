import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seconds } from '#platform/base/clock.ts';
import { testSqs } from './testing.ts';

test('a batch fails by entry, and as a whole by its own rules', async (t) => {
  const sqs = testSqs(t);
  const QueueUrl = await sqs.queue('orders');
  const batch = (...Entries: { Id: string; MessageBody: string }[]) =>
    sqs.call('SendMessageBatch', { QueueUrl, Entries });
  const result = await batch(
    { Id: 'a', MessageBody: 'x' },
    { Id: 'b', MessageBody: '\0' },
    { Id: 'c', MessageBody: 'y' },
  );
  assert.deepEqual(
    result.Successful.map(({ Id }) => Id),
    ['a', 'c'],
  );
  assert.deepEqual(
    result.Failed.map(({ Id, Code, SenderFault }) => ({ Id, Code, SenderFault })),
    [{ Id: 'b', Code: 'InvalidMessageContents', SenderFault: true }],
  );
  const many = (count: number, body = 'x') =>
    Array.from({ length: count }, (_, i) => ({ Id: `${i}`, MessageBody: body }));
  await assert.rejects(batch(), { code: 'EmptyBatchRequest' });
  await assert.rejects(batch(...many(11)), {
    code: 'TooManyEntriesInBatchRequest',
    message: 'Maximum number of entries per request are 10. You have sent 11.',
  });
  await assert.rejects(batch(...many(2), ...many(1)), { code: 'BatchEntryIdsNotDistinct', message: 'Id 0 repeated.' });
  await assert.rejects(batch({ Id: 'a b', MessageBody: 'x' }), { code: 'InvalidBatchEntryId' });
  await assert.rejects(batch(...many(2, 'x'.repeat(600_000))), { code: 'BatchRequestTooLong' });
  const { Messages = [] } = await sqs.call('ReceiveMessage', { QueueUrl, MaxNumberOfMessages: 10 });
  const Entries = Messages.map(({ ReceiptHandle = '' }, i) => ({ Id: `${i}`, ReceiptHandle }));
  const deleted = await sqs.call('DeleteMessageBatch', {
    QueueUrl,
    Entries: [...Entries, { Id: 'bad', ReceiptHandle: 'x' }],
  });
  assert.equal(deleted.Successful.length, 2);
  assert.equal(deleted.Failed[0]?.Code, 'ReceiptHandleIsInvalid');
});

test("a message's size is its body and its attributes", async (t) => {
  const sqs = testSqs(t);
  const QueueUrl = await sqs.queue('orders', { MaximumMessageSize: '1024' });
  const send = (length: number, MessageAttributes = {}) =>
    sqs.call('SendMessage', { QueueUrl, MessageBody: 'é'.repeat(length / 2), MessageAttributes });
  await send(1024);
  const tooLong = {
    code: 'InvalidParameterValue',
    message: 'One or more parameters are invalid. Reason: Message must be shorter than 1024 bytes.',
  };
  await assert.rejects(send(1026), tooLong);
  const attribute = { n: { DataType: 'String', StringValue: '123' } };
  await send(1014, attribute);
  await assert.rejects(send(1016, attribute), tooLong);
});

test('the largest message survives a restart', async (t) => {
  const sqs = testSqs(t);
  const QueueUrl = await sqs.queue('orders');
  const MessageBody = 'x'.repeat(1_048_576);
  await sqs.call('SendMessage', { QueueUrl, MessageBody });
  await sqs.restart();
  const { Messages } = await sqs.call('ReceiveMessage', { QueueUrl });
  assert.equal(Messages?.[0]?.Body, MessageBody);
  await sqs.call('DeleteMessage', { QueueUrl, ReceiptHandle: Messages[0].ReceiptHandle ?? '' });
});

test('attributes, the trace header and their MD5s come back', async (t) => {
  const sqs = testSqs(t);
  const QueueUrl = await sqs.queue('orders');
  const sent = await sqs.call('SendMessage', {
    QueueUrl,
    MessageBody: 'x',
    MessageAttributes: {
      'a.text': { DataType: 'String', StringValue: 'é' },
      'a.bytes': { DataType: 'Binary.png', BinaryValue: Buffer.from([0, 255]) },
    },
    MessageSystemAttributes: { AWSTraceHeader: { DataType: 'String', StringValue: 'Root=1-2-3' } },
  });
  assert.ok(sent.MD5OfMessageSystemAttributes);
  const { Messages } = await sqs.call('ReceiveMessage', {
    QueueUrl,
    MessageAttributeNames: ['a.*'],
    MessageSystemAttributeNames: ['AWSTraceHeader'],
  });
  const [message] = Messages ?? [];
  assert.equal(message?.MD5OfMessageAttributes, sent.MD5OfMessageAttributes);
  assert.deepEqual(message?.MessageAttributes, {
    'a.text': { DataType: 'String', StringValue: 'é' },
    'a.bytes': { DataType: 'Binary.png', BinaryValue: Buffer.from([0, 255]) },
  });
  assert.deepEqual(message?.Attributes, { AWSTraceHeader: 'Root=1-2-3' });
});

test('visibility changes within twelve hours of the receive', async (t) => {
  const sqs = testSqs(t);
  const QueueUrl = await sqs.queue('orders');
  await sqs.call('SendMessage', { QueueUrl, MessageBody: 'x' });
  const { Messages } = await sqs.call('ReceiveMessage', { QueueUrl });
  const ReceiptHandle = Messages?.[0]?.ReceiptHandle ?? '';
  const change = (VisibilityTimeout: number) =>
    sqs.call('ChangeMessageVisibility', { QueueUrl, ReceiptHandle, VisibilityTimeout });
  await assert.rejects(change(43_201), {
    message: 'Value 43201 for parameter VisibilityTimeout is invalid. Reason: Must be >= 0 and <= 43200, if provided.',
  });
  await change(40_000);
  sqs.clock.advance(seconds(10_000));
  await assert.rejects(change(43_200), /Total VisibilityTimeout for the message is beyond the limit/);
  await sqs.restart();
  assert.deepEqual(await sqs.call('ReceiveMessage', { QueueUrl }), {});
  await change(0);
  const again = await sqs.call('ReceiveMessage', { QueueUrl });
  assert.equal(again.Messages?.length, 1);
  await sqs.call('DeleteMessage', { QueueUrl, ReceiptHandle: again.Messages?.[0]?.ReceiptHandle ?? '' });
  await assert.rejects(change(0), /Message does not exist or is not available for visibility timeout change/);
});

test('what a receive may ask for', async (t) => {
  const sqs = testSqs(t);
  const QueueUrl = await sqs.queue('orders');
  for (const wrong of [
    { MaxNumberOfMessages: 0 },
    { MaxNumberOfMessages: 11 },
    { WaitTimeSeconds: 21 },
    { VisibilityTimeout: -1 },
  ]) {
    await assert.rejects(sqs.call('ReceiveMessage', { QueueUrl, ...wrong }), { code: 'InvalidParameterValue' });
  }
  await assert.rejects(sqs.call('ReceiveMessage', { QueueUrl, AttributeNames: ['Colour'] }), {
    code: 'InvalidAttributeName',
  });
});

test('a transaction that fails leaves no trace in memory', async (t) => {
  const sqs = testSqs(t);
  const QueueUrl = await sqs.queue('orders');
  await sqs.call('SendMessage', { QueueUrl, MessageBody: 'before' });
  const { partition } = sqs;
  const original = partition.transact;
  partition.transact = (action) =>
    original.call(partition, (tx) => {
      action(tx);
      throw new Error('the disk is gone');
    }) as never;
  await assert.rejects(sqs.call('SendMessage', { QueueUrl, MessageBody: 'lost' }), /disk is gone/);
  await assert.rejects(sqs.call('ReceiveMessage', { QueueUrl }), /disk is gone/);
  partition.transact = original;
  const { Attributes } = await sqs.call('GetQueueAttributes', { QueueUrl, AttributeNames: ['All'] });
  assert.equal(Attributes?.['ApproximateNumberOfMessages'], '1');
  assert.equal(Attributes['ApproximateNumberOfMessagesNotVisible'], '0');
  const { Messages } = await sqs.call('ReceiveMessage', { QueueUrl, MaxNumberOfMessages: 10, AttributeNames: ['All'] });
  assert.deepEqual(
    Messages?.map(({ Body, Attributes: own }) => [Body, own?.['ApproximateReceiveCount']]),
    [['before', '1']],
  );
});

test('messages of a quiet group overtake those of a noisy one', async (t) => {
  const sqs = testSqs(t);
  const QueueUrl = await sqs.queue('orders');
  const send = (MessageGroupId: string) =>
    sqs.call('SendMessage', { QueueUrl, MessageBody: MessageGroupId, MessageGroupId });
  for (let i = 0; i < 60; i++) await send('noisy');
  const receive = async () => {
    const { Messages } = await sqs.call('ReceiveMessage', { QueueUrl, MaxNumberOfMessages: 10 });
    return Messages?.map(({ Body }) => Body) ?? [];
  };
  for (let i = 0; i < 4; i++) await receive();
  await send('quiet');
  assert.equal((await receive())[0], 'quiet');
});
