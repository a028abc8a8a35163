/**
 * Garbage for every operation of every service, in each of its protocols, signed by somebody who may do all: whatever comes, it is
 * answered soon, with no fault of ours.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CloudTrailClient, CreateTrailCommand } from '@aws-sdk/client-cloudtrail';
import { CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import fc from 'fast-check';
import type { Logger } from '#platform/base/log.ts';
import type { ProtocolName } from '#platform/model/schema.ts';
import type { RegisteredService } from '#platform/registry.ts';
import { formPairs, garbageFor, type Known } from '#test/protocol/garbage.ts';
import type { Draft } from '#test/protocol/sigv4-signing.fixture.ts';
import { cloud, type TestCloud } from '#test/sdk/cloud.ts';
import { testBucket } from '#test/sdk/log-bucket.ts';
import { jsonDraft, sendRaw, signedRequest } from '#test/sdk/raw-request.ts';

const RUNS = Number(process.env['MAKONIS_FUZZ_RUNS'] ?? 6);
const SLOWEST_MILLISECONDS = 3000;

function formDraftOf(model: RegisteredService['model'], operation: string, pairs: [string, string][]): Draft {
  const form = new URLSearchParams([['Action', operation], ['Version', model.metadata.apiVersion], ...pairs]);
  return {
    headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
    body: Buffer.from(form.toString()),
  };
}

/** The whole input as the body, beside what the address says. */
function restDraft({ operations, shapes }: RegisteredService['model'], operation: string, input: object): Draft {
  const { http, input: shape } = operations[operation] ?? {};
  const [path = '/', query = ''] = (http?.requestUri ?? '/').split('?');
  const payload = shape === undefined ? undefined : shapes[shape.shape]?.payload;
  const body = payload === undefined ? input : ((input as Record<string, unknown>)[payload] ?? {});
  return {
    path,
    query: Object.fromEntries(new URLSearchParams(query)),
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify(body)),
  };
}

function drafts(
  { model }: RegisteredService,
  protocol: ProtocolName,
  operation: string,
  known: Known,
): fc.Arbitrary<Draft> {
  const inputs = garbageFor(model, operation, known);
  const bytes = fc.uint8Array({ maxLength: 200 });
  if (protocol !== 'query') {
    const draftOf = (input: object): Draft =>
      protocol === 'json'
        ? jsonDraft(operation, input, model.metadata.targetPrefix)
        : restDraft(model, operation, input);
    const empty = draftOf({});
    return fc.oneof(
      { weight: 4, arbitrary: inputs.map((input) => draftOf(input as object)) },
      { weight: 1, arbitrary: bytes.map((body) => ({ ...empty, body: Buffer.from(body) })) },
      { weight: 1, arbitrary: fc.json().map((json) => ({ ...empty, body: Buffer.from(json) })) },
    );
  }
  const styles = fc.constantFrom('flat' as const, 'member' as const, 'Entry' as const);
  const path = fc.constantFrom(
    'Attribute.1.Name',
    'Attribute.1',
    'Tag.1.Key',
    'Entries.member.999999999',
    'a..b',
    '1',
    '.',
    '__proto__',
  );
  return fc.oneof(
    {
      weight: 4,
      arbitrary: fc
        .tuple(inputs, styles)
        .map(([input, style]) => formDraftOf(model, operation, formPairs('', input, style))),
    },
    {
      weight: 1,
      arbitrary: fc
        .array(fc.tuple(fc.oneof(path, fc.string()), fc.string()), { maxLength: 10 })
        .map((pairs) => formDraftOf(model, operation, pairs)),
    },
    {
      weight: 1,
      arbitrary: bytes.map((body) => {
        const draft = formDraftOf(model, operation, []);
        return { ...draft, body: Buffer.concat([draft.body ?? Buffer.alloc(0), Buffer.from('&'), body]) };
      }),
    },
  );
}

