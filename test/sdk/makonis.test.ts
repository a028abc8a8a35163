import assert from 'node:assert/strict';
import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto';
import { test } from 'node:test';
import { EnableSerialConsoleAccessCommand } from '@aws-sdk/client-ec2';
import { CreateUserCommand, IAMClient } from '@aws-sdk/client-iam';
import {
  GetServiceQuotaCommand,
  RequestServiceQuotaIncreaseCommand,
  ServiceQuotasClient,
} from '@aws-sdk/client-service-quotas';
import { CreateQueueCommand, ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { SignatureV4 } from '@smithy/signature-v4';
import type {
  AccessKey,
  CreateAccountAccessKeyResponse,
  CreateAccountResponse,
  ListAccountsResponse,
  QuotaRequest,
  RemoveAccountResourcesResponse,
} from '#platform/model/generated/makonis.ts';
import { type Credentials, cloud, type TestCloud } from '#test/sdk/cloud.ts';
import { cloudWithHost, launchOne } from '#test/sdk/ec2-host.ts';
import { newUser } from '#test/sdk/people.ts';
import { noteAnswer } from '#test/sdk/seen-answers.ts';

type SourceData = string | ArrayBuffer | ArrayBufferView;

function bytesOf(data: SourceData): Uint8Array {
  if (typeof data === 'string') return Buffer.from(data);
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
}

/** The signer wants a hash class; node:crypto has functions. */
class Sha256 {
  #hash: Hash | Hmac;
  constructor(secret?: SourceData) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', bytesOf(secret));
  }
  update(data: SourceData): void {
    this.#hash.update(bytesOf(data));
  }
  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
  reset(): void {}
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: Record<string, unknown>;
}

