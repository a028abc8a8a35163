import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { SimulatedClock, seconds } from '#platform/base/clock.ts';
import { echo, eventually, held, text } from './http1-server.fixture.ts';
import { defaultLimits, type HttpLimits } from './limits.ts';
import { BodyAborted, type RequestHandler } from './listener.ts';
import { startNodeServer } from './node-server.ts';
import { openTlsIdentity, serverNames } from './tls.ts';

async function secureFront(t: TestContext, handler: RequestHandler, limits: Partial<HttpLimits> = {}) {
  const clock = new SimulatedClock();
  const folder = mkdtempSync(join(tmpdir(), 'makonis-h2-'));
  const identity = openTlsIdentity({ folder, names: serverNames([], ['us-east-1']), clock });
  const faults: unknown[] = [];
  const listener = await startNodeServer(
    { port: 0, handler, clock, limits, onFault: (error) => faults.push(error) },
    identity,
  );
  t.after(async () => {
    await listener.stop(0);
    rmSync(folder, { recursive: true });
  });
  const ca = readFileSync(identity.authorityFile);
  const session = (): ClientHttp2Session => {
    const opened = connectHttp2(`https://localhost:${listener.port}`, { ca });
    opened.on('error', () => {});
    t.after(() => opened.destroy());
    return opened;
  };
  return { listener, clock, faults, ca, session };
}

interface Answer {
  status: number;
  headers: Record<string, unknown>;
  body: string;
}

function ask(session: ClientHttp2Session, headers: Record<string, string>, body?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const stream = session.request(headers, { endStream: body === undefined });
    let received = '';
    let head: Record<string, unknown> = {};
    stream.on('response', (got) => {
      head = got;
    });
    stream.on('data', (chunk) => {
      received += chunk;
    });
    stream.on('end', () => resolve({ status: Number(head[':status']), headers: head, body: received }));
    stream.on('error', reject);
    if (body !== undefined) stream.end(body);
  });
}

function askHttps(port: number, ca: Buffer, headers: Record<string, string>, body: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = { host: 'localhost', port, ca, method: 'POST', path: '/a?b', headers, agent: false };
    const request = httpsRequest(options, (response) => {
      let received = '';
      response.on('data', (chunk) => {
        received += chunk;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: received }),
      );
    });
    request.on('error', reject);
    request.on('continue', () => request.end(body));
    if (headers['expect']) request.flushHeaders();
    else request.end(body);
  });
}

test('HTTP/2 requests reach the handler as any other', async (t) => {
  const { session } = await secureFront(t, {
    serve: ({ method, path, query, headers, body, secure, httpVersion }) =>
      text(
        JSON.stringify({
          method,
          path,
          query,
          host: headers.host,
          own: headers['x-own'],
          body: `${body}`,
          secure,
          httpVersion,
        }),
      ),
  });
  const got = await ask(session(), { ':method': 'PUT', ':path': '/a?b', 'x-own': '1' }, 'hello');
  const { host, ...rest } = JSON.parse(got.body);
  assert.match(host, /^localhost:\d+$/);
  assert.deepEqual(rest, {
    method: 'PUT',
    path: '/a',
    query: 'b',
    own: '1',
    body: 'hello',
    secure: true,
    httpVersion: '2.0',
  });
  assert.equal(got.headers['content-length'], String(got.body.length));
});

test('HTTP/1.1 over TLS too, with 100 Continue', async (t) => {
  const { listener, ca } = await secureFront(t, echo);
  assert.equal((await askHttps(listener.port, ca, {}, 'hello')).body, 'POST /a?b hello');
  assert.equal((await askHttps(listener.port, ca, { expect: '100-continue' }, 'waited')).body, 'POST /a?b waited');
});

test('what Node reads too generously is refused', async (t) => {
  const { listener, ca } = await secureFront(t, echo);
  const cases: [string, string][] = [
    ['GET / HTTP/1.1\r\nHost: a\r\nAuthorization: a\r\nAuthorization: b\r\n\r\n', '400'],
    ['GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', '400'],
    ['GET / HTTP/1.0\r\nHost: a\r\n\r\n', '505'],
    ['TRACE / HTTP/1.1\r\nHost: a\r\n\r\n', '501'],
    ['GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n', '400'],
    ['POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n', '501'],
    ['POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n', '400'],
    ['POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \r\n\r\n', '400'],
    ['nonsense\r\n\r\n', '400'],
    // Not refused: nothing follows from it.
    ['POST / HTTP/1.1\r\nHost: a\r\nExpect: more\r\nContent-Length: 1\r\n\r\na', '200'],
  ];
  for (const [request, status] of cases) {
    const socket = connectTls({ host: 'localhost', port: listener.port, ca, ALPNProtocols: ['http/1.1'] });
    socket.on('error', () => {});
    let received = '';
    socket.on('data', (chunk) => {
      received += chunk;
    });
    socket.write(request);
    await eventually(() => received.includes('\r\n\r\n') || socket.destroyed);
    assert.equal(received.slice(9, 12), status, request);
    socket.destroy();
  }
});

