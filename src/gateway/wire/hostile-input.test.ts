/**
 * Every decoder against garbage: whatever comes in, what comes out is values or an error that is the client's, within a
 * time that a deadline of one second bounds even on a busy machine.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { kitchenCodec, kitchenSink, requestOf, valuesOf } from '#gateway/wire/kitchen-sink.fixture.ts';
import type { WireRequest } from '#gateway/wire/protocol.ts';
import { ServiceError } from '#platform/error.ts';
import type { ProtocolName } from '#platform/model/schema.ts';

const PROTOCOLS = ['json', 'query', 'ec2', 'rest-json', 'rest-xml', 'smithy-rpc-v2-cbor'] as const;
const DEADLINE = 1000;

/** Decodes, and throws only if that was slow or failed otherwise than by an error of the client's. */
function decodeBounded(protocol: ProtocolName, operation: string, request: WireRequest): 'decoded' | 'refused' {
  const codec = kitchenCodec(protocol);
  const start = performance.now();
  try {
    codec.operation(operation).decode(request, { Label: 'a', Rest: 'b/c' });
    return 'decoded';
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    const { status } = codec.encodeError(error, 'id', operation);
    assert.ok(status >= 400 && status < 500, `${error.code} is ${status}`);
    return 'refused';
  } finally {
    assert.ok(performance.now() - start < DEADLINE, 'too slow');
  }
}

/** A request that is right, to be spoiled: a form for the Query protocols, an encoded dish for the others. */
function validBody(protocol: ProtocolName, dish: unknown): Buffer {
  if (protocol === 'query' || protocol === 'ec2') return Buffer.from(formOf(dish, 'Dish').slice(1).join('&'));
  const { body } = kitchenCodec(protocol)
    .operation('Cook')
    .encode(dish as Record<string, unknown>, 'id');
  return Buffer.from(body as string);
}

/** Near enough to a client's serialisation: what it gets wrong is more garbage. */
function formOf(value: unknown, name: string): string[] {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) {
    return [`${encodeURIComponent(name)}=${encodeURIComponent(String(value).toWellFormed())}`];
  }
  const prefix = name === 'Dish' ? '' : `${name}.`;
  const isList = Array.isArray(value);
  return [
    '',
    ...Object.entries(value).flatMap(([key, item]) => formOf(item, prefix + (isList ? Number(key) + 1 : key))),
  ];
}

/** Cuts, repeats, overwrites and inserts, at places and with bytes of fast-check's choosing. */
function spoil(body: Buffer, edits: readonly (readonly [kind: number, at: number, bytes: Uint8Array])[]): Buffer {
  return edits.reduce((spoilt, [kind, at, bytes]) => {
    const offset = Math.floor(at * spoilt.length);
    const [head, tail] = [spoilt.subarray(0, offset), spoilt.subarray(offset)];
    if (kind === 0) return head;
    if (kind === 1) return Buffer.concat([head, tail, tail]);
    if (kind === 2) return Buffer.concat([head, bytes, tail.subarray(bytes.length)]);
    return Buffer.concat([head, bytes, tail]);
  }, body);
}

const telling = fc.constantFrom(
  ...['{', '[', '"', '<', '>', '&', '.', '=', '%', '&amp;', '<!DOCTYPE', '1', '\0', '__proto__'],
);
const edits = fc.array(
  fc.tuple(
    fc.integer({ min: 0, max: 3 }),
    fc.double({ min: 0, max: 1, noNaN: true }),
    fc.oneof(
      fc.uint8Array({ maxLength: 4 }),
      telling.map((text) => Buffer.from(text)),
    ),
  ),
  { minLength: 1, maxLength: 4 },
);

for (const protocol of PROTOCOLS) {
  test(`${protocol}: random bytes`, () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom('Cook', 'Bind'), (bytes, operation) => {
        decodeBounded(protocol, operation, requestOf(bytes));
      }),
      { numRuns: 500 },
    );
  });

  test(`${protocol}: spoilt requests`, () => {
    fc.assert(
      fc.property(valuesOf({ shape: 'Dish' }, 2), edits, (dish, changes) => {
        decodeBounded(protocol, 'Cook', requestOf(spoil(validBody(protocol, dish), changes)));
      }),
      { numRuns: 300 },
    );
  });

  test(`${protocol}: random headers and query strings`, () => {
    const names = fc.constantFrom('x-header', 'x-numbers', 'x-words', 'x-dates', 'x-meta-a', 'content-encoding');
    const texts = fc.oneof(fc.string({ unit: 'binary-ascii' }), telling, fc.constant('"a\\'), fc.constant('gzip'));
    fc.assert(
      fc.property(fc.dictionary(names, texts), texts, fc.constantFrom('Cook', 'Bind'), (headers, query, operation) => {
        decodeBounded(protocol, operation, requestOf('', { headers, query: `limit=${query}&tag=${query}&${query}` }));
      }),
      { numRuns: 300 },
    );
  });
}

