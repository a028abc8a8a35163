/**
 * The errors that SQS's operations have in common, of every operation that can have them (tools/met-errors says which there are).
 * What KMS refuses is in sqs-encryption.test.ts.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import * as SQS from '@aws-sdk/client-sqs';
import { seconds } from '#platform/base/clock.ts';
import { cloud } from '#test/sdk/cloud.ts';
import { operate } from '#test/sdk/people.ts';

const Handle = { ReceiptHandle: 'x' };
const handles = (...ids: string[]) => ids.map((Id) => ({ Id, ...Handle }));

/** Operations on a queue, with what they need besides its URL. */
const ON_QUEUE: Readonly<Record<string, object>> = {
  SendMessage: { MessageBody: 'x' },
  SendMessageBatch: { Entries: [{ Id: 'a', MessageBody: 'x' }] },
  ReceiveMessage: {},
  DeleteMessage: Handle,
  DeleteMessageBatch: { Entries: handles('a') },
  ChangeMessageVisibility: { ...Handle, VisibilityTimeout: 0 },
  ChangeMessageVisibilityBatch: { Entries: handles('a') },
  DeleteQueue: {},
  GetQueueAttributes: {},
  SetQueueAttributes: { Attributes: { DelaySeconds: '1' } },
  PurgeQueue: {},
  ListDeadLetterSourceQueues: {},
  AddPermission: { Label: 'x', AWSAccountIds: ['123456789012'], Actions: ['SendMessage'] },
  RemovePermission: { Label: 'x' },
  TagQueue: { Tags: { a: 'b' } },
  UntagQueue: { TagKeys: ['a'] },
  ListQueueTags: {},
};

async function start(t: TestContext) {
  const c = await cloud(t);
  const client = c.client(SQS.SQSClient);
  // Commands by name: what their inputs need, the tables say.
  const commands = SQS as unknown as Record<string, new (input: object) => SQS.CreateQueueCommand>;
  const send = async (operation: string, input: object): Promise<Record<string, unknown>> => {
    const Command = commands[`${operation}Command`];
    assert.ok(Command, operation);
    return { ...(await client.send(new Command(input))) };
  };
  const refused = (name: string, operation: string, input: object): Promise<void> =>
    assert.rejects(send(operation, input), { name }, `${operation} ${JSON.stringify(input).slice(0, 200)}`);
  const queue = async (QueueName: string, Attributes = {}) =>
    String((await send('CreateQueue', { QueueName, Attributes }))['QueueUrl']);
  const arnOf = (name: string): string => `arn:aws:sqs:us-east-1:${c.account}:${name}`;
  return { c, send, refused, queue, arnOf };
}

test('queues that are not there, and what is no address of one', async (t) => {
  const { c, send, refused, arnOf } = await start(t);
  for (const [operation, rest] of Object.entries(ON_QUEUE)) {
    await refused('QueueDoesNotExist', operation, { ...rest, QueueUrl: `${c.url}/${c.account}/nothing` });
    await refused('InvalidAddress', operation, { ...rest, QueueUrl: `${c.url}/nobody/nothing` });
  }
  await refused('QueueDoesNotExist', 'GetQueueUrl', { QueueName: 'nothing' });
  for (const operation of ['StartMessageMoveTask', 'ListMessageMoveTasks']) {
    await refused('ResourceNotFoundException', operation, { SourceArn: arnOf('nothing') });
  }
  assert.equal((await send('ListQueues', {}))['QueueUrls'], undefined);
});

test('batches that are none, too long, or name an entry twice', async (t) => {
  const { queue, refused } = await start(t);
  const QueueUrl = await queue('orders');
  const messages = (...ids: string[]) => ids.map((Id) => ({ Id, MessageBody: 'x' }));
  for (const [operation, entries] of Object.entries({
    SendMessageBatch: messages,
    DeleteMessageBatch: handles,
    ChangeMessageVisibilityBatch: handles,
  })) {
    const eleven = Array.from({ length: 11 }, (_, n) => String(n));
    await refused('EmptyBatchRequest', operation, { QueueUrl, Entries: [] });
    await refused('TooManyEntriesInBatchRequest', operation, { QueueUrl, Entries: entries(...eleven) });
    await refused('BatchEntryIdsNotDistinct', operation, { QueueUrl, Entries: entries('a', 'a') });
    await refused('InvalidBatchEntryId', operation, { QueueUrl, Entries: entries('a b') });
  }
  const long = messages('a', 'b').map((entry) => ({ ...entry, MessageBody: 'x'.repeat(600_000) }));
  await refused('BatchRequestTooLong', 'SendMessageBatch', { QueueUrl, Entries: long });
});

