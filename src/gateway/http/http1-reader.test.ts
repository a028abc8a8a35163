import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type ReadRequest, readAll } from './http1-reader.fixture.ts';
import { defaultLimits } from './limits.ts';
import { refusals } from './refusal.ts';

const H = 'Host: localhost\r\n';
const post = (headers: string, body = ''): string => `POST / HTTP/1.1\r\n${H}${headers}\r\n${body}`;
const get = (target: string, headers = H): string => `GET ${target} HTTP/1.1\r\n${headers}\r\n`;
const chunked = (body: string): string => post('Transfer-Encoding: chunked\r\n', body);

/** What two parsers could read in two ways, and what is just wrong: refused, each with its reason. */
const refused: Record<string, [stream: string, refusal: { status: number; reason: string }]> = {
  'both lengths, length first': [
    post('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'),
    refusals.bothLengths,
  ],
  'both lengths, coding first': [
    post('Transfer-Encoding: chunked\r\nContent-Length: 5\r\n', '0\r\n\r\n'),
    refusals.bothLengths,
  ],
  'two lengths': [post('Content-Length: 5\r\nContent-Length: 6\r\n', 'hello!'), refusals.duplicate],
  'two equal lengths': [post('Content-Length: 5\r\ncontent-length: 5\r\n', 'hello'), refusals.duplicate],
  'a list of lengths': [post('Content-Length: 5, 5\r\n', 'hello'), refusals.contentLength],
  'a signed length': [post('Content-Length: +5\r\n', 'hello'), refusals.contentLength],
  'a negative length': [post('Content-Length: -5\r\n', 'hello'), refusals.contentLength],
  'a hexadecimal length': [post('Content-Length: 0x5\r\n', 'hello'), refusals.contentLength],
  'an empty length': [post('Content-Length: \r\n', 'hello'), refusals.contentLength],
  'a length with a space inside': [post('Content-Length: 1 1\r\n', 'hello'), refusals.contentLength],
  'a length beyond all bounds': [post('Content-Length: 9999999999999999999\r\n', 'hello'), refusals.contentLength],
  'identity coding': [post('Transfer-Encoding: identity\r\n', 'hello'), refusals.transferEncoding],
  'gzip, chunked': [post('Transfer-Encoding: gzip, chunked\r\n'), refusals.transferEncoding],
  'chunked, identity': [post('Transfer-Encoding: chunked, identity\r\n'), refusals.transferEncoding],
  'chunked twice': [post('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n'), refusals.duplicate],
  'chunked in disguise (x)': [post('Transfer-Encoding: xchunked\r\n'), refusals.transferEncoding],
  'chunked in disguise (vertical tab)': [post('Transfer-Encoding: \x0bchunked\r\n'), refusals.headerLine],
  'space before the colon': [post('Transfer-Encoding : chunked\r\n'), refusals.headerLine],
  'tab before the colon': [post('Content-Length\t: 5\r\n', 'hello'), refusals.headerLine],
  'a folded line': [post('X-A: b\r\n c\r\n'), refusals.folded],
  'a folded line with a tab': [post('X-A: b\r\n\tc\r\n'), refusals.folded],
  'a fold before the first header': [`GET / HTTP/1.1\r\n ${H}\r\n`, refusals.folded],
  'bare LF after the request line': [`GET / HTTP/1.1\n${H}\r\n`, refusals.requestLine],
  'bare LF after a header': [`GET / HTTP/1.1\r\nHost: localhost\n\r\n\r\n`, refusals.headerLine],
  'bare LF at the end': [`GET / HTTP/1.1\r\n${H}\n`, refusals.headerLine],
  'two bare LFs after a header': [`GET / HTTP/1.1\r\nHost: localhost\n\nX: y\r\n\r\n`, refusals.headerLine],
  'NUL and LF after a value': [post('X-A: b\0\n'), refusals.headerLine],
  'bare CR in a value': [post('X-A: b\rc\r\n'), refusals.headerLine],
  'bare CR at the end': [`GET / HTTP/1.1\r\n${H}\rX`, refusals.headerLine],
  'NUL in a value': [post('X-A: b\0c\r\n'), refusals.headerLine],
  'DEL in a value': [post('X-A: b\x7fc\r\n'), refusals.headerLine],
  'NUL in a name': [post('X\0A: b\r\n'), refusals.headerLine],
  'a name with a space': [post('X A: b\r\n'), refusals.headerLine],
  'a name beyond ASCII': [post('X\xe4: b\r\n'), refusals.headerLine],
  'a name in brackets': [post('(X): b\r\n'), refusals.headerLine],
  'no name': [post(': b\r\n'), refusals.headerLine],
  'no colon': [post('X-A\r\n'), refusals.headerLine],
  'no Host': [get('/', ''), refusals.host],
  'an empty Host': [get('/', 'Host: \r\n'), refusals.host],
  'two Hosts': [get('/', `${H}Host: other\r\n`), refusals.duplicate],
  'a Host with user': [get('/', 'Host: a@b\r\n'), refusals.host],
  'a Host with a path': [get('/', 'Host: a/b\r\n'), refusals.host],
  'a list of Hosts': [get('/', 'Host: a, b\r\n'), refusals.host],
  'two Authorizations': [get('/', `${H}Authorization: a\r\nAuthorization: b\r\n`), refusals.duplicate],
  'HTTP/0.9': ['GET /\r\n', refusals.target],
  'HTTP/1.0': [`GET / HTTP/1.0\r\n${H}\r\n`, refusals.version],
  'HTTP/1.2': [`GET / HTTP/1.2\r\n${H}\r\n`, refusals.version],
  'the preface of HTTP/2': ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', refusals.version],
  'a TLS hello': ['\x16\x03\x01\x02\x00', refusals.requestLine],
  'http/1.1 in small letters': [`GET / http/1.1\r\n${H}\r\n`, refusals.requestLine],
  'two spaces before the version': [`GET /  HTTP/1.1\r\n${H}\r\n`, refusals.requestLine],
  'two spaces before the target': [`GET  / HTTP/1.1\r\n${H}\r\n`, refusals.requestLine],
  'a tab in the request line': [`GET\t/ HTTP/1.1\r\n${H}\r\n`, refusals.requestLine],
  'a space after the version': [`GET / HTTP/1.1 \r\n${H}\r\n`, refusals.requestLine],
  'an empty line first': [`\r\n${get('/')}`, refusals.requestLine],
  'a method in small letters': [`get / HTTP/1.1\r\n${H}\r\n`, refusals.requestLine],
  'an endless method': ['G'.repeat(30), refusals.requestLine],
  CONNECT: [`CONNECT localhost:22 HTTP/1.1\r\n${H}\r\n`, refusals.method],
  TRACE: [`TRACE / HTTP/1.1\r\n${H}\r\n`, refusals.method],
  'asterisk form': [`OPTIONS * HTTP/1.1\r\n${H}\r\n`, refusals.target],
  'authority form': [get('localhost:80'), refusals.target],
  'absolute form of another host': [get('http://other/a'), refusals.authority],
  'absolute form with a longer host': [get('http://localhost.evil/a'), refusals.authority],
  'absolute form without a path': [get('http://localhost'), refusals.authority],
  'absolute form of another scheme': [get('https://localhost/a'), refusals.target],
  'a fragment': [get('/a#b'), refusals.target],
  'a control character in the target': [get('/a\x01'), refusals.target],
  'a target beyond ASCII': [get('/\xe4'), refusals.target],
  'a NUL in the target': [get('/a\0b'), refusals.target],
  'a chunk size that is none': [chunked('zz\r\n'), refusals.chunk],
  'an empty chunk size': [chunked('\r\nhello'), refusals.chunk],
  'a chunk size with 0x': [chunked('0x5\r\nhello\r\n0\r\n\r\n'), refusals.chunk],
  'a negative chunk size': [chunked('-5\r\nhello'), refusals.chunk],
  'a chunk size with a space': [chunked('5 \r\nhello\r\n0\r\n\r\n'), refusals.chunk],
  'an endless chunk size': [chunked('000000005\r\nhello'), refusals.chunk],
  'a chunk extension': [chunked('5;a=b\r\nhello\r\n0\r\n\r\n'), refusals.chunk],
  'bare LF after a chunk size': [chunked('5\nhello\r\n0\r\n\r\n'), refusals.chunk],
  'a chunk that is longer than it says': [chunked('5\r\nhello!\r\n0\r\n\r\n'), refusals.chunk],
  'bare LF after a chunk': [chunked('5\r\nhello\n0\r\n\r\n'), refusals.chunk],
  'CR alone after a chunk': [chunked('5\r\nhello\rX0\r\n\r\n'), refusals.chunk],
  'CR alone after the last chunk': [chunked('0\r\n\rX'), refusals.chunk],
  'CR alone after a chunk size': [chunked('5\rXhello\r\n0\r\n\r\n'), refusals.chunk],
  'a trailer without a colon': [chunked('0\r\nX-A\r\n\r\n'), refusals.chunk],
  'a folded trailer': [chunked('0\r\nX-A: b\r\n c\r\n\r\n'), refusals.chunk],
  'bare LF after a trailer': [chunked('0\r\nX-A: b\n\r\n'), refusals.chunk],
  'endless trailers': [chunked(`0\r\nX-A: ${'a'.repeat(defaultLimits.trailerBytes)}`), refusals.headSize],
  'a head without end': [`GET / HTTP/1.1\r\n${H}X-A: ${'a'.repeat(defaultLimits.headBytes)}`, refusals.headSize],
  'a head one byte too long': [get('/', `${H}X-A: ${'a'.repeat(defaultLimits.headBytes - 41)}\r\n`), refusals.headSize],
  'too many headers': [get('/', H + 'A: b\r\n'.repeat(defaultLimits.headers)), refusals.headSize],
  'too long a target': [get(`/${'a'.repeat(defaultLimits.targetBytes)}`), refusals.targetSize],
};

