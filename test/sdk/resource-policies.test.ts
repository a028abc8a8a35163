/** Policies of queues and buckets mean who stood behind an ARN when they were saved, not who is called so now. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CreateBucketCommand,
  GetBucketLocationCommand,
  GetBucketPolicyCommand,
  PutBucketPolicyCommand,
} from '@aws-sdk/client-s3';
import {
  AddPermissionCommand,
  CreateQueueCommand,
  GetQueueAttributesCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { type Credentials, cloud } from '#test/sdk/cloud.ts';
import { PathStyleS3 } from '#test/sdk/path-style.ts';
import { newUser } from '#test/sdk/people.ts';

const denied = { name: /AccessDenied/ };
const GONE = /"AWS":"AIDA[A-Z0-9]{17}"/;
const allowing = (AWS: string, Action: string, Resource: string): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { AWS }, Action, Resource }] });

test('a user made again under an old name has nothing of what a queue’s policy gave the old one', async (t) => {
  const c = await cloud(t);
  const sqs = c.client(SQSClient);
  const first = await newUser(c, 'alice');
  const arn = `arn:aws:iam::${c.account}:user/alice`;
  const Policy = allowing(arn, 'sqs:SendMessage', `arn:aws:sqs:us-east-1:${c.account}:orders`);
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'orders', Attributes: { Policy } }));
  const send = (credentials: Credentials) =>
    c.client(SQSClient, { credentials }).send(new SendMessageCommand({ QueueUrl, MessageBody: 'x' }));
  const shown = async () =>
    (await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['Policy'] }))).Attributes?.['Policy'];
  await send(first.credentials);
  assert.equal(await shown(), Policy);

  await first.remove();
  const set = () => sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }));
  await assert.rejects(set(), { name: 'InvalidAttributeValue' });
  const second = await newUser(c, 'alice');
  await assert.rejects(send(second.credentials), denied);
  assert.match((await shown()) ?? '', GONE);
  const permission = { QueueUrl, Label: 'own', AWSAccountIds: [c.account], Actions: ['ReceiveMessage'] };
  await sqs.send(new AddPermissionCommand(permission));
  await assert.rejects(send(second.credentials), denied);
  assert.match((await shown()) ?? '', GONE);
  await set();
  await send(second.credentials);
});

test('nor of what a bucket’s policy gave it', async (t) => {
  const c = await cloud(t);
  const s3 = c.client(PathStyleS3);
  const Bucket = 'books';
  await s3.send(new CreateBucketCommand({ Bucket }));
  const first = await newUser(c, 'alice');
  const Policy = allowing(`arn:aws:iam::${c.account}:user/alice`, 's3:GetBucketLocation', `arn:aws:s3:::${Bucket}`);
  const put = () => s3.send(new PutBucketPolicyCommand({ Bucket, Policy }));
  const shown = async () => (await s3.send(new GetBucketPolicyCommand({ Bucket }))).Policy;
  const look = (credentials: Credentials) =>
    c.client(PathStyleS3, { credentials }).send(new GetBucketLocationCommand({ Bucket }));
  await put();
  await look(first.credentials);
  assert.equal(await shown(), Policy);

  await first.remove();
  await assert.rejects(put(), { name: 'MalformedPolicy', message: 'Invalid principal in policy' });
  const second = await newUser(c, 'alice');
  await assert.rejects(look(second.credentials), denied);
  assert.match((await shown()) ?? '', GONE);
  await put();
  await look(second.credentials);
});
