/** Bodies in aws-chunked: Amazon's published example, bodies of the SDK's S3 client, and everything that must be refused. */
import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { describe, test } from 'node:test';
import { crc32 } from 'node:zlib';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import fc from 'fast-check';
import { s3Dialect } from '#gateway/auth/authentication.ts';
import { type ChunkSignatures, chunkSignatures } from '#gateway/auth/chunk-signatures.ts';
import {
  ChunkedDecoder,
  type ChunkedOptions,
  decodeChunked,
  decodeChunkedStream,
  decodedLengthOf,
} from '#gateway/auth/chunked-body.ts';
import { hmac } from '#gateway/auth/digest.ts';
import { signingKey } from '#gateway/auth/signing-keys.ts';
import { checkClaims, readAuthentication, type SignedPayload, verifySignature } from '#gateway/auth/sigv4.ts';
import type { Headers, WireRequest } from '#gateway/wire/protocol.ts';
import { present } from '#platform/base/assert.ts';
import { ServiceError } from '#platform/error.ts';
import { CREDENTIAL } from './sigv4-signing.fixture.ts';

const SCOPE = '20130524/us-east-1/s3/aws4_request';
const SEED = '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9';
const SIGNATURES = [
  'ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648',
  '0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497',
  'b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9',
];
const EXAMPLE_DATA = Buffer.alloc(66_560, 'a');
const EXAMPLE = Buffer.concat([
  Buffer.from(`10000;chunk-signature=${SIGNATURES[0]}\r\n`),
  EXAMPLE_DATA.subarray(0, 65_536),
  Buffer.from(`\r\n400;chunk-signature=${SIGNATURES[1]}\r\n`),
  EXAMPLE_DATA.subarray(65_536),
  Buffer.from(`\r\n0;chunk-signature=${SIGNATURES[2]}\r\n\r\n`),
]);

/** The published request: S3 API Reference, "Signature calculations … (chunked upload)". */
const exampleRequest: WireRequest = {
  method: 'PUT',
  path: '/examplebucket/chunkObject.txt',
  query: '',
  headers: Object.assign(Object.create(null), {
    host: 's3.amazonaws.com',
    'x-amz-date': '20130524T000000Z',
    'x-amz-storage-class': 'REDUCED_REDUNDANCY',
    authorization: `AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/${SCOPE},SignedHeaders=content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class,Signature=${SEED}`,
    'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
    'content-encoding': 'aws-chunked',
    'x-amz-decoded-content-length': '66560',
    'content-length': '66824',
  }),
  body: EXAMPLE,
};

function verified(request: WireRequest, now: number): SignedPayload {
  const authentication = present(readAuthentication(request, s3Dialect), 'the request is signed');
  checkClaims(request, authentication, now, { service: 's3', acceptsRegion: () => true }, s3Dialect);
  return verifySignature(request, authentication, CREDENTIAL, now, s3Dialect);
}

function exampleSignatures(): ChunkSignatures {
  const payload = verified(exampleRequest, Date.UTC(2013, 4, 24));
  assert.equal(payload.kind, 'chunked');
  return present(payload.kind === 'chunked' ? payload.signatures : undefined, 'the chunks are signed');
}

const exampleOptions = (): ChunkedOptions => ({
  decodedLength: 66_560,
  hasTrailers: false,
  signatures: exampleSignatures(),
});

const codeOf = (action: () => unknown): string => {
  try {
    action();
    return 'taken';
  } catch (error) {
    assert.ok(error instanceof ServiceError, String(error));
    return error.code;
  }
};

