/** One model that has every kind of shape, in every protocol, for tests of the codecs. */
import fc from 'fast-check';
import type { ServiceCodec, WireRequest } from '#gateway/wire/protocol.ts';
import { protocols } from '#gateway/wire/protocols.ts';
import { resolve } from '#gateway/wire/shapes.ts';
import { present } from '#platform/base/assert.ts';
import type { ProtocolName, ServiceModel, ShapeRef } from '#platform/model/schema.ts';

export const kitchenSink: ServiceModel = {
  metadata: {
    serviceId: 'Kitchen',
    apiVersion: '2020-01-01',
    endpointPrefix: 'kitchen',
    protocols: ['json'],
    jsonVersion: '1.0',
    xmlNamespace: 'http://kitchen.amazonaws.com/doc/2020-01-01/',
  },
  operations: {
    Cook: {
      name: 'Cook',
      http: { method: 'POST', requestUri: '/cook' },
      input: { shape: 'Dish' },
      output: { shape: 'Dish' },
      errors: [{ shape: 'Burnt' }],
      requestcompression: { encodings: ['gzip'] },
    },
    Bind: {
      name: 'Bind',
      http: { method: 'PUT', requestUri: '/bind/{Label}/{Rest+}' },
      input: { shape: 'Bound' },
      output: { shape: 'Bound' },
    },
  },
  shapes: {
    Dish: {
      type: 'structure',
      members: {
        Text: { shape: 'Text' },
        Renamed: { shape: 'Text', locationName: 'renamed' },
        Flag: { shape: 'Flag' },
        Count: { shape: 'Count' },
        Small: { shape: 'Small' },
        Big: { shape: 'Big' },
        Ratio: { shape: 'Ratio' },
        Bytes: { shape: 'Bytes' },
        When: { shape: 'When' },
        Date: { shape: 'When', timestampFormat: 'rfc822' },
        Texts: { shape: 'Texts' },
        Flat: { shape: 'Texts', flattened: true },
        Dishes: { shape: 'Dishes' },
        ByName: { shape: 'ByName' },
        FlatByName: { shape: 'ByName', flattened: true },
        Inner: { shape: 'Dish' },
      },
    },
    Bound: {
      type: 'structure',
      payload: 'Body',
      members: {
        Label: { shape: 'Text', location: 'uri' },
        Rest: { shape: 'Text', location: 'uri' },
        Header: { shape: 'Text', location: 'header', locationName: 'X-Header' },
        Numbers: { shape: 'Numbers', location: 'header', locationName: 'X-Numbers' },
        Words: { shape: 'Texts', location: 'header', locationName: 'X-Words' },
        Dates: { shape: 'Dates', location: 'header', locationName: 'X-Dates' },
        Meta: { shape: 'TextByName', location: 'headers', locationName: 'x-meta-' },
        Limit: { shape: 'Count', location: 'querystring', locationName: 'limit' },
        Tags: { shape: 'Texts', location: 'querystring', locationName: 'tag' },
        Body: { shape: 'Dish' },
      },
    },
    Burnt: {
      type: 'structure',
      exception: true,
      error: { code: 'Dish.Burnt', httpStatusCode: 409, senderFault: true },
      members: { message: { shape: 'Text' }, Minutes: { shape: 'Count' } },
    },
    Exploded: { type: 'structure', exception: true, fault: true, members: {} },
    Text: { type: 'string' },
    Flag: { type: 'boolean' },
    Count: { type: 'integer' },
    Small: { type: 'byte' },
    Big: { type: 'long' },
    Ratio: { type: 'double' },
    Bytes: { type: 'blob' },
    When: { type: 'timestamp' },
    Texts: { type: 'list', member: { shape: 'Text' } },
    Numbers: { type: 'list', member: { shape: 'Count' } },
    Dates: { type: 'list', member: { shape: 'When' } },
    Dishes: { type: 'list', member: { shape: 'Dish' } },
    ByName: { type: 'map', key: { shape: 'Text' }, value: { shape: 'Dish' } },
    TextByName: { type: 'map', key: { shape: 'Text' }, value: { shape: 'Text' } },
  },
};

const codecs = new Map<ProtocolName, ServiceCodec>();

export function kitchenCodec(protocol: ProtocolName): ServiceCodec {
  const known = codecs.get(protocol) ?? protocols[protocol].compile(kitchenSink);
  codecs.set(protocol, known);
  return known;
}

export const requestOf = (body: string | Uint8Array, parts: Partial<WireRequest> = {}): WireRequest => ({
  method: 'POST',
  path: '/',
  query: '',
  headers: {},
  body: Buffer.from(body as Uint8Array),
  ...parts,
});

/** Characters that XML can hold and gives back: of the control characters these three. */
const xmlText = fc
  .string({ unit: 'binary', maxLength: 12 })
  .map((text) => text.replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd]/gu, ''));

/** Values of a shape as the contract has them, nested at most `depth` levels. */
export function valuesOf(ref: ShapeRef, depth: number): fc.Arbitrary<unknown> {
  const shape = resolve(kitchenSink, ref);
  switch (shape.type) {
    case 'structure':
      return fc.record(memberValues(shape.members ?? {}, depth), { requiredKeys: [], noNullPrototype: true });
    case 'list':
      return fc.array(valuesOf(present(shape.member, 'a list'), depth - 1), { minLength: 1, maxLength: 3 });
    case 'map':
      return fc
        .dictionary(fc.oneof(xmlText, fc.constant('__proto__')), valuesOf(present(shape.value, 'a map'), depth - 1), {
          minKeys: 1,
          maxKeys: 3,
          noNullPrototype: false,
        })
        .map((entries) => Object.assign(Object.create(null), entries));
    default:
      return scalarValues(shape.type);
  }
}

function memberValues(
  members: Readonly<Record<string, ShapeRef>>,
  depth: number,
): Record<string, fc.Arbitrary<unknown>> {
  const isNested = (ref: ShapeRef): boolean => ['structure', 'list', 'map'].includes(resolve(kitchenSink, ref).type);
  return Object.fromEntries(
    Object.entries(members)
      .filter(([, ref]) => depth > 0 || !isNested(ref))
      .map(([name, ref]) => [name, valuesOf(ref, depth - 1)]),
  );
}

function scalarValues(type: string): fc.Arbitrary<unknown> {
  switch (type) {
    case 'boolean':
      return fc.boolean();
    case 'integer':
      return fc.integer();
    case 'byte':
      return fc.integer({ min: -128, max: 127 });
    case 'long':
      return fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(narrowed);
    case 'double':
      return fc.double();
    case 'blob':
      return fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes));
    case 'timestamp':
      // Whole seconds of four-digit years, which every format holds.
      return fc.integer({ min: -62_135_596_800, max: 253_402_300_799 }).map((seconds) => seconds * 1000);
    default:
      return xmlText;
  }
}

const narrowed = (value: bigint): number | bigint => (Number.isSafeInteger(Number(value)) ? Number(value) : value);
