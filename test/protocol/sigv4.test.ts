/** Requests that AWS's SDK has signed are taken; the same with anything changed are refused, in AWS's words. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type Dialect, s3Dialect, standardDialect } from '#gateway/auth/authentication.ts';
import {
  type Credential,
  checkClaims,
  type Expected,
  readAuthentication,
  type SignedPayload,
  verifySignature,
} from '#gateway/auth/sigv4.ts';
import type { WireRequest } from '#gateway/wire/protocol.ts';
import { present } from '#platform/base/assert.ts';
import { days, hours, minutes, seconds } from '#platform/base/clock.ts';
import { ServiceError } from '#platform/error.ts';
import {
  CREDENTIAL,
  type Draft,
  EXPECTED,
  EXPECTED_S3,
  encodeStrictly,
  NOW,
  type Signing,
  signed,
} from './sigv4-signing.fixture.ts';

interface Circumstances {
  readonly credential?: Credential;
  readonly now?: number;
  readonly dialect?: Dialect;
  readonly expected?: Expected;
}

function judge(request: WireRequest, circumstances: Circumstances = {}): SignedPayload {
  const { credential = CREDENTIAL, now = NOW, dialect = standardDialect, expected = EXPECTED } = circumstances;
  const authentication = present(readAuthentication(request, dialect), 'the request is signed');
  checkClaims(request, authentication, now, expected, dialect);
  return verifySignature(request, authentication, credential, now, dialect);
}

const S3: Circumstances = { dialect: s3Dialect, expected: EXPECTED_S3 };

function refusal(request: WireRequest, circumstances?: Circumstances): ServiceError {
  try {
    judge(request, circumstances);
  } catch (error) {
    assert.ok(error instanceof ServiceError, String(error));
    return error;
  }
  return assert.fail('the request was taken');
}

const withHeaders = (request: WireRequest, headers: Record<string, string | undefined>): WireRequest => ({
  ...request,
  headers: Object.assign(Object.create(null), request.headers, headers),
});

const SEND: Draft = {
  headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': 'AmazonSQS.SendMessage' },
  body: Buffer.from('{"QueueUrl":"http://localhost:4566/1/q","MessageBody":"hello"}'),
};
const SESSION: Credential = { ...CREDENTIAL, sessionToken: 'IQoJb3JpZ2luX2VjE+/=', expiresAt: NOW + hours(1) };

const text = fc.string({ unit: 'grapheme', maxLength: 12 });
const drafts = fc.record<Draft>({
  method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'HEAD'),
  path: fc
    .array(fc.oneof(text.map(encodeStrictly), fc.constantFrom('.', '..', '', 'a%2Fb', '%2E%2E')), { maxLength: 5 })
    .map((parts) => `/${parts.join('/')}`),
  query: fc.dictionary(
    text.filter((name) => name !== '__proto__'),
    fc.oneof(text, fc.array(text, { minLength: 1, maxLength: 3 })),
    { maxKeys: 4 },
  ),
  headers: fc.dictionary(fc.stringMatching(/^x-amz-meta-[a-z]{1,6}$/), fc.stringMatching(/^[ -~]{0,20}$/), {
    maxKeys: 3,
  }),
  body: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
});
/** S3 paths keep dot segments, which a client must percent-encode where they are meant. */
const objectDrafts = drafts.filter(({ path = '' }) => !path.includes('%2E'));