describe("Amazon's example of a chunked upload", () => {
  test('is decoded', () => {
    assert.deepEqual(decodeChunked(EXAMPLE, exampleOptions()).body, EXAMPLE_DATA);
  });

  test('is decoded however it is cut', () =>
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 20_000 }), { maxLength: 30 }), (cuts) => {
        const decoder = new ChunkedDecoder(exampleOptions());
        const parts: Buffer[] = [];
        let at = 0;
        for (const cut of [...cuts, EXAMPLE.length]) {
          parts.push(...decoder.push(EXAMPLE.subarray(at, at + cut)));
          at += cut;
        }
        decoder.end();
        assert.ok(Buffer.concat(parts).equals(EXAMPLE_DATA));
      }),
      { numRuns: 30 },
    ));

  test('with any byte of data or signature changed shows nothing of the chunk concerned', () =>
    fc.assert(
      fc.property(fc.nat(EXAMPLE.length - 5), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const body = Buffer.from(EXAMPLE);
        body.writeUInt8(body.readUInt8(at) ^ change, at);
        const decoder = new ChunkedDecoder(exampleOptions());
        const shown: Buffer[] = [];
        const code = codeOf(() => {
          for (let from = 0; from < body.length; from += 1000)
            shown.push(...decoder.push(body.subarray(from, from + 1000)));
          decoder.end();
        });
        assert.notEqual(code, 'taken');
        // The first chunk's data ends at 65,624; from there on, it is shown and right.
        const visible = Buffer.concat(shown);
        assert.ok(visible.length <= (at < 65_624 ? 0 : EXAMPLE_DATA.length));
        assert.ok(visible.equals(EXAMPLE_DATA.subarray(0, visible.length)));
      }),
      { numRuns: 200 },
    ));

  test('cut short, or with chunks left out or swapped, is refused', () => {
    for (let end = 0; end < EXAMPLE.length - 2; end += 997) {
      assert.notEqual(
        codeOf(() => decodeChunked(EXAMPLE.subarray(0, end), exampleOptions())),
        'taken',
      );
    }
    const second = EXAMPLE.indexOf('400;');
    const third = EXAMPLE.lastIndexOf('0;chunk');
    const without = Buffer.concat([EXAMPLE.subarray(0, second), EXAMPLE.subarray(third)]);
    assert.equal(
      codeOf(() => decodeChunked(without, exampleOptions())),
      'IncompleteBody',
    );
    assert.equal(
      codeOf(() => decodeChunked(without, { ...exampleOptions(), decodedLength: 65_536 })),
      'SignatureDoesNotMatch',
    );
  });

  test('its chain goes on to trailers', () => {
    const signatures = exampleSignatures();
    const chunks = [EXAMPLE_DATA.subarray(0, 65_536), EXAMPLE_DATA.subarray(65_536), Buffer.alloc(0)];
    for (const [index, chunk] of chunks.entries()) assert.ok(signatures.acceptsChunk(chunk, SIGNATURES[index] ?? ''));
    // The signature is awslabs/aws-c-auth's, of the same upload with trailers.
    const signature = 'df5735bd9f3295cd9386572292562fefc93ba94e80a0a1ddcbd652c4e0a75e6c';
    assert.ok(signatures.acceptsTrailers('first:1st\nsecond:2nd\nthird:3rd\n', signature));
  });
});

/** An encoder of our own for the tests, with node's HMAC. */
function encoded(chunks: Buffer[], trailers: [string, string][] | undefined): Buffer {
  let key: Buffer = Buffer.from(`AWS4${CREDENTIAL.secretAccessKey}`);
  for (const part of SCOPE.split('/')) key = createHmac('sha256', key).update(part).digest();
  const sha256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex');
  let previous = SEED;
  const next = (kind: string, hashes: string): string => {
    const text = `AWS4-HMAC-SHA256-${kind}\n20130524T000000Z\n${SCOPE}\n${previous}\n${hashes}`;
    previous = createHmac('sha256', key).update(text).digest('hex');
    return previous;
  };
  const parts: Buffer[] = [];
  for (const chunk of [...chunks, Buffer.alloc(0)]) {
    const signature = next('PAYLOAD', `${sha256('')}\n${sha256(chunk)}`);
    parts.push(Buffer.from(`${chunk.length.toString(16)};chunk-signature=${signature}\r\n`), chunk);
    if (chunk.length > 0) parts.push(Buffer.from('\r\n'));
  }
  if (trailers) {
    const text = trailers.map(([name, value]) => `${name}:${value}\n`).join('');
    const signature = next('TRAILER', sha256(text));
    parts.push(Buffer.from(`${text.replaceAll('\n', '\r\n')}x-amz-trailer-signature:${signature}\r\n`));
  }
  return Buffer.concat([...parts, Buffer.from('\r\n')]);
}

function signaturesFromSeed(): ChunkSignatures {
  const key = signingKey(CREDENTIAL.secretAccessKey, SCOPE);
  const signed = { timestamp: '20130524T000000Z', scope: SCOPE, signature: SEED };
  return chunkSignatures('AWS4-HMAC-SHA256', signed, (text, signature) => hmac(key, text, 'hex') === signature);
}

describe('trailers', () => {
  const data = Buffer.alloc(9000, 'b');
  const body = encoded([data], [['x-amz-checksum-crc32', 'AAAAAA==']]);
  const options = (): ChunkedOptions => ({ decodedLength: 9000, hasTrailers: true, signatures: signaturesFromSeed() });

  test('come out when their signature is right', () => {
    const result = decodeChunked(body, options());
    assert.deepEqual(result.body, data);
    assert.deepEqual({ ...result.trailers }, { 'x-amz-checksum-crc32': 'AAAAAA==' });
  });

  test('are refused when changed, unsigned, doubled or not announced', () => {
    const edit = (from: string, to: string): Buffer => Buffer.from(body.toString('latin1').replace(from, to), 'latin1');
    const cases: [Buffer, Partial<ChunkedOptions>, string][] = [
      [edit('AAAAAA==', 'BAAAAA=='), {}, 'SignatureDoesNotMatch'],
      [edit('x-amz-trailer-signature', 'x-amz-other'), {}, 'SignatureDoesNotMatch'],
      [edit('x-amz-trailer', 'x-amz-checksum-crc32:x\r\nx-amz-trailer'), {}, 'MalformedTrailerError'],
      [body, { hasTrailers: false }, 'MalformedTrailerError'],
      [Buffer.concat([body, Buffer.from('x')]), {}, 'MalformedTrailerError'],
      [encoded([data], undefined), {}, 'SignatureDoesNotMatch'],
    ];
    for (const [input, changed, code] of cases) {
      assert.equal(
        codeOf(() => decodeChunked(input, { ...options(), ...changed })),
        code,
      );
    }
  });
});

