import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SimulatedClock, seconds } from '#platform/base/clock.ts';
import type { Order } from '#platform/threads/adding.fixture.ts';
import { inSharedPieces, PIECES } from '#platform/threads/shared-pieces.ts';
import { StreamThreads } from '#platform/threads/stream-threads.ts';

const unexpected = (error: unknown): never => {
  throw error;
};

function adders(onFault: (error: unknown) => void = unexpected) {
  const clock = new SimulatedClock();
  const code = new URL('./adding.fixture.ts', import.meta.url);
  const threads = new StreamThreads<Order, number>({
    clock,
    name: 'adding',
    code,
    memoryBytes: PIECES * 60,
    mostThreads: 2,
    onFault,
  });
  return { clock, threads, begin: () => started(threads) };
}

async function started(threads: StreamThreads<Order, number>) {
  const adding = await threads.begin(1, async ({ stream, memory, threads: [thread] }, leave) => {
    assert(thread !== undefined);
    await thread.ask({ kind: 'begin', stream });
    return {
      stream,
      memory,
      thread,
      leave,
      read: (bytes: Uint8Array) => thread.ask({ kind: 'read', stream, bytes }),
      sum: () => thread.ask({ kind: 'sum', stream }),
    };
  });
  assert(adding !== undefined);
  return adding;
}

async function* each(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* pieces;
}

test('threads and who comes next see all bytes once, in pieces of any length', async () => {
  const { begin, clock } = adders();
  const pieces = fc.array(fc.uint8Array({ maxLength: 350 }), { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(fc.array(pieces, { minLength: 1, maxLength: 8 }), async (streams) => {
      const added = async (given: readonly Uint8Array[]) => {
        const { memory, read, sum, leave } = await begin();
        const seen: number[] = [];
        // A piece stays as it is so long.
        const kept: Uint8Array[] = [];
        for await (const piece of inSharedPieces(each(given), memory, read)) {
          kept.push(piece);
          if (kept.length === PIECES) seen.push(...(kept.shift() ?? []));
        }
        seen.push(...kept.flatMap((piece) => [...piece]));
        const found = { sum: await sum(), seen };
        leave();
        return found;
      };
      const expected = streams.map((given) => {
        const seen = given.flatMap((piece) => [...piece]);
        return { sum: seen.reduce((sum, byte) => sum + byte, 0), seen };
      });
      assert.deepEqual(await Promise.all(streams.map(added)), expected);
    }),
    { numRuns: 30 },
  );
  clock.advance(seconds(31));
});

test('a piece that could not be read ends the stream', async () => {
  const failing = async (): Promise<void> => {
    throw new Error('not read');
  };
  const pieces = inSharedPieces(each([new Uint8Array(1000)]), new SharedArrayBuffer(200), failing);
  await assert.rejects(Array.fromAsync(pieces), /not read/);
});

test('threads end when there was no stream for a while, and begin again', async () => {
  const { begin, clock } = adders();
  const first = await begin();
  const second = await begin();
  first.leave();
  clock.advance(seconds(31));
  assert.equal(first.thread.hasEnded, false, 'the second still runs');
  second.leave();
  clock.advance(seconds(31));
  await assert.rejects(second.sum(), /the adding thread has ended/);
  const third = await begin();
  await third.read(new Uint8Array([1, 2, 3]));
  assert.equal(await third.sum(), 6);
  third.leave();
  clock.advance(seconds(31));
});

test('two threads have places for sixteen, and memory serves again', async () => {
  const { threads, begin, clock } = adders();
  const streams = await Promise.all(Array.from({ length: 16 }, begin));
  assert.equal(await threads.begin(1, async () => 'a place'), undefined);
  assert.equal(new Set(streams.map(({ thread }) => thread)).size, 2);
  streams[0]?.leave();
  assert.equal((await begin()).memory, streams[0]?.memory);
  for (const { leave } of streams) leave();
  clock.advance(seconds(31));
});

test('an order that fails is answered with its error; a thread that ends fails its streams alone', async () => {
  const { begin, clock } = adders();
  const { thread, stream, sum, leave } = await begin();
  const order = { kind: 'read', stream: stream + 100, bytes: new Uint8Array() } as const;
  await assert.rejects(thread.ask(order), { message: 'no such stream', code: 'ENOENT' });
  await assert.rejects(thread.ask({ kind: 'exit' }), /the adding thread has ended/);
  await assert.rejects(sum(), /the adding thread has ended/);
  leave();
  const next = await begin();
  assert.equal(await next.sum(), 0);
  next.leave();
  clock.advance(seconds(31));
});

test('a stream whose beginning fails does without, and it is told', async () => {
  const faults: unknown[] = [];
  const { threads, begin, clock } = adders((error) => faults.push(error));
  const failing = async () => {
    throw new Error('no code');
  };
  assert.equal(await threads.begin(1, failing), undefined);
  assert.match(String(faults), /no code/);
  (await begin()).leave();
  clock.advance(seconds(31));
});
