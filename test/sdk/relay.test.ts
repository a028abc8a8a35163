/** A service's events to a queue: by the outbox and the relay, as the service's principal, through the same authoriser. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import type { AccountId, Region } from '#platform/base/ids.ts';
import type { Logger } from '#platform/base/log.ts';
import type { Cloud } from '#platform/cloud.ts';
import { deliver } from '#platform/jobs/deliver.ts';
import { type Delivery, send } from '#platform/jobs/outbox.ts';
import { Relay } from '#platform/jobs/relay.ts';
import { RegisteredService, Registry } from '#platform/registry.ts';
import { defineService } from '#platform/service.ts';
import { cloud } from '#test/sdk/cloud.ts';
import { newAccount } from '#test/sdk/people.ts';
import { until } from '#test/until.ts';

const REGION = 'us-east-1' as Region;
const PARTNER = '210987654321' as AccountId;

/** Rings; nothing of it is asked for by clients. */
const chime = defineService({
  operations: {},
  notImplemented: {},
  kinds: {},
  quotas: {},
});

async function start(t: TestContext) {
  const c = await cloud(t);
  const sqs = c.client(SQSClient);
  const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: 'orders' }));
  const model = {
    metadata: { serviceId: 'Chime', apiVersion: '1', endpointPrefix: 'chime', protocols: ['json' as const] },
    operations: {},
    shapes: {},
  };
  const service = new RegisteredService(
    { name: 'chime', principal: 'chime.amazonaws.com', scope: 'regional', load: async () => chime },
    { summary: { metadata: model.metadata }, load: () => model },
    () => () => {},
  );
  const services = [...c.running.cloud.registry.services, service];
  const running: Cloud = { ...c.running.cloud, registry: new Registry(services) };
  const dropped: string[] = [];
  const log: Logger = {
    log: (_level, event, fields) => event === 'message dropped' && dropped.push(String(fields?.['reason'])),
    request: () => {},
  };
  const deliveries: Delivery[] = [];
  const ringIn = (account: AccountId) => {
    const partition = running.store.partition({ service: 'chime', account, region: REGION });
    const relay = new Relay(partition, {
      clock: c.clock,
      log,
      deliver: async (delivery) => {
        deliveries.push(delivery);
        await deliver(running, delivery);
      },
    });
    t.after(() => relay.stop());
    return (bell: string): void =>
      partition.transact((tx) =>
        send(tx, c.clock.now(), {
          service: 'sqs',
          operation: 'SendMessage',
          input: { QueueUrl, MessageBody: `ring of ${bell}` },
          region: REGION,
          sourceArn: `arn:aws:chime:us-east-1:${account}:${bell}`,
          target: bell,
        }),
      );
  };
  return {
    c,
    running,
    dropped,
    deliveries,
    ringIn,
    async allow(Condition: object, Service = 'chime.amazonaws.com') {
      const Resource = `arn:aws:sqs:us-east-1:${c.account}:orders`;
      const Statement = { Effect: 'Allow', Principal: { Service }, Action: 'sqs:SendMessage', Resource, Condition };
      const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
      await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }));
    },
    async bodies(): Promise<(string | undefined)[]> {
      const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
      for (const { ReceiptHandle } of Messages) await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
      return Messages.map(({ Body }) => Body);
    },
  };
}

test('a service’s message is taken when the queue’s policy allows that service for that source', async (t) => {
  const { c, ringIn, allow, bodies, dropped, deliveries } = await start(t);
  const ring = ringIn(c.account as AccountId);
  const ringNext = async (bell: string): Promise<void> => {
    const before = deliveries.length;
    ring(bell);
    await until(() => deliveries.length > before, 'the delivery');
  };
  await ringNext('north');
  await until(() => dropped.length === 1, 'the refusal');
  assert.match(dropped[0] ?? '', /chime\.amazonaws\.com is not authorized to perform: sqs:SendMessage/);
  const north = `arn:aws:chime:us-east-1:${c.account}:north`;
  await allow({ ArnEquals: { 'aws:SourceArn': north }, StringEquals: { 'aws:SourceAccount': c.account } });
  await ringNext('north');
  await ringNext('south');
  await until(() => dropped.length === 2, 'the refusal of another source');
  assert.deepEqual(await bodies(), ['ring of north']);
  await allow({}, 'sns.amazonaws.com');
  await ringNext('north');
  await until(() => dropped.length === 3, 'the refusal of another service');
  assert.deepEqual(await bodies(), []);
});

test('a source of another account is told apart by aws:SourceAccount', async (t) => {
  const { c, ringIn, allow, bodies, dropped } = await start(t);
  await newAccount(c, PARTNER);
  const ring = ringIn(PARTNER);
  await allow({ StringEquals: { 'aws:SourceAccount': c.account } });
  ring('bell');
  await until(() => dropped.length === 1, 'the refusal');
  await allow({ StringEquals: { 'aws:SourceAccount': PARTNER } });
  ring('bell');
  await until(async () => (await bodies()).length === 1, 'the message');
});

test('a message that is delivered twice is in the queue once', async (t) => {
  const { c, running, ringIn, allow, bodies, deliveries } = await start(t);
  await allow({});
  ringIn(c.account as AccountId)('bell');
  await until(() => deliveries.length === 1, 'the delivery');
  const [delivery] = deliveries;
  if (delivery === undefined) assert.fail();
  await deliver(running, delivery);
  await deliver(running, delivery);
  assert.deepEqual(await bodies(), ['ring of bell']);
});
