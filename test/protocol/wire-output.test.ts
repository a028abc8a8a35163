/**
 * The output vectors turned round: what a vector says a client gets, our codecs encode, and botocore itself (in a Python
 * process of its own) must parse it to just that. Statuses and bound headers are compared with the vector's response.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import type { WireResponse } from '#gateway/wire/protocol.ts';
import { present } from '#platform/base/assert.ts';
import { ServiceError } from '#platform/error.ts';
import { outputException } from '#test/protocol/wire-exceptions.ts';
import {
  codecOf,
  fromVectorForm,
  loadCases,
  parseExactly,
  protocolVectors,
  type VectorCase,
} from '#test/protocol/wire-vectors.ts';
import { botocoreForPython } from '../../tools/vectors/fetch.ts';

type Values = Record<string, unknown>;
type Judgement = ({ parsed: Values } | { failed: string }) & { tree: [ours: unknown, theirs: unknown] | null };

function encode(vector: VectorCase): WireResponse {
  const codec = codecOf(vector);
  const { model, operation } = vector;
  if (!vector.error) {
    const values = vector.result && operation.output ? fromVectorForm(model, operation.output, vector.result) : {};
    return codec.operation(operation.name).encode(streamed(vector, values as Values), 'request-1');
  }
  const code = vector.errorCode ?? '';
  const names = (operation.errors ?? []).map((ref) => ref.shape);
  const shape = names.find((name) => name === code || model.shapes[name]?.error?.code === code);
  const members = (shape ? fromVectorForm(model, { shape }, vector.error) : vector.error) as Values;
  const fields = Object.fromEntries(Object.entries(members).filter(([name]) => !/^message$/i.test(name)));
  return codec.encodeError(new ServiceError(code, vector.errorMessage ?? '', { fields }), 'request-1', operation.name);
}

/** Event streams stand in the vectors as lists. */
function streamed(vector: VectorCase, values: Values): Values {
  const output = vector.operation.output && vector.model.shapes[vector.operation.output.shape];
  const name = Object.entries(output?.members ?? {}).find(
    ([, ref]) => vector.model.shapes[ref.shape]?.eventstream,
  )?.[0];
  if (name === undefined) return values;
  const events = (values[name] ?? []) as Values[];
  const ref = present(output?.members?.[name], 'found just now');
  const union = present(vector.model.shapes[ref.shape], 'found just now');
  async function* iterate(): AsyncGenerator<unknown> {
    for (const event of events) {
      const [[kind, value] = []] = Object.entries(event);
      const member = present(union.members?.[kind ?? ''], 'an event is a member of its union');
      yield { [kind ?? '']: fromVectorForm(vector.model, member, value) };
    }
  }
  return { ...values, [name]: iterate() };
}

async function bodyOf(response: WireResponse): Promise<Buffer> {
  const { body } = response;
  if (typeof body === 'string' || body instanceof Uint8Array) return Buffer.from(body as Uint8Array);
  const chunks = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function judged(cases: readonly VectorCase[], responses: readonly WireResponse[]): Promise<Judgement[]> {
  const answers = await Promise.all(
    cases.map(async ({ file, at }, i) => {
      const response = present(responses[i], 'one for each case');
      const body = (await bodyOf(response)).toString('base64');
      // A header of every response, which a map of all headers in a vector does not expect.
      const { 'x-amzn-requestid': _, ...headers } = response.headers;
      return { file, suite: at[0], test: at[1], status: response.status, headers, body };
    }),
  );
  const script = join(import.meta.dirname, 'wire-botocore.py');
  const output = execFileSync('python3', [script, protocolVectors()], {
    input: JSON.stringify(answers),
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    env: { ...process.env, PYTHONPATH: botocoreForPython() },
  });
  return parseExactly(output) as Judgement[];
}

function expected(vector: VectorCase): Values {
  if (!vector.error) return vector.result ?? {};
  return { Error: { Code: vector.errorCode ?? '', Message: vector.errorMessage ?? '' }, ...vector.error };
}

/** As botocore's own tests do: of `Error` only these two are specified. */
function comparable(vector: VectorCase, parsed: Values): Values {
  const error = parsed['Error'] as Values | undefined;
  if (!vector.error || !error) return parsed;
  return { ...parsed, Error: { Code: error['Code'] ?? '', Message: error['Message'] ?? '' } };
}

/** Header by header, and the bodies as trees if they are XML, else as they stand. */
async function assertLike(vector: VectorCase, response: WireResponse, judgement: Judgement): Promise<void> {
  const ours = new Map(Object.entries(response.headers).map(([name, value]) => [name.toLowerCase(), value]));
  for (const [name, value] of Object.entries(vector.response?.headers ?? {})) {
    // The length is the HTTP server's to say.
    if (name !== 'Content-Length') assert.equal(ours.get(name.toLowerCase()), value, name);
  }
  if (judgement.tree) assert.deepEqual(judgement.tree[0], judgement.tree[1]);
  else assert.equal((await bodyOf(response)).toString('utf8'), vector.response?.body ?? '');
}

for (const [kind, count] of [
  ['output', 365],
  ['legacy/output', 110],
] as const) {
  describe(`${kind} vectors`, () => {
    const cases = loadCases(kind);
    const responses = cases.map(encode);
    let judgements: Judgement[] = [];
    before(async () => {
      judgements = await judged(cases, responses);
    });
    test('there are as many as we know of', () => assert.equal(cases.length, count));

    cases.forEach((vector, i) => {
      const exception = outputException(vector);
      const skip = exception && 'leftOut' in exception ? exception.leftOut : false;
      test(vector.title, { skip }, async () => {
        const judgement = present(judgements[i], 'one for each case');
        const response = present(responses[i], 'one for each case');
        assert.equal(response.status, vector.response?.status_code);
        if (exception) return assertLike(vector, response, judgement);
        if ('failed' in judgement) assert.fail(judgement.failed);
        return assert.deepEqual(comparable(vector, judgement.parsed), expected(vector));
      });
    });
  });
}