test('attributes, permissions, messages and tasks that can’t be', async (t) => {
  const { send, queue, refused, arnOf } = await start(t);
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: arnOf('dead'), maxReceiveCount: 1 });
  await queue('dead');
  const QueueUrl = await queue('orders', { RedrivePolicy });
  const Attributes = { Colour: 'blue' };
  await refused('InvalidAttributeName', 'CreateQueue', { QueueName: 'other', Attributes });
  await refused('InvalidAttributeName', 'SetQueueAttributes', { QueueUrl, Attributes });
  await refused('InvalidAttributeName', 'GetQueueAttributes', { QueueUrl, AttributeNames: ['Colour'] });
  await refused('InvalidAttributeValue', 'CreateQueue', { QueueName: 'other', Attributes: { DelaySeconds: '-1' } });
  await refused('QueueNameExists', 'CreateQueue', { QueueName: 'dead', Attributes: { DelaySeconds: '1' } });
  const Actions = ['SendMessage', 'ReceiveMessage', 'DeleteMessage', 'ChangeMessageVisibility'];
  const more = ['GetQueueAttributes', 'GetQueueUrl', 'PurgeQueue', 'ListDeadLetterSourceQueues'];
  const permission = { QueueUrl, Label: 'x', AWSAccountIds: ['123456789012'] };
  await refused('OverLimit', 'AddPermission', { ...permission, Actions: [...Actions, ...more] });
  const grant = (Sid: string, Action: unknown) => ({ Sid, Effect: 'Allow', Principal: '*', Action, Resource: '*' });
  const setPolicy = (...Statement: object[]) => ({
    QueueUrl,
    Attributes: { Policy: JSON.stringify({ Version: '2012-10-17', Statement }) },
  });
  const eight = ['Send', 'Receive', 'Delete', 'Purge', 'Get', 'Set', 'Add', 'Tag'].map((verb) => `sqs:${verb}*`);
  await refused('OverLimit', 'SetQueueAttributes', setPolicy(grant('a', eight)));
  const statements = Array.from({ length: 20 }, (_, n) => grant(`s${n}`, 'sqs:SendMessage'));
  await refused('OverLimit', 'SetQueueAttributes', setPolicy(...statements, grant('more', 'sqs:SendMessage')));
  await send('SetQueueAttributes', setPolicy(...statements));
  await refused('OverLimit', 'AddPermission', { ...permission, Actions: ['SendMessage'] });
  const many = Array.from({ length: 300 }, (_, n) => String(100_000_000_000 + n));
  await send('SetQueueAttributes', setPolicy(grant('a', 'sqs:SendMessage')));
  await refused('OverLimit', 'AddPermission', { ...permission, AWSAccountIds: many, Actions: ['SendMessage'] });
  const number = { n: { DataType: 'Number', StringValue: '9'.repeat(39) } };
  await refused('InvalidParameterValue', 'SendMessage', { QueueUrl, MessageBody: 'x', MessageAttributes: number });
  await refused('ReceiptHandleIsInvalid', 'DeleteMessage', { QueueUrl, ...Handle });
  await refused('ReceiptHandleIsInvalid', 'ChangeMessageVisibility', { QueueUrl, ...Handle, VisibilityTimeout: 0 });
  await refused('InvalidMessageContents', 'SendMessage', { QueueUrl, MessageBody: '\u0001' });

  const { TaskHandle } = await send('StartMessageMoveTask', { SourceArn: arnOf('dead') });
  // There was nothing to move.
  await refused('UnsupportedOperation', 'CancelMessageMoveTask', { TaskHandle });
  const unknown = { taskId: '0'.repeat(8), sourceArn: arnOf('dead') };
  const other = Buffer.from(JSON.stringify(unknown)).toString('base64');
  await refused('ResourceNotFoundException', 'CancelMessageMoveTask', { TaskHandle: other });
});

test('a FIFO queue that is called too often', async (t) => {
  const { c, queue, refused } = await start(t);
  const QueueUrl = await queue('orders.fifo', { FifoQueue: 'true' });
  const quota = { ServiceCode: 'sqs', QuotaCode: 'L-06F64E4D', AccountId: c.account, Region: 'us-east-1' };
  // Far below what the clock, which runs, could fill up again while the test works.
  await operate(c, 'SetQuota', { ...quota, Value: 0.002 });
  c.advance(seconds(11));
  for (const operation of Object.keys(ON_QUEUE).slice(0, 7)) {
    await refused('RequestThrottled', operation, { ...ON_QUEUE[operation], QueueUrl });
  }
});
