import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seconds } from '#platform/base/clock.ts';
import type { Region } from '#platform/base/ids.ts';
import { arnOfUrl, queueAddress, queueUrl } from './address.ts';
import { chunks, states } from './state.ts';
import { ACCOUNT, REGION, testSqs } from './testing.ts';

test('queue URLs are written and read', () => {
  const place = { account: ACCOUNT, region: REGION };
  const local = queueUrl({ ...place, origin: 'http://localhost:4566' }, 'q.fifo');
  assert.equal(local, 'http://localhost:4566/queue/us-east-1/123456789012/q.fifo');
  const regional = queueUrl({ ...place, origin: 'https://sqs.us-east-1.example.org' }, 'q');
  assert.equal(regional, 'https://sqs.us-east-1.example.org/123456789012/q');
  const here = { account: ACCOUNT, region: REGION, name: 'q' };
  for (const url of [
    'http://localhost:4566/queue/us-east-1/123456789012/q',
    'https://sqs.us-east-1.amazonaws.com/123456789012/q',
    'https://sqs.us-east-1.api.aws/123456789012/q',
    'https://us-east-1.queue.amazonaws.com/123456789012/q',
    'https://queue.amazonaws.com/123456789012/q',
  ]) {
    const { arns: _, ...address } = queueAddress(url);
    assert.deepEqual(address, here, url);
    assert.equal(arnOfUrl(url, place), 'arn:aws:sqs:us-east-1:123456789012:q');
  }
  const anywhere = 'http://10.0.0.1:80/123456789012/q';
  assert.equal(queueAddress(anywhere).region, undefined);
  for (const region of ['eu-west-1', 'us-east-1'] as Region[]) {
    assert.equal(arnOfUrl(anywhere, { region }), `arn:aws:sqs:${region}:123456789012:q`);
  }
  for (const url of ['q', 'http://localhost/q', 'http://localhost/12/q', 'http://localhost/123456789012/q/x', '']) {
    assert.throws(() => queueAddress(url), { code: 'InvalidAddress' }, url);
  }
});

test('creating a queue again', async (t) => {
  const sqs = testSqs(t);
  const first = await sqs.queue('orders', { VisibilityTimeout: '60' });
  assert.equal(await sqs.queue('orders'), first);
  assert.equal(await sqs.queue('orders', { VisibilityTimeout: '60', DelaySeconds: '0' }), first);
  await assert.rejects(sqs.queue('orders', { VisibilityTimeout: '61' }), {
    code: 'QueueNameExists',
    message: 'A queue already exists with the same name and a different value for attribute VisibilityTimeout',
  });
  await sqs.call('DeleteQueue', { QueueUrl: first });
  await assert.rejects(sqs.call('GetQueueUrl', { QueueName: 'orders' }), {
    code: 'QueueDoesNotExist',
    message: 'The specified queue does not exist.',
  });
  await assert.rejects(sqs.queue('orders'), { code: 'QueueDeletedRecently' });
  sqs.clock.advance(seconds(60));
  await sqs.queue('orders');
  for (const name of ['', 'a b', 'x'.repeat(81)])
    await assert.rejects(sqs.queue(name), { code: 'InvalidParameterValue' });
});

test('a queue that is deleted and made again is empty', async (t) => {
  const sqs = testSqs(t);
  const QueueUrl = await sqs.queue('orders');
  await sqs.call('SendMessage', { QueueUrl, MessageBody: 'old' });
  const poll = sqs.call('ReceiveMessage', { QueueUrl: await sqs.queue('other'), WaitTimeSeconds: 20 });
  const refused = assert.rejects(poll, { code: 'QueueDoesNotExist' });
  await sqs.call('DeleteQueue', { QueueUrl });
  await sqs.call('DeleteQueue', { QueueUrl: await sqs.queue('other') });
  await refused;
  sqs.clock.advance(seconds(61));
  await sqs.queue('orders');
  assert.deepEqual(await sqs.call('ReceiveMessage', { QueueUrl }), {});
});

