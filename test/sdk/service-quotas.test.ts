import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  GetAWSDefaultServiceQuotaCommand,
  GetRequestedServiceQuotaChangeCommand,
  GetServiceQuotaCommand,
  ListAWSDefaultServiceQuotasCommand,
  ListRequestedServiceQuotaChangeHistoryByQuotaCommand,
  ListRequestedServiceQuotaChangeHistoryCommand,
  ListServiceQuotasCommand,
  ListServicesCommand,
  paginateListServiceQuotas,
  RequestServiceQuotaIncreaseCommand,
  ServiceQuotasClient,
} from '@aws-sdk/client-service-quotas';
import { cloud } from '#test/sdk/cloud.ts';
import { newUser, operate } from '#test/sdk/people.ts';

const FIFO = { ServiceCode: 'sqs', QuotaCode: 'L-06F64E4D' };

async function start(t: TestContext) {
  const c = await cloud(t);
  const quotas = c.client(ServiceQuotasClient);
  return {
    c,
    quotas,
    async value(client = quotas) {
      return (await client.send(new GetServiceQuotaCommand(FIFO))).Quota?.Value;
    },
    ask: (DesiredValue: number, quota = FIFO) =>
      quotas.send(new RequestServiceQuotaIncreaseCommand({ ...quota, DesiredValue })),
  };
}

test('services and their quotas are listed', async (t) => {
  const { c, quotas } = await start(t);
  const { Services = [] } = await quotas.send(new ListServicesCommand({}));
  assert.deepEqual(
    Services.find(({ ServiceCode }) => ServiceCode === 'sqs'),
    { ServiceCode: 'sqs', ServiceName: 'Amazon Simple Queue Service' },
  );
  const first = await quotas.send(new ListServicesCommand({ MaxResults: 1 }));
  assert.equal(first.Services?.length, 1);
  const rest = await quotas.send(new ListServicesCommand({ MaxResults: 1, NextToken: first.NextToken }));
  assert.notDeepEqual(rest.Services, first.Services);
  await assert.rejects(quotas.send(new ListServicesCommand({ MaxResults: 1, NextToken: 'no' })), {
    name: 'InvalidPaginationTokenException',
  });
  const { Quotas = [] } = await quotas.send(new ListServiceQuotasCommand({ ServiceCode: 'sqs' }));
  const fifo = Quotas.find(({ QuotaCode }) => QuotaCode === FIFO.QuotaCode);
  assert.equal(fifo?.QuotaArn, `arn:aws:servicequotas:us-east-1:${c.account}:sqs/${FIFO.QuotaCode}`);
  assert.equal(fifo.Adjustable, true);
  const defaults = await quotas.send(new ListAWSDefaultServiceQuotasCommand({ ServiceCode: 'sqs' }));
  assert.deepEqual(
    defaults.Quotas?.map(({ QuotaCode }) => QuotaCode),
    Quotas.map(({ QuotaCode }) => QuotaCode),
  );
  const walked: string[] = [];
  for await (const page of paginateListServiceQuotas({ client: quotas, pageSize: 1 }, { ServiceCode: 'iam' })) {
    walked.push(...(page.Quotas ?? []).map(({ QuotaCode = '' }) => QuotaCode));
  }
  assert.ok(walked.length > 1 && new Set(walked).size === walked.length, walked.join());
  for (const refused of [
    { ...FIFO, ServiceCode: 'nothing' },
    { ...FIFO, QuotaCode: 'L-00000000' },
  ]) {
    await assert.rejects(quotas.send(new GetServiceQuotaCommand(refused)), { name: 'NoSuchResourceException' });
  }
});

