import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { test } from 'node:test';
import { CreateAccessKeyCommand, CreateUserCommand, IAMClient, UpdateAccessKeyCommand } from '@aws-sdk/client-iam';
import { CreateBucketCommand, GetObjectCommand, ListBucketsCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import {
  CreateQueueCommand,
  GetQueueUrlCommand,
  ListQueuesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import type { RunningCloud } from '#main';
import { seconds } from '#platform/base/clock.ts';
import { type AccountId, GLOBAL_REGION } from '#platform/base/ids.ts';
import { jsonRows, table } from '#platform/store/keys.ts';
import { PathStyleS3 } from '#test/sdk/path-style.ts';
import { type SeveralClouds, severalClouds } from '#test/sdk/several.ts';
import { until } from '#test/until.ts';

const has = (node: RunningCloud, account: string): boolean => {
  const leave = node.cloud.placement?.enter(account as AccountId);
  leave?.();
  return leave !== undefined;
};

/** The node that holds the first account, and the others. */
async function byHolding({ nodes, account }: SeveralClouds): Promise<{ holder: RunningCloud; others: RunningCloud[] }> {
  // Who was handed a slot sees it at its next look.
  await until(() => nodes.some((node) => has(node, account)), 'a holder');
  const holder = nodes.find((node) => has(node, account)) ?? assert.fail('nobody holds the account');
  return { holder, others: nodes.filter((node) => node !== holder) };
}

/** Of a request that `fetch` does not make. */
async function statusOf(address: string, headers: Record<string, string>, body: string): Promise<number | undefined> {
  const asking = request(`http://${address}/session`, { method: 'POST', headers });
  asking.end(body, 'latin1');
  const [response] = (await once(asking, 'response')) as [IncomingMessage];
  response.resume();
  return response.statusCode;
}

/** Enough for some of them to be anybody's. */
const ACCOUNTS = Array.from({ length: 64 }, (_, at) => String(100_000_000_000 + at) as AccountId);
const proposals = table('proposal', [], jsonRows<object>(1));

const succeeds = (action: () => Promise<unknown>): Promise<boolean> =>
  action().then(
    () => true,
    () => false,
  );

test('any node takes any call, long bodies too, and names are claimed once', async (t) => {
  const several = await severalClouds(t, 3);
  const queues = several.nodes.map((node) => several.client(SQSClient, node));
  for (const [at, sqs] of queues.entries()) {
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: `q${at}` }));
    for (const sender of queues) await sender.send(new SendMessageCommand({ QueueUrl, MessageBody: 'hello' }));
    for (const receiver of queues) {
      const { Messages = [] } = await receiver.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 1 }));
      assert.equal(Messages[0]?.Body, 'hello');
    }
  }
  const buckets = several.nodes.map((node) => several.client(PathStyleS3, node, { maxAttempts: 8 }));
  await Promise.all(buckets.map((s3, at) => s3.send(new CreateBucketCommand({ Bucket: `bucket-${at}` }))));
  const { Buckets = [] } = (await buckets[0]?.send(new ListBucketsCommand({}))) ?? {};
  assert.deepEqual(Buckets.map(({ Name }) => Name).sort(), ['bucket-0', 'bucket-1', 'bucket-2']);
  const Body = Buffer.alloc(3_000_000, 'long ');
  await Promise.all(
    buckets.map((s3, at) => s3.send(new PutObjectCommand({ Bucket: 'bucket-0', Key: `k${at}`, Body }))),
  );
  for (const s3 of buckets) {
    const { Body: read } = await s3.send(new GetObjectCommand({ Bucket: 'bucket-0', Key: 'k1' }));
    assert.ok(Body.equals((await read?.transformToByteArray()) ?? new Uint8Array()));
  }
});

test('a key that is made inactive opens nothing anywhere after a second, with the feed and without', async (t) => {
  const several = await severalClouds(t, 3);
  const iam = several.client(IAMClient, several.nodes[0] as RunningCloud);
  await iam.send(new CreateUserCommand({ UserName: 'alice' }));
  for (const isFeedThere of [true, false]) {
    const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'alice' }));
    const { AccessKeyId = '', SecretAccessKey = '' } = AccessKey ?? {};
    const credentials = { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey };
    const clients = several.nodes.map((node) => several.client(STSClient, node, { credentials }));
    for (const sts of clients) await sts.send(new GetCallerIdentityCommand({}));
    if (!isFeedThere) several.ledger.breakFeed();
    await iam.send(new UpdateAccessKeyCommand({ UserName: 'alice', AccessKeyId, Status: 'Inactive' }));
    const since = performance.now();
    for (const sts of clients) {
      await until(async () => !(await succeeds(() => sts.send(new GetCallerIdentityCommand({})))), 'a refusal');
    }
    // The machine of a test may be busy: what is promised is a second.
    assert.ok(performance.now() - since < 3000, `refused everywhere after ${Math.round(performance.now() - since)} ms`);
  }
});

test('who was struck off neither writes nor answers, and others have its accounts within seconds', async (t) => {
  const several = await severalClouds(t, 3);
  const { holder, others } = await byHolding(several);
  const there = several.client(SQSClient, holder);
  const { QueueUrl } = await there.send(new CreateQueueCommand({ QueueName: 'orders' }));
  const { incarnation } = holder.processes?.status().find(({ id }) => id === holder.processes?.id) ?? assert.fail();
  await several.ledger.leave(incarnation);
  // It does not know yet.
  await assert.rejects(there.send(new SendMessageCommand({ QueueUrl, MessageBody: 'late' })), {
    name: 'ServiceUnavailable',
  });
  const elsewhere = several.client(SQSClient, others[0] ?? assert.fail());
  const since = performance.now();
  await until(() => succeeds(() => elsewhere.send(new GetQueueUrlCommand({ QueueName: 'orders' }))), 'another holder');
  assert.ok(performance.now() - since < 5000);
  const { Messages = [] } = await elsewhere.send(new ReceiveMessageCommand({ QueueUrl }));
  assert.deepEqual(Messages, []);
  // It has joined again.
  await until(
    () => succeeds(() => there.send(new SendMessageCommand({ QueueUrl, MessageBody: 'again' }))),
    'its return',
  );
});

