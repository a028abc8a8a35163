/** Claims that make no sense: AWS's words for each, and nothing but those words whatever comes in. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { s3Dialect, standardDialect } from '#gateway/auth/authentication.ts';
import { checkClaims, readAuthentication, verifySignature } from '#gateway/auth/sigv4.ts';
import { regionSetCovers } from '#gateway/auth/sigv4a.ts';
import { parseHttpDate } from '#gateway/auth/timestamp.ts';
import type { WireRequest } from '#gateway/wire/protocol.ts';
import { present } from '#platform/base/assert.ts';
import { ServiceError } from '#platform/error.ts';
import { CREDENTIAL, EXPECTED, EXPECTED_S3, NOW, signed } from './sigv4-signing.fixture.ts';

const bare = (headers: Record<string, string>, query = ''): WireRequest => ({
  method: 'GET',
  path: '/',
  query,
  headers: Object.assign(Object.create(null), { host: 'localhost', 'x-amz-date': '20260131T235930Z' }, headers),
  body: Buffer.alloc(0),
});

const read = (authorization: string, dialect = standardDialect): string => {
  try {
    const request = bare({ authorization });
    const authentication = readAuthentication(request, dialect);
    assert.ok(authentication);
    checkClaims(request, authentication, NOW, dialect === s3Dialect ? EXPECTED_S3 : EXPECTED, dialect);
    return 'taken';
  } catch (error) {
    assert.ok(error instanceof ServiceError, String(error));
    return `${error.code}: ${error.message}`;
  }
};

const SCOPE = 'AKID/20260131/us-east-1/sqs/aws4_request';
const header = (scope: string, names = 'host;x-amz-date'): string =>
  `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=${names}, Signature=00`;

const malformed: [name: string, authorization: string, refusal: string][] = [
  [
    'a bearer token, which is not echoed',
    'Bearer secret',
    "IncompleteSignature: Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with Base64): 'v/3iBBM0e3oA4TY94/l8pp5BncCupV9KSnUBj6s6Do4='.",
  ],
  [
    'nothing but the algorithm',
    'AWS4-HMAC-SHA256',
    "IncompleteSignature: Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. Authorization header requires 'SignedHeaders' parameter. (Hashed with SHA-256 and encoded with Base64) Authorization=YI2YWea8FSxnksZL2ETHbs5elHm9HQufxTLK0W0ffV0=",
  ],
  [
    'an unknown algorithm',
    `AWS4-HMAC-SHA1 Credential=${SCOPE}, SignedHeaders=host, Signature=00`,
    "IncompleteSignature: Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA1' (only AWS4-HMAC-SHA256 for now). ",
  ],
  [
    'a credential without a scope',
    header('AKID'),
    "IncompleteSignature: Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got 'AKID'",
  ],
  [
    'the host not signed',
    header(SCOPE, 'x-amz-date'),
    "SignatureDoesNotMatch: 'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
  ],
  [
    'the date of another day in the scope',
    header('AKID/20260130/us-east-1/sqs/aws4_request'),
    "SignatureDoesNotMatch: Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20260130' != '20260131', from '20260131T235930Z'.",
  ],
  [
    'everything wrong in the scope',
    header('AKID/20260101/mars/ec2/aws5_request'),
    "SignatureDoesNotMatch: Credential should be scoped to a valid region, not 'mars'. Credential should be scoped to correct service: 'sqs'. Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5_request'. Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20260101' != '20260131', from '20260131T235930Z'.",
  ],
];

const malformedS3: typeof malformed = [
  ['a bearer token', 'Bearer secret', 'InvalidArgument: Unsupported Authorization Type'],
  [
    'signature version 2',
    'AWS AKID:c2ln',
    'InvalidRequest: The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.',
  ],
  [
    'nothing but the algorithm',
    'AWS4-HMAC-SHA256',
    'AuthorizationHeaderMalformed: The authorization header is malformed; the authorization header requires three components: Credential, SignedHeaders, and Signature.',
  ],
  [
    'another service',
    header(SCOPE),
    'AuthorizationHeaderMalformed: The authorization header is malformed; incorrect service "sqs". This endpoint belongs to "s3".',
  ],
];

describe('malformed authentication', () => {
  for (const [name, authorization, refusal] of malformed) {
    test(name, () => assert.equal(read(authorization), refusal));
  }
  for (const [name, authorization, refusal] of malformedS3) {
    test(`S3: ${name}`, () => assert.equal(read(authorization, s3Dialect), refusal));
  }

  test('parts in another order, with other blanks', () => {
    assert.equal(read(`AWS4-HMAC-SHA256  Signature=00,SignedHeaders=host;x-amz-date ,Credential=${SCOPE}`), 'taken');
  });

  test('no authentication at all is nothing to read', () => assert.equal(readAuthentication(bare({})), undefined));

  test('no date', () => {
    const request = bare({ authorization: header(SCOPE), 'x-amz-date': '' });
    assert.throws(() => readAuthentication(request), /existence of either a 'X-Amz-Date' or a 'Date' header/);
  });

  test('a date that is none', () => {
    for (const date of ['20260230T000000Z', '201', '2026-01-31T23:59:30Z', '20260131T240000Z']) {
      const request = bare({ authorization: header(SCOPE), 'x-amz-date': date });
      assert.throws(() => readAuthentication(request), {
        message: new RegExp(`ISO-8601 'basic format'. Got '${date}'`),
      });
    }
  });
});

test('the Date header serves where X-Amz-Date is missing, in each of its forms', () => {
  const forms = [
    'Sat, 31 Jan 2026 23:59:30 GMT',
    'Saturday, 31-Jan-26 23:59:30 GMT',
    'Sat Jan 31 23:59:30 2026',
    '20260131T235930Z',
    '2026-01-31T23:59:30Z',
    '2026-01-31T23:59:30.000Z',
  ];
  for (const form of forms) {
    assert.equal(parseHttpDate(form), NOW, form);
    const request = bare({ authorization: header(SCOPE), 'x-amz-date': '', date: form });
    assert.equal(readAuthentication(request)?.timestamp, '20260131T235930Z');
  }
  for (const none of ['', 'now', '31', 'Sat, 31 Jan 2026', 'Sat, 99 Foo 2026 23:59:30 GMT']) {
    assert.equal(parseHttpDate(none), undefined, none);
  }
});

describe('malformed presigned requests', () => {
  const refuse = async (change: (query: string) => string, dialect = standardDialect): Promise<string> => {
    const service = dialect === s3Dialect ? 's3' : 'sqs';
    const request = await signed({ method: 'GET' }, { presignedFor: 60, service });
    try {
      readAuthentication({ ...request, query: change(request.query) }, dialect);
    } catch (error) {
      assert.ok(error instanceof ServiceError, String(error));
      return `${error.code}: ${error.message}`;
    }
    return 'taken';
  };
  const expires = (value: string) => (query: string) => query.replace(/X-Amz-Expires=60/, `X-Amz-Expires=${value}`);

  test('header and query at once', async () => {
    const request = await signed({}, { presignedFor: 60 });
    const both = { ...request, headers: { ...request.headers, authorization: header(SCOPE) } };
    assert.throws(() => readAuthentication(both), /Found both 'X-Amz-Algorithm' as a query-string param/);
    assert.throws(() => readAuthentication(both, s3Dialect), /Only one auth mechanism allowed/);
  });

  test('missing parameters', async () => {
    assert.equal(
      await refuse((query) => query.replace(/X-Amz-(Signature|Date)=[^&]*/g, '')),
      "IncompleteSignature: AWS query-string parameters must include 'X-Amz-Signature'. AWS query-string parameters must include 'X-Amz-Date'. Re-examine the query-string parameters.",
    );
    assert.match(
      await refuse((query) => query.replace(/X-Amz-Expires=60/, ''), s3Dialect),
      /and X-Amz-Expires parameters/,
    );
  });

  test('a lifetime beyond a week, or none', async () => {
    assert.match(await refuse(expires('604801'), s3Dialect), /^AuthorizationQueryParametersError: .*less than a week/);
    assert.match(await refuse(expires('604801')), /less than a week/);
    assert.match(await refuse(expires('-1'), s3Dialect), /must be non-negative/);
    assert.match(await refuse(expires('1e3'), s3Dialect), /should be a number/);
    assert.equal(await refuse(expires('604800')), 'taken');
  });

  test('a list of signed headers that holds more than names', async () => {
    const request = await signed({ method: 'GET' }, { presignedFor: 60 });
    const query = request.query.replace('SignedHeaders=host', 'SignedHeaders=host%0Ax-amz-date;host');
    const authentication = present(readAuthentication({ ...request, query }), 'the request is presigned');
    assert.throws(
      () => checkClaims({ ...request, query }, authentication, NOW, EXPECTED),
      /'Host' or ':authority' must be/,
    );
  });

  test('a parameter given twice', async () => {
    assert.match(await refuse((query) => `${query}&X-Amz-Expires=600000`), /^IncompleteSignature/);
  });
});

