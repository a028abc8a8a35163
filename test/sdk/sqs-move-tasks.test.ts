/** Message move tasks between queues under SSE-KMS. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CreateQueueCommand,
  ListMessageMoveTasksCommand,
  type ListMessageMoveTasksResultEntry,
  SQSClient,
  StartMessageMoveTaskCommand,
} from '@aws-sdk/client-sqs';
import { seconds } from '#platform/base/clock.ts';
import { startKms } from '#test/sdk/kms.ts';
import { newUser } from '#test/sdk/people.ts';
import { until } from '#test/until.ts';

test('who starts a move task needs the keys of both queues, or it fails', async (t) => {
  const { c, key } = await startKms(t);
  const sqs = c.client(SQSClient);
  const queue = (QueueName: string, Attributes: Record<string, string>) =>
    sqs.send(new CreateQueueCommand({ QueueName, Attributes }));
  const [of, to] = [await key(), await key()];
  await queue('dead', { KmsMasterKeyId: of.id });
  const deadLetterTargetArn = `arn:aws:sqs:us-east-1:${c.account}:dead`;
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 1 });
  await queue('orders', { KmsMasterKeyId: to.id, RedrivePolicy });
  const user = await newUser(c, 'mover');
  const mover = c.client(SQSClient, { credentials: user.credentials });
  const queues = { Effect: 'Allow', Action: 'sqs:*', Resource: '*' };
  const moved = async (...rights: [action: string, arn: string][]) => {
    await user.allow(queues, ...rights.map(([Action, Resource]) => ({ Effect: 'Allow', Action, Resource })));
    await mover.send(new StartMessageMoveTaskCommand({ SourceArn: deadLetterTargetArn }));
    let last: ListMessageMoveTasksResultEntry | undefined;
    await until(async () => {
      c.advance(seconds(1));
      const tasks = new ListMessageMoveTasksCommand({ SourceArn: deadLetterTargetArn });
      last = (await mover.send(tasks)).Results?.[0];
      return last?.Status !== 'RUNNING';
    }, 'the end of the task');
    return [last?.Status, last?.FailureReason];
  };
  const decrypt = (arn: string): [string, string] => ['kms:Decrypt', arn];
  const refused = ['FAILED', 'AccessDenied'];
  assert.deepEqual(await moved(), refused);
  assert.deepEqual(await moved(decrypt(of.arn)), refused);
  assert.deepEqual(await moved(decrypt(of.arn), decrypt(to.arn)), refused);
  assert.deepEqual(await moved(decrypt(to.arn), ['kms:GenerateDataKey', to.arn]), refused);
  const all = [decrypt(of.arn), decrypt(to.arn), ['kms:GenerateDataKey', to.arn]] as [string, string][];
  assert.deepEqual(await moved(...all), ['COMPLETED', undefined]);
});