describe('what the SDK signs is taken', () => {
  test('by header', () =>
    fc.assert(fc.asyncProperty(drafts, async (draft) => assert.equal(judge(await signed(draft)).kind, 'checked'))));

  test('by header, S3', () =>
    fc.assert(
      fc.asyncProperty(objectDrafts, async (draft) => {
        assert.equal(judge(await signed(draft, { service: 's3' }), S3).kind, 'checked');
      }),
    ));

  test('presigned', () =>
    fc.assert(
      fc.asyncProperty(drafts, fc.integer({ min: 1, max: 604_800 }), async (draft, presignedFor) => {
        const request = await signed({ ...draft, headers: {}, body: Buffer.alloc(0) }, { presignedFor });
        const last = NOW + seconds(presignedFor) - 1;
        assert.equal(judge(request, { now: last }).kind, 'checked');
        assert.equal(refusal(request, { now: last + 1 }).code, 'RequestExpired');
      }),
    ));

  test('with a session token, which other credentials do not take', async () => {
    for (const signing of [{}, { presignedFor: 60 }]) {
      const draft = 'presignedFor' in signing ? {} : SEND;
      const request = await signed(draft, { ...signing, credential: SESSION });
      assert.equal(judge(request, { credential: SESSION }).kind, 'checked');
      assert.equal(refusal(request).code, 'InvalidClientTokenId');
      assert.equal(
        refusal(request, { credential: { ...SESSION, sessionToken: 'another' } }).code,
        'InvalidClientTokenId',
      );
      assert.equal(refusal(await signed(draft, signing), { credential: SESSION }).code, 'InvalidClientTokenId');
      const ended = refusal(request, { credential: { ...SESSION, expiresAt: NOW } });
      assert.deepEqual(
        [ended.code, ended.message],
        ['ExpiredToken', 'The security token included in the request is expired'],
      );
    }
  });

  test('with a session token that is added after signing', async () => {
    const token = SESSION.sessionToken ?? '';
    const request = withHeaders(await signed(SEND), { 'x-amz-security-token': token });
    assert.equal(judge(request, { credential: SESSION }).kind, 'checked');
    const presigned = await signed({}, { presignedFor: 60 });
    const query = `${presigned.query}&X-Amz-Security-Token=${encodeStrictly(token)}`;
    assert.equal(judge({ ...presigned, query }, { credential: SESSION }).kind, 'checked');
    const object = withHeaders(await signed({}, { service: 's3' }), { 'x-amz-security-token': token });
    assert.deepEqual(refusal(object, { ...S3, credential: SESSION }).fields, {
      HeadersNotSigned: 'x-amz-security-token',
    });
  });
});

/** One change each. None of them is one that the canonical form forgives. */
const changes: Record<string, (request: WireRequest) => WireRequest> = {
  method: (request) => ({ ...request, method: 'PATCH' }),
  path: (request) => ({ ...request, path: `${request.path}x` }),
  'a further parameter': (request) => ({ ...request, query: request.query ? `${request.query}&extra` : 'extra' }),
  host: (request) => withHeaders(request, { host: 'localhost:4567' }),
  'no host': (request) => withHeaders(request, { host: undefined }),
  'a signed header': (request) => withHeaders(request, { 'x-amz-meta-signed': 'changed' }),
  'no signed header': (request) => withHeaders(request, { 'x-amz-meta-signed': undefined }),
  'a header that is not signed': (request) => withHeaders(request, { 'x-amz-meta-further': 'v' }),
  body: (request) => ({ ...request, body: Buffer.concat([request.body, Buffer.from('x')]) }),
  date: (request) =>
    withHeaders(request, { 'x-amz-date': request.headers['x-amz-date']?.replace('T235930Z', 'T235931Z') ?? '' }),
};

const inHeader = (request: WireRequest, pattern: RegExp, replacement: string): WireRequest =>
  withHeaders(request, { authorization: request.headers['authorization']?.replace(pattern, replacement) ?? '' });
