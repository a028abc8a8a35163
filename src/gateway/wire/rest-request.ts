/**
 * A REST request to values: labels, query string, headers and body, each member from where the model binds it. Shared by
 * restJson1 and restXml, which differ in the body alone.
 */
import { eventsOf, isEventStream } from '#gateway/wire/event-stream-codec.ts';
import { decodeFormText } from '#gateway/wire/form.ts';
import { textOf } from '#gateway/wire/json-decode.ts';
import type { PayloadFormat } from '#gateway/wire/payload-format.ts';
import type { Headers, OperationCodec, WireRequest } from '#gateway/wire/protocol.ts';
import { headerReader, scalarReader } from '#gateway/wire/rest-text.ts';
import type { TextReader } from '#gateway/wire/scalar-text.ts';
import {
  listMember,
  type Member,
  malformed,
  mapValue,
  membersOf,
  type Resolved,
  resolve,
  structureOf,
} from '#gateway/wire/shapes.ts';
import { ServiceError } from '#platform/error.ts';
import type { OperationModel, ServiceModel } from '#platform/model/schema.ts';
import { parameterError } from '#platform/model/violations.ts';

type Values = Record<string, unknown>;
type Labels = Readonly<Record<string, string>>;
/** Reads one member, or several of one source, into `values`. */
type Binding = (values: Values, request: WireRequest, labels: Labels) => void;

const PARAMETER_LIMIT = 1000;

const belongsToBody = (member: Resolved): boolean => member.location === undefined;

export function requestDecoder(
  model: ServiceModel,
  operation: OperationModel,
  format: PayloadFormat,
): OperationCodec['decode'] {
  const input = structureOf(model, operation.input);
  const members = membersOf(model, input);
  const bindings = [
    ...members.filter((member) => member.shape.location === 'uri').map(labelBinding),
    ...queryBindings(model, members),
    ...members.filter((member) => member.shape.location === 'header').map((member) => headerBinding(model, member)),
    ...members.filter((member) => member.shape.location === 'headers').map(prefixBinding),
    ...bodyBinding(model, input, members, format),
  ];
  return (request, labels) => {
    const values: Values = {};
    for (const bind of bindings) bind(values, request, labels);
    return values;
  };
}

function labelBinding({ name, shape }: Member): Binding {
  const label = shape.locationName ?? name;
  const read = scalarReader(shape, 'iso8601');
  return (values, _request, labels) => {
    const text = labels[label];
    if (text !== undefined) values[name] = read(text);
  };
}

function queryBindings(model: ServiceModel, members: readonly Member[]): Binding[] {
  const readers = members.filter((member) => member.shape.location === 'querystring').map(queryReader(model));
  if (readers.length === 0) return [];
  return [
    (values, request) => {
      if (request.query === '') return;
      const parameters = parseQuery(request.query);
      for (const read of readers) read(values, parameters);
    },
  ];
}

type QueryReader = (values: Values, parameters: ReadonlyMap<string, string[]>) => void;

const queryReader =
  (model: ServiceModel) =>
  ({ name, shape }: Member): QueryReader => {
    // A map takes all there are, those bound to other members too (Smithy, httpQueryParams on a server).
    if (shape.type === 'map') {
      const isList = resolve(model, mapValue(shape)).type === 'list';
      return (values, parameters) => {
        const all: Values = Object.create(null);
        for (const [key, items] of parameters) all[key] = isList ? items : items[0];
        values[name] = all;
      };
    }
    const parameter = shape.locationName ?? name;
    const isList = shape.type === 'list';
    const scalar = isList ? resolve(model, listMember(shape)) : shape;
    const read = naming(model, parameter, scalar, scalarReader(scalar, 'iso8601'));
    return (values, parameters) => {
      const items = parameters.get(parameter);
      if (items === undefined) return;
      if (isList) values[name] = items.map(read);
      // `?max-keys=` is as good as nothing, to S3 as well.
      else if (items[0] !== '' || shape.type === 'string') values[name] = read(items[0] as string);
    };
  };

