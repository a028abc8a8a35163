/** How often a FIFO queue may be called, and who may change that. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { seconds } from '#platform/base/clock.ts';
import { cloud } from '#test/sdk/cloud.ts';
import { operate } from '#test/sdk/people.ts';

const QUOTA = { ServiceCode: 'sqs', QuotaCode: 'L-06F64E4D' };
const THROTTLED = { name: 'RequestThrottled', message: 'Request is throttled.' };

async function start(t: TestContext) {
  const c = await cloud(t);
  const sqs = c.client(SQSClient);
  const create = async (QueueName: string, Attributes: Record<string, string>): Promise<string> =>
    (await sqs.send(new CreateQueueCommand({ QueueName, Attributes }))).QueueUrl ?? '';
  let sent = 0;
  return {
    c,
    sqs,
    create,
    /** A bucket asks for its rate every ten seconds. */
    async limit(Value: number): Promise<void> {
      await operate(c, 'SetQuota', { ...QUOTA, AccountId: c.account, Region: 'us-east-1', Value });
      c.advance(seconds(11));
    },
    send: (QueueUrl: string) =>
      sqs.send(
        new SendMessageCommand({
          QueueUrl,
          MessageBody: 'hello',
          ...(QueueUrl.endsWith('.fifo') && { MessageGroupId: 'g', MessageDeduplicationId: String(sent++) }),
        }),
      ),
  };
}

test('a FIFO queue takes its quota of calls a second of each action, batches counting once', async (t) => {
  const { c, sqs, create, limit, send } = await start(t);
  const QueueUrl = await create('orders.fifo', { FifoQueue: 'true' });
  // Far below what the clock, which runs, could fill up again while the test works.
  await limit(0.002);
  await assert.rejects(send(QueueUrl), THROTTLED);
  await limit(3);
  const Entries = ['a', 'b', 'c', 'd'].map((Id) => ({
    Id,
    MessageBody: Id,
    MessageGroupId: 'g',
    MessageDeduplicationId: Id,
  }));
  const refused = async (calls: readonly (() => Promise<unknown>)[]): Promise<unknown[]> => {
    const ends = await Promise.allSettled(calls.map((call) => call()));
    return ends.flatMap((end) => (end.status === 'rejected' ? [end.reason.name] : []));
  };
  const batch = () => sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
  const many = Array.from({ length: 20 }, () => () => send(QueueUrl));
  const names = await refused([batch, ...many]);
  assert.ok(names.length >= 12, `${names.length} refused`);
  assert.deepEqual(new Set(names), new Set(['RequestThrottled']));
  // Another action has a bucket of its own, and a second fills it.
  const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
  assert.ok(Messages.length > 0);
  const [{ ReceiptHandle } = {}] = Messages;
  const change = () => sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 60 }));
  assert.ok((await refused(Array.from({ length: 20 }, () => change))).length >= 12);
  await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
  c.advance(seconds(1));
  await send(QueueUrl);
});

test('standard queues have no limit, high throughput the region’s, and the operator may lift the quota', async (t) => {
  const { create, limit, send } = await start(t);
  await limit(0.002);
  const high = { FifoQueue: 'true', DeduplicationScope: 'messageGroup', FifoThroughputLimit: 'perMessageGroupId' };
  const urls = [await create('plain', {}), await create('fast.fifo', high)];
  for (const url of urls) for (let i = 0; i < 5; i++) await send(url);
  const slow = await create('slow.fifo', { FifoQueue: 'true' });
  await assert.rejects(send(slow), THROTTLED);
  await limit(1e6);
  for (let i = 0; i < 5; i++) await send(slow);
});

test('who else would change a quota, or another one, is refused', async (t) => {
  const { c } = await start(t);
  const input = { ...QUOTA, AccountId: c.account, Region: 'us-east-1', Value: 10 };
  await assert.rejects(operate({ ...c, operator: c.administrator }, 'SetQuota', input), /AccessDenied/);
  for (const [wrong, error] of [
    [{ AccountId: '999999999999' }, /AccountNotFoundException/],
    [{ Region: 'eu-nowhere-1' }, /IllegalArgumentException/],
    [{ Value: -1 }, /IllegalArgumentException/],
    [{ QuotaCode: 'L-00000000' }, /NoSuchResourceException/],
    [{ ServiceCode: 'nothing' }, /NoSuchResourceException/],
  ] as const) {
    await assert.rejects(operate(c, 'SetQuota', { ...input, ...wrong }), error);
  }
});
