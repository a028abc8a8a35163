/**
 * Event streams as the model has them: a union whose members are events, each with members in headers, in the payload
 * as it is, or in the payload together. REST protocols hold the stream in their payload; RPC protocols open it with a
 * message of type `initial-request` or `initial-response` that holds the other members.
 *
 * A signed stream of a client wraps each message in another that carries the signature; whoever checks signatures
 * unwraps them, before this.
 */
import {
  decodeEventMessage,
  decodeEventMessages,
  type EventHeader,
  type EventMessage,
  encodeEventMessage,
} from '#gateway/wire/event-stream.ts';
import { textOf } from '#gateway/wire/json-decode.ts';
import type { PayloadFormat } from '#gateway/wire/payload-format.ts';
import type { OperationCodec, WireRequest } from '#gateway/wire/protocol.ts';
import { type Member, malformed, membersOf, type Resolved, resolve, structureOf } from '#gateway/wire/shapes.ts';
import type { ErrorResolver, WireError } from '#gateway/wire/wire-error.ts';
import { AssertionFailure } from '#platform/base/assert.ts';
import { ServiceError } from '#platform/error.ts';
import type { OperationModel, ServiceModel } from '#platform/model/schema.ts';

type Values = Record<string, unknown>;

export const EVENT_STREAM_TYPE = 'application/vnd.amazon.eventstream';

export const isEventStream = (shape: Resolved): boolean => shape.eventstream === true;

export const hasEventStream = (model: ServiceModel, operation: OperationModel): boolean =>
  [operation.input, operation.output].some((ref) => streamMember(model, structureOf(model, ref)) !== undefined);

const streamMember = (model: ServiceModel, structure: Resolved): Member | undefined =>
  membersOf(model, structure).find((member) => isEventStream(member.shape));

/** Of the union's members, the one that a message is. */
export function eventsOf(
  model: ServiceModel,
  union: Resolved,
  format: PayloadFormat,
): (chunks: AsyncIterable<Uint8Array>) => AsyncIterable<Values> {
  const readers = new Map(membersOf(model, union).map(({ name, shape }) => [name, eventReader(model, shape, format)]));
  return async function* events(chunks) {
    for await (const message of decodeEventMessages(chunks)) {
      if (messageType(message) !== 'event') malformed('Only events are expected of a client');
      const name = headerText(message, ':event-type');
      // The stream's own first message is read by the protocol; an unknown event is a newer client's.
      const read = readers.get(name);
      if (read) yield { [name]: read(message) };
    }
  };
}

function messageType(message: EventMessage): string {
  return headerText(message, ':message-type');
}

function headerText(message: EventMessage, name: string): string {
  const value = message.headers.get(name)?.value;
  return typeof value === 'string' ? value : malformed(`A message has no header ${name}`);
}

function eventReader(model: ServiceModel, event: Resolved, format: PayloadFormat): (message: EventMessage) => Values {
  const members = membersOf(model, event);
  const headers = members.filter((member) => member.shape.eventheader);
  const readPayload = payloadReader(model, event, members, format);
  return (message) => {
    const values = readPayload(message.payload);
    for (const { name } of headers) {
      const header = message.headers.get(name);
      if (header) values[name] = header.value;
    }
    return values;
  };
}

function payloadReader(
  model: ServiceModel,
  event: Resolved,
  members: readonly Member[],
  format: PayloadFormat,
): (payload: Buffer) => Values {
  const explicit = members.find((member) => member.shape.eventpayload);
  if (explicit) {
    const { name, shape, ref } = explicit;
    const read =
      shape.type === 'blob' ? (payload: Buffer) => payload : shape.type === 'string' ? textOf : format.read(ref);
    return (payload) => ({ [name]: read(payload) });
  }
  if (!members.some((member) => !member.shape.eventheader)) return () => ({});
  const read = format.readMembers(resolve(model, { shape: event.shape }), (member) => !member.eventheader);
  return (payload) => (payload.length === 0 ? {} : read(payload));
}

/** Events to messages. An error ends the stream with a message that says so: the status has long been sent. */
export function eventMessages(
  model: ServiceModel,
  union: Resolved,
  format: PayloadFormat,
  resolveError: (error: ServiceError) => WireError,
): (events: AsyncIterable<Values>) => AsyncGenerator<Uint8Array> {
  const writers = new Map(
    membersOf(model, union).map((member) => [member.name, eventWriter(model, member, format)] as const),
  );
  const exceptions = new Map(
    membersOf(model, union).flatMap(({ name, shape }) => (shape.exception ? [[shape.shape, name] as const] : [])),
  );
  return async function* messages(events) {
    try {
      for await (const event of events) {
        for (const [name, value] of Object.entries(event)) {
          // The union's one member; its value is a structure by the contract.
          const write = writers.get(name);
          if (write && value !== undefined) yield write(value as Values);
        }
      }
    } catch (error) {
      const known = error instanceof ServiceError ? error : new ServiceError('InternalFailure', '');
      const wire = resolveError(known);
      const name = exceptions.get(wire.name);
      const write = name === undefined ? undefined : writers.get(name);
      yield write ? write(wire.members) : errorMessage(wire);
      // A fault of ours must still reach the log.
      if (known !== error) throw error;
    }
  };
}

const text = (name: string, value: string): EventHeader => ({ name, type: 'string', value });

