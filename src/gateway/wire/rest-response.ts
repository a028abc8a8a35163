/** Values to a REST response: status, headers and body, each member where the model binds it. */
import { EVENT_STREAM_TYPE, eventMessages, isEventStream } from '#gateway/wire/event-stream-codec.ts';
import type { PayloadFormat } from '#gateway/wire/payload-format.ts';
import type { WireResponse } from '#gateway/wire/protocol.ts';
import { headerWriter } from '#gateway/wire/rest-text.ts';
import { type Member, membersOf, perShape, type Resolved, structureOf } from '#gateway/wire/shapes.ts';
import type { ErrorResolver, WireError } from '#gateway/wire/wire-error.ts';
import type { OperationModel, ServiceModel } from '#platform/model/schema.ts';

type Values = Record<string, unknown>;
type ResponseHeaders = Record<string, string>;
type Body = WireResponse['body'];
/** The body, having set its content type. */
type BodyWriter = (values: Values, headers: ResponseHeaders) => Body;

/** A label or a query parameter is one on the way in only; on the way out such a member is in the body. */
export const belongsToBody = (member: Resolved): boolean =>
  member.location !== 'header' && member.location !== 'headers' && member.location !== 'statusCode';

/** `identify` gives the headers that name the request: `x-amzn-requestid`, or S3's two. */
export function responseEncoder(
  model: ServiceModel,
  operation: OperationModel,
  format: PayloadFormat,
  identify: (requestId: string) => ResponseHeaders,
  resolveError: ErrorResolver,
): (values: Values, requestId: string) => WireResponse {
  const output = structureOf(model, operation.output);
  const members = membersOf(model, output);
  const statusMember = members.find((member) => member.shape.location === 'statusCode')?.name;
  const status = operation.http?.responseCode ?? 200;
  const payload = members.find(({ name }) => name === output.payload);
  // What the format has written is nobody else's; of other bytes those that stream are given away.
  const givesBody = payload === undefined || payload.shape.streaming === true;
  const writeHeaders = headersWriter(model, output);
  const writeBody = bodyWriter(model, output, members, format, (error) => resolveError(error, operation.name));
  return (values, requestId) => {
    const headers = identify(requestId);
    writeHeaders(values, headers);
    const body = writeBody(values, headers);
    // The member is an integer by its shape.
    const chosen = statusMember === undefined ? undefined : (values[statusMember] as number | undefined);
    const response = { status: chosen ?? status, headers, body };
    return givesBody ? { ...response, givesBody } : response;
  };
}

/** The members bound to headers. */
function headersWriter(model: ServiceModel, shape: Resolved): (values: Values, headers: ResponseHeaders) => void {
  const members = membersOf(model, shape);
  const single = members
    .filter((member) => member.shape.location === 'header')
    .map(({ name, shape: member }) => ({
      name,
      header: (member.locationName ?? name).toLowerCase(),
      write: headerWriter(model, member),
      isList: member.type === 'list',
    }));
  const prefixed = members
    .filter((member) => member.shape.location === 'headers')
    .map(({ name, shape: member }) => ({ name, prefix: (member.locationName ?? '').toLowerCase() }));
  return (values, headers) => {
    for (const { name, header, write, isList } of single) {
      const value = values[name];
      if (value === undefined || value === null) continue;
      const text = write(value);
      if (text !== '' || !isList) headers[header] = headerValue(text);
    }
    for (const { name, prefix } of prefixed) {
      for (const [key, value] of Object.entries((values[name] ?? {}) as Record<string, string>)) {
        headers[prefix + key.toLowerCase()] = headerValue(value);
      }
    }
  };
}

/** The same of an error's shape, compiled at its first use. */
export function errorHeaders(model: ServiceModel): (wire: WireError, headers: ResponseHeaders) => void {
  const writer = perShape((shape) => headersWriter(model, shape));
  return (wire, headers) => {
    if (wire.shape) writer(wire.shape)({ ...wire.members }, headers);
  };
}

/** A value may come from a request's query string (S3's response-content-disposition): it must not end the header. */
function headerValue(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what a header must not hold
  const safe = /[\u0000-\u001f\u007f]/.test(text) ? text.replace(/[\u0000-\u001f\u007f]/g, ' ') : text;
  // Headers are Latin-1 to Node; other characters go as the bytes of their UTF-8.
  return /[\u0080-\uffff]/.test(safe) ? Buffer.from(safe).toString('latin1') : safe;
}

function bodyWriter(
  model: ServiceModel,
  output: Resolved,
  members: readonly Member[],
  format: PayloadFormat,
  resolveError: Parameters<typeof eventMessages>[3],
): BodyWriter {
  const payload = members.find((member) => member.name === output.payload);
  if (payload && isEventStream(payload.shape)) {
    const messages = eventMessages(model, payload.shape, format, resolveError);
    return (values, headers) => {
      headers['content-type'] = EVENT_STREAM_TYPE;
      return messages(values[payload.name] as AsyncIterable<Values>);
    };
  }
  if (payload) return payloadWriter(payload, format);
  if (!members.some((member) => belongsToBody(member.shape))) return () => '';
  const [only] = members;
  if (output.unwrapped && only) {
    const write = format.write({ locationName: only.name, ...only.ref });
    return (values, headers) => {
      headers['content-type'] = format.contentType;
      return write(values[only.name] ?? '');
    };
  }
  const write = format.writeMembers(output, belongsToBody);
  return (values, headers) => {
    headers['content-type'] = format.contentType;
    return write(values);
  };
}

function payloadWriter({ name, ref, shape }: Member, format: PayloadFormat): BodyWriter {
  const isBlob = shape.type === 'blob';
  const isText = shape.type === 'string';
  const contentType = isBlob ? 'application/octet-stream' : isText ? 'text/plain' : format.contentType;
  const write = isBlob || isText ? (value: unknown) => value as Body : format.write(ref);
  return (values, headers) => {
    const value = values[name];
    if (value === undefined || value === null) return '';
    // S3's objects have a content type of their own, bound to this header.
    headers['content-type'] ??= contentType;
    return write(value);
  };
}