describe('limits', () => {
  const unsigned = (length: number): ChunkedOptions => ({
    decodedLength: length,
    hasTrailers: true,
    signatures: undefined,
  });
  const decode = (text: string, length: number): string =>
    codeOf(() => decodeChunked(Buffer.from(text), unsigned(length)));

  test('only the last chunk may be small', () => {
    assert.equal(decode('3\r\nabc\r\n0\r\n\r\n', 3), 'taken');
    assert.equal(decode('3\r\nabc\r\n3\r\nabc\r\n0\r\n\r\n', 6), 'InvalidChunkSizeError');
  });

  test('the announced length is the length', () => {
    assert.equal(decode('3\r\nabc\r\n0\r\n\r\n', 4), 'IncompleteBody');
    assert.equal(decode('3\r\nabc\r\n0\r\n\r\n', 2), 'IncompleteBody');
    // Seen at the size line: bytes beyond the length never come out.
    const early = new ChunkedDecoder(unsigned(2));
    assert.equal(
      codeOf(() => early.push(Buffer.from('3\r\n'))),
      'IncompleteBody',
    );
    assert.equal(
      codeOf(() => decodedLengthOf({})),
      'MissingContentLength',
    );
    assert.equal(
      codeOf(() => decodedLengthOf({ 'x-amz-decoded-content-length': '-1' })),
      'MissingContentLength',
    );
  });

  test('endless lines, endless trailers and huge signed chunks end early', () => {
    assert.equal(decode('0'.repeat(5000), 0), 'IncompleteBody');
    assert.equal(decode(`0\r\n${'x'.repeat(5000)}`, 0), 'MalformedTrailerError');
    assert.equal(decode(`0\r\n${'x'.repeat(1000)}`, 0), 'IncompleteBody');
    const many = Array.from({ length: 20 }, (_, index) => `x-${index}:${'y'.repeat(900)}\r\n`).join('');
    assert.equal(decode(`0\r\n${many}\r\n`, 0), 'MalformedTrailerError');
    const options = { ...exampleOptions(), decodedLength: 2 ** 40 };
    const size = Buffer.from(`ffffffff;chunk-signature=${SIGNATURES[0]}\r\n`);
    assert.equal(
      codeOf(() => decodeChunked(size, options)),
      'InvalidChunkSizeError',
    );
  });

  test('noise gives no other errors', () =>
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
            fc
              .constantFrom('0\r\n', '\r\n', '5\r\nhello\r\n', 'x-amz-a:b\r\n', '0;chunk-signature=00\r\n')
              .map((text) => Buffer.from(text)),
          ),
        ),
        fc.boolean(),
        (pieces, isSigned) => {
          const signatures = isSigned ? signaturesFromSeed() : undefined;
          const decoder = new ChunkedDecoder({ decodedLength: 5, hasTrailers: true, signatures });
          codeOf(() => {
            for (const piece of pieces) decoder.push(piece);
            decoder.end();
          });
        },
      ),
      { numRuns: 1000 },
    ));
});

test('what the S3 client of the SDK streams is decoded, and its checksum is that of the data', async (t) => {
  const seen: { data: Buffer; trailers: Headers; payload: SignedPayload }[] = [];
  const server = createServer(async (message, response) => {
    const headers: Headers = Object.assign(Object.create(null), message.headers);
    const [path = '', query = ''] = (message.url ?? '').split(/\?(.*)/s);
    const request: WireRequest = {
      method: message.method ?? '',
      path,
      query,
      headers,
      body: Buffer.alloc(0),
      stream: message,
    };
    const payload = verified(request, Date.now());
    assert.equal(payload.kind, 'chunked');
    if (payload.kind !== 'chunked') return;
    const options = { decodedLength: decodedLengthOf(headers), ...payload };
    const parts: Buffer[] = [];
    let trailers: Headers = {};
    for await (const part of decodeChunkedStream(message, options, (found) => (trailers = found))) parts.push(part);
    seen.push({ data: Buffer.concat(parts), trailers, payload });
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const client = new S3Client({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, // listening on a port, so it has one
    region: 'eu-west-1',
    forcePathStyle: true,
    credentials: CREDENTIAL,
    requestStreamBufferSize: 65_536,
    maxAttempts: 1,
  });
  t.after(() => client.destroy());
  for (const size of [0, 1, 65_536, 300_001]) {
    const data = Buffer.alloc(size, 'stream ');
    const Body = Readable.from([data.subarray(0, 100_000), data.subarray(100_000)].filter((part) => part.length > 0));
    await client.send(new PutObjectCommand({ Bucket: 'bucket', Key: 'a key/+é', Body, ContentLength: size }));
    const result = present(seen.pop(), 'the server has answered');
    assert.ok(result.data.equals(data));
    const checksum = Buffer.alloc(4);
    checksum.writeUInt32BE(crc32(data));
    assert.deepEqual({ ...result.trailers }, { 'x-amz-checksum-crc32': checksum.toString('base64') });
  }
});
