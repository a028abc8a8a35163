/** Who is let in: every way to sign wrongly, in every protocol, and AWS's answer to each. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CreateAccessKeyCommand, CreateUserCommand, IAMClient, UpdateAccessKeyCommand } from '@aws-sdk/client-iam';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { minutes } from '#platform/base/clock.ts';
import type { Draft, Signing } from '#test/protocol/sigv4-signing.fixture.ts';
import { cloud, type TestCloud } from '#test/sdk/cloud.ts';
import {
  formDraft,
  jsonDraft,
  type RawAnswer,
  type RawRequest,
  sendRaw,
  signedRequest,
} from '#test/sdk/raw-request.ts';

interface Protocol {
  readonly name: string;
  readonly draft: Draft;
  readonly signing: Signing;
  /** JSON has names of its own for the codes, beside those of Query. */
  readonly isJson: boolean;
}

const PROTOCOLS: readonly Protocol[] = [
  { name: 'SQS, JSON', draft: jsonDraft('ListQueues', {}), signing: { service: 'sqs' }, isJson: true },
  { name: 'SQS, Query', draft: formDraft('2012-11-05', 'ListQueues'), signing: { service: 'sqs' }, isJson: false },
  { name: 'STS', draft: formDraft('2011-06-15', 'GetCallerIdentity'), signing: { service: 'sts' }, isJson: false },
  { name: 'IAM', draft: formDraft('2010-05-08', 'ListUsers'), signing: { service: 'iam' }, isJson: false },
];

const BAD_TOKEN = 'The security token included in the request is invalid.';
const JSON_NAMES: Readonly<Record<string, string>> = {
  InvalidClientTokenId: 'UnrecognizedClientException',
  SignatureDoesNotMatch: 'InvalidSignatureException',
  IncompleteSignature: 'IncompleteSignatureException',
  MissingAuthenticationToken: 'MissingAuthenticationTokenException',
  ExpiredToken: 'ExpiredTokenException',
};

function expectError(
  { isJson, name }: Protocol,
  answer: RawAnswer,
  code: string,
  status: number,
  message: RegExp,
): void {
  const what = `${name}: ${answer.status} ${answer.body}`;
  assert.equal(answer.status, status, what);
  assert.equal(answer.code, isJson ? (JSON_NAMES[code] ?? code) : code, what);
  if (isJson) assert.equal(answer.queryCode, code, what);
  assert.match(answer.message, message, what);
  assert.ok(answer.headers['x-amzn-requestid'], what);
}

type Change = (request: RawRequest) => RawRequest;
const withHeader =
  (name: string, value: string): Change =>
  (request) => ({ ...request, headers: { ...request.headers, [name]: value } });
const editAuthorization =
  (pattern: RegExp, replacement: string): Change =>
  (request) =>
    withHeader('authorization', (request.headers['authorization'] ?? '').replace(pattern, replacement))(request);

