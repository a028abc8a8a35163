import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seconds } from '#platform/base/clock.ts';
import { ACCOUNT, REGION, type TestSqs, testSqs } from './testing.ts';

const arnOf = (name: string) => `arn:aws:sqs:${REGION}:${ACCOUNT}:${name}`;
const redriveTo = (name: string, maxReceiveCount: string | number = 2) =>
  JSON.stringify({ deadLetterTargetArn: arnOf(name), maxReceiveCount });

async function receiveAll(sqs: TestSqs, QueueUrl: string) {
  const { Messages = [] } = await sqs.call('ReceiveMessage', {
    QueueUrl,
    MaxNumberOfMessages: 10,
    AttributeNames: ['All'],
  });
  return Messages;
}

async function spend(sqs: TestSqs, QueueUrl: string, receives: number) {
  for (let i = 0; i <= receives; i++) {
    await receiveAll(sqs, QueueUrl);
    sqs.clock.advance(seconds(30));
  }
}

async function count(sqs: TestSqs, QueueUrl: string) {
  const { Attributes } = await sqs.call('GetQueueAttributes', { QueueUrl, AttributeNames: ['All'] });
  return Number(Attributes?.['ApproximateNumberOfMessages']);
}

for (const suffix of ['', '.fifo']) {
  const isFifo = suffix !== '';
  const base = isFifo ? { FifoQueue: 'true', ContentBasedDeduplication: 'true' } : {};
  const group = isFifo ? { MessageGroupId: 'g' } : {};

  test(`a message that is received too often moves to the dead-letter queue (${suffix || 'standard'})`, async (t) => {
    const sqs = testSqs(t);
    const dead = await sqs.queue(`dead${suffix}`, base);
    const QueueUrl = await sqs.queue(`orders${suffix}`, { ...base, RedrivePolicy: redriveTo(`dead${suffix}`, '2') });
    const large = 'x'.repeat(10_000);
    const { MessageId } = await sqs.call('SendMessage', { QueueUrl, MessageBody: large, ...group });
    await spend(sqs, QueueUrl, 2);
    assert.equal(await count(sqs, QueueUrl), 0);
    const [message] = await receiveAll(sqs, dead);
    assert.equal(message?.Body, large);
    assert.equal(message.Attributes?.['DeadLetterQueueSourceArn'], arnOf(`orders${suffix}`));
    assert.equal(message.Attributes['ApproximateReceiveCount'], '3');
    assert.equal(message.Attributes['MessageDeduplicationId'], isFifo ? MessageId : undefined);
  });
}

test('a receive finds the live message behind hundreds of dead letters', async (t) => {
  const sqs = testSqs(t);
  const dead = await sqs.queue('dead');
  const QueueUrl = await sqs.queue('orders', { RedrivePolicy: redriveTo('dead', 1) });
  for (let i = 0; i < 350; i++) await sqs.call('SendMessage', { QueueUrl, MessageBody: `m${i}` });
  for (let i = 0; i < 35; i++) await receiveAll(sqs, QueueUrl);
  sqs.clock.advance(seconds(30));
  await sqs.call('SendMessage', { QueueUrl, MessageBody: 'live' });
  const [message] = await receiveAll(sqs, QueueUrl);
  assert.equal(message?.Body, 'live');
  assert.equal(await count(sqs, dead), 350);
});

test('what a redrive policy must be', async (t) => {
  const sqs = testSqs(t);
  const policy = redriveTo('nowhere');
  await assert.rejects(sqs.queue('orders', { RedrivePolicy: policy }), {
    message: `Value ${policy} for parameter RedrivePolicy is invalid. Reason: Dead letter target does not exist.`,
  });
  await sqs.queue('dead.fifo', { FifoQueue: 'true' });
  await assert.rejects(sqs.queue('orders', { RedrivePolicy: redriveTo('dead.fifo') }), /must be same type/);
  await assert.rejects(sqs.queue('orders', { RedrivePolicy: redriveTo('dead.fifo', 0) }), /valid values are from 1/);
  await assert.rejects(sqs.queue('orders', { RedrivePolicy: '{}' }), /mandatory attribute: deadLetterTargetArn/);
  await sqs.queue('closed', { RedriveAllowPolicy: '{"redrivePermission":"denyAll"}' });
  await assert.rejects(sqs.queue('orders', { RedrivePolicy: redriveTo('closed') }), { code: 'InvalidParameterValue' });
});