test('attributes: defaults, values, names', async (t) => {
  const sqs = testSqs(t);
  const QueueUrl = await sqs.queue('orders');
  const all = await sqs.call('GetQueueAttributes', { QueueUrl, AttributeNames: ['All'] });
  const { CreatedTimestamp, LastModifiedTimestamp, ...rest } = all.Attributes ?? {};
  assert.equal(CreatedTimestamp, LastModifiedTimestamp);
  assert.deepEqual(rest, {
    QueueArn: `arn:aws:sqs:${REGION}:${ACCOUNT}:orders`,
    VisibilityTimeout: '30',
    MaximumMessageSize: '1048576',
    MessageRetentionPeriod: '345600',
    DelaySeconds: '0',
    ReceiveMessageWaitTimeSeconds: '0',
    SqsManagedSseEnabled: 'true',
    ApproximateNumberOfMessages: '0',
    ApproximateNumberOfMessagesNotVisible: '0',
    ApproximateNumberOfMessagesDelayed: '0',
  });
  assert.deepEqual(await sqs.call('GetQueueAttributes', { QueueUrl }), {});
  await assert.rejects(sqs.call('GetQueueAttributes', { QueueUrl, AttributeNames: ['Colour'] }), {
    code: 'InvalidAttributeName',
    message: 'Unknown Attribute Colour.',
  });
  const set = (Attributes: Record<string, string>) => sqs.call('SetQueueAttributes', { QueueUrl, Attributes });
  for (const bad of ['-1', '43201', '1.5', 'x', '']) {
    await assert.rejects(set({ VisibilityTimeout: bad }), { code: 'InvalidAttributeValue' }, bad);
  }
  for (const name of ['QueueArn', 'Colour', 'ContentBasedDeduplication']) {
    await assert.rejects(set({ [name]: 'true' }), { code: 'InvalidAttributeName' }, name);
  }
  await assert.rejects(set({ Policy: '{' }), { code: 'InvalidAttributeValue' });
  await set({ KmsMasterKeyId: 'alias/aws/sqs' });
  const kms = await sqs.call('GetQueueAttributes', { QueueUrl, AttributeNames: ['All'] });
  assert.equal(kms.Attributes?.['SqsManagedSseEnabled'], 'false');
  assert.equal(kms.Attributes['KmsDataKeyReusePeriodSeconds'], '300');
});

test('a high-throughput FIFO queue needs both attributes', async (t) => {
  const sqs = testSqs(t);
  const fifo = { FifoQueue: 'true', FifoThroughputLimit: 'perMessageGroupId' };
  await assert.rejects(sqs.queue('a.fifo', fifo), { code: 'InvalidAttributeValue' });
  await sqs.queue('a.fifo', { ...fifo, DeduplicationScope: 'messageGroup' });
});

test('lists in pages, by prefix', async (t) => {
  const sqs = testSqs(t);
  assert.deepEqual(await sqs.call('ListQueues', {}), {});
  const urls = await Promise.all(['a1', 'a2', 'a3', 'b1'].map((name) => sqs.queue(name)));
  assert.deepEqual(await sqs.call('ListQueues', {}), { QueueUrls: urls });
  const first = await sqs.call('ListQueues', { QueueNamePrefix: 'a', MaxResults: 2 });
  assert.deepEqual(first.QueueUrls, urls.slice(0, 2));
  const { NextToken = '' } = first;
  const rest = await sqs.call('ListQueues', { QueueNamePrefix: 'a', MaxResults: 2, NextToken });
  assert.deepEqual(rest, { QueueUrls: urls.slice(2, 3) });
  await assert.rejects(sqs.call('ListQueues', { MaxResults: 0 }), { code: 'InvalidParameterValue' });
  await assert.rejects(sqs.call('ListQueues', { NextToken: 'x' }), { code: 'InvalidParameterValue' });
});