/** What is wrong, how it is made, AWS's code, status and words. */
const CASES: readonly {
  readonly what: string;
  readonly signing?: (cloud: TestCloud) => Signing;
  readonly change?: Change;
  readonly code: string;
  readonly status: number;
  readonly message: RegExp;
}[] = [
  {
    what: 'an unknown key',
    signing: ({ administrator }) => ({ credential: { ...administrator, accessKeyId: 'AKIAIOSFODNN7EXAMPLE' } }),
    code: 'InvalidClientTokenId',
    status: 403,
    message: new RegExp(BAD_TOKEN),
  },
  {
    what: 'a wrong secret',
    signing: ({ administrator }) => ({ credential: { ...administrator, secretAccessKey: 'x'.repeat(40) } }),
    code: 'SignatureDoesNotMatch',
    status: 403,
    message: /The request signature we calculated does not match/,
  },
  {
    what: 'an old signature',
    signing: ({ clock }) => ({ at: clock.now() - minutes(16) }),
    code: 'SignatureDoesNotMatch',
    status: 403,
    message: /^Signature expired: \d{8}T\d{6}Z is now earlier than/,
  },
  {
    what: 'a signature of the future',
    signing: ({ clock }) => ({ at: clock.now() + minutes(16) }),
    code: 'SignatureDoesNotMatch',
    status: 403,
    message: /^Signature not yet current: /,
  },
  {
    what: 'a changed header',
    change: withHeader('content-type', 'application/x-www-form-urlencoded; charset=latin1'),
    code: 'SignatureDoesNotMatch',
    status: 403,
    message: /does not match/,
  },
  {
    what: 'a changed body',
    change: (request) => ({ ...request, body: Buffer.from(`${request.body} `) }),
    code: 'SignatureDoesNotMatch',
    status: 403,
    message: /does not match/,
  },
  {
    what: 'a changed path',
    change: (request) => ({ ...request, path: '/other' }),
    code: 'SignatureDoesNotMatch',
    status: 403,
    message: /does not match/,
  },
  {
    what: 'a host that is not signed',
    change: editAuthorization(/host;/, ''),
    code: 'SignatureDoesNotMatch',
    status: 403,
    message: /'Host' or ':authority' must be a 'SignedHeader'/,
  },
  {
    what: 'a date header that is not signed',
    change: editAuthorization(/;x-amz-date/, ''),
    code: 'SignatureDoesNotMatch',
    status: 403,
    message: /'X-Amz-Date' must be a 'SignedHeader'/,
  },
  {
    what: 'a region that does not exist',
    signing: () => ({ region: 'mars-north-1' }),
    code: 'SignatureDoesNotMatch',
    status: 403,
    message: /Credential should be scoped to a valid region/,
  },
  {
    what: 'a header without its signature',
    change: editAuthorization(/, Signature=.*/, ''),
    code: 'IncompleteSignature',
    status: 400,
    message: /requires 'Signature' parameter/,
  },
  {
    what: 'header and query at once',
    change: (request) => ({ ...request, query: 'X-Amz-Algorithm=AWS4-HMAC-SHA256' }),
    code: 'SignatureDoesNotMatch',
    status: 403,
    message: /Found both/,
  },
  {
    what: 'a session token that is none',
    signing: ({ administrator }) => ({ credential: { ...administrator, sessionToken: 'FwoGZXIvYXdzEBYaD' } }),
    code: 'InvalidClientTokenId',
    status: 403,
    message: new RegExp(BAD_TOKEN),
  },
];

test('a request that is signed wrongly is refused as AWS does', async (t) => {
  const c = await cloud(t);
  for (const protocol of PROTOCOLS) {
    const good = await sendRaw(c, await signedRequest(c, protocol.draft, protocol.signing));
    assert.equal(good.status, 200, `${protocol.name}: ${good.body}`);
    for (const { what, signing, change, code, status, message } of CASES) {
      const request = await signedRequest(c, protocol.draft, { ...protocol.signing, ...signing?.(c) });
      const answer = await sendRaw(c, change?.(request) ?? request);
      const own: Protocol = { ...protocol, name: `${protocol.name}, ${what}` };
      // Before a signature's scope is believed nobody knows that it is SQS, whose JSON has Query's statuses and header.
      const isEarly = protocol.isJson && (code === 'IncompleteSignature' || what === 'header and query at once');
      if (isEarly) assert.equal(answer.code, JSON_NAMES[code], own.name);
      else expectError(own, answer, code, status, message);
    }
  }
});

test('the scope decides the service, whatever the host', async (t) => {
  const c = await cloud(t);
  const draft = formDraft('2011-06-15', 'GetCallerIdentity');
  const asSqs = await sendRaw(c, await signedRequest(c, draft, { service: 'sqs' }));
  assert.equal(asSqs.status, 400);
  assert.equal(asSqs.code, 'InvalidAction');
  const host = `sqs.eu-west-1.localhost:${c.port}`;
  const elsewhere = await sendRaw(
    c,
    await signedRequest(c, { ...draft, headers: { ...draft.headers, host } }, { service: 'sts' }),
  );
  assert.equal(elsewhere.status, 200, elsewhere.body);
  const nothing = await sendRaw(c, await signedRequest(c, draft, { service: 'nothing' }));
  assert.equal(nothing.status, 400);
  for (const name of ['evil.example.org', `localhost.evil.example.org:${c.port}`, 'sqs.localhost.evil']) {
    const answer = await sendRaw(
      c,
      await signedRequest(c, { ...draft, headers: { ...draft.headers, host: name } }, { service: 'sts' }),
    );
    assert.equal(answer.status, 400, name);
    assert.equal(answer.code, 'InvalidHost', name);
  }
});

