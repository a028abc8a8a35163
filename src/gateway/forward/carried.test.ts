import assert from 'node:assert/strict';
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { carriedFrom, carriedTo } from '#gateway/forward/carried.ts';
import { connectTo, NotSent } from '#gateway/forward/connection.ts';
import { startHttp1 } from '#gateway/http/http1-server.ts';
import { systemClock } from '#platform/base/clock.ts';
import type { OpenConnection } from '#platform/connections.ts';
import { createSealer } from '#platform/secrets/sealer.ts';

const sealer = createSealer({ current: 1, keys: new Map([[1, Buffer.alloc(32, 7)]]) });
const NUMBER = '1/2/3';
const carrying = (number: string) => ({ sealer: sealer.purpose(`forward/${number}`), number });

/** A process where something is left under these ids. */
async function leaving(t: TestContext, left: Readonly<Record<string, OpenConnection>>) {
  const listener = await startHttp1({
    hosts: ['127.0.0.1'],
    port: 0,
    clock: systemClock,
    onFault: (error) => assert.fail(String(error)),
    handler: {
      serve: () => ({ status: 403, headers: {}, body: '' }),
      upgrade: ({ body }) => carriedTo(body, carrying(NUMBER), (id) => left[id]),
    },
  });
  t.after(() => listener.stop(0));
  const ask = async (id: string, number = NUMBER) => {
    const socket = await connectTo(`127.0.0.1:${listener.port}`);
    t.after(() => socket.destroy());
    return { socket, stream: await carriedFrom(socket, id, { ...carrying(number), clock: systemClock }) };
  };
  return ask;
}

test('what was left in another process is had from there, to its end', async (t) => {
  const ask = await leaving(t, { echo: async () => new PassThrough() });
  const { stream } = await ask('echo');
  const sent = Buffer.alloc(3_000_000, 'bytes');
  stream.end(sent);
  assert.ok(Buffer.concat(await stream.toArray()).equals(sent));
});

test('when one end is cut off, so is the other', async (t) => {
  const far = new PassThrough();
  const ask = await leaving(t, { cut: async () => far });
  const { stream } = await ask('cut');
  far.write('hello');
  assert.equal(String(await once(stream, 'data')), 'hello');
  stream.on('end', () => assert.fail('it was cut off'));
  stream.destroy();
  await once(far, 'close');

  const other = new PassThrough();
  const askAgain = await leaving(t, { other: async () => other });
  const again = await askAgain('other');
  again.stream.resume();
  again.stream.on('end', () => assert.fail('it was cut off'));
  other.destroy();
  await once(again.stream, 'close');
});

test('where nothing is left, and to who can not seal for it, nothing is carried', async (t) => {
  const ask = await leaving(t, {
    echo: async () => new PassThrough(),
    nowhere: () => Promise.reject(new Error('nobody answers')),
  });
  await assert.rejects(ask('another'), NotSent);
  await assert.rejects(ask('echo', '1/3/3'), NotSent);
  await assert.rejects(ask('nowhere'), (error) => !(error instanceof NotSent));
  // What was altered on its way ends it.
  const { socket, stream } = await ask('echo');
  const gone = once(stream, 'close');
  socket.write(Buffer.alloc(64, 1));
  await gone;
});
