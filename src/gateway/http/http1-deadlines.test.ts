import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seconds } from '#platform/base/clock.ts';
import { echo, eventually, front, held, text } from './http1-server.fixture.ts';
import { defaultLimits } from './limits.ts';

const H = 'Host: localhost\r\n';
const GET = `GET /a HTTP/1.1\r\n${H}\r\n`;
const status = (received: string): string => received.slice(9, 12);

test('a head that does not end in time is 408', async (t) => {
  const { client, clock, refusals } = await front(t, echo);
  const peer = await client();
  // A whole request first: its answer says that the server has read what follows it in the same packet.
  await peer.send(`${GET}GET / HTTP/1.1\r\nHo`).until(/GET \/a/);
  clock.advance(defaultLimits.headTime - seconds(2));
  assert.deepEqual(refusals, []);
  clock.advance(seconds(3));
  assert.match(await peer.end(), /HTTP\/1\.1 408 [\s\S]*connection: close/);
});

test('a body that is too slow is 408; one that keeps the pace may take hours', async (t) => {
  let bytes = 0;
  const { client, clock } = await front(t, {
    planBody: () => ({ mode: 'stream' }),
    async serve({ stream = [] }) {
      for await (const chunk of stream) bytes += chunk.length;
      return text('done');
    },
  });
  const piece = 'x'.repeat(defaultLimits.paceBytes);
  const peer = await client();
  peer.send(`PUT /a HTTP/1.1\r\n${H}Content-Length: ${1000 * piece.length}\r\n\r\n`);
  for (let sent = 1; sent <= 500; sent++) {
    peer.send(piece);
    await eventually(() => bytes === sent * piece.length);
    clock.advance(defaultLimits.paceTime - seconds(3));
  }
  assert.equal(peer.received, '');
  peer.send('too little');
  await eventually(() => bytes % piece.length > 0);
  clock.advance(defaultLimits.paceTime);
  clock.advance(seconds(5));
  assert.equal(status(await peer.end()), '408');
});

test('time in which we hold a body up does not count against its client', async (t) => {
  let read = (): void => {};
  const size = 4 * 1024 * 1024;
  const { client, clock } = await front(t, {
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
  const unread = read;
  peer.send(`PUT /a HTTP/1.1\r\n${H}Content-Length: ${size}\r\n\r\n`).socket.write(Buffer.alloc(size / 2));
  await eventually(() => read !== unread && peer.socket.writableLength === 0);
  for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve));
  for (let tick = 0; tick < 10; tick++) clock.advance(seconds(15));
  read();
  peer.socket.write(Buffer.alloc(size / 2));
  await peer.until(new RegExp(`read ${size}$`));
});

test('a client that does not read its answer is cut off', async (t) => {
  const { client, clock, listener } = await front(t, { serve: () => text(Buffer.alloc(32 * 1024 * 1024)) });
  const peer = await client();
  peer.socket.pause();
  peer.send(GET);
  await eventually(() => peer.socket.readableLength > 0);
  clock.advance(defaultLimits.writeTime);
  assert.equal(listener.connections, 1);
  clock.advance((32 * 1024 * 1024 * 1000) / defaultLimits.writeBytesPerSecond + seconds(2));
  await eventually(() => listener.connections === 0);
});

test('after a refusal a client that goes on sending is cut off, by bytes or by time', async (t) => {
  const { client, clock, listener } = await front(t, echo);
  const loud = await client();
  assert.equal(status(await loud.send('nonsense\r\n\r\n').end()), '400');
  loud.socket.write(Buffer.alloc(2 * defaultLimits.lingerBytes));
  await eventually(() => listener.connections === 0);
  const quiet = await client();
  assert.equal(status(await quiet.send('nonsense\r\n\r\n').end()), '400');
  assert.equal(listener.connections, 1);
  clock.advance(defaultLimits.lingerTime + seconds(2));
  await eventually(() => listener.connections === 0);
});

test('a stop finishes what is in flight, refuses the rest and ends', async (t) => {
  const { handler, requests, answer } = held();
  const { client, listener } = await front(t, handler);
  const inFlight = (await client()).send(GET);
  const pipelined = (await client()).send(GET + GET);
  const idle = await client();
  const halfWay = await client();
  halfWay.send('GET / HTTP/1.1\r\n');
  await eventually(() => requests.length === 2 && listener.connections === 4);
  // The last client's bytes have been read when a later request is answered.
  const stopped = listener.stop(seconds(60));
  assert.equal(await idle.end(), '');
  assert.ok(['', '503'].includes(status(await halfWay.send(`${H}\r\n`).end())));
  await assert.rejects(client());
  answer(0, text('first'));
  answer(1, text('second'));
  assert.match(await inFlight.end(), /connection: close\r\n\r\nfirst$/);
  assert.match(await pipelined.end(), /connection: close\r\n\r\nsecond$/);
  for (const peer of [inFlight, pipelined, idle, halfWay]) peer.socket.destroy();
  await stopped;
});

