import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import {
  decodeEventMessage,
  decodeEventMessages,
  type EventHeader,
  type EventMessage,
  encodeEventMessage,
} from '#gateway/wire/event-stream.ts';
import { ServiceError } from '#platform/error.ts';

async function* chunks(...parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* parts;
}

const HEADERS: readonly EventHeader[] = [
  { name: 'yes', type: 'boolean', value: true },
  { name: 'no', type: 'boolean', value: false },
  { name: 'byte', type: 'byte', value: -1 },
  { name: 'short', type: 'short', value: -300 },
  { name: 'integer', type: 'integer', value: -70_000 },
  { name: 'long', type: 'long', value: 2n ** 62n },
  { name: 'blob', type: 'blob', value: Buffer.from([1, 2, 3]) },
  { name: 'string', type: 'string', value: 'héllo' },
  { name: 'timestamp', type: 'timestamp', value: 1_398_796_238_123 },
  { name: 'uuid', type: 'uuid', value: Buffer.alloc(16, 7) },
];

/** From the specification's examples: an empty message, and one with a header and a payload. */
const KNOWN: readonly (readonly [hex: string, headers: readonly EventHeader[], payload: string])[] = [
  ['000000100000000005c248eb7d98c8ff', [], ''],
  [
    '0000003d0000002007fd83960c636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e7b27666f6f273a27626172277d8d9c08b1',
    [{ name: 'content-type', type: 'string', value: 'application/json' }],
    "{'foo':'bar'}",
  ],
];

for (const [hex, headers, payload] of KNOWN) {
  test(`the specification's message of ${hex.length / 2} bytes, both ways`, () => {
    assert.equal(encodeEventMessage(headers, payload).toString('hex'), hex);
    const message = decodeEventMessage(Buffer.from(hex, 'hex'));
    assert.deepEqual([...message.headers.values()], headers);
    assert.equal(message.payload.toString(), payload);
  });
}

test('every type of header comes back', () => {
  const { headers } = decodeEventMessage(encodeEventMessage(HEADERS, 'payload'));
  assert.deepEqual([...headers.values()], HEADERS);
});

test('messages come back from chunks cut anywhere', async () => {
  const whole = Buffer.concat([
    encodeEventMessage(HEADERS, 'a'),
    encodeEventMessage([], ''),
    encodeEventMessage([], 'b'),
  ]);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 0, max: whole.length })), async (cuts) => {
      const ends = [...cuts.sort((a, b) => a - b), whole.length];
      const parts = ends.map((end, i) => whole.subarray(ends[i - 1] ?? 0, end));
      const payloads: string[] = [];
      for await (const { payload } of decodeEventMessages(chunks(...parts))) payloads.push(payload.toString());
      assert.deepEqual(payloads, ['a', '', 'b']);
    }),
  );
});

async function all(messages: AsyncIterable<EventMessage>): Promise<EventMessage[]> {
  const found = [];
  for await (const message of messages) found.push(message);
  return found;
}

test('any changed bit is noticed', async () => {
  const message = encodeEventMessage(HEADERS, 'payload');
  for (let bit = 0; bit < message.length * 8; bit++) {
    const changed = Buffer.from(message);
    // The index is within the message.
    changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
    await assert.rejects(all(decodeEventMessages(chunks(changed))), { code: 'SerializationException' });
  }
});

test('a stream that ends within a message is refused', async () => {
  const message = encodeEventMessage(HEADERS, 'payload');
  await assert.rejects(all(decodeEventMessages(chunks(message, message.subarray(0, 20)))), /ends within a message/);
});

test('a length that is too long is refused before anything is waited for', async () => {
  const prelude = Buffer.alloc(12);
  prelude.writeUInt32BE(0xffffffff, 0);
  prelude.writeUInt32BE(crc32(prelude.subarray(0, 8)), 8);
  await assert.rejects(all(decodeEventMessages(chunks(prelude))), /too long/);
});

test('garbage within right checksums is decoded or refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (garbage) => {
      const message = encodeEventMessage([], garbage);
      // The payload becomes the headers, and both checksums follow.
      message.writeUInt32BE(garbage.length, 4);
      message.writeUInt32BE(crc32(message.subarray(0, 8)), 8);
      message.writeUInt32BE(crc32(message.subarray(0, message.length - 4)), message.length - 4);
      try {
        decodeEventMessage(message);
      } catch (error) {
        assert.ok(error instanceof ServiceError);
      }
    }),
    { numRuns: 1000 },
  );
});