test('ListDeadLetterSourceQueues follows changes and deletions', async (t) => {
  const sqs = testSqs(t);
  const QueueUrl = await sqs.queue('dead');
  const a = await sqs.queue('a', { RedrivePolicy: redriveTo('dead') });
  const b = await sqs.queue('b', { RedrivePolicy: redriveTo('dead') });
  const list = async () => (await sqs.call('ListDeadLetterSourceQueues', { QueueUrl })).queueUrls;
  assert.deepEqual(await list(), [a, b]);
  const page = await sqs.call('ListDeadLetterSourceQueues', { QueueUrl, MaxResults: 1 });
  const { NextToken = '' } = page;
  const rest = await sqs.call('ListDeadLetterSourceQueues', { QueueUrl, MaxResults: 1, NextToken });
  assert.deepEqual([page.queueUrls, rest.queueUrls, rest.NextToken], [[a], [b], undefined]);
  await sqs.call('SetQueueAttributes', { QueueUrl: a, Attributes: { RedrivePolicy: '' } });
  await sqs.call('DeleteQueue', { QueueUrl: b });
  assert.deepEqual(await list(), []);
});

test('a move task takes messages back to their sources, at its rate, over a restart', async (t) => {
  const sqs = testSqs(t);
  const dead = await sqs.queue('dead');
  const QueueUrl = await sqs.queue('orders', { RedrivePolicy: redriveTo('dead', 1) });
  for (let i = 0; i < 10; i++) await sqs.call('SendMessage', { QueueUrl, MessageBody: `m${i}` });
  await spend(sqs, QueueUrl, 1);
  assert.equal(await count(sqs, dead), 10);
  const started = await sqs.call('StartMessageMoveTask', { SourceArn: arnOf('dead'), MaxNumberOfMessagesPerSecond: 2 });
  await assert.rejects(sqs.call('StartMessageMoveTask', { SourceArn: arnOf('dead') }), /already a task running/);
  const task = async () => (await sqs.call('ListMessageMoveTasks', { SourceArn: arnOf('dead') })).Results?.[0] ?? {};
  sqs.clock.advance(seconds(1));
  sqs.clock.advance(seconds(1));
  const during = await task();
  assert.equal(during.Status, 'RUNNING');
  assert.equal(during.TaskHandle, started.TaskHandle);
  assert.equal(during.ApproximateNumberOfMessagesToMove, 10);
  const moved = during.ApproximateNumberOfMessagesMoved ?? 0;
  assert.ok(moved >= 4 && moved <= 6, `${moved} after two seconds`);
  await sqs.restart();
  for (let i = 0; i < 5; i++) sqs.clock.advance(seconds(1));
  const { Status, ApproximateNumberOfMessagesMoved, TaskHandle } = await task();
  assert.deepEqual([Status, ApproximateNumberOfMessagesMoved, TaskHandle], ['COMPLETED', 10, undefined]);
  assert.equal(await count(sqs, dead), 0);
  assert.equal(await count(sqs, QueueUrl), 10);
  const [message] = await receiveAll(sqs, QueueUrl);
  assert.equal(message?.Attributes?.['ApproximateReceiveCount'], '1');
});