test('a SigV4A region set covers what its patterns match', () => {
  for (const [set, region, covered] of [
    ['*', 'eu-west-1', true],
    ['us-*', 'us-east-1', true],
    ['us-*', 'eu-west-1', false],
    ['us-*,eu-west-1', 'eu-west-1', true],
    ['*-west-*', 'us-west-2', true],
    ['a*a', 'a', false],
    ['', 'us-east-1', false],
  ] as const) {
    assert.equal(regionSetCovers(set, region), covered, `${set} ${region}`);
  }
});

describe('whatever comes in, only errors that a client may see go out', () => {
  const judge = (request: WireRequest): void => {
    for (const dialect of [standardDialect, s3Dialect]) {
      try {
        const authentication = readAuthentication(request, dialect);
        if (!authentication) continue;
        verifySignature(request, authentication, CREDENTIAL, NOW, dialect);
        checkClaims(request, authentication, NOW, EXPECTED, dialect);
      } catch (error) {
        assert.ok(error instanceof ServiceError, String(error));
      }
    }
  };
  const noise = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.stringMatching(/^[ -~]{0,60}$/),
    fc.constantFrom('', '%', '%zz', '%E0%A4%A'),
  );
  /** A good text with a piece of it replaced by noise. */
  const damaged = (good: string): fc.Arbitrary<string> =>
    fc
      .tuple(fc.nat(good.length), fc.nat(20), noise)
      .map(([at, length, piece]) => good.slice(0, at) + piece + good.slice(at + length));

  test('headers', () =>
    fc.assert(
      fc.property(
        fc.oneof(noise, damaged(header(SCOPE)), damaged(header(SCOPE).replace('HMAC', 'ECDSA-P256'))),
        damaged('20260131T235930Z'),
        noise,
        (authorization, date, other) => {
          judge(bare({ authorization, 'x-amz-date': date, 'x-amz-content-sha256': other, 'x-amz-region-set': other }));
          judge(bare({ authorization: header(SCOPE), date: other, host: other }));
        },
      ),
      { numRuns: 500 },
    ));

  test('queries and paths', async () => {
    const { query } = await signed({ query: { a: 'b' } }, { presignedFor: 60 });
    fc.assert(
      fc.property(damaged(query), noise, (text, path) => judge({ ...bare({}, text), path: `/${path}` })),
      { numRuns: 500 },
    );
  });
});
