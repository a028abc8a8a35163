/** Data folders of older programs: everything that their users had is there, and goes on. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { CloudTrailClient, LookupEventsCommand } from '@aws-sdk/client-cloudtrail';
import { GetGroupCommand, GetRoleCommand, IAMClient, ListUserTagsCommand } from '@aws-sdk/client-iam';
import {
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListQueuesCommand,
  ListQueueTagsCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';

import { minutes, SimulatedClock } from '#platform/base/clock.ts';
import { usageOf } from '#platform/metering/usage.ts';
import { KEPT_FOLDER, newFolder, openFolder, removeFolder, unpack } from '#test/data/kept.ts';
import type { ClientConfig, Credentials } from '#test/sdk/cloud.ts';
import { until } from '#test/until.ts';

const FILES = readdirSync(KEPT_FOLDER).filter((name) => name.endsWith('.gz'));

async function open(t: TestContext, file: string) {
  const folder = newFolder();
  t.after(() => removeFolder(folder));
  const known = unpack(join(KEPT_FOLDER, file), folder);
  // Messages expire: it is a minute after the stop.
  const offset = known.at + minutes(1) - Date.now();
  const { running, clock, stop } = await openFolder(folder, offset);
  t.after(stop);
  const configs: ClientConfig[] = [];
  return {
    known,
    running,
    clock,
    advance(milliseconds: number): void {
      assert.ok(clock instanceof SimulatedClock);
      clock.advance(milliseconds);
      for (const config of configs) config.systemClockOffset += milliseconds;
    },
    client<T extends { destroy(): void }>(
      Class: new (config: ClientConfig) => T,
      credentials: Credentials = known.administrator,
    ): T {
      // A jump of the clock closes idle connections: the SDK tries again on a new one.
      const config = { endpoint: running.url, region: 'us-east-1', credentials, maxAttempts: 3 };
      const client = new Class({ ...config, systemClockOffset: offset });
      // As in test/sdk/cloud.ts.
      configs.push((client as unknown as { config: ClientConfig }).config);
      t.after(() => client.destroy());
      return client;
    },
  };
}

const bodies = (messages: readonly Message[] = []): string[] => messages.map(({ Body = '' }) => Body.slice(0, 9));

for (const file of FILES) {
  test(`${file}: users, their keys and policies`, async (t) => {
    const { known, client } = await open(t, file);
    const iam = client(IAMClient);
    const { Tags } = await iam.send(new ListUserTagsCommand({ UserName: 'ann' }));
    assert.deepEqual(Tags, [{ Key: 'team', Value: 'blue' }]);
    const { Users } = await iam.send(new GetGroupCommand({ GroupName: 'readers' }));
    assert.deepEqual(
      Users?.map(({ Arn }) => Arn),
      [`arn:aws:iam::${known.account}:user/staff/ann`],
    );
    const ann = client(SQSClient, known.ann);
    const { QueueUrls = [] } = await ann.send(new ListQueuesCommand({}));
    assert.equal(QueueUrls.length, 2);
    await ann.send(new SendMessageCommand({ QueueUrl: QueueUrls[0], MessageBody: 'by ann' }));
    await assert.rejects(ann.send(new ReceiveMessageCommand({ QueueUrl: QueueUrls[0] })), { name: 'AccessDenied' });
    const { Role } = await iam.send(new GetRoleCommand({ RoleName: 'reader' }));
    const assume = new AssumeRoleCommand({ RoleArn: Role?.Arn, RoleSessionName: 'old' });
    const { Credentials: session } = await client(STSClient).send(assume);
    const reader = client(SQSClient, {
      accessKeyId: session?.AccessKeyId ?? '',
      secretAccessKey: session?.SecretAccessKey ?? '',
      sessionToken: session?.SessionToken ?? '',
    });
    assert.equal((await reader.send(new ListQueuesCommand({}))).QueueUrls?.length, 2);
  });

  test(`${file}: messages that wait, are delayed, in flight, large, in order`, async (t) => {
    const { known, client, advance } = await open(t, file);
    const sqs = client(SQSClient);
    const urlOf = async (QueueName: string) => (await sqs.send(new GetQueueUrlCommand({ QueueName }))).QueueUrl;
    const QueueUrl = await urlOf('orders');
    assert.deepEqual((await sqs.send(new ListQueueTagsCommand({ QueueUrl }))).Tags, { team: 'blue' });
    const counts = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }));
    assert.equal(counts.Attributes?.['ApproximateNumberOfMessages'], '4');
    assert.equal(counts.Attributes?.['ApproximateNumberOfMessagesNotVisible'], '1');
    assert.equal(counts.Attributes?.['ApproximateNumberOfMessagesDelayed'], '1');
    const receive = (url = QueueUrl) =>
      sqs.send(
        new ReceiveMessageCommand({
          QueueUrl: url,
          MaxNumberOfMessages: 10,
          MessageAttributeNames: ['All'],
          MessageSystemAttributeNames: ['All'],
        }),
      );
    const { Messages } = await receive();
    assert.deepEqual(bodies(Messages).sort(), ['batch a', 'batch b', 'batch c', 'large lar']);
    for (const { ReceiptHandle } of Messages ?? [])
      await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
    advance(minutes(10));
    const [again] = (await receive()).Messages ?? [];
    assert.equal(again?.Body, 'in flight');
    assert.equal(again.MessageAttributes?.['kind']?.StringValue, 'first');
    assert.equal(again.Attributes?.['ApproximateReceiveCount'], '2');
    // The handle of before the stop is one of an earlier receive now: it deletes nothing.
    await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: known.receipt }));
    advance(minutes(5));
    assert.deepEqual(bodies((await receive()).Messages), ['delayed']);

    const fifo = await urlOf('orders.fifo');
    assert.deepEqual(bodies((await receive(fifo)).Messages), ['two', 'three']);
  });

  test(`${file}: a handle from before the stop deletes, a duplicate is one, audit and usage go on`, async (t) => {
    const { known, client, running, advance } = await open(t, file);
    const sqs = client(SQSClient);
    const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: 'orders' }));
    await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: known.receipt }));
    const fifo = await sqs.send(new GetQueueUrlCommand({ QueueName: 'orders.fifo' }));
    const send = new SendMessageCommand({ QueueUrl: fifo.QueueUrl, MessageBody: 'three', MessageGroupId: 'g' });
    await sqs.send(send);
    const counts = new GetQueueAttributesCommand({ QueueUrl: fifo.QueueUrl, AttributeNames: ['All'] });
    assert.equal((await sqs.send(counts)).Attributes?.['ApproximateNumberOfMessages'], '2');
    advance(minutes(20));
    const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
    assert.ok(!bodies(Messages).includes('in flight'));

    const { store } = running.cloud;
    const place = { service: 'sqs', account: known.account, region: 'us-east-1' };
    const name = store
      .partitions({})
      .find((one) => Object.entries(place).every(([key, value]) => one[key as keyof typeof one] === value));
    assert.ok(name);
    const partition = store.partition(name);
    const end = known.at + minutes(60);
    // CloudTrail takes the records up into its own partition, in its own time.
    const trail = client(CloudTrailClient);
    const EventName = { AttributeKey: 'EventName' as const, AttributeValue: 'CreateQueue' };
    await until(async () => {
      const { Events = [] } = await trail.send(new LookupEventsCommand({ LookupAttributes: [EventName] }));
      return Events.length === 2;
    }, 'the two CreateQueue records');
    const usage = partition.read((tx) => usageOf(tx, 0, end));
    const sends = usage.filter(({ operation, usageType }) => operation === 'SendMessage' && usageType === 'Requests');
    assert.equal(
      sends.reduce((sum, { amount }) => sum + amount, 0),
      8,
    );
  });
}