test('a FIFO queue gets its letters back in their order', async (t) => {
  const sqs = testSqs(t);
  const base = { FifoQueue: 'true', ContentBasedDeduplication: 'true' };
  const dead = await sqs.queue('dead.fifo', base);
  const QueueUrl = await sqs.queue('orders.fifo', { ...base, RedrivePolicy: redriveTo('dead.fifo', 1) });
  for (let i = 0; i < 120; i++) {
    await sqs.call('SendMessage', { QueueUrl, MessageBody: `m${i}`, MessageGroupId: i % 10 ? 'g' : 'h' });
  }
  for (let i = 0; (await count(sqs, dead)) < 120; i++) {
    assert.ok(i < 30, `${await count(sqs, dead)} of 120 were moved`);
    await receiveAll(sqs, QueueUrl);
    sqs.clock.advance(seconds(30));
  }
  await sqs.call('StartMessageMoveTask', { SourceArn: arnOf('dead.fifo') });
  for (let i = 0; i < 5; i++) sqs.clock.advance(1);
  assert.equal(await count(sqs, dead), 0);
  const bodies: string[] = [];
  for (;;) {
    const messages = await receiveAll(sqs, QueueUrl);
    if (messages.length === 0) break;
    for (const { Body = '', ReceiptHandle = '', Attributes } of messages) {
      if (Attributes?.['MessageGroupId'] === 'g') bodies.push(Body);
      await sqs.call('DeleteMessage', { QueueUrl, ReceiptHandle });
    }
  }
  const expected = Array.from({ length: 120 }, (_, i) => i).filter((i) => i % 10 !== 0);
  assert.deepEqual(
    bodies,
    expected.map((i) => `m${i}`),
  );
});

test('a move task that is cancelled stops', async (t) => {
  const sqs = testSqs(t);
  const dead = await sqs.queue('dead');
  const QueueUrl = await sqs.queue('orders', { RedrivePolicy: redriveTo('dead', 1) });
  for (let i = 0; i < 5; i++) await sqs.call('SendMessage', { QueueUrl, MessageBody: `m${i}` });
  await spend(sqs, QueueUrl, 1);
  const task = { SourceArn: arnOf('dead'), MaxNumberOfMessagesPerSecond: 1 };
  const { TaskHandle = '' } = await sqs.call('StartMessageMoveTask', task);
  sqs.clock.advance(1);
  const { ApproximateNumberOfMessagesMoved = 0 } = await sqs.call('CancelMessageMoveTask', { TaskHandle });
  await assert.rejects(sqs.call('CancelMessageMoveTask', { TaskHandle }), { code: 'UnsupportedOperation' });
  sqs.clock.advance(seconds(10));
  assert.equal(await count(sqs, dead), 5 - ApproximateNumberOfMessagesMoved);
  const { Results } = await sqs.call('ListMessageMoveTasks', { SourceArn: arnOf('dead') });
  assert.equal(Results?.[0]?.Status, 'CANCELLED');
});

test('what a move task refuses, and how it fails', async (t) => {
  const sqs = testSqs(t);
  const dead = await sqs.queue('dead');
  await assert.rejects(sqs.call('StartMessageMoveTask', { SourceArn: arnOf('dead') }), /configured as a Dead Letter/);
  await assert.rejects(sqs.call('StartMessageMoveTask', { SourceArn: arnOf('none') }), {
    code: 'ResourceNotFoundException',
  });
  await assert.rejects(sqs.call('CancelMessageMoveTask', { TaskHandle: 'x' }), { code: 'InvalidParameterValue' });
  await sqs.queue('orders', { RedrivePolicy: redriveTo('dead') });
  await sqs.call('SendMessage', { QueueUrl: dead, MessageBody: 'sent to the dead-letter queue itself' });
  await sqs.call('StartMessageMoveTask', { SourceArn: arnOf('dead') });
  sqs.clock.advance(1);
  const { Results = [] } = await sqs.call('ListMessageMoveTasks', { SourceArn: arnOf('dead'), MaxResults: 10 });
  assert.deepEqual(
    Results.map(({ Status, FailureReason }) => [Status, FailureReason]),
    [['FAILED', 'CouldNotDetermineMessageSource']],
  );
  assert.equal(await count(sqs, dead), 1);
});
