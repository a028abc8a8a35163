/** What is allowed to whom, through the whole server: nothing without a signature, a policy, and both accounts' consent. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import {
  CreateQueueCommand,
  DeleteQueueCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import type { ProtocolName } from '#platform/model/schema.ts';
import type { RegisteredService } from '#platform/registry.ts';
import type { Draft } from '#test/protocol/sigv4-signing.fixture.ts';
import { type Credentials, cloud, type TestCloud } from '#test/sdk/cloud.ts';
import { newAccount, newUser } from '#test/sdk/people.ts';
import { formDraft, jsonDraft, sendRaw, signedRequest, unsigned } from '#test/sdk/raw-request.ts';

const PARTNER = '210987654321';

async function start(c: TestCloud) {
  const sqs = c.client(SQSClient);
  const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: 'orders' }));
  const arn = `arn:aws:sqs:us-east-1:${c.account}:orders`;
  return {
    QueueUrl,
    arn,
    async policy(...Statement: object[]) {
      const Policy = Statement.length === 0 ? '' : JSON.stringify({ Version: '2012-10-17', Statement });
      await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }));
    },
    /** Undefined when it is allowed, else the refusal. */
    async refusal(credentials: Credentials, region = 'us-east-1'): Promise<string | undefined> {
      const client = c.client(SQSClient, { credentials, region });
      const sent = client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x' }));
      return sent.then(
        () => undefined,
        (error: Error) => `${error.name}: ${error.message}`,
      );
    },
  };
}

test('a new user may do nothing until a policy allows it, and a refusal says why', async (t) => {
  const c = await cloud(t);
  const { QueueUrl, arn, policy, refusal } = await start(c);
  const { credentials, allow } = await newUser(c, 'bob');
  const who = `User: arn:aws:iam::${c.account}:user/bob is not authorized to perform: sqs:SendMessage on resource: ${arn}`;
  const byDefault = `${who} because no identity-based policy allows the sqs:SendMessage action`;
  assert.match((await refusal(credentials)) ?? '', new RegExp(`^AccessDenied(Exception)?: ${byDefault}$`));
  const json = jsonDraft('SendMessage', { QueueUrl, MessageBody: 'x' });
  const form = formDraft('2012-11-05', 'SendMessage', { QueueUrl, MessageBody: 'x' });
  const asJson = await sendRaw(c, await signedRequest(c, json, { credential: credentials }));
  assert.deepEqual([asJson.status, asJson.code, asJson.queryCode], [403, 'AccessDeniedException', 'AccessDenied']);
  assert.equal(asJson.message, byDefault);
  const asForm = await sendRaw(c, await signedRequest(c, form, { credential: credentials }));
  assert.deepEqual([asForm.status, asForm.code, asForm.message], [403, 'AccessDenied', byDefault]);

  await allow({ Effect: 'Allow', Action: 'sqs:SendMessage', Resource: arn });
  assert.equal(await refusal(credentials), undefined);
  await allow(
    { Effect: 'Allow', Action: 'sqs:*', Resource: '*' },
    { Effect: 'Deny', Action: 'sqs:Send*', Resource: arn },
  );
  assert.match((await refusal(credentials)) ?? '', /with an explicit deny in an identity-based policy$/);
  await allow({ Effect: 'Allow', Action: 'sqs:ReceiveMessage', Resource: arn });
  assert.match((await refusal(credentials)) ?? '', /because no identity-based policy allows/);

  // In one account the queue's policy alone is enough, for as long as it is there.
  const statement = {
    Effect: 'Allow',
    Principal: { AWS: `arn:aws:iam::${c.account}:user/bob` },
    Action: 'sqs:SendMessage',
  };
  await policy({ ...statement, Resource: arn });
  assert.equal(await refusal(credentials), undefined);
  await policy({ ...statement, Effect: 'Deny', Principal: '*', Resource: arn });
  assert.match((await refusal(c.administrator)) ?? '', /with an explicit deny in a resource-based policy$/);
  await policy();
  assert.match((await refusal(credentials)) ?? '', /because no identity-based policy allows/);
  assert.equal(await refusal(c.administrator), undefined);
});

test('a queue that is tagged as it is made needs both permissions, and aws:RequestTag knows the tags', async (t) => {
  const c = await cloud(t);
  const { credentials, allow } = await newUser(c, 'bob');
  const make = async (QueueName: string, tags?: Record<string, string>): Promise<string> =>
    c
      .client(SQSClient, { credentials })
      .send(new CreateQueueCommand({ QueueName, ...(tags && { tags }) }))
      .then(
        () => 'made',
        (error: Error) => /perform: (\S+)/.exec(error.message)?.[1] ?? error.message,
      );
  const create = { Effect: 'Allow', Action: 'sqs:CreateQueue', Resource: '*' };
  await allow(create);
  assert.equal(await make('plain'), 'made');
  assert.equal(await make('tagged', { team: 'blue' }), 'sqs:TagQueue');
  const Condition = {
    StringEquals: { 'aws:RequestTag/team': 'blue' },
    'ForAllValues:StringEquals': { 'aws:TagKeys': 'team' },
  };
  await allow(create, { Effect: 'Allow', Action: 'sqs:TagQueue', Resource: '*', Condition });
  assert.equal(await make('tagged', { team: 'red' }), 'sqs:TagQueue');
  assert.equal(await make('tagged', { team: 'blue', more: 'x' }), 'sqs:TagQueue');
  assert.equal(await make('tagged', { team: 'blue' }), 'made');
});