test('who is refused while it still sends gets the answer, and no reset', async (t) => {
  let served = 0;
  const { listener, ca } = await secureFront(t, {
    planBody: () => ({ mode: 'stream' }),
    serve() {
      served++;
      return text('no');
    },
  });
  const socket = connectTls({ host: 'localhost', port: listener.port, ca, ALPNProtocols: ['http/1.1'] });
  let received = '';
  let failure: Error | undefined;
  socket.on('error', (error) => {
    failure = error;
  });
  const half = Buffer.alloc(300_000);
  socket.write(`PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: ${2 * half.length}\r\n\r\n`);
  socket.write(half);
  await eventually(() => served === 1);
  await new Promise((sent) => socket.write(half.subarray(1), sent));
  await new Promise((sent) => socket.write(half.subarray(0, 1), sent));
  socket.on('data', (chunk) => {
    received += chunk;
  });
  await eventually(() => socket.readableEnded || socket.destroyed);
  assert.match(received, /^HTTP\/1.1 200 .*connection: close.*no$/is);
  assert.equal(failure, undefined);
  // A client that waited for 100 Continue sends nothing more: it is not waited for.
  const waiting = connectTls({ host: 'localhost', port: listener.port, ca, ALPNProtocols: ['http/1.1'] });
  waiting.on('error', () => {}).resume();
  waiting.write('PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n');
  await eventually(() => waiting.readableEnded);
});

test('streams go both ways, with or without a length', async (t) => {
  const { session, faults } = await secureFront(t, {
    planBody: () => ({ mode: 'stream' }),
    serve: async ({ stream = [], path }) =>
      text(stream as AsyncIterable<Uint8Array>, path === '/l' ? { 'content-length': '5' } : {}),
  });
  const client = session();
  assert.equal((await ask(client, { ':method': 'PUT', ':path': '/' }, 'hello')).body, 'hello');
  const sized = await ask(client, { ':method': 'PUT', ':path': '/l' }, 'hello');
  assert.deepEqual([sized.headers['content-length'], sized.body], ['5', 'hello']);
  assert.equal((await ask(client, { ':method': 'PUT', ':path': '/l' }, 'hello!')).status, 500);
  await assert.rejects(ask(client, { ':method': 'PUT', ':path': '/l' }, 'hell'));
  assert.equal(faults.length, 2);
});

test('a body too large is 413, a handler that throws 500, a header that splits never sent', async (t) => {
  const { session, faults } = await secureFront(t, {
    planBody: () => ({ mode: 'buffer', limitBytes: 4 }),
    serve({ path }) {
      if (path === '/split') return text('', { 'x-a': 'b\r\nc: d' });
      throw new Error('secret');
    },
  });
  const client = session();
  assert.equal((await ask(client, { ':method': 'PUT', ':path': '/' }, 'hello')).status, 413);
  assert.equal((await ask(client, { ':path': '/' })).status, 500);
  assert.equal((await ask(client, { ':path': '/split' })).status, 500);
  assert.equal(faults.length, 2);
});

test('a client that goes away aborts the signal and fails the stream', async (t) => {
  let failure: unknown;
  let signal: AbortSignal | undefined;
  const { session } = await secureFront(t, {
    planBody: () => ({ mode: 'stream' }),
    async serve(request) {
      signal = request.signal;
      try {
        for await (const _ of request.stream ?? []);
      } catch (error) {
        failure = error;
      }
      return text('');
    },
  });
  const client = session();
  client
    .request({ ':method': 'PUT', ':path': '/' })
    .on('error', () => {})
    .write('part');
  await eventually(() => signal !== undefined);
  client.destroy();
  await eventually(() => failure !== undefined && signal?.aborted === true);
  assert.ok(failure instanceof BodyAborted);
});

test('a body that is too slow is 408', async (t) => {
  const { session, clock } = await secureFront(t, echo);
  const stream = session().request({ ':method': 'PUT', ':path': '/' });
  let status = 0;
  stream.on('error', () => {});
  stream.on('response', (headers) => {
    status = headers[':status'] ?? 0;
  });
  await new Promise((resolve) => stream.write('a', resolve));
  while (status === 0) {
    clock.advance(defaultLimits.paceTime + seconds(2));
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal(status, 408);
});

test('a stop finishes what is in flight and ends', async (t) => {
  const { handler, requests, answer } = held();
  const { session, listener, ca } = await secureFront(t, handler);
  const first = ask(session(), { ':path': '/' });
  const second = askHttps(listener.port, ca, {}, 'b');
  await eventually(() => requests.length === 2);
  const stopped = listener.stop(seconds(60));
  answer(0, text('first'));
  answer(1, text('second'));
  assert.deepEqual([(await first).body, (await second).body].sort(), ['first', 'second']);
  await stopped;
  assert.equal(listener.connections, 0);
});
