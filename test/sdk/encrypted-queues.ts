/** Queues that are encrypted by KMS's keys, and what tests of that have in common. */
import type { TestContext } from 'node:test';
import {
  CreateQueueCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import type { AccountId, Region } from '#platform/base/ids.ts';
import { bodies, chunks } from '#services/sqs/state.ts';
import type { Credentials } from '#test/sdk/cloud.ts';
import { startKms } from '#test/sdk/kms.ts';

export const REGION = 'us-east-1' as Region;

export async function start(t: TestContext) {
  const started = await startKms(t);
  const { c } = started;
  const sqs = c.client(SQSClient);
  const arnOfQueue = (name: string) => `arn:aws:sqs:us-east-1:${c.account}:${name}`;
  return {
    ...started,
    sqs,
    arnOfQueue,
    sqsAs: (credentials: Credentials) => c.client(SQSClient, { credentials }),
    async queue(QueueName: string, Attributes: Record<string, string>) {
      const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName, Attributes }));
      return QueueUrl;
    },
    set: (QueueUrl: string, Attributes: Record<string, string>) =>
      sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes })),
    send: (QueueUrl: string, MessageBody = 'confidential', client = sqs) =>
      client.send(new SendMessageCommand({ QueueUrl, MessageBody })),
    sendBatch: (QueueUrl: string, client = sqs) =>
      client.send(new SendMessageBatchCommand({ QueueUrl, Entries: [{ Id: '1', MessageBody: 'x' }] })),
    receive: (QueueUrl: string, client = sqs, rest = {}) =>
      receive(client, { QueueUrl, MaxNumberOfMessages: 10, ...rest }),
    /** What lies in the store, its own seal taken off. */
    stored: () =>
      c.running.cloud.store
        .partition({ service: 'sqs', account: c.account as AccountId, region: REGION })
        .read((tx) => ({
          messages: tx.range(chunks).flatMap(({ row }) => row),
          apart: tx.range(bodies).map(({ row }) => row),
        })),
  };
}

async function receive(client: SQSClient, input: ConstructorParameters<typeof ReceiveMessageCommand>[0]) {
  const { Messages = [] } = await client.send(new ReceiveMessageCommand(input));
  return Messages;
}

export const textsOf = (messages: readonly { Body?: string | undefined }[]) => messages.map(({ Body }) => Body);