/** Answers the status. */
async function check(c: TestCloud, service: RegisteredService, draft: Draft, faults: string[]): Promise<number> {
  const { signingName } = service;
  // The operator's service is signed by the operator, the others by an account's administrator.
  const credential = service.name === 'makonis' ? c.operator : c.administrator;
  // No call is refused for its rate.
  c.advance(1000);
  const begun = performance.now();
  const answer = await sendRaw(c, await signedRequest(c, draft, { service: signingName, credential }));
  const took = performance.now() - begun;
  const what = `${service.name}: ${answer.status} after ${Math.round(took)} ms to ${draft.body}\n${answer.body}`;
  assert.ok(answer.status < 500, `${what}\n${faults.splice(0).join('\n')}`);
  assert.ok(took < SLOWEST_MILLISECONDS, what);
  // The signature is right, so the answer is about what it says.
  assert.doesNotMatch(answer.code, /Signature|InvalidClientTokenId|UnrecognizedClient/, what);
  assert.deepEqual(faults, []);
  return answer.status;
}

test('garbage is answered with an error of the client’s, at once', { timeout: 40_000 * RUNS }, async (t) => {
  const faults: string[] = [];
  const log: Logger = {
    log: (level, event, fields) => level === 'error' && faults.push(`${event} ${JSON.stringify(fields)}`),
    request: () => {},
  };
  const c = await cloud(t, { log, logBucket: testBucket() });
  const sqs = c.client(SQSClient);
  const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: 'orders' }));
  const fifo = { QueueName: 'orders.fifo', Attributes: { FifoQueue: 'true' } };
  const { QueueUrl: fifoUrl = '' } = await sqs.send(new CreateQueueCommand(fifo));
  const arn = `arn:aws:sqs:us-east-1:${c.account}:orders`;
  const keys = c.client(KMSClient);
  const made: { readonly id: string; readonly text: string }[] = [];
  for (const spec of [{}, { KeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' }, { Origin: 'EXTERNAL' }] as const) {
    c.advance(1000);
    const { KeyMetadata } = await keys.send(new CreateKeyCommand(spec));
    made.push({ id: KeyMetadata?.KeyId ?? '', text: KeyMetadata?.Arn ?? '' });
  }
  const KeyId = made.flatMap(({ id, text }) => [id, text]);
  const trail = `arn:aws:cloudtrail:us-east-1:${c.account}:trail/audit`;
  await c.client(CloudTrailClient).send(new CreateTrailCommand({ Name: 'audit', S3BucketName: 'logs-of-all' }));
  const iamArn = (resource: string): string => `arn:aws:iam::${c.account}:${resource}`;
  const known: Known = {
    QueueUrl: [QueueUrl, fifoUrl],
    QueueName: ['orders', 'other'],
    SourceArn: [arn],
    ResourceARNList: [arn],
    UserName: ['administrator', 'bob'],
    GroupName: ['staff'],
    RoleName: ['reader'],
    PolicyName: ['own'],
    ServiceCode: ['sqs', 'iam'],
    QuotaCode: ['L-06F64E4D'],
    AttributeNames: ['All'],
    KeyId,
    AliasName: ['alias/a', 'alias/b'],
    TargetKeyId: KeyId,
    Name: ['audit', trail],
    TrailName: ['audit', trail],
    ResourceId: [trail],
    RoleArn: [iamArn('role/reader')],
    PolicyArn: ['arn:aws:iam::aws:policy/ReadOnlyAccess', iamArn('policy/own')],
    SerialNumber: [iamArn('mfa/own')],
    VirtualMFADeviceName: ['own'],
    PolicySourceArn: [iamArn('user/administrator')],
  };
  let operations = 0;
  let accepted = 0;
  await c.running.cloud.registry.loadAll();
  for (const service of c.running.cloud.registry.services) {
    for (const protocol of service.model.metadata.protocols) {
      if (protocol !== 'json' && protocol !== 'query' && protocol !== 'rest-json') continue;
      for (const operation of Object.keys(service.model.operations)) {
        if (service.operation(operation) === undefined) continue;
        operations++;
        const property = fc.asyncProperty(drafts(service, protocol, operation, known), async (draft) => {
          if ((await check(c, service, draft, faults)) === 200) accepted++;
        });
        await fc.assert(property, { numRuns: RUNS, endOnFailure: true });
      }
    }
  }
  assert.ok(operations > 100, `${operations} operations`);
  // Garbage that is all stopped at the door would prove little.
  assert.ok(accepted > 20, `${accepted} accepted`);
  t.diagnostic(`${operations} operations, ${accepted} of ${operations * RUNS} requests accepted`);
});
