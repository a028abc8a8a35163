import assert from 'node:assert/strict';
import { test } from 'node:test';
import { minutes, seconds } from '#platform/base/clock.ts';
import { echo, eventually, front, held, text, writesOwnMemory } from './http1-server.fixture.ts';
import { defaultLimits } from './limits.ts';
import { BodyAborted } from './listener.ts';
import { remoteAddressOf } from './remote-address.ts';

const H = 'Host: localhost\r\n';
const GET = `GET /a?b HTTP/1.1\r\n${H}\r\n`;
const status = (received: string): string => received.slice(9, 12);

test('an answer has its length, a date, and the connection stays open', async (t) => {
  const { client } = await front(t, {
    serve: () => text('h\xe4llo', { 'x-list': ['1', '2'], 'content-type': 'text/plain' }),
  });
  const peer = await client();
  await peer.send(GET).until(/llo$/);
  const date = /date: (.*)\r\n/.exec(peer.received)?.[1] ?? '';
  assert.ok(Math.abs(Date.parse(date) - Date.now()) < minutes(1));
  assert.equal(
    peer.received.replace(date, 'now'),
    'HTTP/1.1 200 OK\r\nx-list: 1\r\nx-list: 2\r\ncontent-type: text/plain\r\ncontent-length: 6\r\n' +
      'date: now\r\nconnection: keep-alive\r\n\r\nh\xc3\xa4llo',
  );
  await peer.send(GET).until(/llo[\s\S]*llo$/);
  assert.equal(peer.pieces, 2, 'each answer is one packet');
});

test('pipelined requests are answered in order, one at a time', async (t) => {
  const { handler, requests, answer } = held();
  const { client } = await front(t, handler);
  const peer = await client();
  peer.send(GET + GET.replace('/a', '/second') + GET.replace('/a', '/third'));
  for (const [index, path] of ['/a', '/second', '/third'].entries()) {
    await eventually(() => requests.length === index + 1);
    assert.equal(requests[index]?.path, path);
    answer(index, text(`answer ${index};`));
    await peer.until(new RegExp(`answer ${index};`));
  }
});

test('a client that sends far ahead is held up', async (t) => {
  const { handler, requests, answer } = held();
  const { client } = await front(t, handler);
  const peer = await client();
  peer.send(GET);
  await eventually(() => requests.length === 1);
  const ahead = 64 * 1024 * 1024;
  peer.send(`POST /b HTTP/1.1\r\n${H}Content-Length: ${ahead}\r\n\r\n`);
  peer.socket.write(Buffer.alloc(ahead));
  await eventually(() => peer.socket.bytesWritten > ahead && peer.socket.writableLength > 0);
  for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve));
  assert.ok(peer.socket.writableLength > 0, 'the client could not get rid of its bytes');
  answer(0, text('first'));
  await peer.until(/first/);
});

test('a client that comes by IPv4 to a socket for both families has an IPv4 address', () => {
  assert.equal(remoteAddressOf({ remoteAddress: '::ffff:192.0.2.1' }), '192.0.2.1');
  assert.equal(remoteAddressOf({ remoteAddress: '::ffff:1' }), '::ffff:1');
});

test('the memory of an answer that is given away is given back once it is sent, not before', async (t) => {
  const bodies: Buffer[] = [];
  const { client } = await front(t, {
    serve({ path }) {
      const body = Buffer.allocUnsafeSlow(Number(path.slice(1))).fill('a');
      bodies.push(body);
      return { ...text(body), givesBody: true };
    },
  });
  const ask = (peer: Awaited<ReturnType<typeof client>>, bytes: number) =>
    peer.send(`GET /${bytes} HTTP/1.1\r\n${H}Connection: close\r\n\r\n`);
  const [short, long] = [20_000, 32 * 1024 * 1024];
  const slow = await client();
  slow.socket.pause();
  ask(slow, long);
  await eventually(() => bodies.length === 1);
  for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve));
  if (writesOwnMemory()) assert.equal(bodies[0]?.length, long, 'the system can not have taken all of it');
  slow.socket.resume();
  assert.equal((await slow.end()).split('\r\n\r\n')[1], 'a'.repeat(long));
  const quick = await ask(await client(), short).end();
  assert.equal(quick.split('\r\n\r\n')[1], 'a'.repeat(short));
  assert.equal(bodies[1]?.length, 0);
});

