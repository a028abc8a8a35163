/**
 * The input vectors turned round: what a client serialises from parameters, our codecs must decode to these parameters.
 * Cases that can't hold for a server are named with their reason, and so are those in which a server rightly sees more
 * than the client's caller said.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { templateRouter } from '#gateway/uri-templates.ts';
import type { Headers, WireRequest } from '#gateway/wire/protocol.ts';
import { type InputException, inputException } from '#test/protocol/wire-exceptions.ts';
import { codecOf, loadCases, toVectorForm, type VectorCase } from '#test/protocol/wire-vectors.ts';

function requestOf(vector: VectorCase): WireRequest {
  const {
    method = vector.operation.http?.method ?? 'POST',
    uri,
    headers = {},
    body = '',
  } = vector.serialized ?? { uri: '/' };
  const [path = '', query = ''] = uri.split(/\?(.*)/s);
  const lowered: Headers = Object.create(null);
  for (const [name, value] of Object.entries(headers)) lowered[name.toLowerCase()] = value;
  const isCbor = vector.protocol === 'smithy-rpc-v2-cbor';
  return { method, path, query, headers: lowered, body: Buffer.from(body, isCbor ? 'base64' : 'utf8') };
}

function labelsOf(vector: VectorCase, request: WireRequest): Readonly<Record<string, string>> {
  if (!vector.protocol.startsWith('rest')) return {};
  const match = templateRouter(vector.model)(request);
  assert.ok(match, `no template matches ${request.method} ${request.path}`);
  return match.parameters;
}

/** A null is an absent member. */
function withoutNulls(params: object): object {
  return Object.fromEntries(Object.entries(params).filter(([, value]) => value !== null));
}

async function decoded(vector: VectorCase): Promise<unknown> {
  const request = requestOf(vector);
  const values = codecOf(vector).operation(vector.operation.name).decode(request, labelsOf(vector, request));
  return vector.operation.input ? toVectorForm(vector.model, vector.operation.input, values) : values;
}

/** What the vector says, or what a server sees instead; undefined members are absent. */
function expected(vector: VectorCase, exception: InputException | undefined): object {
  const sees = exception && 'sees' in exception ? exception.sees(vector.serialized?.uri ?? '/') : {};
  const values = Object.entries({ ...withoutNulls(vector.params ?? {}), ...sees });
  return Object.fromEntries(values.filter(([, value]) => value !== undefined));
}

for (const [kind, count] of [
  ['input', 367],
  ['legacy/input', 162],
] as const) {
  describe(`${kind} vectors`, () => {
    const cases = loadCases(kind);
    test('there are as many as we know of', () => assert.equal(cases.length, count));

    for (const vector of cases) {
      const exception = inputException(vector);
      if (exception && 'leftOut' in exception) {
        test(vector.title, { skip: exception.leftOut }, () => {});
        continue;
      }
      test(vector.title, async () => {
        const values = await decoded(vector);
        assert.deepEqual(values, expected(vector, exception));
        // An exception that is none is to be deleted.
        if (exception) assert.notDeepEqual(values, withoutNulls(vector.params ?? {}));
      });
    }
  });
}
