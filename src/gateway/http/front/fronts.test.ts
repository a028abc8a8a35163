import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { SimulatedClock, seconds, systemClock } from '#platform/base/clock.ts';
import { bindAll } from '../bind.ts';
import { Counts } from '../counts.ts';
import { Client, echo, eventually, held, text } from '../http1-server.fixture.ts';
import { startHttp1 } from '../http1-server.ts';
import { defaultLimits, type HttpLimits } from '../limits.ts';
import type { RequestHandler } from '../listener.ts';
import { startFronted } from './fronted-server.ts';
import { Fronts } from './fronts.ts';
import { CARRIED_BODY_BYTES } from './messages.ts';

const GET = 'GET /a?b HTTP/1.1\r\nHost: localhost\r\n\r\n';
const post = (body: string): string =>
  `POST /p HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

/** A front in a thread, on a port of its own, so that it gets all connections there; the engine has another. */
async function fronted(t: TestContext, handler: RequestHandler, given: Partial<HttpLimits> = {}) {
  const counts = Counts.memory(3);
  const faults: unknown[] = [];
  const refusals: string[] = [];
  const clients: Client[] = [];
  const limits = { ...defaultLimits, ...given };
  const options = {
    port: 0,
    hosts: ['127.0.0.1'],
    handler,
    clock: systemClock,
    limits,
    onFault: (error: unknown) => void faults.push(error),
    onRefusal: ({ status }: { readonly status: number }) => void refusals.push(`${status}`),
  };
  const engine = await startHttp1(options, { counts: new Counts(counts, 0) });
  const { servers, port } = await bindAll(() => createServer(), options.hosts, 0);
  for (const server of servers) server.close();
  const fronts = new Fronts({ ...options, port }, engine, counts);
  t.after(async () => {
    for (const { socket } of clients) socket.destroy();
    await Promise.all([engine.stop(0), fronts.end(0)]);
  });
  const start = async () => {
    const worker = fronts.start();
    await eventually(() => fronts.listening === 1);
    return worker;
  };
  const client = async (to = port): Promise<Client> => {
    const opened = await Client.open(to);
    clients.push(opened);
    return opened;
  };
  return { engine, fronts, start, client, faults, refusals };
}

test('what is carried, and what is passed on, is answered on one connection', async (t) => {
  const { client, start } = await fronted(t, echo);
  await start();
  const peer = await client();
  await peer.send(GET).until(/GET \/a\?b $/);
  await peer.send(post('short')).until(/POST \/p\? short$/);
  const long = 'x'.repeat(CARRIED_BODY_BYTES + 1);
  await peer.send(post(long)).when(() => peer.received.endsWith(long));
  await peer.send(GET).when(() => peer.received.endsWith('GET /a?b '));
  assert.equal(peer.received.split('HTTP/1.1 200').length, 5);
});

test('a body that is here already is streamed, refused or turned away as the handler plans', async (t) => {
  const response = { status: 403, headers: {}, body: 'no' };
  const { client, start, refusals } = await fronted(t, {
    planBody({ headers }) {
      if (headers['x-plan'] === 'answer') return { mode: 'answer', response };
      return headers['x-plan'] === 'stream' ? { mode: 'stream' } : { mode: 'buffer', limitBytes: 4 };
    },
    serve: async ({ stream }) => text(`read ${stream && Buffer.concat(await Array.fromAsync(stream)).toString()}`),
  });
  await start();
  const ask = async (plan: string) => (await client()).send(post('12345').replace('Host', `X-Plan: ${plan}\r\nHost`));
  await (await ask('stream')).until(/read 12345$/);
  await (await ask('answer')).until(/^HTTP\/1.1 403[\s\S]*no$/);
  assert.match(await (await ask('buffer')).end(), /^HTTP\/1.1 413[\s\S]*connection: close/);
  assert.deepEqual(refusals, ['413']);
});

test('a handler that throws is a 500 and a fault, and answers longer than a ring come whole', async (t) => {
  const { client, start, faults } = await fronted(t, {
    serve({ path }) {
      if (path === '/a') throw new Error('broken');
      return text('y'.repeat(9 * 2 ** 20));
    },
  });
  await start();
  assert.match(await (await client()).send(GET).end(), /^HTTP\/1.1 500[\s\S]*connection: close/);
  assert.match(String(faults[0]), /broken/);
  const peer = await client();
  await peer.send(post('')).when(() => peer.received.length > 9 * 2 ** 20);
  assert.equal(peer.received.split('\r\n\r\n', 2)[1]?.length, 9 * 2 ** 20);
});

test('connections are limited over the engine and its fronts', async (t) => {
  const { client, start, engine } = await fronted(t, echo, { connections: 2 });
  await start();
  await (await client(engine.port)).send(GET).until(/a\?b $/);
  await (await client()).send(GET).until(/a\?b $/);
  assert.equal(engine.connections, 2);
  assert.match(await (await client()).end(), /^HTTP\/1.1 503/);
});

test('a front that is lost takes its connections with it, and no others; another can be started', async (t) => {
  const { handler, requests, answer } = held();
  const { client, start, engine, fronts } = await fronted(t, handler);
  const worker = await start();
  const [lost, passed, other] = [await client(), await client(), await client(engine.port)];
  lost.send(GET);
  await eventually(() => requests.length === 1);
  passed.send(post('z'.repeat(CARRIED_BODY_BYTES + 1)));
  await eventually(() => requests.length === 2);
  other.send(GET);
  await eventually(() => requests.length === 3);
  const signals = requests.map(({ signal }) => signal);
  await worker?.terminate();
  await lost.end();
  await passed.end();
  await eventually(() => signals[0]?.aborted === true && signals[1]?.aborted === true);
  assert.equal(signals[2]?.aborted, false);
  answer(0, text('nobody hears it'));
  answer(2, text('the other'));
  await other.until(/the other$/);
  await eventually(() => engine.connections === 1);
  assert.equal(fronts.size, 0);
  await start();
  (await client()).send(GET);
  await eventually(() => requests.length === 4);
});

test('a front that ends finishes what is under way', async (t) => {
  const { handler, requests, answer } = held();
  const { client, start, fronts } = await fronted(t, handler);
  await start();
  const [busy, idle] = [await client(), await client()];
  idle.send(GET);
  await eventually(() => requests.length === 1);
  answer(0, text('first'));
  await idle.until(/first$/);
  busy.send(GET);
  await eventually(() => requests.length === 2);
  const ended = fronts.end(seconds(30));
  await idle.end();
  answer(1, text('last'));
  assert.match(await busy.end(), /connection: close\r\n\r\nlast$/);
  busy.socket.end();
  idle.socket.end();
  await ended;
  assert.equal(fronts.size, 0);
});

test('a busy engine has a front, sends its clients there, and has none when it rests', async (t) => {
  const clock = new SimulatedClock();
  let share = 0.9;
  const listener = await startFronted(
    { port: 0, hosts: ['127.0.0.1'], handler: echo, clock, onFault: assert.ifError },
    1,
    () => share,
    4,
  );
  t.after(() => listener.stop(0));
  const open = (count: number) => Promise.all(Array.from({ length: count }, () => Client.open(listener.port)));
  const answersOf = ({ received }: Client): number => received.match(/a\?b (?=HTTP|$)/g)?.length ?? 0;
  const early = await open(9);
  const [first] = early;
  assert.ok(first);
  for (let asked = 1; !/connection: close/.test(first.received); asked++) {
    clock.advance(seconds(1));
    await first.send(GET).when(() => answersOf(first) === asked);
  }
  const many = await open(30);
  for (const peer of many) await peer.send(GET).until(/a\?b $/);
  share = 0;
  for (let second = 0; second < 31; second++) clock.advance(seconds(1));
  // The front closes what is idle there; what is here stays.
  await eventually(() => many.some(({ received, ended }) => ended && received.includes('keep-alive')));
  for (const { socket } of [...early, ...many]) socket.destroy();
  for (const peer of await open(5))
    assert.match(await peer.send(`${GET.slice(0, -2)}Connection: close\r\n\r\n`).end(), /a\?b $/);
});