const many = 100_000;
const DEEP: Readonly<Record<(typeof PROTOCOLS)[number], readonly Uint8Array[]>> = {
  json: [Buffer.from(`${'{"Inner":'.repeat(many)}1${'}'.repeat(many)}`), Buffer.from('['.repeat(many))],
  'rest-json': [Buffer.from(`${'{"Dishes":[{"Inner":'.repeat(many)}`)],
  query: [Buffer.from(`${'Inner.'.repeat(many)}Text=1`), Buffer.from('.'.repeat(many))],
  ec2: [Buffer.from(`${'Inner.'.repeat(many)}Text=1`)],
  'rest-xml': [Buffer.from('<Inner>'.repeat(many)), Buffer.from(`${'<a>'.repeat(many)}${'</a>'.repeat(many)}`)],
  'smithy-rpc-v2-cbor': [
    Buffer.alloc(many, 0x81),
    Buffer.alloc(many, 0x9f),
    Buffer.alloc(many, 0xc1),
    Buffer.from(`bf${'65496e6e6572bf'.repeat(1000)}`, 'hex'),
  ],
};

for (const protocol of PROTOCOLS) {
  test(`${protocol}: deep nesting is refused`, () => {
    for (const body of DEEP[protocol]) assert.equal(decodeBounded(protocol, 'Cook', requestOf(body)), 'refused');
  });
}

test('what nests within the limit is decoded', () => {
  const depth = 40;
  const json = requestOf(`${'{"Inner":'.repeat(depth)}{}${'}'.repeat(depth)}`);
  const form = requestOf(`${'Inner.'.repeat(depth)}Text=1`);
  const xml = requestOf(`<Dish>${'<Inner>'.repeat(depth)}${'</Inner>'.repeat(depth)}</Dish>`);
  assert.equal(decodeBounded('json', 'Cook', json), 'decoded');
  assert.equal(decodeBounded('query', 'Cook', form), 'decoded');
  assert.equal(decodeBounded('rest-xml', 'Cook', xml), 'decoded');
});

test('many small parts take time in proportion', () => {
  const parameters = (count: number): string => Array.from({ length: count }, (_, i) => `Flat.${i + 1}=a`).join('&');
  assert.equal(decodeBounded('query', 'Cook', requestOf(parameters(19_000))), 'decoded');
  assert.equal(decodeBounded('query', 'Cook', requestOf(parameters(21_000))), 'refused');
  const elements = `<Dish>${'<Flat>a</Flat>'.repeat(many)}</Dish>`;
  assert.equal(decodeBounded('rest-xml', 'Cook', requestOf(elements)), 'decoded');
  const attributes = Array.from({ length: 100 }, (_, i) => ` a${i}="b"`).join('');
  assert.equal(decodeBounded('rest-xml', 'Cook', requestOf(`<Dish${attributes}/>`)), 'refused');
  const words = requestOf('', { headers: { 'x-words': '"a\\"", '.repeat(10_000) } });
  assert.equal(decodeBounded('rest-json', 'Bind', words), 'decoded');
  assert.equal(decodeBounded('rest-xml', 'Cook', requestOf(`<Dish>${'&amp;'.repeat(many)}</Dish>`)), 'decoded');
  assert.equal(decodeBounded('rest-xml', 'Cook', requestOf(`<Dish ${' '.repeat(many)}`)), 'refused');
  assert.equal(decodeBounded('json', 'Cook', requestOf(`{"Ratio":${'9'.repeat(many)}}`)), 'decoded');
  assert.equal(
    decodeBounded('query', 'Cook', requestOf(`Ratio=${'9'.repeat(many)}&Big=${'9'.repeat(many)}`)),
    'refused',
  );
});

test('an index is a name: a huge one costs nothing, and none reaches a prototype', () => {
  const { decode } = kitchenCodec('query').operation('Cook');
  assert.deepEqual(decode(requestOf('Flat.1000000000=b&Flat.7=a'), {}), { Flat: ['a', 'b'] });
  const map = decode(requestOf('FlatByName.1.key=__proto__&FlatByName.1.value.Text=x'), {});
  assert.deepEqual(Object.keys(map['FlatByName'] as object), ['__proto__']);
  assert.equal(({} as Record<string, unknown>)['Text'], undefined);
  for (const name of ['__proto__', 'constructor', 'toString']) {
    assert.equal(decodeBounded('query', 'Cook', requestOf(`Flat.${name}=1`)), 'refused');
    assert.equal(decodeBounded('query', 'Cook', requestOf(`${name}.x=1`)), 'decoded');
  }
});

test('bytes that are not UTF-8 are refused', () => {
  const bad = Buffer.from([0x22, 0xc3, 0x28, 0x22]);
  const json = Buffer.concat([Buffer.from('{"Text":'), bad, Buffer.from('}')]);
  assert.equal(decodeBounded('json', 'Cook', requestOf(json)), 'refused');
  assert.equal(decodeBounded('query', 'Cook', requestOf('Text=%C3%28')), 'refused');
  assert.equal(decodeBounded('rest-xml', 'Cook', requestOf(Buffer.concat([Buffer.from('<a>'), bad]))), 'refused');
  assert.equal(
    decodeBounded('smithy-rpc-v2-cbor', 'Cook', requestOf(Buffer.from('a16454657874 62c328'.replace(' ', ''), 'hex'))),
    'refused',
  );
});

test('the fixture has every protocol and both operations', () => {
  for (const protocol of PROTOCOLS) {
    for (const name of Object.keys(kitchenSink.operations)) assert.ok(kitchenCodec(protocol).operation(name));
  }
});