test('HEAD has the length of a body and no body; 204 and 304 have neither', async (t) => {
  const { client } = await front(t, {
    serve: ({ path, method }) =>
      method === 'HEAD'
        ? text('', path === '/given' ? { 'content-length': '123' } : {})
        : { status: Number(path.slice(1)), headers: {}, body: '' },
  });
  const peer = await client();
  peer.send(GET.replace('GET /a', 'HEAD /given') + GET.replace('/a', '/204') + GET.replace('/a', '/304'));
  peer.send(GET.replace('/a', '/201').replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
  const answers = (await peer.end()).split(/(?=HTTP\/1\.1 )/);
  assert.deepEqual(
    answers.map((answer) => [status(answer), /content-length: \d+/.exec(answer)?.[0], answer.split('\r\n\r\n')[1]]),
    [
      ['200', 'content-length: 123', ''],
      ['204', undefined, ''],
      ['304', undefined, ''],
      ['201', 'content-length: 0', ''],
    ],
  );
});

test('a waiting client gets 100 Continue, then its answer', async (t) => {
  const { client } = await front(t, echo);
  const peer = await client();
  peer.send(`PUT /a HTTP/1.1\r\n${H}Content-Length: 5\r\nExpect: 100-continue\r\n\r\n`);
  await peer.until(/^HTTP\/1\.1 100 Continue\r\n\r\n$/);
  await peer.send('hello').until(/PUT \/a\? hello$/);
});

test('a body may be turned away by its head', async (t) => {
  const response = { status: 403, headers: {}, body: 'no' };
  const { client } = await front(t, { ...echo, planBody: () => ({ mode: 'answer', response }) });
  const peer = await client();
  peer.send(`PUT /a HTTP/1.1\r\n${H}Content-Length: 5\r\nExpect: 100-continue\r\n\r\n`);
  assert.match(await peer.end(), /^HTTP\/1\.1 403 [\s\S]*connection: close\r\n\r\nno$/);
});

test('a body that is too large is refused, by its announced length or as it grows', async (t) => {
  const { client, refusals } = await front(t, { ...echo, planBody: () => ({ mode: 'buffer', limitBytes: 4 }) });
  for (const request of ['Content-Length: 5\r\n\r\n', 'Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n']) {
    const peer = await client();
    assert.equal(status(await peer.send(`PUT /a HTTP/1.1\r\n${H}${request}`).end()), '413');
  }
  assert.deepEqual(refusals, ['413 the body is too large', '413 the body is too large']);
});

test('bodies that are being buffered are bounded over all connections', async (t) => {
  const { client } = await front(t, echo, { bufferedBodyBytesTotal: 10 });
  const first = (await client()).send(`PUT /a HTTP/1.1\r\n${H}Content-Length: 9\r\n\r\n12345678`);
  const second = (await client()).send(`PUT /b HTTP/1.1\r\n${H}Content-Length: 9\r\n\r\n12345678`);
  const refused = await Promise.race([first.end(), second.end()]);
  assert.equal(status(refused), '503');
  const other = refused === first.received ? second : first;
  await other.send('9').until(/123456789$/);
  await (await client()).send(`PUT /c HTTP/1.1\r\n${H}Content-Length: 9\r\n\r\n123456789`).until(/123456789$/);
});

test('what was read of a body is not touched by what comes to other connections', async (t) => {
  const { client } = await front(t, echo);
  const [first, second] = [await client(), await client()];
  const head = (length: number): string => `PUT /a HTTP/1.1\r\n${H}Content-Length: ${length}\r\n\r\n`;
  first.send(`${head(8)}1234`);
  for (let turn = 1; turn <= 3; turn++) {
    await second.send(`${head(4)}wxyz`).until(new RegExp(`(?:wxyz[^]*){${turn}}$`));
  }
  await first.send('5678').until(/5678$/);
  assert.equal(first.received.slice(-8), '12345678');
});

test('a streamed body reaches the handler as it comes, and 100 Continue waits for the first read', async (t) => {
  const seen: string[] = [];
  let read = (): void => {};
  const { client } = await front(t, {
    planBody: () => ({ mode: 'stream' }),
    async serve({ stream = [] }) {
      await new Promise<void>((resolve) => {
        read = resolve;
      });
      for await (const chunk of stream) seen.push(Buffer.from(chunk).toString());
      return text(`read ${seen.join('|')}`);
    },
  });
  const peer = await client();
  peer.send(`PUT /a HTTP/1.1\r\n${H}Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n`);
  const idle = read;
  await eventually(() => read !== idle);
  assert.equal(peer.received, '');
  read();
  await peer.until(/100 Continue/);
  peer.send('5\r\nhello\r\n');
  await eventually(() => seen.length === 1);
  await peer.send('3\r\nabc\r\n0\r\n\r\n').until(/read hello\|abc$/);
  assert.match(peer.received, /connection: keep-alive/);
});

test('a streamed body that nobody reads holds its client up, and goes on when read', async (t) => {
  let read = (): void => {};
  const size = 32 * 1024 * 1024;
  const { client } = await front(t, {
    planBody: () => ({ mode: 'stream' }),
    async serve({ stream = [] }) {
      await new Promise<void>((resolve) => {
        read = resolve;
      });
      let bytes = 0;
      for await (const chunk of stream) bytes += chunk.length;
      return text(`read ${bytes}`);
    },
  });
  const peer = await client();
  peer.send(`PUT /a HTTP/1.1\r\n${H}Content-Length: ${size}\r\n\r\n`).socket.write(Buffer.alloc(size));
  for (let turn = 0; turn < 500; turn++) await new Promise((resolve) => setImmediate(resolve));
  assert.ok(peer.socket.writableLength > 0, 'the client is held up');
  read();
  await peer.until(new RegExp(`read ${size}$`));
});

test('a streamed body that breaks off fails its reader and aborts the signal', async (t) => {
  for (const end of ['destroy', 'bad chunk', 'half close'] as const) {
    let failure: unknown;
    let signal: AbortSignal | undefined;
    const { client } = await front(t, {
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
    const peer = await client();
    peer.send(`PUT /a HTTP/1.1\r\n${H}Transfer-Encoding: chunked\r\n\r\n5\r\nhe`);
    await eventually(() => signal !== undefined);
    if (end === 'destroy') peer.socket.resetAndDestroy();
    else if (end === 'bad chunk') assert.equal(status(await peer.send('lloXX').end()), '400');
    else {
      peer.socket.end();
      assert.equal(status(await peer.end()), '400');
    }
    await eventually(() => failure !== undefined);
    assert.ok(failure instanceof BodyAborted);
    assert.ok(signal?.aborted);
  }
});

test('an answer that comes before the body is read closes the connection', async (t) => {
  const { client } = await front(t, { planBody: () => ({ mode: 'stream' }), serve: () => text('early') });
  const peer = await client();
  peer.send(`PUT /a HTTP/1.1\r\n${H}Content-Length: 5\r\n\r\n`);
  assert.match(await peer.end(), /connection: close\r\n\r\nearly$/);
  // What follows is dropped, never read as a request.
  peer.send(GET);
  peer.socket.end();
  await peer.when(() => peer.closed);
  assert.doesNotMatch(peer.received, /early[\s\S]*HTTP/);
});

test('a handler that reads on after its answer is told that there is no more', async (t) => {
  let failure: unknown;
  const { client } = await front(t, {
    planBody: () => ({ mode: 'stream' }),
    serve({ stream = [] }) {
      const reading = async (): Promise<void> => {
        for await (const _ of stream);
      };
      reading().catch((error) => {
        failure = error;
      });
      return text('early');
    },
  });
  await (await client()).send(`PUT /a HTTP/1.1\r\n${H}Content-Length: 5\r\n\r\n`).end();
  await eventually(() => failure instanceof BodyAborted);
});

test('a long poll learns that its client went away', async (t) => {
  const { handler, requests } = held();
  const { client, listener } = await front(t, handler);
  const gone = (await client()).send(GET);
  const halfClosed = (await client()).send(GET);
  await eventually(() => requests.length === 2);
  const signals = requests.map((request) => request.signal);
  assert.deepEqual(
    signals.map((signal) => signal.aborted),
    [false, false],
  );
  gone.socket.resetAndDestroy();
  halfClosed.socket.end();
  await eventually(() => signals.every((signal) => signal.aborted));
  await eventually(() => listener.connections === 1);
});

test('a client that ends its side first still gets its answers', async (t) => {
  const { client } = await front(t, { serve: async ({ path }) => text(`answer to ${path};`) });
  const peer = await client();
  peer.send(GET + GET.replace('/a', '/b')).socket.end();
  assert.match(await peer.end(), /answer to \/a;[\s\S]*answer to \/b;$/);
  await peer.when(() => peer.closed);
});

test('a handler that throws is a bare 500, and reported', async (t) => {
  const failure = new Error('secret');
  const handlers = [
    () => {
      throw failure;
    },
    () => Promise.reject(failure),
  ];
  for (const serve of handlers) {
    const { client, faults } = await front(t, { serve });
    const received = await (await client()).send(GET).end();
    assert.equal(status(received), '500');
    assert.doesNotMatch(received, /secret/);
    assert.deepEqual(faults, [failure]);
  }
});

test('a header that would split the answer is never sent', async (t) => {
  for (const headers of [{ 'x-a': 'b\r\nx-c: d' }, { 'x-a': 'b\u{1f600}' }, { 'x a': 'b' }, { 'x-a': ['b', 'c\n'] }]) {
    const { client, faults } = await front(t, { serve: () => text('', headers) });
    assert.equal(status(await (await client()).send(GET).end()), '500');
    assert.equal(faults.length, 1);
  }
});

test('connections beyond the limit get 503', async (t) => {
  const { client } = await front(t, echo, { connections: 1 });
  const first = await client();
  await first.send(GET).until(/GET/);
  assert.equal(status(await (await client()).end()), '503');
  await first.send(GET).until(/GET[\s\S]*GET/);
});

test('one address may have a limit of its own', async (t) => {
  const { client, listener } = await front(t, echo, { connectionsPerAddress: 1 });
  const first = await client();
  await first.send(GET).until(/GET/);
  const second = await client();
  assert.equal(status(await second.end()), '503');
  for (const peer of [first, second]) peer.socket.destroy();
  await eventually(() => listener.connections === 0);
  await (await client()).send(GET).until(/GET/);
});

test('an idle connection is closed after its time, a long poll is not', async (t) => {
  const { handler, requests, answer } = held();
  const { client, clock } = await front(t, handler);
  const idle = await client();
  const waiting = (await client()).send(GET);
  await eventually(() => requests.length === 1);
  clock.advance(defaultLimits.idleTime - seconds(5));
  assert.equal(idle.ended, false);
  clock.advance(seconds(10));
  assert.equal(await idle.end(), '');
  clock.advance(minutes(15));
  answer(0, text('at last'));
  await waiting.until(/at last$/);
});