test('a request whose head ends during the stop is 503', async (t) => {
  const { client, listener } = await front(t, echo);
  const peer = await client();
  await peer.send(`${GET}GET / HTTP/1.1\r\n`).until(/GET \/a/);
  const stopped = listener.stop(seconds(60));
  assert.match(await peer.send(`${H}\r\n`).end(), /HTTP\/1\.1 503 /);
  peer.socket.destroy();
  await stopped;
});

test('a stop cuts what is left when its grace is over', async (t) => {
  const { handler, requests } = held();
  const { client, listener, clock } = await front(t, handler);
  const peer = (await client()).send(GET);
  await eventually(() => requests.length === 1);
  const { signal } = requests[0] ?? assert.fail();
  const stopped = listener.stop(seconds(5));
  clock.advance(seconds(4));
  assert.equal(signal.aborted, false);
  clock.advance(seconds(2));
  await stopped;
  assert.ok(signal.aborted);
  assert.equal(await peer.end(), '');
});

test('a stream is answered in chunks, or with the length that it was given', async (t) => {
  async function* pieces(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('hello ');
    yield Buffer.alloc(0);
    yield Buffer.from('there, you!');
  }
  const { client } = await front(t, {
    serve: ({ path }) => text(pieces(), path === '/a' ? {} : { 'content-length': '17' }),
  });
  const peer = await client();
  await peer.send(GET).until(/\r\n0\r\n\r\n$/);
  assert.match(
    peer.received,
    /transfer-encoding: chunked\r\n[\s\S]*\r\n\r\n6\r\nhello \r\nb\r\nthere, you!\r\n0\r\n\r\n$/,
  );
  await peer.send(GET.replace('/a', '/b')).until(/content-length: 17\r\n[\s\S]*\r\n\r\nhello there, you!$/);
});

test('a stream waits for its reader', async (t) => {
  const piece = Buffer.alloc(64 * 1024);
  let made = 0;
  let isOver = false;
  async function* endless(): AsyncGenerator<Uint8Array> {
    try {
      for (; made < 10_000; made++) yield piece;
    } finally {
      isOver = true;
    }
  }
  const { client } = await front(t, { serve: () => text(endless()) });
  const peer = await client();
  peer.socket.pause();
  peer.send(GET);
  await eventually(() => made > 10);
  let before = -1;
  while (made !== before) {
    before = made;
    for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(made < 5_000, `${made} pieces were made for a client that reads none`);
  peer.socket.resetAndDestroy();
  await eventually(() => isOver);
});

test('a stream that fails is a 500 before its first piece, and a broken connection after it', async (t) => {
  async function* failing(count: number): AsyncGenerator<Uint8Array> {
    for (let index = 0; index < count; index++) yield Buffer.from('piece');
    throw new Error('disk');
  }
  const { client, faults } = await front(t, {
    serve: ({ path }) => text(failing(path === '/a' ? 0 : 1), path === '/c' ? { 'content-length': '10' } : {}),
  });
  assert.equal(status(await (await client()).send(GET).end()), '500');
  for (const path of ['/b', '/c']) {
    const peer = await client();
    const received = await peer.send(GET.replace('/a', path)).end();
    assert.match(received, /piece(\r\n)?$/);
    assert.doesNotMatch(received, /\r\n0\r\n\r\n$/);
  }
  assert.equal(faults.length, 3);
});

test('a stream that does not keep to its length is never passed off as whole', async (t) => {
  async function* pieces(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('hello');
    yield Buffer.from('there');
  }
  for (const length of ['9', '11']) {
    const { client, faults } = await front(t, { serve: () => text(pieces(), { 'content-length': length }) });
    const peer = await client();
    const received = await peer.send(GET).end();
    const body = received.split('\r\n\r\n')[1] ?? '';
    assert.notEqual(body.length, Number(length));
    assert.equal(faults.length, 1);
  }
});

test('a thousand long polls wait at once', async (t) => {
  const { handler, requests, answer } = held();
  const { client, listener } = await front(t, handler);
  const peers = await Promise.all(Array.from({ length: 1000 }, () => client()));
  for (const peer of peers) peer.send(GET);
  await eventually(() => requests.length === 1000);
  assert.equal(listener.connections, 1000);
  for (let index = 0; index < 1000; index++) answer(index, text('done'));
  await Promise.all(peers.map((peer) => peer.until(/done$/)));
});