test('who was struck off and has joined again has its transactions taken by those that it knew before', async (t) => {
  const { nodes, ledger } = await severalClouds(t, 2);
  const [holder = assert.fail(), proposer = assert.fail()] = nodes;
  const propose = async (): Promise<void> => {
    const account = ACCOUNTS.find((each) => has(holder, each) && !has(proposer, each)) ?? assert.fail();
    const partition = proposer.cloud.store.partition({ service: 'iam', account, region: GLOBAL_REGION });
    partition.transact((tx) => tx.put(proposals, proposals.key(), {}));
    await partition.durable();
  };
  await propose();
  const { incarnation } = proposer.processes?.status().find(({ id }) => id === proposer.processes?.id) ?? assert.fail();
  await ledger.leave(incarnation);
  const isBack = ({ processes }: RunningCloud): boolean => {
    const lives = (processes?.status() ?? []).map((node) => node.incarnation);
    return lives.length === nodes.length && !lives.includes(incarnation);
  };
  await until(() => nodes.every(isBack), 'its return');
  await until(() => succeeds(propose), 'a transaction that is taken');
});

test('a node that drains hands all over while calls go on, and one that joins gets its share', async (t) => {
  const several = await severalClouds(t, 2);
  const { holder } = await byHolding(several);
  const clients = several.nodes.map((node) => several.client(SQSClient, node));
  const { QueueUrl } = (await clients[0]?.send(new CreateQueueCommand({ QueueName: 'orders' }))) ?? {};
  let isOver = false;
  let sent = 0;
  const calling = Promise.all(
    clients.map(async (sqs) => {
      while (!isOver) {
        await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'on and on' }));
        sent++;
      }
    }),
  );
  const id = holder.processes?.id ?? assert.fail();
  assert.equal(await holder.processes?.setDraining(id, true), true);
  await until(() => several.slots()[id] === 0, 'it holds nothing');
  const before = sent;
  await until(() => sent > before + 20, 'calls go on');
  assert.equal(await holder.processes?.setDraining(id, false), true);
  await several.settled();
  await several.join();
  await several.settled();
  isOver = true;
  await calling;
  assert.equal(await holder.processes?.setDraining('nobody:1', true), false);
});

test('long polls wait on where their account goes, for as long as they were to', async (t) => {
  const several = await severalClouds(t, 3);
  const { clock, nodes } = several;
  const { holder } = await byHolding(several);
  const clients = nodes.map((node) => several.client(SQSClient, node));
  const [first = assert.fail()] = clients;
  const Attributes = { VisibilityTimeout: '600' };
  const { QueueUrl } = await first.send(new CreateQueueCommand({ QueueName: 'orders', Attributes }));
  const poll = new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 });
  const polls = clients.map((sqs) => sqs.send(poll));
  const id = holder.processes?.id ?? assert.fail();
  const drained = async (isDraining: boolean): Promise<void> => {
    assert.equal(await holder.processes?.setDraining(id, isDraining), true);
    await (isDraining ? until(() => several.slots()[id] === 0, 'it holds nothing') : several.settled());
  };
  for (const sqs of clients) await sqs.send(new ListQueuesCommand({}));
  await drained(true);
  for (const body of ['one', 'two', 'three']) await first.send(new SendMessageCommand({ QueueUrl, MessageBody: body }));
  const bodies = (await Promise.all(polls)).map(({ Messages = [] }) => Messages[0]?.Body);
  assert.deepEqual(bodies.sort(), ['one', 'three', 'two']);

  let answered = 0;
  for (const sqs of clients) {
    void sqs.send(poll).then(({ Messages }) => {
      assert.equal(Messages, undefined);
      answered++;
    });
  }
  // Sent after the polls, and answered when those wait.
  for (const sqs of clients) await sqs.send(new ListQueuesCommand({}));
  clock.advance(seconds(15));
  await drained(false);
  assert.equal(answered, 0);
  clock.advance(seconds(5));
  await until(() => answered === clients.length, 'all have waited for 20 s');
});

test('the port between processes takes nothing from strangers', async (t) => {
  const several = await severalClouds(t, 1);
  const { address, incarnation } = several.nodes[0]?.processes?.status()[0] ?? assert.fail();
  const ask = (headers: Record<string, string>, body: string) =>
    fetch(`http://${address}/call`, { method: 'POST', headers, body }).then(({ status }) => status);
  assert.equal(await ask({}, 'hello'), 403);
  assert.equal(await ask({ 'x-makonis-call': `1/1/${incarnation}` }, 'hello'), 403);
  const frame = '\x20\0\0\0aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa';
  assert.equal(await ask({ 'x-makonis-call': `1/1/${incarnation}` }, frame), 403);
  const asSession = { 'x-makonis-call': `1/2/${incarnation}`, connection: 'upgrade', upgrade: 'makonis' };
  assert.equal(await statusOf(address, asSession, frame), 403);
  assert.equal(await statusOf(address, { connection: 'upgrade', upgrade: 'makonis' }, ''), 403);
});
