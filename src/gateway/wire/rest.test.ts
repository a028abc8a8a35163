/** REST bindings beside what the vectors say: what must not get through, and streams. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kitchenCodec, kitchenSink, requestOf } from '#gateway/wire/kitchen-sink.fixture.ts';
import type { WireRequest } from '#gateway/wire/protocol.ts';
import { protocols } from '#gateway/wire/protocols.ts';
import type { ServiceModel } from '#platform/model/schema.ts';

const bind = kitchenCodec('rest-json').operation('Bind');
const decode = (parts: Partial<WireRequest>): Record<string, unknown> => bind.decode(requestOf('', parts), {});

test('a value can not end a header and begin another', () => {
  const { headers } = bind.encode({ Header: 'a\r\nset-cookie: b\0', Meta: { c: 'd\ne' } }, 'id');
  assert.equal(headers['x-header'], 'a  set-cookie: b ');
  assert.equal(headers['x-meta-c'], 'd e');
});

test('characters beyond ASCII are the bytes of their UTF-8, both ways', () => {
  const { headers } = bind.encode({ Header: 'é→' }, 'id');
  assert.equal(headers['x-header'], Buffer.from('é→').toString('latin1'));
  assert.deepEqual(decode({ headers: { 'x-header': String(headers['x-header']) } }), { Header: 'é→' });
  assert.throws(() => decode({ headers: { 'x-header': 'é' } }), { code: 'SerializationException' });
});

test('lists in headers', () => {
  assert.deepEqual(decode({ headers: { 'x-numbers': '1,2 , 3' } }), { Numbers: [1, 2, 3] });
  assert.deepEqual(decode({ headers: { 'x-words': 'a, "b,c" ,"d\\"e"' } }), { Words: ['a', 'b,c', 'd"e'] });
  assert.throws(() => decode({ headers: { 'x-words': '"a' } }), { code: 'SerializationException' });
  assert.throws(() => decode({ headers: { 'x-numbers': '1,b' } }), { code: 'SerializationException' });
});

test('query parameters: repeated, empty, broken, too many', () => {
  assert.deepEqual(decode({ query: 'tag=a&limit=5&tag=b+c' }), { Limit: 5, Tags: ['a', 'b c'] });
  assert.deepEqual(decode({ query: 'limit=&tag' }), { Tags: [''] });
  assert.throws(() => decode({ query: 'tag=%zz' }), { code: 'MalformedQueryString' });
  assert.throws(() => decode({ query: 'limit=five' }), { code: 'SerializationException' });
  assert.throws(() => decode({ query: 'a&'.repeat(2000) }), { code: 'SerializationException' });
});

test('prefixed headers make a map without a prototype', () => {
  const { Meta } = decode({
    headers: Object.assign(Object.create(null), { 'x-meta-__proto__': 'a', 'x-meta-b': 'c' }),
  });
  assert.deepEqual(Object.keys(Meta as object), ['__proto__', 'b']);
  assert.equal(Object.getPrototypeOf(Meta), null);
});

const streaming: ServiceModel = {
  ...kitchenSink,
  operations: {
    Put: {
      name: 'Put',
      http: { method: 'PUT', requestUri: '/', responseCode: 201 },
      input: { shape: 'Object' },
      output: { shape: 'Object' },
    },
  },
  shapes: {
    ...kitchenSink.shapes,
    Object: {
      type: 'structure',
      payload: 'Body',
      members: {
        Body: { shape: 'Bytes', streaming: true },
        Type: { shape: 'Text', location: 'header', locationName: 'Content-Type' },
        Status: { shape: 'Count', location: 'statusCode' },
      },
    },
  },
};

test('a streaming body passes through as it is, in and out', async () => {
  const { decode, encode } = protocols['rest-xml'].compile(streaming).operation('Put');
  async function* chunks(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('ab');
    yield Buffer.from('c');
  }
  const { Body } = decode({ ...requestOf(''), stream: chunks() }, {});
  const found = [];
  for await (const chunk of Body as AsyncIterable<Uint8Array>) found.push(chunk.toString());
  assert.deepEqual(found, ['ab', 'c']);

  const stream = chunks();
  const response = encode({ Body: stream, Type: 'image/png' }, 'id');
  assert.equal(response.status, 201);
  assert.equal(response.body, stream);
  assert.equal(response.headers['content-type'], 'image/png');
  const plain = encode({ Body: Buffer.from('x'), Status: 206 }, 'id');
  assert.equal(plain.status, 206);
  assert.equal(plain.headers['content-type'], 'application/octet-stream');
});