test('an account asks for more, the operator approves, and the new value counts', async (t) => {
  const { c, quotas, value, ask } = await start(t);
  const before = (await value()) ?? assert.fail();
  await assert.rejects(ask(before), { name: 'IllegalArgumentException' });
  const { RequestedQuota: asked } = await ask(before * 2);
  assert.equal(asked?.Status, 'PENDING');
  await assert.rejects(ask(before * 3), { name: 'ResourceAlreadyExistsException' });
  assert.equal(await value(), before);
  const { QuotaRequests } = await operate(c, 'ListQuotaRequests', {});
  const [pending] = QuotaRequests as Record<string, unknown>[];
  assert.equal(pending?.['RequestId'], asked.Id);
  const decision = { AccountId: c.account, Region: 'us-east-1', RequestId: asked.Id };
  await operate(c, 'ApproveQuotaIncrease', decision);
  assert.equal(await value(), before * 2);
  const byDefault = await quotas.send(new GetAWSDefaultServiceQuotaCommand(FIFO));
  assert.equal(byDefault.Quota?.Value, before);
  assert.equal(await value(c.client(ServiceQuotasClient, { region: 'eu-west-1' })), before);
  const change = await quotas.send(new GetRequestedServiceQuotaChangeCommand({ RequestId: asked.Id }));
  assert.equal(change.RequestedQuota?.Status, 'APPROVED');

  const second = await ask(before * 4);
  await operate(c, 'DenyQuotaIncrease', { ...decision, RequestId: second.RequestedQuota?.Id });
  assert.equal(await value(), before * 2);
  // A decision stays as it is.
  await operate(c, 'ApproveQuotaIncrease', { ...decision, RequestId: second.RequestedQuota?.Id });
  assert.equal(await value(), before * 2);
  assert.deepEqual((await operate(c, 'ListQuotaRequests', {}))['QuotaRequests'], []);
  const history = await quotas.send(new ListRequestedServiceQuotaChangeHistoryCommand({ ServiceCode: 'sqs' }));
  assert.deepEqual(history.RequestedQuotas?.map(({ Status }) => Status).sort(), ['APPROVED', 'NOT_APPROVED']);
  const ofQuota = new ListRequestedServiceQuotaChangeHistoryByQuotaCommand({ ...FIFO, Status: 'APPROVED' });
  assert.equal((await quotas.send(ofQuota)).RequestedQuotas?.length, 1);
  const running = await c.restart();
  assert.equal(await value(running.client(ServiceQuotasClient)), before * 2);
});

test('server certificates have a quota that can be raised', async (t) => {
  const { ask } = await start(t);
  const { RequestedQuota: asked } = await ask(1000, { ServiceCode: 'iam', QuotaCode: 'L-BF35879D' });
  assert.equal(asked?.DesiredValue, 1000);
});

test('who may ask is IAM’s matter, and who decides the operator’s alone', async (t) => {
  const { c, value } = await start(t);
  const { credentials, allow } = await newUser(c, 'bob');
  const quotas = c.client(ServiceQuotasClient, { credentials });
  const ask = () => quotas.send(new RequestServiceQuotaIncreaseCommand({ ...FIFO, DesiredValue: 1e6 }));
  await assert.rejects(ask(), { name: /^AccessDenied/ });
  const Resource = `arn:aws:servicequotas:us-east-1:${c.account}:sqs/${FIFO.QuotaCode}`;
  await allow({ Effect: 'Allow', Action: 'servicequotas:*', Resource });
  const { RequestedQuota } = await ask();
  const decision = { AccountId: c.account, Region: 'us-east-1', RequestId: RequestedQuota?.Id };
  await assert.rejects(operate({ ...c, operator: c.administrator }, 'ApproveQuotaIncrease', decision), /AccessDenied/);
  assert.ok(((await value()) ?? 0) < 1e6);
});

test('services, quotas and requests that are not there, and tokens of no page', async (t) => {
  const { quotas } = await start(t);
  const unknown = { ...FIFO, QuotaCode: 'L-00000000' };
  const nowhere = { ServiceCode: 'nothing' };
  const RequestId = '0'.repeat(40);
  for (const [name, command] of [
    ['NoSuchResourceException', new ListServiceQuotasCommand(nowhere)],
    ['NoSuchResourceException', new ListAWSDefaultServiceQuotasCommand(nowhere)],
    ['NoSuchResourceException', new GetServiceQuotaCommand(unknown)],
    ['NoSuchResourceException', new GetAWSDefaultServiceQuotaCommand(unknown)],
    ['NoSuchResourceException', new RequestServiceQuotaIncreaseCommand({ ...unknown, DesiredValue: 1 })],
    ['NoSuchResourceException', new GetRequestedServiceQuotaChangeCommand({ RequestId })],
    ['NoSuchResourceException', new ListRequestedServiceQuotaChangeHistoryCommand(nowhere)],
    ['NoSuchResourceException', new ListRequestedServiceQuotaChangeHistoryByQuotaCommand(unknown)],
    ['InvalidPaginationTokenException', new ListServiceQuotasCommand({ ServiceCode: 'sqs', NextToken: 'x' })],
    ['InvalidPaginationTokenException', new ListAWSDefaultServiceQuotasCommand({ ServiceCode: 'sqs', NextToken: 'x' })],
    ['InvalidPaginationTokenException', new ListRequestedServiceQuotaChangeHistoryCommand({ NextToken: 'x' })],
    [
      'InvalidPaginationTokenException',
      new ListRequestedServiceQuotaChangeHistoryByQuotaCommand({ ...FIFO, NextToken: 'x' }),
    ],
  ] as const) {
    // Each is a command of this client.
    await assert.rejects(quotas.send(command as ListServicesCommand), { name }, command.constructor.name);
  }
});
