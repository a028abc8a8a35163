/**
 * botocore's protocol vectors as a server sees them. A case carries its own model; values stand in it as botocore's tests
 * have them (timestamps in seconds, blobs as text, special floats as strings), so they are converted by shape.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ServiceCodec } from '#gateway/wire/protocol.ts';
import { protocols } from '#gateway/wire/protocols.ts';
import { type Resolved, resolve } from '#gateway/wire/shapes.ts';
import { present } from '#platform/base/assert.ts';
import type { OperationModel, ProtocolName, ServiceModel, ShapeRef } from '#platform/model/schema.ts';
import { vectorsFolder } from '../../tools/vectors/fetch.ts';

export interface VectorCase {
  /** `input/query.json 3:1 QueryLists`, unique. */
  readonly title: string;
  readonly id: string;
  readonly suite: string;
  /** The file and the place within it, as the Python side finds it. */
  readonly file: string;
  readonly at: readonly [suite: number, test: number];
  readonly model: ServiceModel;
  readonly protocol: ProtocolName;
  readonly operation: OperationModel;
  readonly params?: Record<string, unknown>;
  readonly serialized?: SerializedRequest;
  readonly result?: Record<string, unknown>;
  readonly error?: Record<string, unknown>;
  readonly errorCode?: string;
  readonly errorMessage?: string;
  readonly response?: { status_code: number; headers?: Record<string, string>; body?: string };
}

export interface SerializedRequest {
  readonly method?: string;
  readonly uri: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  readonly host?: string;
}

interface Suite {
  readonly description: string;
  readonly metadata: ServiceModel['metadata'];
  readonly shapes: ServiceModel['shapes'];
  readonly cases: readonly (Pick<VectorCase, 'params'> & { id?: string; given: OperationModel })[];
}

export const protocolVectors = (): string => join(vectorsFolder(), 'protocols');

/** `kind` is `input` or `output`, or one of these under `legacy`, the set of before Smithy's. */
export function loadCases(kind: string): VectorCase[] {
  const folder = join(protocolVectors(), kind);
  return readdirSync(folder)
    .sort()
    .flatMap((name) => {
      const suites = parseExactly(readFileSync(join(folder, name), 'utf8')) as Suite[];
      return suites.flatMap((suite, i) => suite.cases.map((_, j) => caseOf(`${kind}/${name}`, suite, i, j)));
    });
}

function caseOf(file: string, suite: Suite, i: number, j: number): VectorCase {
  const { given, ...rest } = present(suite.cases[j], 'the index comes from the list itself');
  const operation = { ...given, name: given.name ?? 'OperationName' };
  const model: ServiceModel = {
    metadata: { ...suite.metadata, serviceId: suite.metadata.serviceId ?? 'Vectors' },
    shapes: suite.shapes,
    operations: { [operation.name]: operation },
  };
  return {
    ...rest,
    title: `${file} ${i}:${j} ${rest.id ?? suite.description}`,
    id: rest.id ?? '',
    suite: suite.description,
    file,
    at: [i, j],
    model,
    protocol: present(suite.metadata.protocol, 'a vector names its protocol'),
    operation,
  };
}

export const codecOf = (vector: VectorCase): ServiceCodec => protocols[vector.protocol].compile(vector.model);

/** JSON whose integers beyond 2^53 are bigints. */
export function parseExactly(text: string): unknown {
  return JSON.parse(text, (_key, value, context?: { source?: string }) =>
    typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value) && context?.source
      ? BigInt(context.source)
      : value,
  );
}

/** What a codec decoded, as the vectors write it. */
export async function toVectorForm(model: ServiceModel, ref: ShapeRef, value: unknown): Promise<unknown> {
  if (value === null || value === undefined) return value;
  const shape = resolve(model, ref);
  switch (shape.type) {
    case 'structure':
      return shape.document || shape.eventstream ? value : structureForm(model, shape, value as object);
    case 'list':
      return Promise.all((value as unknown[]).map((item) => toVectorForm(model, present(shape.member, 'list'), item)));
    case 'map':
      return entriesForm(value as object, (_key, item) => toVectorForm(model, present(shape.value, 'map'), item));
    case 'timestamp':
      return (value as number) / 1000;
    case 'blob':
      return blobForm(value as Uint8Array | AsyncIterable<Uint8Array>);
    case 'float':
    case 'double':
      return Number.isFinite(value) ? value : String(value);
    default:
      return value;
  }
}

const structureForm = (model: ServiceModel, shape: Resolved, value: object): Promise<Record<string, unknown>> =>
  entriesForm(value, (name, item) => toVectorForm(model, present(shape.members?.[name], `no member ${name}`), item));

/** A stream without a byte is the absence of a blob to a vector, hence undefined. */
async function blobForm(value: Uint8Array | AsyncIterable<Uint8Array>): Promise<string | undefined> {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8');
  const chunks = [];
  for await (const chunk of value) chunks.push(chunk);
  return chunks.length === 0 ? undefined : Buffer.concat(chunks).toString('utf8');
}

async function entriesForm(
  value: object,
  convert: (key: string, item: unknown) => Promise<unknown>,
): Promise<Record<string, unknown>> {
  const result: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    const converted = await convert(key, item);
    if (converted !== undefined) result[key] = converted;
  }
  return result;
}

/** What a vector says a client gets, as a handler gives it. */
export function fromVectorForm(model: ServiceModel, ref: ShapeRef, value: unknown): unknown {
  if (value === null || value === undefined) return value;
  const shape = resolve(model, ref);
  switch (shape.type) {
    case 'structure':
      return shape.document || shape.eventstream ? value : membersFrom(model, shape, value as object);
    case 'list':
      return (value as unknown[]).map((item) => fromVectorForm(model, present(shape.member, 'list'), item));
    case 'map':
      return Object.fromEntries(
        Object.entries(value).map(([key, item]) => [key, fromVectorForm(model, present(shape.value, 'map'), item)]),
      );
    case 'timestamp':
      return Math.round((value as number) * 1000);
    case 'blob':
      return Buffer.from(value as string);
    case 'float':
    case 'double':
      return Number(value);
    default:
      return value;
  }
}

const membersFrom = (model: ServiceModel, shape: Resolved, value: object): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(value).map(([name, item]) => {
      const member = shape.members?.[name];
      return [name, member ? fromVectorForm(model, member, item) : item];
    }),
  );