test('a presigned URL is good for its request and its time', async (t) => {
  const c = await cloud(t);
  const sqs = c.client(SQSClient);
  const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: 'orders' }));
  const presign = (service: string, query: Record<string, string>, path = '/', presignedFor = 60) =>
    signedRequest(c, { method: 'GET', path, query }, { service, presignedFor });
  const identity = { Action: 'GetCallerIdentity', Version: '2011-06-15' };
  const url = await presign('sts', identity);
  const answer = await sendRaw(c, url);
  assert.equal(answer.status, 200, answer.body);
  assert.match(answer.body, /user\/administrator/);
  const receive = { Action: 'ReceiveMessage', Version: '2012-11-05' };
  for (const [query, path] of [
    [{ ...receive, QueueUrl }, '/'],
    [receive, new URL(QueueUrl).pathname],
  ] as const) {
    const received = await sendRaw(c, await presign('sqs', query, path));
    assert.equal(received.status, 200, received.body);
    assert.match(received.body, /<ReceiveMessageResult/);
  }
  const altered = await sendRaw(c, { ...url, query: url.query.replace('GetCallerIdentity', 'GetSessionToken') });
  assert.deepEqual([altered.status, altered.code], [403, 'SignatureDoesNotMatch']);
  const endless = await sendRaw(c, await presign('sts', identity, '/', 604_800));
  assert.equal(endless.status, 200, endless.body);
  const tooLong = { ...url, query: url.query.replace(/X-Amz-Expires=\d+/, 'X-Amz-Expires=604801') };
  assert.equal((await sendRaw(c, tooLong)).code, 'IncompleteSignature');
  c.advance(60_000);
  const expired = await sendRaw(c, url);
  assert.deepEqual([expired.status, expired.code, expired.message], [400, 'RequestExpired', 'Request has expired.']);
});

test('a deactivated key is refused from the next request on', async (t) => {
  const c = await cloud(t);
  const iam = c.client(IAMClient);
  await iam.send(new CreateUserCommand({ UserName: 'bob' }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'bob' }));
  const credential = { accessKeyId: AccessKey?.AccessKeyId ?? '', secretAccessKey: AccessKey?.SecretAccessKey ?? '' };
  const [json, , sts] = PROTOCOLS;
  if (json === undefined || sts === undefined) assert.fail();
  const ask = async (protocol: Protocol): Promise<RawAnswer> =>
    sendRaw(c, await signedRequest(c, protocol.draft, { ...protocol.signing, credential }));
  assert.equal((await ask(sts)).status, 200);
  const change = (Status: 'Active' | 'Inactive') =>
    iam.send(new UpdateAccessKeyCommand({ UserName: 'bob', AccessKeyId: credential.accessKeyId, Status }));
  await change('Inactive');
  for (const protocol of [sts, json]) {
    expectError(protocol, await ask(protocol), 'InvalidClientTokenId', 403, new RegExp(BAD_TOKEN));
  }
  await change('Active');
  assert.equal((await ask(sts)).status, 200);
});

test('a session’s credentials are good until they expire, and only with their own token', async (t) => {
  const c = await cloud(t);
  const iam = c.client(IAMClient);
  const { CreateRoleCommand } = await import('@aws-sdk/client-iam');
  const trust = { Effect: 'Allow', Principal: { AWS: c.account }, Action: 'sts:AssumeRole' };
  const AssumeRolePolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: trust });
  const { Role } = await iam.send(new CreateRoleCommand({ RoleName: 'reader', AssumeRolePolicyDocument }));
  const assume = async () => {
    const command = new AssumeRoleCommand({ RoleArn: Role?.Arn, RoleSessionName: 'session', DurationSeconds: 900 });
    const { Credentials: made } = await c.client(STSClient).send(command);
    return {
      accessKeyId: made?.AccessKeyId ?? '',
      secretAccessKey: made?.SecretAccessKey ?? '',
      sessionToken: made?.SessionToken ?? '',
    };
  };
  const first = await assume();
  const second = await assume();
  const who = (credentials: Partial<typeof first>) =>
    c
      .client(STSClient, { credentials: { ...first, ...credentials } })
      .send(new GetCallerIdentityCommand({}))
      .then(({ Arn = '' }) => Arn)
      .catch((error: Error) => error.name);
  assert.match(await who({}), /assumed-role\/reader\/session$/);
  assert.equal(await who({ sessionToken: second.sessionToken }), 'InvalidClientTokenId');
  assert.equal(
    await who({ sessionToken: first.sessionToken.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')) }),
    'InvalidClientTokenId',
  );
  const plain = { accessKeyId: first.accessKeyId, secretAccessKey: first.secretAccessKey };
  const [, , sts] = PROTOCOLS;
  const tokenless = await sendRaw(c, await signedRequest(c, sts?.draft ?? {}, { service: 'sts', credential: plain }));
  assert.deepEqual([tokenless.status, tokenless.code], [403, 'InvalidClientTokenId']);
  c.advance(minutes(15));
  assert.equal(await who({}), 'ExpiredToken');
});