for (const [name, [stream, refusal]] of Object.entries(refused)) {
  test(`refused: ${name}`, () => {
    // Behind a good request, where a smuggled one would be.
    const result = readAll([Buffer.from(get('/first') + stream, 'latin1')]);
    assert.deepEqual(result.refusal, refusal);
    assert.deepEqual(
      result.requests.map((request) => request.path),
      ['/first'],
    );
  });
}

const plain = { method: 'POST', path: '/', query: '', body: '', keepAlive: true };
const accepted: Record<string, [stream: string, request: Partial<ReadRequest>]> = {
  'a body by length': [post('Content-Length: 5\r\n', 'hello'), { body: 'hello' }],
  'an empty body': [post('Content-Length: 0\r\n'), {}],
  'leading zeros in a length': [post('Content-Length: 005\r\n', 'hello'), { body: 'hello' }],
  'a chunked body': [chunked('5\r\nhello\r\n00a\r\n, world :)\r\n0\r\n\r\n'), { body: 'hello, world :)' }],
  'capitals in the coding': [post('Transfer-Encoding: CHUNKED\r\n', '0\r\n\r\n'), {}],
  'trailers, dropped': [chunked('1\r\nA\r\n0\r\nX-Sum: 1\r\nEmpty:\r\n\r\n'), { body: 'A' }],
  'a query': [get('/a/%2F?b=c&d?e'), { method: 'GET', path: '/a/%2F', query: 'b=c&d?e' }],
  'an empty query': [get('/a?'), { method: 'GET', path: '/a' }],
  'a path of slashes': [get('//a//b'), { method: 'GET', path: '//a//b' }],
  'absolute form of our host': [get('http://LOCALHOST/a?b'), { method: 'GET', path: '/a', query: 'b' }],
  'connection: close': [post('Connection: close\r\n'), { keepAlive: false }],
  'connection: close in a list': [post('Connection: te, Close\r\n'), { keepAlive: false }],
  'an offer to upgrade, not taken': [post('Connection: Upgrade\r\nUpgrade: h2c\r\n'), { keepAlive: false }],
  'a connection option that only looks like it': [post('Connection: closed\r\n'), { keepAlive: true }],
  'another expectation': [post('Expect: 200-ok\r\nContent-Length: 1\r\n', 'A'), { body: 'A' }],
  'an expectation': [post('Expect: 100-Continue\r\nContent-Length: 1\r\n', 'A'), { body: 'A' }],
  'an IPv6 host': [get('/', 'Host: [::1]:4566\r\n'), { method: 'GET' }],
};

