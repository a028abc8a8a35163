import assert from 'node:assert/strict';
import { connect, createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { type SessionClient, takeSession } from '#gateway/forward/answer-session.ts';
import { CallSession } from '#gateway/forward/call-session.ts';
import { connectTo } from '#gateway/forward/connection.ts';
import { startHttp1 } from '#gateway/http/http1-server.ts';
import { SimulatedClock, systemClock } from '#platform/base/clock.ts';
import { createSealer } from '#platform/secrets/sealer.ts';

const sealer = createSealer({ current: 1, keys: new Map([[1, Buffer.alloc(32, 7)]]) });
const NUMBER = '1/2/3';
const sealerOf = (number: string) => sealer.purpose(`forward/${number}`);

type Answer = (bytes: Buffer, client: SessionClient) => Promise<Buffer>;

/** A process that answers; where it listens. */
async function answering(t: TestContext, answer: Answer): Promise<string> {
  const listener = await startHttp1({
    hosts: ['127.0.0.1'],
    port: 0,
    clock: systemClock,
    onFault: (error) => assert.fail(String(error)),
    handler: {
      serve: () => ({ status: 403, headers: {}, body: '' }),
      upgrade: ({ body }) => takeSession(body, sealerOf(NUMBER), NUMBER, answer),
    },
  });
  t.after(() => listener.stop(0));
  return `127.0.0.1:${listener.port}`;
}

async function opened(address: string, number = NUMBER, clock = systemClock, isListed = () => true) {
  return CallSession.open(await connectTo(address), sealerOf(number), number, clock, { isListed, onClose: () => {} });
}

test('calls of a session are answered in any order, short ones and long ones', async (t) => {
  const waiting: (() => void)[] = [];
  const address = await answering(t, async (bytes) => {
    if (bytes.toString() === 'first') await new Promise<void>((resolve) => waiting.push(resolve));
    else for (const each of waiting.splice(0)) each();
    return Buffer.concat([bytes, Buffer.from('!')]);
  });
  const session = (await opened(address)) ?? assert.fail();
  t.after(() => session.destroy());
  const order: string[] = [];
  const ask = async (bytes: Buffer): Promise<Buffer> => {
    const answer = await session.ask(bytes, undefined);
    order.push(answer.toString('latin1', 0, 6));
    return answer;
  };
  const long = Buffer.alloc(3_000_000, 'long');
  const [first, second, third] = await Promise.all([ask(Buffer.from('first')), ask(long), ask(Buffer.from('third'))]);
  assert.equal(first?.toString(), 'first!');
  assert.ok(second?.equals(Buffer.concat([long, Buffer.from('!')])));
  assert.equal(third?.toString(), 'third!');
  assert.ok(order.length === 3 && order.indexOf('first!') > 0, order.join(' '));
});

test('who calls may go, and the other end is told', async (t) => {
  const gone = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const address = await answering(t, async (bytes, { signal }) => {
    signal.addEventListener('abort', () => gone.resolve());
    begun.resolve();
    await gone.promise;
    return bytes;
  });
  const session = (await opened(address)) ?? assert.fail();
  t.after(() => session.destroy());
  const client = new AbortController();
  const answer = session.ask(Buffer.from('long poll'), client.signal);
  await begun.promise;
  client.abort();
  await gone.promise;
  assert.equal((await answer).toString(), 'long poll');
});

test('a session opens under its own number alone, and what is altered ends it', async (t) => {
  const address = await answering(t, async (bytes) => bytes);
  assert.equal(await opened(address, '1/3/3'), undefined);
  // A network that alters one byte of what comes after the hello.
  const through = createServer((near) => {
    const far = connect(Number(address.split(':')[1]), '127.0.0.1');
    let isOpen = false;
    near.on('data', (bytes) => {
      if (isOpen) bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
      far.write(bytes);
    });
    far.on('data', (bytes) => {
      isOpen = true;
      near.write(bytes);
    });
    for (const each of [near, far]) each.on('error', () => {});
    far.on('close', () => near.destroy());
    near.on('close', () => far.destroy());
  });
  await new Promise<void>((resolve) => through.listen(0, '127.0.0.1', resolve));
  t.after(() => through.close());
  const place = through.address();
  assert.ok(typeof place === 'object' && place !== null);
  const session = (await opened(`127.0.0.1:${place.port}`)) ?? assert.fail();
  await assert.rejects(session.ask(Buffer.from('call'), undefined), { name: 'OutcomeUnknown' });
});

test('a process that says nothing any more is given up, one that takes its time is not', async (t) => {
  const clock = new SimulatedClock();
  let isSilent = false;
  let isListed = true;
  const answers: ((bytes: Buffer) => void)[] = [];
  const address = await answering(t, () => new Promise((resolve) => answers.push(resolve)));
  // A network that can be cut without anybody being told.
  const through = createServer((near) => {
    const far = connect(Number(address.split(':')[1]), '127.0.0.1');
    near.on('data', (bytes) => isSilent || far.write(bytes));
    far.on('data', (bytes) => isSilent || near.write(bytes));
    for (const each of [near, far]) each.on('error', () => {});
    near.on('close', () => far.destroy());
  });
  await new Promise<void>((resolve) => through.listen(0, '127.0.0.1', resolve));
  t.after(() => through.close());
  const place = through.address();
  assert.ok(typeof place === 'object' && place !== null);
  const session = (await opened(`127.0.0.1:${place.port}`, NUMBER, clock, () => isListed)) ?? assert.fail();
  t.after(() => session.destroy());
  const slow = session.ask(Buffer.from('slow'), undefined);
  for (let step = 0; step < 10; step++) {
    clock.advance(2000);
    while (session.unanswered > 0) await new Promise((resolve) => setImmediate(resolve));
  }
  // As when this process was stopped itself: what it has not read yet is no silence.
  clock.advance(60_000);
  while (session.unanswered > 0) await new Promise((resolve) => setImmediate(resolve));
  answers[0]?.(Buffer.from('late'));
  assert.equal((await slow).toString(), 'late');
  isSilent = true;
  const lost = session.ask(Buffer.from('lost'), undefined);
  lost.catch(() => {});
  let isGivenUp = false;
  lost.catch(() => (isGivenUp = true));
  for (let step = 0; step < 2; step++) clock.advance(2000);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(isGivenUp, false);
  // Struck off meanwhile, it is waited for no longer.
  isListed = false;
  clock.advance(2000);
  // Turns, not time: the next look would give it up as well.
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(isGivenUp, true);
  await assert.rejects(lost, { name: 'OutcomeUnknown' });
});