test('another account’s user needs the queue’s policy and a policy of its own', async (t) => {
  const c = await cloud(t);
  const { arn, policy, refusal } = await start(c);
  const administrator = await newAccount(c, PARTNER);
  const { credentials, allow } = await newUser(c, 'carol', administrator);
  const trust = { Effect: 'Allow', Principal: { AWS: PARTNER }, Action: 'sqs:SendMessage', Resource: arn };
  assert.match(
    (await refusal(administrator)) ?? '',
    /because no resource-based policy allows the sqs:SendMessage action$/,
  );
  await policy(trust);
  assert.equal(await refusal(administrator), undefined);
  assert.match(
    (await refusal(credentials)) ?? '',
    /because no identity-based policy allows the sqs:SendMessage action$/,
  );
  await allow({ Effect: 'Allow', Action: 'sqs:SendMessage', Resource: arn });
  assert.equal(await refusal(credentials), undefined);
  await policy();
  assert.match((await refusal(credentials)) ?? '', /because no resource-based policy allows/);
});

test('a queue of an account that does not exist is refused like one of an account that does', async (t) => {
  const c = await cloud(t);
  await newAccount(c, PARTNER);
  const messages: string[] = [];
  for (const account of [PARTNER, '999999999999']) {
    const QueueUrl = `${c.url}/queue/us-east-1/${account}/orders`;
    for (const draft of [
      jsonDraft('GetQueueAttributes', { QueueUrl }),
      jsonDraft('SendMessage', { QueueUrl, MessageBody: 'x' }),
    ]) {
      const answer = await sendRaw(c, await signedRequest(c, draft));
      assert.equal(answer.status, 403, answer.body);
      messages.push(answer.message.replaceAll(account, 'ACCOUNT'));
      assert.equal((await sendRaw(c, unsigned(c, draft))).status, 403);
    }
  }
  assert.deepEqual(messages.slice(0, 2), messages.slice(2));
  const accounts = c.running.cloud.store.partitions({}).map(({ account }) => account);
  assert.ok(!accounts.some((account) => account === '999999999999'));
});

test('a region that does not exist gets no store, whoever names it', async (t) => {
  const c = await cloud(t);
  const QueueUrl = `${c.url}/queue/zz-nowhere-1/${c.account}/orders`;
  for (const draft of [
    jsonDraft('SendMessage', { QueueUrl, MessageBody: 'x' }),
    jsonDraft('ListMessageMoveTasks', { SourceArn: `arn:aws:sqs:zz-nowhere-1:${c.account}:orders` }),
    { ...jsonDraft('SendMessage', { QueueUrl: `http://sqs.zz-nowhere-1.localhost/${c.account}/q`, MessageBody: 'x' }) },
  ]) {
    for (const request of [await signedRequest(c, draft), unsigned(c, draft)]) {
      const answer = await sendRaw(c, request);
      assert.ok(answer.status >= 400 && answer.status < 500, answer.body);
    }
  }
  const host = { host: `sqs.zz-nowhere-1.localhost:${c.port}` };
  const plain = jsonDraft('SendMessage', { QueueUrl: `http://x/${c.account}/orders`, MessageBody: 'x' });
  const byHost = await sendRaw(c, unsigned(c, { ...plain, headers: { ...plain.headers, ...host } }));
  assert.ok(byHost.status >= 400 && byHost.status < 500, byHost.body);
  const regions = c.running.cloud.store.partitions({}).map(({ region }) => region);
  assert.ok(!regions.some((region) => region.startsWith('zz')));
  assert.deepEqual(
    readdirSync(c.data, { recursive: true }).filter((name) => String(name).includes('zz-')),
    [],
  );
});

const REFUSALS = /^(MissingAuthenticationToken|AccessDenied)(Exception)?$/;
const NOT_OFFERED = /^(UnsupportedOperation|InvalidAction|UnknownOperation)(Exception)?$/;

function draftOf(
  { model }: RegisteredService,
  protocol: ProtocolName,
  operation: string,
  input: Record<string, string>,
): Draft {
  const { apiVersion, targetPrefix } = model.metadata;
  return protocol === 'json' ? jsonDraft(operation, input, targetPrefix) : formDraft(apiVersion, operation, input);
}

test('no operation of any service answers a request that nobody signed', async (t) => {
  const c = await cloud(t);
  const { QueueUrl, arn } = await start(c);
  // What the operations that strangers may reach need to get as far as the authoriser.
  const input = {
    QueueUrl,
    QueueName: 'orders',
    SourceArn: arn,
    MessageBody: 'x',
    ReceiptHandle: 'x',
    VisibilityTimeout: '1',
    Label: 'x',
  };
  let refused = 0;
  await c.running.cloud.registry.loadAll();
  for (const service of c.running.cloud.registry.services) {
    for (const protocol of service.model.metadata.protocols) {
      if (protocol !== 'json' && protocol !== 'query') continue;
      for (const operation of Object.keys(service.model.operations)) {
        const answer = await sendRaw(c, unsigned(c, draftOf(service, protocol, operation, input)));
        const what = `${service.name} ${protocol} ${operation}: ${answer.status} ${answer.body}`;
        assert.ok(answer.status >= 400 && answer.status < 500, what);
        const declaration = service.operation(operation)?.declaration;
        if (declaration === undefined) assert.match(answer.code, NOT_OFFERED, what);
        // A stranger may hear what is missing in an input; what a queue holds or does he may not.
        else if (!declaration.anonymous || REFUSALS.test(answer.code)) {
          assert.match(answer.code, REFUSALS, what);
          refused++;
        }
      }
    }
  }
  assert.ok(refused > 100, `${refused} operations`);
  await c.client(SQSClient).send(new DeleteQueueCommand({ QueueUrl }));
});
