/**
 * botocore's model without what a server has no use for: prose, examples, deprecation, clients' hints. A list of what
 * is kept stands below; a key that is in neither list is an error, so that a new trait of a later release is judged
 * instead of lost.
 */
import type { OperationModel, ServiceMetadata, ServiceModel, Shape, ShapeRef } from '#platform/model/schema.ts';

type Json = Readonly<Record<string, unknown>>;

interface Keys {
  readonly kept: readonly string[];
  readonly dropped: readonly string[];
}

const PROSE = ['documentation', 'documentationUrl', 'deprecated', 'deprecatedMessage', 'deprecatedSince'];

const METADATA: Keys = {
  kept: [
    ...['serviceId', 'serviceFullName', 'apiVersion', 'endpointPrefix', 'signingName', 'globalEndpoint', 'protocols'],
    ...['protocol', 'jsonVersion', 'targetPrefix', 'xmlNamespace', 'awsQueryCompatible', 'signatureVersion', 'auth'],
    'protocolSettings',
  ],
  dropped: ['uid', 'serviceAbbreviation', 'checksumFormat', 'ripServiceName'],
};

const OPERATION: Keys = {
  kept: [
    ...['name', 'http', 'input', 'output', 'errors', 'authtype', 'auth', 'unsignedPayload', 'httpChecksum'],
    ...['httpChecksumRequired', 'endpoint', 'idempotent', 'readonly', 'staticContextParams', 'requestcompression'],
  ],
  // Endpoint discovery and context parameters choose a host on the client's side.
  dropped: [...PROSE, 'endpointdiscovery', 'endpointoperation', 'operationContextParams'],
};

const REF: Keys = {
  kept: [
    ...['shape', 'location', 'locationName', 'queryName', 'flattened', 'streaming', 'xmlNamespace', 'xmlAttribute'],
    ...['timestampFormat', 'idempotencyToken', 'jsonvalue', 'hostLabel', 'eventpayload', 'eventheader', 'box'],
    'resultWrapper',
  ],
  // `wrapper` and `enum` on a reference are leftovers that botocore itself doesn't read.
  dropped: [...PROSE, 'contextParam', 'wrapper', 'enum'],
};

const SHAPE: Keys = {
  kept: [
    ...REF.kept.filter((key) => key !== 'shape'),
    ...['type', 'members', 'required', 'member', 'key', 'value', 'payload', 'union', 'document', 'eventstream'],
    ...['event', 'exception', 'fault', 'error', 'min', 'max', 'pattern', 'enum', 'sensitive', 'requiresLength'],
    'sparse',
  ],
  // `retryable` and `synthetic` are for clients; members keep the order of the file, which is that of `xmlOrder`.
  dropped: [...PROSE, 'retryable', 'synthetic', 'wrapper', 'xmlOrder'],
};

function pick(from: Json, keys: Keys, where: string): Record<string, unknown> {
  const to: Record<string, unknown> = {};
  for (const key of keys.kept) if (key in from) to[key] = from[key];
  for (const key of Object.keys(from)) {
    if (!keys.kept.includes(key) && !keys.dropped.includes(key)) throw new Error(`${where}: what is "${key}"?`);
  }
  return to;
}

const ref = (from: unknown, where: string): ShapeRef => pick(from as Json, REF, where) as unknown as ShapeRef;

function shape(from: Json, name: string): Shape {
  const to = pick(from, SHAPE, name);
  for (const part of ['member', 'key', 'value']) if (to[part]) to[part] = ref(to[part], `${name}.${part}`);
  if (to['members']) {
    const members = Object.entries(to['members'] as Json);
    to['members'] = Object.fromEntries(members.map(([member, value]) => [member, ref(value, `${name}.${member}`)]));
  }
  return to as unknown as Shape;
}

function operation(from: Json, name: string): OperationModel {
  const to = pick(from, OPERATION, name);
  if (to['input']) to['input'] = ref(to['input'], `${name}.input`);
  if (to['output']) to['output'] = ref(to['output'], `${name}.output`);
  if (to['errors']) to['errors'] = (to['errors'] as Json[]).map((error) => ref(error, `${name}.errors`));
  return to as unknown as OperationModel;
}

function reduced<T>(record: Json, reduceOne: (from: Json, name: string) => T): Record<string, T> {
  const sorted = Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(sorted.map(([name, value]) => [name, reduceOne(value as Json, name)]));
}

export function reduceModel(source: unknown): ServiceModel {
  const { metadata, operations, shapes } = source as Record<string, Json>;
  if (!metadata || !operations || !shapes) throw new Error('not a service model');
  // Models of an older form name one protocol only.
  const protocols = metadata['protocols'] ?? [metadata['protocol']];
  return {
    metadata: pick({ ...metadata, protocols }, METADATA, 'metadata') as unknown as ServiceMetadata,
    operations: reduced(operations, operation),
    shapes: reduced(shapes, shape),
  };
}

/** The model with those shapes only that operations and their errors lead to. */
export function reachableShapes(model: ServiceModel): ServiceModel {
  const reached = new Set<string>();
  const visit = (reference: ShapeRef | undefined): void => {
    if (!reference || reached.has(reference.shape)) return;
    const target = model.shapes[reference.shape];
    if (!target) throw new Error(`no shape ${reference.shape}`);
    reached.add(reference.shape);
    for (const next of [target.member, target.key, target.value, ...Object.values(target.members ?? {})]) visit(next);
  };
  for (const { input, output, errors } of Object.values(model.operations)) {
    for (const reference of [input, output, ...(errors ?? [])]) visit(reference);
  }
  return { ...model, shapes: Object.fromEntries(Object.entries(model.shapes).filter(([name]) => reached.has(name))) };
}
