/** Who may use a queue: other accounts and strangers by its policy; and the Query protocol, as old clients speak it. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  CreateQueueCommand,
  GetQueueUrlCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
  StartMessageMoveTaskCommand,
} from '@aws-sdk/client-sqs';
import { callMakonis } from '#cli/client.ts';
import { type Credentials, cloud, type TestCloud } from '#test/sdk/cloud.ts';
import { newUser } from '#test/sdk/people.ts';

async function otherAccount(running: TestCloud, Id: string) {
  const state = { url: running.url, region: 'us-east-1', operator: running.operator } as Parameters<
    typeof callMakonis
  >[0];
  const answer = await callMakonis(state, 'CreateAccount', { Id, Name: 'partner' });
  const key = answer['AdministratorAccessKey'] as Record<string, string>;
  const credentials: Credentials = {
    accessKeyId: key['AccessKeyId'] ?? '',
    secretAccessKey: key['SecretAccessKey'] ?? '',
  };
  return running.client(SQSClient, { credentials });
}

async function start(t: TestContext) {
  const running = await cloud(t);
  const sqs = running.client(SQSClient);
  const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: 'orders' }));
  const allow = async (Principal: unknown, Action: string[]) => {
    const Resource = `arn:aws:sqs:us-east-1:${running.account}:orders`;
    const Statement = [{ Effect: 'Allow', Principal, Action, Resource }];
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
    await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }));
  };
  const form = async (fields: Record<string, string>, url = QueueUrl) => {
    const body = new URLSearchParams({ Version: '2012-11-05', ...fields });
    const answer = await fetch(url, { method: 'POST', body });
    return { status: answer.status, text: await answer.text() };
  };
  return { running, sqs, QueueUrl, allow, form };
}

test('another account uses a queue as far as its policy says', async (t) => {
  const { running, sqs, QueueUrl, allow } = await start(t);
  const partner = await otherAccount(running, '210987654321');
  const find = new GetQueueUrlCommand({ QueueName: 'orders', QueueOwnerAWSAccountId: running.account });
  const send = new SendMessageCommand({ QueueUrl, MessageBody: 'from a partner' });
  await assert.rejects(partner.send(find), { name: /AccessDenied/ });
  await assert.rejects(partner.send(send), { name: /AccessDenied/ });
  await allow({ AWS: '210987654321' }, ['sqs:SendMessage', 'sqs:GetQueueUrl']);
  assert.equal((await partner.send(find)).QueueUrl, QueueUrl);
  await partner.send(send);
  await assert.rejects(partner.send(new ReceiveMessageCommand({ QueueUrl })), { name: /AccessDenied/ });
  const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl }));
  assert.equal(Messages?.[0]?.Body, 'from a partner');
});

test('a stranger sends an unsigned form to the queue only when its policy says so', async (t) => {
  const { QueueUrl, allow, form } = await start(t);
  const send = { Action: 'SendMessage', QueueUrl, MessageBody: 'a & b' };
  assert.equal((await form(send)).status, 403);
  await allow('*', ['sqs:SendMessage', 'sqs:ReceiveMessage']);
  const sent = await form(send);
  assert.equal(sent.status, 200, sent.text);
  assert.match(sent.text, /<SendMessageResponse.*<MD5OfMessageBody>/s);
  const received = await form({ Action: 'ReceiveMessage', QueueUrl });
  assert.match(received.text, /<Body>a &amp; b<\/Body>/);
});

test('a form posted to the queue names it by its path', async (t) => {
  const { allow, form } = await start(t);
  await allow('*', ['sqs:SendMessage']);
  const sent = await form({ Action: 'SendMessage', MessageBody: 'hello' });
  assert.equal(sent.status, 200, sent.text);
});

test('the Query protocol keeps its own error codes', async (t) => {
  const { QueueUrl, form } = await start(t);
  const gone = `${QueueUrl}-gone`;
  const answer = await form({ Action: 'SendMessage', QueueUrl: gone, MessageBody: 'x' }, gone);
  // To a stranger, a queue that is not there and one that is not for them look alike.
  assert.equal(answer.status, 403, answer.text);
  assert.match(answer.text, /<Code>AccessDenied/);
});

test('messages are moved by who may do all that on the source, and send to where they go', async (t) => {
  const { running, sqs } = await start(t);
  const arn = (name: string): string => `arn:aws:sqs:us-east-1:${running.account}:${name}`;
  await sqs.send(new CreateQueueCommand({ QueueName: 'dead' }));
  for (const QueueName of ['first', 'second']) {
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: arn('dead'), maxReceiveCount: 1 });
    await sqs.send(new CreateQueueCommand({ QueueName, Attributes: { RedrivePolicy } }));
  }
  const { credentials, allow } = await newUser(running, 'mover');
  const own = running.client(SQSClient, { credentials });
  const move = (to: object) => own.send(new StartMessageMoveTaskCommand({ SourceArn: arn('dead'), ...to }));
  const back = {};
  const onSource = {
    Effect: 'Allow',
    Action: ['sqs:StartMessageMoveTask', 'sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'],
    Resource: arn('dead'),
  };
  const send = (...names: string[]) => ({ Effect: 'Allow', Action: 'sqs:SendMessage', Resource: names.map(arn) });
  for (const left of onSource.Action) {
    await allow({ ...onSource, Action: onSource.Action.filter((action) => action !== left) }, send('*'));
    await assert.rejects(move(back), { name: 'AccessDenied', message: new RegExp(`perform: ${left} on resource`) });
  }
  await allow(onSource, send('first'));
  await assert.rejects(move(back), { message: /perform: sqs:SendMessage on resource: .*:second / });
  await assert.rejects(move({ DestinationArn: arn('orders') }), { message: /sqs:SendMessage on resource: .*:orders / });
  await move({ DestinationArn: arn('first') });
});
