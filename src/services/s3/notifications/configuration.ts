/** A bucket's notification configuration. Each queue is tried with a test message before a rule that names it is kept. */
import { parseArn } from '#platform/base/arn.ts';
import { uuid } from '#platform/base/ids.ts';
import { ServiceError } from '#platform/error.ts';
import type {
  GetBucketNotificationConfigurationRequest,
  NotificationConfiguration,
  PutBucketNotificationConfigurationRequest,
} from '#platform/model/generated/s3.ts';
import type { Call } from '#platform/service.ts';
import { type OpenBucket, openBucket, putBucket, rowOf } from '#services/s3/buckets/open-bucket.ts';
import { fail } from '#services/s3/errors.ts';
import { messageTo } from '#services/s3/notifications/notify.ts';
import { configurationOf, rulesOf } from '#services/s3/notifications/rules.ts';
import type { S3Parts } from '#services/s3/parts.ts';

export const getBucketNotificationConfiguration =
  (parts: S3Parts) =>
  (input: GetBucketNotificationConfigurationRequest, call: Call): NotificationConfiguration =>
    configurationOf(openBucket(call.tx, parts.sealer, input.Bucket).notifications ?? []);

export const putBucketNotificationConfiguration =
  (parts: S3Parts) =>
  async (input: PutBucketNotificationConfigurationRequest, call: Call): Promise<void> => {
    const bucket = call.partition.read((tx) => openBucket(tx, parts.sealer, input.Bucket));
    const notifications = rulesOf(input.NotificationConfiguration, uuid);
    const queues = [...new Set(notifications.map(({ queue }) => queue))];
    for (const queue of queues) checkQueue(queue, call);
    if (input.SkipDestinationValidation !== true) {
      const known = new Set(bucket.notifications?.map(({ queue }) => queue));
      for (const queue of queues) if (!known.has(queue)) await tryQueue(parts, bucket, queue, call);
    }
    call.transact((tx) => {
      const { notifications: _, ...row } = rowOf(openBucket(tx, parts.sealer, input.Bucket));
      putBucket(tx, notifications.length === 0 ? row : { ...row, notifications });
    });
  };

function checkQueue(queue: string, call: Call): void {
  const arn = parseArn(queue);
  if (arn === undefined || arn.service !== 'sqs' || arn.resource === '') {
    fail('InvalidArgument', {
      message: 'The ARN is not well formed',
      about: 'QueueArn',
      fields: { ArgumentValue: queue },
    });
  }
  if (arn?.region !== call.region) {
    fail('InvalidArgument', {
      message: 'The notification destination service region is not valid for the bucket location constraint',
      about: 'QueueArn',
      fields: { ArgumentValue: queue },
    });
  }
  // "Amazon SQS FIFO queues aren't supported as an Amazon S3 event notification destination."
  if (queue.endsWith('.fifo')) refuse(queue, 'FIFO SQS queues are not supported.');
}

async function tryQueue(parts: S3Parts, bucket: OpenBucket, queue: string, call: Call): Promise<void> {
  const test = {
    Service: 'Amazon S3',
    Event: 's3:TestEvent',
    Time: new Date(call.clock.now()).toISOString(),
    Bucket: bucket.name,
    RequestId: call.requestId,
    HostId: Buffer.from(call.requestId).toString('base64'),
  };
  try {
    await parts.deliver({
      ...messageTo(bucket, queue, test),
      from: 's3',
      sourceAccount: call.account,
      requestId: uuid(),
      idempotencyToken: uuid(),
    });
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    refuse(
      queue,
      error.code === 'AccessDenied'
        ? 'Permissions on the destination queue do not allow S3 to publish notifications from this bucket'
        : 'The destination queue does not exist',
    );
  }
}

const refuse = (queue: string, reason: string): never =>
  fail('InvalidArgument', {
    message: 'Unable to validate the following destination configurations',
    fields: { ArgumentName1: queue, ArgumentValue1: reason },
  });
