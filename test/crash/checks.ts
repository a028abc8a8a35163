/** What is held against a cloud after it was killed: by what its clients were told. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { type CrashClient, type Key, type Outcome, UNNAMED } from '#test/crash/client.ts';
import {
  FIFO_VISIBILITY_SECONDS,
  keyOf,
  type Load,
  type Queues,
  STANDARD_VISIBILITY_SECONDS,
  SURE_MILLISECONDS,
} from '#test/crash/load.ts';
import type { Books } from '#test/crash/server.ts';
import { until } from '#test/until.ts';

const answered = (outcome: Outcome): string =>
  outcome.end === 'answered' ? outcome.body : assert.fail(JSON.stringify(outcome));

/** What may be asked twice: a lease may end on a busy machine. */
async function told(ask: () => Promise<Outcome>): Promise<string> {
  let outcome = await ask();
  for (let again = 0; outcome.end === 'unknown' && again < 30; again++) {
    await pause(300);
    outcome = await ask();
  }
  return answered(outcome);
}

export async function makeQueues(client: CrashClient, key: Key): Promise<Queues> {
  const make = async (QueueName: string, Attributes: Record<string, string>): Promise<string> =>
    JSON.parse(await told(() => client.sqs('CreateQueue', { QueueName, Attributes }, key))).QueueUrl;
  return {
    standard: await make('orders', { VisibilityTimeout: String(STANDARD_VISIBILITY_SECONDS) }),
    fifo: await make('orders.fifo', {
      FifoQueue: 'true',
      VisibilityTimeout: String(FIFO_VISIBILITY_SECONDS),
      // High throughput: the load is more than 300 calls a second.
      DeduplicationScope: 'messageGroup',
      FifoThroughputLimit: 'perMessageGroupId',
    }),
  };
}

export async function makeStranger(client: CrashClient, key: Key): Promise<Key> {
  const isMade = async (): Promise<boolean> => {
    const made = await client.form('iam', 'CreateUser', { UserName: 'stranger' }, key);
    return made.end === 'answered' || (made.end === 'refused' && made.body.includes('EntityAlreadyExists'));
  };
  await until(isMade, 'a stranger', 60);
  return keyOf(await told(() => client.form('iam', 'CreateAccessKey', { UserName: 'stranger' }, key)));
}

/** How many messages a queue says it holds. */
async function countOf(client: CrashClient, QueueUrl: string, key: Key): Promise<number> {
  const input = { QueueUrl, AttributeNames: ['All'] };
  const { Attributes } = JSON.parse(await told(() => client.sqs('GetQueueAttributes', input, key)));
  const names = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'];
  return names.reduce((sum, name) => sum + Number(Attributes[name]), 0);
}

const unknowns = ({ ends }: CrashClient): number => Object.values(ends).reduce((sum, { unknown }) => sum + unknown, 0);

/** Takes all that is left, and answers whether the count that the queue gave before was right at every step. */
async function drain(client: CrashClient, load: Load, kind: 'standard' | 'fifo', url: string, key: Key): Promise<void> {
  let left = await countOf(client, url, key);
  await until(
    async () => {
      let received = 0;
      const [before, begun] = [unknowns(client), performance.now()];
      await load.consume(kind, (count) => (received = count));
      if (unknowns(client) > before || performance.now() - begun > SURE_MILLISECONDS) {
        // On a busy machine a lease may have ended, or a receipt handle: what was deleted then?
        left = await countOf(client, url, key);
        return left <= 0;
      }
      left -= received;
      if (received > 0) assert.equal(await countOf(client, url, key), left, `the count of the ${kind} queue`);
      else await pause(50);
      return left <= 0;
    },
    `the ${kind} queue is empty`,
    120,
  );
  assert.equal(left, 0);
}

function checkBooks({ usage, audit }: Books, { ends }: CrashClient): void {
  for (const [operation, { answered: acknowledged, unknown }] of Object.entries(ends)) {
    if (operation === UNNAMED) continue;
    const metered = usage[operation] ?? 0;
    const what = `${operation}: ${acknowledged} acknowledged, ${unknown} unknown, ${metered} metered`;
    assert.ok(metered >= acknowledged && metered <= acknowledged + unknown, what);
  }
  const { refused = 0, unknown = 0 } = ends['GetQueueAttributes'] ?? {};
  const recorded = audit['GetQueueAttributes AccessDenied'] ?? 0;
  assert.ok(
    refused > 0 && recorded >= refused && recorded <= refused + unknown,
    `${refused} refused, ${recorded} recorded`,
  );
  for (const operation of ['CreateUser', 'CreateAccessKey', 'TagQueue']) {
    const { answered: acknowledged = 0, unknown: perhaps = 0 } = ends[operation] ?? {};
    const records = audit[operation] ?? 0;
    const what = `${operation}: ${acknowledged} acknowledged, ${records} recorded`;
    assert.ok(records >= acknowledged && records <= acknowledged + perhaps, what);
  }
}

export async function checkKeys(client: CrashClient, keys: Iterable<[string, Key]>): Promise<void> {
  for (const [user, key] of keys) {
    const identity = await told(() => client.form('sts', 'GetCallerIdentity', {}, key));
    assert.match(identity, new RegExp(`:user/${user}<`));
  }
}

async function checkTag(client: CrashClient, { tag }: Load, QueueUrl: string, key: Key): Promise<void> {
  const { Tags } = JSON.parse(await told(() => client.sqs('ListQueueTags', { QueueUrl }, key)));
  const value = Number(Tags.count);
  assert.ok(value >= tag.acknowledged && value <= tag.sent, `tag ${value} of ${tag.acknowledged} to ${tag.sent}`);
}

/** All that was acknowledged is there, once and in order, and the books count it. */
export async function checkAll(
  t: TestContext,
  { client, load, queues, key }: { client: CrashClient; load: Load; queues: Queues; key: Key },
  books: () => Promise<Books>,
): Promise<void> {
  await checkKeys(client, load.keys);
  await checkTag(client, load, queues.standard, key);
  await drain(client, load, 'standard', queues.standard, key);
  await drain(client, load, 'fifo', queues.fifo, key);
  for (const model of [load.standard, load.fifo]) model.finish();
  t.diagnostic(`standard: ${load.standard.summary}`);
  t.diagnostic(`FIFO: ${load.fifo.summary}; ${load.keys.size} keys; tag ${load.tag.sent}`);
  assert.deepEqual(load.unexpected, []);
  assert.deepEqual(load.standard.faults, []);
  assert.deepEqual(load.fifo.faults, []);
  checkBooks(await books(), client);
}