for (const [name, [stream, expected]] of Object.entries(accepted)) {
  test(`accepted: ${name}`, () => {
    const result = readAll([Buffer.from(stream + get('/next'), 'latin1')]);
    assert.equal(result.refusal, undefined);
    const [first, second] = result.requests;
    const { headers, ...rest } = first ?? assert.fail('no request was read');
    assert.deepEqual(rest, { ...plain, ...expected });
    assert.equal(second?.path, '/next');
  });
}

test('header names are lower-case, values trimmed, repeated ones joined, and there is no prototype', () => {
  const lines =
    'HOST:localhost\r\nX-Amz-Date: \t a  b \t\r\nX-Own: 1\r\nx-own:2\r\n__proto__: x\r\nEmpty:\r\nUtf: \xc3\xa4\r\n';
  const [request] = readAll([Buffer.from(get('/', lines), 'latin1')]).requests;
  assert.deepEqual(
    { ...request?.headers },
    { host: 'localhost', 'x-amz-date': 'a  b', 'x-own': '1,2', ['__proto__']: 'x', empty: '', utf: '\xc3\xa4' },
  );
  assert.equal(request?.headers['constructor'], undefined);
});

test('headers up to the limit are read', () => {
  const headers = H + 'A: b\r\n'.repeat(defaultLimits.headers - 1);
  assert.equal(readAll([Buffer.from(get('/', headers))]).requests.length, 1);
});

test('a stream means the same however it is cut', () => {
  const streams = [...Object.values(refused), ...Object.values(accepted)].map(([stream]) => stream);
  const cuts = fc.array(fc.nat(400), { maxLength: 12 });
  fc.assert(
    fc.property(fc.constantFrom(...streams), cuts, (stream, at) => {
      const bytes = Buffer.from(get('/first') + stream + get('/last'), 'latin1');
      const edges = [0, ...at.filter((edge) => edge < bytes.length).sort((a, b) => a - b), bytes.length];
      const pieces = edges.slice(1).map((edge, index) => bytes.subarray(edges[index], edge));
      assert.deepEqual(readAll(pieces), readAll([bytes]));
    }),
    { numRuns: 2000 },
  );
});

test('a head that comes in single bytes is parsed once', () => {
  const bytes = Buffer.from(get('/', `${H}X-A: ${'a'.repeat(30_000)}\r\n`));
  const begin = process.cpuUsage();
  const pieces = Array.from(bytes, (_, index) => bytes.subarray(index, index + 1));
  assert.equal(readAll(pieces).requests.length, 1);
  const { user } = process.cpuUsage(begin);
  // Parsing it anew for each byte would take seconds.
  assert.ok(user < 500_000, `${user} us`);
});
