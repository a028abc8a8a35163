/**
 * Ours against Node's parser, over mutated streams: what we accept, Node accepts too, with the same method, target, headers
 * and body. The other way round we are stricter on purpose. Where a front of somebody else and ours read one stream in
 * two ways, requests can be smuggled; Node's is the widely used reading that we hold ours against.
 */
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import { Duplex } from 'node:stream';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { readAll } from './http1-reader.fixture.ts';

interface Seen {
  method: string;
  url: string;
  headers: Record<string, string>;
  body: string;
}

/** Both ends in memory: what is put in is what the server reads; what it writes is dropped. */
class Pipe extends Duplex {
  readonly seen: Seen[] = [];
  override _read(): void {}
  override _write(_chunk: unknown, _encoding: string, done: () => void): void {
    done();
  }
}

let server: Server;

before(() => {
  server = createServer(
    { insecureHTTPParser: false, maxHeaderSize: 64 * 1024, keepAliveTimeout: 0 },
    (request, response) => {
      const seen: Seen = {
        method: request.method ?? '',
        url: request.url ?? '',
        headers: joined(request.rawHeaders),
        body: '',
      };
      request.on('data', (chunk: Buffer) => {
        seen.body += chunk.toString('latin1');
      });
      request.on('end', () => {
        (request.socket as unknown as Pipe).seen.push(seen); // what the test gave the server as a connection
        response.end();
      });
    },
  );
  // Node leaves it to its user whether to take what is not `100-continue`; ours takes it (http1-head.ts).
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
  // Later: what was read before the fault is still on its way to the request's listeners.
  server.on('clientError', (_error, socket) => setImmediate(() => socket.destroy()));
});

after(() => server.close());

function joined(raw: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = Object.create(null);
  for (let index = 0; index < raw.length; index += 2) {
    const name = `${raw[index]}`.toLowerCase();
    headers[name] = name in headers ? `${headers[name]},${raw[index + 1]}` : `${raw[index + 1]}`;
  }
  return headers;
}

async function readByNode(bytes: Buffer): Promise<Seen[]> {
  const pipe = new Pipe();
  const closed = new Promise((resolve) => pipe.on('close', resolve));
  pipe.on('error', () => {});
  server.emit('connection', pipe);
  pipe.push(bytes);
  pipe.push(null);
  await closed;
  return pipe.seen;
}

/** Absolute form is cut to its path by us and left whole by Node. */
const pathOf = (url: string): string => url.replace(/^http:\/\/[^/]*/i, '');

const heads = [
  'Host: localhost\r\n',
  'host: [::1]:80\r\n',
  'Content-Length: 5\r\n',
  'content-length: 11\r\n',
  'Transfer-Encoding: chunked\r\n',
  'transfer-encoding:  CHUNKED \r\n',
  'Transfer-Encoding: gzip, chunked\r\n',
  'Connection: keep-alive\r\n',
  'Connection: close\r\n',
  'Connection: te, close, x\r\n',
  'Connection: upgrade\r\nUpgrade: h2c\r\n',
  'Expect: 100-continue\r\n',
  'X-Amz-Date:20261123T080000Z\r\n',
  'X-Own: a\t b  \r\n',
  'x-own: \xe4\xff\r\n',
  'Cookie: a=b\r\n',
  'Empty:\r\n',
  'Trailer: x\r\n',
];
const targets = ['/', '/a/b?c=d', '//x', '/%00', '/a?b?c', 'http://localhost/a', '*', '/"<>\\^`{|}', "/~!$&'()*+,;=:@"];
const bodies = [
  '',
  'hello',
  'hello world',
  '5\r\nhello\r\n0\r\n\r\n',
  '5\r\nhello\r\n6\r\n world\r\n0\r\nX: y\r\n\r\n',
  '0\r\n\r\n',
  '00\r\n\r\n',
  'A\r\n0123456789\r\n0\r\n\r\n',
];
const splinters = [
  '\r',
  '\n',
  '\r\n',
  ' ',
  '\t',
  '\0',
  ':',
  ',',
  ';',
  '0',
  '5',
  'a',
  'F',
  '\x0b',
  '\x7f',
  '\x80',
  '\r\n\r\n',
  ' HTTP/1.1',
  'chunked',
  '#',
];

const request = fc
  .tuple(
    fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS', 'PATCH', 'CONNECT', 'PRI'),
    fc.constantFrom(...targets),
    fc.constantFrom('HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0'),
    fc.subarray(heads, { maxLength: 6 }),
    fc.boolean(),
    fc.constantFrom(...bodies),
  )
  .map(([method, target, version, lines, hasHost, body]) => {
    const host = hasHost ? heads[0] : '';
    return `${method} ${target} ${version}\r\n${host}${lines.join('')}\r\n${body}`;
  });

/** A well-formed request whose body is the one that its headers tell: mutations of it come furthest. */
const soundRequest = fc
  .tuple(fc.constantFrom('POST', 'PUT', 'GET'), fc.subarray(heads.slice(7)), fc.constantFrom(0, 1, 2))
  .map(([method, lines, framing]) => {
    const length = ['', 'Content-Length: 5\r\n', 'Transfer-Encoding: chunked\r\n'][framing];
    const body = ['', 'hello', '5\r\nhello\r\n0\r\n\r\n'][framing];
    return `${method} /p?q HTTP/1.1\r\nHost: localhost\r\n${lines.join('')}${length}\r\n${body}`;
  });

const mutation = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  remove: fc.nat(3),
  insert: fc.oneof(
    fc.constant(''),
    fc.constantFrom(...splinters),
    fc.nat(255).map((byte) => String.fromCharCode(byte)),
  ),
});

const stream = fc
  .tuple(
    fc.array(fc.oneof(soundRequest, request), { minLength: 1, maxLength: 3 }),
    fc.array(mutation, { maxLength: 3 }),
  )
  .map(([requests, mutations]) => {
    let text = requests.join('');
    for (const { at, remove, insert } of mutations) {
      const index = Math.floor(at * text.length);
      text = text.slice(0, index) + insert + text.slice(index + remove);
    }
    return text;
  });

test('what we accept, node:http reads the same way', async () => {
  let accepted = 0;
  await fc.assert(
    fc.asyncProperty(stream, async (text) => {
      const bytes = Buffer.from(text, 'latin1');
      const { requests } = readAll([bytes]);
      if (requests.length === 0) return;
      const byNode = await readByNode(bytes);
      for (const [index, ours] of requests.entries()) {
        accepted++;
        const theirs = byNode[index] ?? assert.fail(`node:http does not accept request ${index}`);
        const url = ours.query === '' && !theirs.url.includes('?') ? ours.path : `${ours.path}?${ours.query}`;
        assert.deepEqual(
          { method: ours.method, url, headers: { ...ours.headers }, body: ours.body },
          { ...theirs, url: pathOf(theirs.url), headers: { ...theirs.headers } },
        );
        // From here on the connection would be closed: what follows is nobody's request.
        if (!ours.keepAlive) break;
      }
    }),
    { numRuns: Number(process.env['MAKONIS_FUZZ_RUNS'] ?? 3000) },
  );
  assert.ok(accepted > 500, `only ${accepted} requests were accepted: the streams test nothing`);
});