/** As the command line calls it: no SDK knows this service. */
async function ask(c: TestCloud, credentials: Credentials, operation: string, input: object = {}): Promise<Answer> {
  const signer = new SignatureV4({ service: 'makonis', region: 'us-east-1', credentials, sha256: Sha256 });
  const url = new URL(c.url);
  const signed = await signer.sign({
    method: 'POST',
    protocol: url.protocol,
    hostname: url.hostname,
    port: Number(url.port),
    path: '/',
    query: {},
    headers: {
      host: url.host,
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': `Makonis.${operation}`,
    },
    body: JSON.stringify(input),
  });
  const response = await fetch(url, { method: 'POST', headers: signed.headers, body: JSON.stringify(input) });
  const body = (await response.json()) as Record<string, unknown>;
  const type = String(body['__type'] ?? '').replace(/^.*#/, '');
  noteAnswer('makonis', operation, type || 'success');
  return { status: response.status, type, body };
}

const pairOf = ({ AccessKeyId, SecretAccessKey }: AccessKey): Credentials => ({
  accessKeyId: AccessKeyId,
  secretAccessKey: SecretAccessKey,
});

test('the operator makes accounts, with ids and keys of its choice', async (t) => {
  const c = await cloud(t);
  const chosen = { Id: '123456789012', Name: 'emulated', AccessKeyId: 'test', SecretAccessKey: 'test' };
  const made = await ask(c, c.operator, 'CreateAccount', chosen);
  assert.equal(made.status, 200, JSON.stringify(made.body));
  const { Account, RootAccessKey, AdministratorAccessKey } = made.body as CreateAccountResponse;
  assert.equal(Account.Id, '123456789012');
  assert.deepEqual(pairOf(AdministratorAccessKey), { accessKeyId: 'test', secretAccessKey: 'test' });
  const who = async (credentials: Credentials) =>
    (await c.client(STSClient, { credentials }).send(new GetCallerIdentityCommand({}))).Arn;
  assert.equal(await who(pairOf(RootAccessKey)), 'arn:aws:iam::123456789012:root');
  assert.equal(
    await who({ accessKeyId: 'test', secretAccessKey: 'test' }),
    `arn:aws:iam::123456789012:user/administrator`,
  );

  assert.equal((await ask(c, c.operator, 'CreateAccount', chosen)).type, 'AccountAlreadyExistsException');
  const taken = { AccessKeyId: 'test', SecretAccessKey: 'else' };
  assert.equal((await ask(c, c.operator, 'CreateAccount', taken)).type, 'AccessKeyAlreadyExistsException');
  assert.equal((await ask(c, c.operator, 'CreateAccount', { Id: '12' })).status, 400);

  const further = await ask(c, c.operator, 'CreateAccountAccessKey', { AccountId: '123456789012', Owner: 'root' });
  const key = pairOf((further.body as unknown as { AccessKey: AccessKey }).AccessKey);
  assert.equal(await who(key), 'arn:aws:iam::123456789012:root');
  const third = await ask(c, c.operator, 'CreateAccountAccessKey', { AccountId: '123456789012', Owner: 'root' });
  assert.equal(third.type, 'ServiceQuotaExceededException');

  const first = await ask(c, c.operator, 'ListAccounts', { MaxResults: 1 });
  const page = first.body as ListAccountsResponse;
  const rest = await ask(c, c.operator, 'ListAccounts', { NextToken: page.NextToken });
  const ids = [...page.Accounts, ...(rest.body as ListAccountsResponse).Accounts].map(({ Id }) => Id);
  assert.deepEqual(ids, [c.account, '123456789012'].sort());

  const again = await c.restart();
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  await again.client(STSClient, { credentials }).send(new GetCallerIdentityCommand({}));
  assert.deepEqual(again.operator, c.operator);
});

test('nobody else may, and no key works that nobody asked for', async (t) => {
  const c = await cloud(t);
  for (const operation of ['CreateAccount', 'ListAccounts', 'DescribeCloud', 'ListQuotaRequests']) {
    const refused = await ask(c, c.administrator, operation);
    assert.deepEqual([refused.status, refused.type], [400, 'AccessDeniedException'], operation);
  }
  const magic = await ask(c, { accessKeyId: 'test', secretAccessKey: 'test' }, 'ListAccounts');
  assert.notEqual(magic.status, 200);
  const described = await ask(c, c.operator, 'DescribeCloud');
  assert.equal(described.body['Version'], 'test');
});

test('an account’s users are its own', async (t) => {
  const c = await cloud(t);
  const made = await ask(c, c.operator, 'CreateAccount');
  const other = pairOf((made.body as CreateAccountResponse).AdministratorAccessKey);
  await c.client(IAMClient).send(new CreateUserCommand({ UserName: 'bob' }));
  await c.client(IAMClient, { credentials: other }).send(new CreateUserCommand({ UserName: 'bob' }));
});

test('the operator decides about requested quotas', async (t) => {
  const c = await cloud(t);
  const quotas = c.client(ServiceQuotasClient);
  const roles = { ServiceCode: 'iam', QuotaCode: 'L-FE177D64' };
  const wanted = async (DesiredValue: number): Promise<QuotaRequest> => {
    await quotas.send(new RequestServiceQuotaIncreaseCommand({ ...roles, DesiredValue }));
    const { body } = await ask(c, c.operator, 'ListQuotaRequests');
    const found = (body as { QuotaRequests: QuotaRequest[] }).QuotaRequests.find((each) => each.Status === 'PENDING');
    return found ?? assert.fail('the request is listed');
  };
  const decide = async (operation: string, { AccountId, Region, RequestId }: QuotaRequest) => {
    const { body } = await ask(c, c.operator, operation, { AccountId, Region, RequestId });
    return (body as { QuotaRequest: QuotaRequest }).QuotaRequest.Status;
  };
  const value = async () => (await quotas.send(new GetServiceQuotaCommand(roles))).Quota?.Value;
  const request = await wanted(2000);
  assert.equal(request.AccountId, c.account);
  assert.equal(await decide('ApproveQuotaIncrease', request), 'APPROVED');
  assert.equal(await value(), 2000);
  assert.equal(await decide('DenyQuotaIncrease', await wanted(3000)), 'NOT_APPROVED');
  assert.equal(await value(), 2000);
  const nowhere = { AccountId: c.account, Region: 'us-east-1', RequestId: 'none' };
  assert.equal((await ask(c, c.operator, 'ApproveQuotaIncrease', nowhere)).type, 'NoSuchResourceException');
});

test('what there is not is said', async (t) => {
  const c = await cloud(t);
  const AccountId = '999999999999';
  const quota = { ServiceCode: 'iam', QuotaCode: 'L-FE177D64', Region: 'us-east-1', Value: 2000 };
  const missing: readonly [operation: string, input: object, error: string][] = [
    ['CreateAccountAccessKey', { AccountId, Owner: 'root' }, 'AccountNotFoundException'],
    ['SetQuota', { ...quota, AccountId }, 'AccountNotFoundException'],
    ['SetQuota', { ...quota, AccountId: c.account, QuotaCode: 'L-00000000' }, 'NoSuchResourceException'],
    ['DenyQuotaIncrease', { AccountId: c.account, Region: 'us-east-1', RequestId: 'none' }, 'NoSuchResourceException'],
    ['ListAccounts', { NextToken: 'made up' }, 'InvalidNextTokenException'],
  ];
  for (const [operation, input, error] of missing) {
    assert.equal((await ask(c, c.operator, operation, input)).type, error, operation);
  }
});

test('the operator removes all that an account has', async (t) => {
  const c = await cloud(t);
  const sqs = c.client(SQSClient);
  for (const QueueName of ['one', 'two']) await sqs.send(new CreateQueueCommand({ QueueName }));
  await c.client(SQSClient, { region: 'eu-west-1' }).send(new CreateQueueCommand({ QueueName: 'three' }));
  const refused = await ask(c, c.administrator, 'RemoveAccountResources', { AccountId: c.account });
  assert.equal(refused.type, 'AccessDeniedException');
  const { status, body } = await ask(c, c.operator, 'RemoveAccountResources', { AccountId: c.account });
  assert.equal(status, 200, JSON.stringify(body));
  const { Removed, Remaining } = body as RemoveAccountResourcesResponse;
  // Three queues; the administrator with its key and policy.
  assert.ok(Removed >= 6);
  assert.deepEqual(Remaining, []);
  const rootKey = { AccountId: c.account, Owner: 'root' };
  const { AccessKey: root } = (await ask(c, c.operator, 'CreateAccountAccessKey', rootKey))
    .body as CreateAccountAccessKeyResponse;
  const credentials = { accessKeyId: root.AccessKeyId, secretAccessKey: root.SecretAccessKey };
  const asRoot = c.client(SQSClient, { credentials });
  assert.deepEqual((await asRoot.send(new ListQueuesCommand({}))).QueueUrls ?? [], []);
  const unknown = await ask(c, c.operator, 'RemoveAccountResources', { AccountId: '999999999999' });
  assert.equal(unknown.type, 'AccountNotFoundException');
});

test('the way to a machine’s screen and serial line is open to who may, and good once', async (t) => {
  const { c, ec2, image } = await cloudWithHost(t);
  const id = await launchOne(ec2, image);
  const wanted = { InstanceId: id, Region: 'us-east-1', Target: 'serial' };
  const early = await ask(c, c.administrator, 'ConnectToInstance', { ...wanted, Region: 'eu-west-1' });
  assert.deepEqual([early.status, early.type], [404, 'NoSuchResourceException']);
  const disabled = await ask(c, c.administrator, 'ConnectToInstance', wanted);
  assert.deepEqual([disabled.status, disabled.type], [403, 'SerialConsoleAccessDisabledException']);
  assert.equal((await ask(c, c.administrator, 'ConnectToInstance', { ...wanted, Target: 'screen' })).status, 200);
  await ec2.send(new EnableSerialConsoleAccessCommand());
  const { body } = await ask(c, c.administrator, 'ConnectToInstance', wanted);
  assert.match(String(body['Secret']), /^[\w-]{43}$/);
  assert.equal(
    (await ask(c, c.administrator, 'ConnectToInstance', { ...wanted, Target: 'soul' })).type,
    'ValidationException',
  );
  const { credentials: stranger } = await newUser(c, 'stranger');
  const refused = await ask(c, stranger, 'ConnectToInstance', wanted);
  assert.match(
    String(refused.body['message'] ?? refused.body['Message']),
    /not authorized to perform: makonis:ConnectToInstance on resource: arn:aws:ec2:us-east-1:\d+:instance\/i-/,
  );
});
