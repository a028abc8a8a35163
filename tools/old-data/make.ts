/**
 * Writes test/data/format-<n>.gz: a small data folder in the present format, for the tests of later programs. Before a release
 * that changes the format, run it with the program of the format before: `node tools/old-data/make.ts`. A file that was released
 * stays as it is.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  AddUserToGroupCommand,
  AttachRolePolicyCommand,
  CreateAccessKeyCommand,
  CreateGroupCommand,
  CreatePolicyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  IAMClient,
  PutGroupPolicyCommand,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { STORE_FORMAT } from '#platform/store/data-folder.ts';
import { KEPT_FOLDER, type Known, newFolder, openFolder, pack, removeFolder } from '#test/data/kept.ts';
import type { Credentials } from '#test/sdk/cloud.ts';

interface Place {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: Credentials;
}

const document = (Action: string, Resource: string): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action, Resource }] });

async function fillIdentities(place: Place, account: string): Promise<Credentials> {
  const iam = new IAMClient(place);
  await iam.send(new CreateUserCommand({ UserName: 'ann', Path: '/staff/', Tags: [{ Key: 'team', Value: 'blue' }] }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'ann' }));
  const own = document('sqs:SendMessage', `arn:aws:sqs:*:${account}:orders*`);
  await iam.send(new PutUserPolicyCommand({ UserName: 'ann', PolicyName: 'own', PolicyDocument: own }));
  await iam.send(new CreateGroupCommand({ GroupName: 'readers' }));
  await iam.send(new AddUserToGroupCommand({ GroupName: 'readers', UserName: 'ann' }));
  const list = document('sqs:ListQueues', '*');
  await iam.send(new PutGroupPolicyCommand({ GroupName: 'readers', PolicyName: 'list', PolicyDocument: list }));
  const managed = await iam.send(new CreatePolicyCommand({ PolicyName: 'managed', PolicyDocument: list }));
  const trust = JSON.stringify({
    Version: '2012-10-17',
    Statement: { Effect: 'Allow', Principal: { AWS: account }, Action: 'sts:AssumeRole' },
  });
  await iam.send(new CreateRoleCommand({ RoleName: 'reader', AssumeRolePolicyDocument: trust }));
  await iam.send(new AttachRolePolicyCommand({ RoleName: 'reader', PolicyArn: managed.Policy?.Arn }));
  iam.destroy();
  return { accessKeyId: AccessKey?.AccessKeyId ?? '', secretAccessKey: AccessKey?.SecretAccessKey ?? '' };
}

/** Answers a receipt handle of the one message in flight. */
async function fillQueues(place: Place): Promise<string> {
  const sqs = new SQSClient(place);
  const create = async (QueueName: string, Attributes: Record<string, string>): Promise<string> =>
    (await sqs.send(new CreateQueueCommand({ QueueName, Attributes, tags: { team: 'blue' } }))).QueueUrl ?? '';
  const orders = await create('orders', { VisibilityTimeout: '600', MessageRetentionPeriod: '1209600' });
  const MessageAttributes = { kind: { DataType: 'String', StringValue: 'first' } };
  await sqs.send(new SendMessageCommand({ QueueUrl: orders, MessageBody: 'in flight', MessageAttributes }));
  const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl: orders }));
  await sqs.send(new SendMessageCommand({ QueueUrl: orders, MessageBody: 'delayed', DelaySeconds: 900 }));
  await sqs.send(new SendMessageCommand({ QueueUrl: orders, MessageBody: 'large '.repeat(2000) }));
  const Entries = ['a', 'b', 'c'].map((Id) => ({ Id, MessageBody: `batch ${Id}` }));
  await sqs.send(new SendMessageBatchCommand({ QueueUrl: orders, Entries }));
  const fifo = await create('orders.fifo', { FifoQueue: 'true', ContentBasedDeduplication: 'true' });
  for (const MessageBody of ['one', 'two', 'three', 'one']) {
    await sqs.send(new SendMessageCommand({ QueueUrl: fifo, MessageBody, MessageGroupId: 'g' }));
  }
  const first = await sqs.send(new ReceiveMessageCommand({ QueueUrl: fifo }));
  await sqs.send(new DeleteMessageCommand({ QueueUrl: fifo, ReceiptHandle: first.Messages?.[0]?.ReceiptHandle }));
  sqs.destroy();
  return Messages[0]?.ReceiptHandle ?? '';
}

const folder = newFolder();
try {
  const { running, stop } = await openFolder(folder);
  const { first } = running.keys();
  if (first === undefined) throw new Error('a new cloud has a first account');
  const { account, administrator } = first;
  const place = { endpoint: running.url, region: 'us-east-1', credentials: administrator };
  const ann = await fillIdentities(place, account);
  const receipt = await fillQueues(place);
  await stop();
  const known: Known = { at: Date.now(), account, administrator, ann, receipt };
  const packed = pack(folder, known);
  const file = join(KEPT_FOLDER, `format-${STORE_FORMAT}.gz`);
  writeFileSync(file, packed);
  console.log(`${file}: ${packed.length} bytes`);
} finally {
  removeFolder(folder);
}