const errorMessage = (wire: WireError): Buffer =>
  encodeEventMessage(
    [text(':message-type', 'error'), text(':error-code', wire.name), text(':error-message', wire.message)],
    '',
  );

function eventWriter(model: ServiceModel, event: Member, format: PayloadFormat): (values: Values) => Buffer {
  const members = membersOf(model, event.shape);
  const headers = members.filter((member) => member.shape.eventheader);
  const type = event.shape.exception ? 'exception' : 'event';
  const { contentType, write } = payloadWriter(model, event.shape, members, format);
  const fixed = [text(':message-type', type), text(`:${type}-type`, event.name)];
  if (contentType) fixed.push(text(':content-type', contentType));
  return (values) => {
    const own = headers
      .filter(({ name }) => values[name] !== undefined && values[name] !== null)
      .map(({ name, shape }) => ({ name, type: headerType(shape), value: values[name] }));
    return encodeEventMessage([...fixed, ...own], write(values));
  };
}

function headerType(shape: Resolved): EventHeader['type'] {
  switch (shape.type) {
    case 'boolean':
    case 'byte':
    case 'short':
    case 'integer':
    case 'long':
    case 'blob':
    case 'string':
    case 'timestamp':
      return shape.type;
    default:
      throw new AssertionFailure(`${shape.shape} can not be the header of an event`);
  }
}

function payloadWriter(
  model: ServiceModel,
  event: Resolved,
  members: readonly Member[],
  format: PayloadFormat,
): { contentType: string | undefined; write: (values: Values) => string | Uint8Array } {
  const explicit = members.find((member) => member.shape.eventpayload);
  if (!explicit) {
    if (!members.some((member) => !member.shape.eventheader)) return { contentType: undefined, write: () => '' };
    const write = format.writeMembers(resolve(model, { shape: event.shape }), (member) => !member.eventheader);
    return { contentType: format.contentType, write };
  }
  const { name, shape, ref } = explicit;
  if (shape.type === 'blob' || shape.type === 'string') {
    const contentType = shape.type === 'blob' ? 'application/octet-stream' : 'text/plain';
    return { contentType, write: (values) => (values[name] ?? '') as string | Uint8Array };
  }
  const write = format.write(ref);
  return {
    contentType: format.contentType,
    write: (values) => (values[name] === undefined ? '' : write(values[name])),
  };
}

/** An operation of an RPC protocol that streams in, out or both ways. */
export function rpcEventStreams(
  model: ServiceModel,
  operation: OperationModel,
  format: PayloadFormat,
  resolveError: ErrorResolver,
  headers: Readonly<Record<string, string>> = {},
): OperationCodec {
  const output = structureOf(model, operation.output);
  const outputStream = streamMember(model, output);
  const others = (member: Resolved): boolean => !isEventStream(member);
  const writeInitial = format.writeMembers(output, others);
  const messages = outputStream
    ? eventMessages(model, outputStream.shape, format, (error) => resolveError(error, operation.name))
    : undefined;

  async function* stream(name: string, values: Values): AsyncGenerator<Uint8Array> {
    yield encodeEventMessage(
      [
        text(':message-type', 'event'),
        text(':event-type', 'initial-response'),
        text(':content-type', format.contentType),
      ],
      writeInitial(values),
    );
    if (messages) yield* messages(values[name] as AsyncIterable<Values>);
  }

  return {
    decode: rpcDecoder(model, operation, format),
    encode: (values, requestId) => ({
      status: 200,
      headers: {
        'x-amzn-requestid': requestId,
        ...headers,
        'content-type': outputStream ? EVENT_STREAM_TYPE : format.contentType,
      },
      body: outputStream ? stream(outputStream.name, values) : writeInitial(values),
    }),
  };
}

/**
 * Decoding is synchronous, so the members of an `initial-request` can't be waited for: they are taken from the messages
 * that have arrived with the body. No service of AWS's streams in over an RPC protocol.
 */
function rpcDecoder(model: ServiceModel, operation: OperationModel, format: PayloadFormat): OperationCodec['decode'] {
  if (!operation.input) return () => ({});
  const input = structureOf(model, operation.input);
  const inputStream = streamMember(model, input);
  const read = format.readMembers(input, (member) => !isEventStream(member));
  if (!inputStream) return (request) => (request.body.length === 0 ? {} : read(request.body));
  const readEvents = eventsOf(model, inputStream.shape, format);
  return (request) => {
    const { initial, rest } = initialRequest(request);
    return { ...(initial.length === 0 ? {} : read(initial)), [inputStream.name]: readEvents(rest) };
  };
}

function initialRequest(request: WireRequest): { initial: Buffer; rest: AsyncIterable<Uint8Array> } {
  const { body, stream } = request;
  async function* rest(offset: number): AsyncGenerator<Uint8Array> {
    if (offset < body.length) yield body.subarray(offset);
    if (stream) yield* stream;
  }
  if (body.length < 16) return { initial: Buffer.alloc(0), rest: rest(0) };
  const length = body.readUInt32BE(0);
  const first = decodeEventMessage(body.subarray(0, length));
  if (first.headers.get(':event-type')?.value !== 'initial-request') return { initial: Buffer.alloc(0), rest: rest(0) };
  return { initial: first.payload, rest: rest(length) };
}