test('purge empties the queue, once a minute', async (t) => {
  const sqs = testSqs(t);
  const QueueUrl = await sqs.queue('orders');
  for (let i = 0; i < 5; i++) await sqs.call('SendMessage', { QueueUrl, MessageBody: `m${i}` });
  await sqs.call('ReceiveMessage', { QueueUrl });
  await sqs.call('PurgeQueue', { QueueUrl });
  await assert.rejects(sqs.call('PurgeQueue', { QueueUrl }), {
    code: 'PurgeQueueInProgress',
    message: 'Only one PurgeQueue operation on orders is allowed every 60 seconds.',
  });
  await sqs.call('SendMessage', { QueueUrl, MessageBody: 'after' });
  sqs.clock.advance(seconds(60));
  const { Messages } = await sqs.call('ReceiveMessage', { QueueUrl, MaxNumberOfMessages: 10 });
  assert.deepEqual(
    Messages?.map(({ Body }) => Body),
    ['after'],
  );
  await sqs.call('PurgeQueue', { QueueUrl });
  await sqs.restart();
  const { Attributes } = await sqs.call('GetQueueAttributes', { QueueUrl, AttributeNames: ['All'] });
  assert.equal(Attributes?.['ApproximateNumberOfMessages'], '0');
});

test('the rows of a large queue are swept after a purge, and sequences go on', async (t) => {
  const sqs = testSqs(t);
  const QueueUrl = await sqs.queue('orders.fifo', { FifoQueue: 'true', ContentBasedDeduplication: 'true' });
  const send = (MessageBody: string) => sqs.call('SendMessage', { QueueUrl, MessageBody, MessageGroupId: 'g' });
  for (let i = 0; i < 1001; i++) await send(`m${i}`);
  const { Messages } = await sqs.call('ReceiveMessage', { QueueUrl });
  const last = await send('last');
  await sqs.call('PurgeQueue', { QueueUrl });
  assert.deepEqual(await sqs.call('ReceiveMessage', { QueueUrl }), {});
  await sqs.call('DeleteMessage', { QueueUrl, ReceiptHandle: Messages?.[0]?.ReceiptHandle ?? '' });
  assert.equal((await send('last')).MessageId, last.MessageId, 'deduplication outlives a purge');
  const next = await send('next');
  assert.ok((next.SequenceNumber ?? '') > (last.SequenceNumber ?? ''));
  for (let i = 0; i < 5; i++) sqs.clock.advance(1);
  const rows = sqs.partition.read((tx) => tx.range(chunks).length + tx.range(states).length);
  assert.equal(rows, 1);
  await sqs.restart();
  const { Attributes } = await sqs.call('GetQueueAttributes', { QueueUrl, AttributeNames: ['All'] });
  assert.equal(Attributes?.['ApproximateNumberOfMessages'], '1');
});

test('permissions are statements of the policy', async (t) => {
  const sqs = testSqs(t);
  const QueueUrl = await sqs.queue('orders');
  const policy = async () => {
    const { Attributes } = await sqs.call('GetQueueAttributes', { QueueUrl, AttributeNames: ['Policy'] });
    return Attributes && JSON.parse(Attributes['Policy'] ?? '');
  };
  const permission = { QueueUrl, Label: 'partner', AWSAccountIds: ['210987654321'], Actions: ['SendMessage'] };
  await sqs.call('AddPermission', permission);
  const arn = `arn:aws:sqs:${REGION}:${ACCOUNT}:orders`;
  assert.deepEqual((await policy()).Statement, [
    {
      Sid: 'partner',
      Effect: 'Allow',
      Principal: { AWS: 'arn:aws:iam::210987654321:root' },
      Action: 'SQS:SendMessage',
      Resource: arn,
    },
  ]);
  await assert.rejects(sqs.call('AddPermission', permission), /Already exists/);
  await assert.rejects(
    sqs.call('AddPermission', { ...permission, Label: 'x', Actions: ['DeleteQueue'] }),
    /queue owner/,
  );
  await assert.rejects(sqs.call('RemovePermission', { QueueUrl, Label: 'other' }), { code: 'InvalidParameterValue' });
  await sqs.call('RemovePermission', { QueueUrl, Label: 'partner' });
  assert.equal(await policy(), undefined);
});

test('tags', async (t) => {
  const sqs = testSqs(t);
  const { QueueUrl = '' } = await sqs.call('CreateQueue', { QueueName: 'orders', tags: { team: 'a' } });
  await sqs.call('TagQueue', { QueueUrl, Tags: { stage: 'test' } });
  await sqs.call('UntagQueue', { QueueUrl, TagKeys: ['team', 'none'] });
  assert.deepEqual(await sqs.call('ListQueueTags', { QueueUrl }), { Tags: { stage: 'test' } });
});