function parseQuery(query: string): Map<string, string[]> {
  const parameters = new Map<string, string[]>();
  const parts = query.split('&');
  if (parts.length > PARAMETER_LIMIT) malformed(`There are more than ${PARAMETER_LIMIT} query parameters`);
  for (const part of parts) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    const name = decodeFormText(equals < 0 ? part : part.slice(0, equals));
    const value = equals < 0 ? '' : decodeFormText(part.slice(equals + 1));
    const known = parameters.get(name);
    if (known) known.push(value);
    else parameters.set(name, [value]);
  }
  return parameters;
}

function headerBinding(model: ServiceModel, { name, shape }: Member): Binding {
  const header = (shape.locationName ?? name).toLowerCase();
  const read = naming(model, header, shape, headerReader(model, shape));
  return (values, request) => {
    const text = headerText(request.headers, header);
    const value = text === undefined ? undefined : read(text);
    if (value !== undefined) values[name] = value;
  };
}

/** What can't be read is told with the parameter's name, where the service does so. */
function naming(model: ServiceModel, name: string, { type }: Resolved, read: TextReader): TextReader {
  const { bindings } = model.validation ?? {};
  if (bindings === undefined) return read;
  const worded = type === 'integer' || type === 'long' ? bindings.number : bindings.parameter;
  return (text) => {
    try {
      return read(text);
    } catch (error) {
      throw error instanceof ServiceError ? parameterError(worded, name, text) : error;
    }
  };
}

function prefixBinding({ name, shape }: Member): Binding {
  const prefix = (shape.locationName ?? '').toLowerCase();
  return (values, request) => {
    const found: Values = Object.create(null);
    let isEmpty = true;
    for (const header of Object.keys(request.headers)) {
      if (!header.startsWith(prefix)) continue;
      found[header.slice(prefix.length)] = headerText(request.headers, header);
      isEmpty = false;
    }
    if (!isEmpty) values[name] = found;
  };
}

/** Node gives headers as Latin-1; clients that send other characters send UTF-8. */
function headerText(headers: Headers, name: string): string | undefined {
  const raw = headers[name];
  if (raw === undefined || !/[\u0080-\u00ff]/.test(raw)) return raw;
  return textOf(Buffer.from(raw, 'latin1'));
}

function bodyBinding(
  model: ServiceModel,
  input: Resolved,
  members: readonly Member[],
  format: PayloadFormat,
): Binding[] {
  const payload = members.find((member) => member.name === input.payload);
  if (payload) return [payloadBinding(model, payload, format)];
  if (!members.some((member) => belongsToBody(member.shape))) return [];
  const read = format.readMembers(input, belongsToBody);
  return [
    (values, request) => {
      if (request.body.length > 0) Object.assign(values, read(request.body));
    },
  ];
}

function payloadBinding(model: ServiceModel, { name, ref, shape }: Member, format: PayloadFormat): Binding {
  if (isEventStream(shape)) {
    const read = eventsOf(model, shape, format);
    return (values, request) => {
      values[name] = read(chunksOf(request));
    };
  }
  if (shape.streaming) {
    return (values, request) => {
      values[name] = request.payload ?? chunksOf(request);
    };
  }
  const read = payloadReader(ref, shape, format);
  return (values, request) => {
    if (request.body.length > 0) values[name] = read(request.body);
  };
}

function payloadReader(ref: Member['ref'], shape: Resolved, format: PayloadFormat): (body: Buffer) => unknown {
  if (shape.type === 'blob') return (body) => body;
  if (shape.type === 'string') return textOf;
  return format.read(ref);
}

async function* chunksOf(request: WireRequest): AsyncGenerator<Uint8Array> {
  if (request.stream) yield* request.stream;
  else if (request.body.length > 0) yield request.body;
}
