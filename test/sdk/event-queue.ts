/** A queue that S3 may send to, and what it is told there. */
import assert from 'node:assert/strict';
import { type Event, PutBucketNotificationConfigurationCommand, type S3Client } from '@aws-sdk/client-s3';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import type { TestCloud } from '#test/sdk/cloud.ts';

interface Message<Record> {
  /** Of a test message. */
  readonly Event?: string;
  readonly Records?: readonly Record[];
}

/** `Told` is what the test looks into of a record. */
export async function eventQueue<Told>(c: TestCloud) {
  // Idle connections are closed by a jump of the clock: a new client each time.
  const sqs = (): SQSClient => c.client(SQSClient);
  const { QueueUrl = '' } = await sqs().send(new CreateQueueCommand({ QueueName: 'told' }));
  const QueueArn = `arn:aws:sqs:us-east-1:${c.account}:told`;
  /** The next message, which is awaited and deleted. */
  async function next(): Promise<Message<Told>> {
    const { Messages } = await sqs().send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 10 }));
    const [message] = Messages ?? [];
    assert.ok(message, 'a message arrives');
    await sqs().send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message.ReceiptHandle }));
    return JSON.parse(message.Body ?? '');
  }
  return {
    QueueArn,
    next,
    letIn(Condition?: Readonly<Record<string, Readonly<Record<string, string>>>>) {
      const Principal = { Service: 's3.amazonaws.com' };
      const Statement = [{ Effect: 'Allow', Principal, Action: 'sqs:SendMessage', Resource: QueueArn, Condition }];
      const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
      return sqs().send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }));
    },
    /** Past test messages. */
    async nextRecord(): Promise<Told> {
      for (;;) {
        const { Records: [record] = [] } = await next();
        if (record !== undefined) return record;
      }
    },
  };
}

/** Answers the next event of the bucket. */
export async function eventsOf<Told>(c: TestCloud, s3: S3Client, Bucket: string, ...Events: Event[]) {
  const { QueueArn, letIn, nextRecord } = await eventQueue<Told>(c);
  await letIn();
  const NotificationConfiguration = { QueueConfigurations: [{ QueueArn, Events }] };
  await s3.send(new PutBucketNotificationConfigurationCommand({ Bucket, NotificationConfiguration }));
  return nextRecord;
}
