/**
 * awsJson1_0 and awsJson1_1: a POST to `/` whose X-Amz-Target names the operation, JSON both ways. The versions differ in
 * their content type and in the namespace before an error's name, which 1.0 gives and 1.1 leaves out.
 */
import { hasEventStream, rpcEventStreams } from '#gateway/wire/event-stream-codec.ts';
import { jsonDecoder, textOf } from '#gateway/wire/json-decode.ts';
import { type JsonWriter, jsonEncoder } from '#gateway/wire/json-encode.ts';
import { jsonFormat } from '#gateway/wire/payload-format.ts';
import type { OperationCodec, Protocol, WireResponse } from '#gateway/wire/protocol.ts';
import { serviceCodec } from '#gateway/wire/service-codec.ts';
import { structureOf } from '#gateway/wire/shapes.ts';
import { errorResolver, type WireError } from '#gateway/wire/wire-error.ts';
import type { OperationModel, ServiceModel } from '#platform/model/schema.ts';

export const awsJson: Protocol = {
  name: 'json',
  compile(model) {
    const contentType = `application/x-amz-json-${model.metadata.jsonVersion ?? '1.1'}`;
    const decoder = jsonDecoder(model);
    const encoder = jsonEncoder(model);
    const resolveError = errorResolver(model, 'json');
    const namespace = model.metadata.jsonVersion === '1.0' ? namespacesOf(model) : () => '';

    function compileOperation(operation: OperationModel): OperationCodec {
      if (hasEventStream(model, operation)) return rpcEventStreams(model, operation, jsonFormat(model), resolveError);
      const read = operation.input ? decoder.reader(operation.input) : undefined;
      const write = operation.output ? encoder.structure(structureOf(model, operation.output)) : () => '';
      return {
        decode(request) {
          if (!read || request.body.length === 0) return {};
          // A structure's reader gives an object.
          return decoder.decode(textOf(request.body), read) as Record<string, unknown>;
        },
        encode: (output, requestId) => ({
          status: 200,
          headers: { 'x-amzn-requestid': requestId, 'content-type': contentType },
          body: write(output),
        }),
      };
    }

    return serviceCodec('json', model, compileOperation, (error, requestId, operation) => {
      const wire = resolveError(error, operation);
      const write = wire.shape ? encoder.writer({ shape: wire.shape.shape }) : undefined;
      const body = jsonErrorBody(`"__type":${JSON.stringify(namespace(wire) + wire.name)}`, wire, write);
      return rpcError(model, wire, requestId, { 'content-type': contentType }, body);
    });
  },
};

/** What `start` says, the message under the model's name for it, and what else the error's shape has. */
export function jsonErrorBody(start: string, wire: WireError, write: JsonWriter | undefined): string {
  const members = write ? write(wire.members).slice(1, -1) : '';
  const isInMembers = Object.keys(wire.members).some((name) => /^message$/i.test(name));
  const message = isInMembers || wire.message === '' ? '' : `"${wire.messageKey}":${JSON.stringify(wire.message)}`;
  return `{${[start, message, members].filter((part) => part !== '').join(',')}}`;
}

/** What an error response of JSON and of CBOR has beside its body. */
export function rpcError(
  model: ServiceModel,
  wire: WireError,
  requestId: string,
  headers: Record<string, string>,
  body: string | Uint8Array,
): WireResponse {
  const queryError = model.metadata.awsQueryCompatible ? { 'x-amzn-query-error': `${wire.code};${wire.type}` } : {};
  return { status: wire.status, headers: { 'x-amzn-requestid': requestId, ...queryError, ...headers }, body };
}

/** Whose Smithy namespaces carry the API's version (`com.amazonaws.dynamodb.v20120810`); most do not. */
const VERSIONED: ReadonlySet<string> = new Set(['dynamodb', 'dynamodbstreams']);

/** Errors of a service carry the namespace of its Smithy model, common ones that of AWS's framework. */
export function namespacesOf(model: ServiceModel): (wire: WireError) => string {
  const { serviceId, apiVersion } = model.metadata;
  const name = serviceId.toLowerCase().replace(/[^a-z0-9]/g, '');
  const version = VERSIONED.has(name) ? `.v${apiVersion.replaceAll('-', '')}` : '';
  return (wire) => {
    if (wire.shape) return `com.amazonaws.${name}${version}#`;
    return wire.name === 'ValidationException' ? 'com.amazon.coral.validate#' : 'com.amazon.coral.service#';
  };
}
