/** Event streams within operations: bound to a REST payload, and opened by an initial message over RPC. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeEventMessages, type EventHeader, encodeEventMessage } from '#gateway/wire/event-stream.ts';
import { requestOf } from '#gateway/wire/kitchen-sink.fixture.ts';
import type { OperationCodec, WireResponse } from '#gateway/wire/protocol.ts';
import { protocols } from '#gateway/wire/protocols.ts';
import { ServiceError } from '#platform/error.ts';
import type { ProtocolName, ServiceModel } from '#platform/model/schema.ts';

const model: ServiceModel = {
  metadata: { serviceId: 'Talk', apiVersion: '2020-01-01', endpointPrefix: 'talk', protocols: ['rest-json'] },
  operations: {
    Talk: {
      name: 'Talk',
      http: { method: 'POST', requestUri: '/talk' },
      input: { shape: 'Both' },
      output: { shape: 'Both' },
    },
  },
  shapes: {
    Both: {
      type: 'structure',
      payload: 'Events',
      members: {
        Language: { shape: 'Text', location: 'header', locationName: 'x-language' },
        Events: { shape: 'Events' },
      },
    },
    Events: {
      type: 'structure',
      eventstream: true,
      members: { Audio: { shape: 'Audio' }, Words: { shape: 'Words' }, Tired: { shape: 'TiredException' } },
    },
    Audio: {
      type: 'structure',
      event: true,
      members: { Chunk: { shape: 'Bytes', eventpayload: true }, Index: { shape: 'Count', eventheader: true } },
    },
    Words: { type: 'structure', event: true, members: { Texts: { shape: 'Texts' }, At: { shape: 'When' } } },
    TiredException: { type: 'structure', exception: true, members: { message: { shape: 'Text' } } },
    Text: { type: 'string' },
    Texts: { type: 'list', member: { shape: 'Text' } },
    Bytes: { type: 'blob' },
    Count: { type: 'integer' },
    When: { type: 'timestamp' },
  },
};

/** The same for protocols that bind nothing. */
const rpcModel: ServiceModel = {
  ...model,
  shapes: {
    ...model.shapes,
    Both: { type: 'structure', members: { Language: { shape: 'Text' }, Events: { shape: 'Events' } } },
  },
};

const EVENTS = [
  { Audio: { Chunk: Buffer.from('abc'), Index: 1 } },
  { Words: { Texts: ['hello'], At: 1_398_796_238_000 } },
];

async function* eventsThen(error?: Error): AsyncGenerator<Record<string, unknown>> {
  yield* EVENTS;
  if (error) throw error;
}

const codecOf = (protocol: ProtocolName): OperationCodec =>
  protocols[protocol].compile(protocol.startsWith('rest') ? model : rpcModel).operation('Talk');

async function bytesOf(body: WireResponse['body']): Promise<Buffer> {
  const chunks = [];
  for await (const chunk of body as AsyncIterable<Uint8Array>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found = [];
  for await (const item of items) found.push(item);
  return found;
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}

for (const protocol of ['rest-json', 'rest-xml'] as const) {
  test(`${protocol}: events that were written read back`, async () => {
    const response = codecOf(protocol).encode({ Language: 'en', Events: eventsThen() }, 'id');
    assert.equal(response.headers['content-type'], 'application/vnd.amazon.eventstream');
    const stream = once(await bytesOf(response.body));
    const input = codecOf(protocol).decode({ ...requestOf('', { headers: { 'x-language': 'en' } }), stream }, {});
    assert.equal(input['Language'], 'en');
    assert.deepEqual(await collect(input['Events'] as AsyncIterable<unknown>), EVENTS);
  });
}

for (const protocol of ['json', 'smithy-rpc-v2-cbor'] as const) {
  test(`${protocol}: the first message holds the other members`, async () => {
    const { encode, decode } = codecOf(protocol);
    const body = await bytesOf(encode({ Language: 'en', Events: eventsThen() }, 'id').body);
    const [first] = await collect(decodeEventMessages(once(body)));
    assert.equal(first?.headers.get(':event-type')?.value, 'initial-response');
    // Turned into a client's request by calling its first message so.
    const initial = encodeEventMessage(
      [...(first?.headers.values() ?? [])].map((header) =>
        header.name === ':event-type' ? { ...header, value: 'initial-request' } : header,
      ),
      first?.payload ?? '',
    );
    const input = decode(requestOf(Buffer.concat([initial, body.subarray(initial.length + 1)])), {});
    assert.equal(input['Language'], 'en');
    assert.deepEqual(await collect(input['Events'] as AsyncIterable<unknown>), EVENTS);
  });
}

test('an error of the union ends the stream as an exception, another one as an error', async () => {
  const last = async (error: Error): Promise<Record<string, unknown>> => {
    const { body } = codecOf('rest-json').encode({ Events: eventsThen(error) }, 'id');
    const message = (await collect(decodeEventMessages(once(await bytesOf(body))))).at(-1);
    const headers = [...(message?.headers.values() ?? [])].map(({ name, value }: EventHeader) => [name, value]);
    return { ...Object.fromEntries(headers), payload: message?.payload.toString() };
  };
  assert.deepEqual(await last(new ServiceError('TiredException', 'Enough.')), {
    ':message-type': 'exception',
    ':exception-type': 'Tired',
    ':content-type': 'application/json',
    payload: '{"message":"Enough."}',
  });
  assert.deepEqual(await last(new ServiceError('Throttling', 'Slower.')), {
    ':message-type': 'error',
    ':error-code': 'ThrottlingException',
    ':error-message': 'Slower.',
    payload: '',
  });
});

test('a fault of ours is told to the client as such and to us in full', async () => {
  const { body } = codecOf('rest-json').encode({ Events: eventsThen(new TypeError('secret')) }, 'id');
  const written: Buffer[] = [];
  await assert.rejects(async () => {
    for await (const chunk of body as AsyncIterable<Uint8Array>) written.push(Buffer.from(chunk));
  }, TypeError);
  const text = Buffer.concat(written).toString('latin1');
  assert.match(text, /InternalFailure/);
  assert.doesNotMatch(text, /secret/);
});

test('a client sends events and nothing else', async () => {
  const exception = encodeEventMessage([{ name: ':message-type', type: 'string', value: 'exception' }], '');
  const input = codecOf('rest-json').decode({ ...requestOf(''), stream: once(exception) }, {});
  await assert.rejects(collect(input['Events'] as AsyncIterable<unknown>), { code: 'SerializationException' });
  const unknown = encodeEventMessage(
    [
      { name: ':message-type', type: 'string', value: 'event' },
      { name: ':event-type', type: 'string', value: 'Newer' },
    ],
    '',
  );
  const newer = codecOf('rest-json').decode({ ...requestOf(''), stream: once(unknown) }, {});
  assert.deepEqual(await collect(newer['Events'] as AsyncIterable<unknown>), []);
});