const claims: Record<string, (request: WireRequest) => WireRequest> = {
  region: (request) => inHeader(request, /us-east-1/, 'eu-west-1'),
  service: (request) => inHeader(request, /\/(sqs|s3)\//, '/iam/'),
  'date of the scope': (request) => inHeader(request, /20260131/, '20260130'),
  'signed headers': (request) => inHeader(request, /host;/, ''),
  'another algorithm': (request) => inHeader(request, /AWS4-[A-Z0-9-]+/, 'AWS4-HMAC-SHA512'),
  'a signature of nothing': (request) => inHeader(request, /Signature=.*$/, 'Signature=ABCDEF'),
  'a signature without end': (request) => inHeader(request, /Signature=.*$/, `Signature=${'*'.repeat(10_000)}0`),
  'signature cut short': (request) => inHeader(request, /..$/, ''),
  'a digit of the signature': (request) =>
    inHeader(request, /.$/, request.headers['authorization']?.endsWith('0') ? '1' : '0'),
};

describe('a single change is refused', () => {
  const families: [name: string, signing: Signing, circumstances: Circumstances][] = [
    ['standard', {}, { expected: { ...EXPECTED, acceptsRegion: () => true } }],
    ['S3', { service: 's3' }, { ...S3, expected: { ...EXPECTED_S3, acceptsRegion: () => true } }],
    ['SigV4A', { asymmetric: true, region: '*' }, {}],
  ];
  for (const [family, signing, circumstances] of families) {
    for (const [name, change] of Object.entries({ ...changes, ...claims })) {
      if (family === 'SigV4A' && name === 'region') continue;
      test(`${family}: ${name}`, () =>
        fc.assert(
          fc.asyncProperty(objectDrafts, async (draft) => {
            const request = await signed(
              { ...draft, headers: { ...draft.headers, 'x-amz-meta-signed': 'v' } },
              signing,
            );
            judge(request, circumstances);
            refusal(change(request), circumstances);
          }),
          { numRuns: family === 'SigV4A' ? 2 : 15 },
        ));
    }
    test(`${family}: the secret`, async () => {
      const credential = { ...CREDENTIAL, secretAccessKey: `${CREDENTIAL.secretAccessKey}x` };
      assert.equal(
        refusal(await signed(SEND, signing), { ...circumstances, credential }).code,
        'SignatureDoesNotMatch',
      );
    });
  }

  test('presigned: every parameter', async () => {
    const request = await signed({ query: { Action: 'ListQueues' } }, { presignedFor: 60 });
    judge(request);
    for (const name of ['Action', 'X-Amz-Expires', 'X-Amz-Signature', 'X-Amz-Date', 'X-Amz-Credential']) {
      const query = request.query.replace(new RegExp(`(${name}=[^&]*)`), '$10');
      assert.notEqual(query, request.query);
      refusal({ ...request, query });
    }
  });
});

test('a slow or fast clock is borne for 15 minutes', async () => {
  const request = await signed(SEND);
  judge(request, { now: NOW + minutes(15) });
  judge(request, { now: NOW - minutes(15) });
  const late = refusal(request, { now: NOW + minutes(15) + 1000 });
  assert.equal(late.code, 'SignatureDoesNotMatch');
  assert.equal(
    late.message,
    'Signature expired: 20260131T235930Z is now earlier than 20260131T235931Z (20260201T001431Z - 15 min.)',
  );
  assert.equal(
    refusal(request, { now: NOW - minutes(15) - 1000 }).message,
    'Signature not yet current: 20260131T235930Z is still later than 20260131T235929Z (20260131T234429Z + 15 min.)',
  );
  const object = await signed({}, { service: 's3' });
  assert.deepEqual(refusal(object, { ...S3, now: NOW + days(1) }).fields, {
    RequestTime: '20260131T235930Z',
    ServerTime: '2026-02-01T23:59:30Z',
    MaxAllowedSkewMilliseconds: '900000',
  });
});

test('the hash of the body is part of what is signed', async () => {
  const object = await signed({ method: 'PUT', body: Buffer.from('a') }, { service: 's3' });
  const other = refusal({ ...object, body: Buffer.from('b') }, S3);
  assert.equal(other.code, 'XAmzContentSHA256Mismatch');
  assert.match(String(other.fields?.['S3ComputedContentSHA256']), /^3e23e8160039594a/);
  const unsigned = await signed({ headers: { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' } }, { service: 's3' });
  assert.deepEqual(judge(unsigned, S3), { kind: 'unsigned' });
  const streamed = { ...object, stream: (async function* () {})() };
  assert.equal(judge(streamed, S3).kind, 'hashed');
  const ecdsa = { headers: { 'x-amz-content-sha256': 'STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD' } };
  assert.equal(refusal(await signed(ecdsa, { service: 's3' }), S3).code, 'InvalidArgument');
  const nonsense = await signed({ headers: { 'x-amz-content-sha256': 'nonsense' } }, { service: 's3' });
  assert.equal(refusal(nonsense, S3).code, 'InvalidArgument');
  // Elsewhere the header is one like another, and the body counts.
  assert.equal(
    refusal(await signed({ ...SEND, headers: { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' } })).code,
    'SignatureDoesNotMatch',
  );
});

test('a plus sign in the query is a space, as the decoders have it', async () => {
  const spaced = await signed({ query: { QueueNamePrefix: 'a b' } });
  judge({ ...spaced, query: spaced.query.replace('%20', '+') });
  const plus = await signed({ query: { QueueNamePrefix: 'a+b' } });
  judge(plus);
  refusal({ ...plus, query: plus.query.replace('%2B', '+') });
});

test('a presigned URL of S3 leaves the body open and says when it ends', async () => {
  const draft: Draft = { method: 'PUT', path: '/bucket/key', headers: { 'X-Amz-Content-Sha256': 'UNSIGNED-PAYLOAD' } };
  const request = await signed(draft, { service: 's3', presignedFor: 300 });
  assert.deepEqual(judge({ ...request, body: Buffer.from('any') }, S3), { kind: 'unsigned' });
  assert.deepEqual(refusal(request, { ...S3, now: NOW + minutes(6) }).fields, {
    'X-Amz-Expires': '300',
    Expires: '2026-02-01T00:04:30Z',
    ServerTime: '2026-02-01T00:05:30Z',
  });
  assert.equal(refusal(request, { ...S3, now: NOW - minutes(16) }).message, 'Request is not yet valid');
  assert.deepEqual(refusal(withHeaders(request, { 'x-amz-acl': 'public-read' }), S3).fields, {
    HeadersNotSigned: 'x-amz-acl',
  });
});
