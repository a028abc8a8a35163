import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BrokenFrame, FrameReader, FrameWriter } from '#gateway/forward/frames.ts';
import { pack, unpack } from '#gateway/forward/packing.ts';
import { ReplayGuard } from '#gateway/forward/replay-guard.ts';
import { ServiceError } from '#platform/error.ts';
import { type Payload, payloadOf } from '#platform/payload.ts';
import { createSealer } from '#platform/secrets/sealer.ts';

const sealer = createSealer({ current: 1, keys: new Map([[1, Buffer.alloc(32, 7)]]) }).purpose('forward');
const NOWHERE = (): never => assert.fail('there is no stream');
const through = (value: unknown): unknown => unpack(pack(value).bytes, NOWHERE);

/** In pieces that fit no frame. */
async function* inPieces(frames: AsyncIterable<Buffer>): AsyncGenerator<Uint8Array> {
  for await (const frame of frames) for (let at = 0; at < frame.length; at += 1000) yield frame.subarray(at, at + 1000);
}

async function sent(value: unknown): Promise<unknown> {
  const { bytes, stream } = pack(value);
  const writer = new FrameWriter(sealer, '1/2/3', 'call');
  const first = writer.frame(bytes);
  const reader = new FrameReader(sealer, '1/2/3', 'call', first, stream && inPieces(writer.frames(stream)));
  return unpack(await reader.read(), () => reader.stream());
}

test('plain data comes out as it went in, and maps without a prototype', () => {
  const map = Object.assign(Object.create(null) as object, { constructor: { Value: 'x' }, '\0stream': 'a key' });
  const values = [
    { a: [1, 'two', null, true] },
    { blob: Buffer.from([1, 2]) },
    { n: 2n ** 60n },
    { not: Number.NaN },
    { map },
  ];
  for (const value of values) assert.deepEqual(through(value), value);
  const { map: found } = through({ map }) as { map: object };
  assert.equal(Object.getPrototypeOf(found), null);
  assert.throws(() => pack({ f: () => {} }), /plain data/);
});

test('a payload streams with its trailers, or comes whole', async () => {
  const whole = (await sent({ Body: payloadOf(Buffer.from('short')) })) as { Body: Payload };
  assert.equal(Buffer.from(whole.Body.whole ?? []).toString(), 'short');
  const pieces = [Buffer.alloc(700_000, 1), Buffer.alloc(3, 2)];
  const trailers: Record<string, string> = {};
  const payload: Payload = {
    whole: undefined,
    announcedBytes: 700_003,
    trailerNames: ['x-sum'],
    trailers,
    async *[Symbol.asyncIterator]() {
      yield* pieces;
      trailers['x-sum'] = '7';
    },
  };
  const { Body } = (await sent({ Body: payload })) as { Body: Payload };
  assert.deepEqual([Body.announcedBytes, Body.trailerNames, Body.whole], [700_003, ['x-sum'], undefined]);
  const read: Uint8Array[] = [];
  for await (const piece of Body) read.push(piece);
  assert.ok(Buffer.concat(pieces).equals(Buffer.concat(read)));
  assert.deepEqual(Body.trailers, { 'x-sum': '7' });
});

test('what a stream throws is thrown at the other end, and events are values', async () => {
  async function* events(): AsyncGenerator<unknown> {
    yield { Records: { Payload: Buffer.from('a') } };
    throw new ServiceError('SlowDown', 'Wait.', { status: 503 });
  }
  const { Payload: stream } = (await sent({ Payload: events() })) as { Payload: AsyncIterable<unknown> };
  const seen: unknown[] = [];
  const reading = (async () => {
    for await (const event of stream) seen.push(event);
  })();
  await assert.rejects(reading, { code: 'SlowDown', status: 503 });
  assert.equal(seen.length, 1);
});

test('a frame opens in its own place alone', async () => {
  const frame = (number: string, way: 'call' | 'answer') =>
    new FrameWriter(sealer, number, way).frame(Buffer.from('x'));
  const opens = (bytes: Buffer) => new FrameReader(sealer, '1/2/3', 'call', bytes).read();
  assert.equal((await opens(frame('1/2/3', 'call'))).toString(), 'x');
  const altered = frame('1/2/3', 'call');
  altered[altered.length - 1] = (altered.at(-1) ?? 0) ^ 1;
  const writer = new FrameWriter(sealer, '1/2/3', 'call');
  writer.frame(Buffer.from('first'));
  const huge = Buffer.from([255, 255, 255, 255, 0]);
  const others = [frame('1/2/4', 'call'), frame('1/2/3', 'answer'), writer.frame(Buffer.from('second')), altered, huge];
  for (const bytes of [...others, frame('1/2/3', 'call').subarray(0, 20)])
    await assert.rejects(opens(bytes), BrokenFrame);
});

test('a number is taken once, in any order nearby, and none from long ago', () => {
  const guard = new ReplayGuard();
  assert.ok(guard.admit(1, 2));
  assert.ok(guard.admit(1, 1));
  assert.ok(!guard.admit(1, 2));
  assert.ok(guard.admit(2, 2), 'another sender');
  for (let number = 3; number < 200_000; number++) assert.ok(guard.admit(1, number));
  for (const old of [1, 2, 3, 100_000, 199_999]) assert.ok(!guard.admit(1, old), String(old));
});
