/** Where a protocol writes a body in the form it reads, a value must come back as it went. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { kitchenCodec, requestOf, valuesOf } from '#gateway/wire/kitchen-sink.fixture.ts';

for (const protocol of ['json', 'rest-json', 'rest-xml', 'smithy-rpc-v2-cbor'] as const) {
  test(`${protocol}: what was encoded decodes to the same`, () => {
    const cook = kitchenCodec(protocol).operation('Cook');
    fc.assert(
      fc.property(valuesOf({ shape: 'Dish' }, 3), (dish) => {
        const { body } = cook.encode(dish as Record<string, unknown>, 'id');
        assert.deepEqual(normal(cook.decode(requestOf(body as string), {})), normal(dish));
      }),
      { numRuns: 100 },
    );
  });

  if (!protocol.startsWith('rest')) continue;
  test(`${protocol}: headers and payload come back`, () => {
    const bind = kitchenCodec(protocol).operation('Bind');
    fc.assert(
      fc.property(boundValues, (bound) => {
        const { headers, body } = bind.encode(bound as Record<string, unknown>, 'id');
        const lowered = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
        const request = requestOf(body as string, { headers: Object.fromEntries(lowered) });
        assert.deepEqual(normal(bind.decode(request, {})), normal(bound));
      }),
      { numRuns: 100 },
    );
  });
}

const word = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }).map((text) => `a${text.trim()}z`);
const boundValues = fc.record(
  {
    Header: word,
    Numbers: fc.array(fc.integer(), { minLength: 1, maxLength: 3 }),
    Words: fc.array(word, { minLength: 1, maxLength: 3 }),
    Dates: fc.array(
      fc.integer({ min: 0, max: 4e9 }).map((seconds) => seconds * 1000),
      { minLength: 1, maxLength: 3 },
    ),
    Meta: fc
      .dictionary(fc.stringMatching(/^[a-z]{1,8}$/), word, { minKeys: 1, maxKeys: 3 })
      .map((entries) => Object.assign(Object.create(null), entries)),
    Body: valuesOf({ shape: 'Dish' }, 1),
  },
  { requiredKeys: [], noNullPrototype: true },
);

/** JSON and XML have one zero. */
function normal(value: unknown): unknown {
  if (typeof value === 'number') return value === 0 ? 0 : value;
  if (Array.isArray(value)) return value.map(normal);
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  const copy = Object.create(Object.getPrototypeOf(value));
  for (const [key, item] of Object.entries(value)) {
    Object.defineProperty(copy, key, { value: normal(item), enumerable: true, configurable: true, writable: true });
  }
  return copy;
}

test('a compressed body is inflated where the operation allows it', () => {
  const cook = kitchenCodec('json').operation('Cook');
  const body = gzipSync('{"Text":"soup"}');
  const headers = { 'content-encoding': 'custom, gzip' };
  assert.deepEqual(cook.decode(requestOf(body, { headers }), {}), { Text: 'soup' });
  assert.throws(() => cook.decode(requestOf('soup', { headers }), {}), { code: 'SerializationException' });
  const bomb = gzipSync(Buffer.alloc(9 * 1024 * 1024));
  assert.throws(() => cook.decode(requestOf(bomb, { headers }), {}), { code: 'RequestEntityTooLarge' });
});
