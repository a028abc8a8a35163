/**
 * What all protocols have in common: an operation's codec is compiled at its first use and kept, and a body that the
 * client compressed (where the operation allows it: PutMetricData) is inflated before it is decoded.
 */
import { gunzipSync } from 'node:zlib';
import type { OperationCodec, ServiceCodec, WireRequest } from '#gateway/wire/protocol.ts';
import { malformed } from '#gateway/wire/shapes.ts';
import { assert } from '#platform/base/assert.ts';
import { ServiceError } from '#platform/error.ts';
import type { OperationModel, ProtocolName, ServiceModel } from '#platform/model/schema.ts';

/** CloudWatch takes a megabyte after inflation; a bomb of 100 KiB must not become more than this. */
const INFLATED_LIMIT = 8 * 1024 * 1024;

export function serviceCodec(
  protocol: ProtocolName,
  model: ServiceModel,
  compile: (operation: OperationModel) => OperationCodec,
  encodeError: ServiceCodec['encodeError'],
): ServiceCodec {
  const compiled = new Map<string, OperationCodec>();
  return {
    protocol,
    operation(name) {
      const known = compiled.get(name);
      if (known) return known;
      const operation = Object.hasOwn(model.operations, name) ? model.operations[name] : undefined;
      assert(operation, `${model.metadata.serviceId} has no operation ${name}`);
      const codec = operation.requestcompression ? inflating(compile(operation)) : compile(operation);
      compiled.set(name, codec);
      return codec;
    },
    encodeError,
  };
}

function inflating(codec: OperationCodec): OperationCodec {
  return {
    decode(request, pathParameters) {
      return codec.decode(isCompressed(request) ? inflated(request) : request, pathParameters);
    },
    encode: codec.encode,
  };
}

/** The client's compression is the last that was applied: `custom, gzip`. */
const isCompressed = ({ headers }: WireRequest): boolean => /(^|,)\s*gzip\s*$/i.test(headers['content-encoding'] ?? '');

function inflated(request: WireRequest): WireRequest {
  try {
    return { ...request, body: gunzipSync(request.body, { maxOutputLength: INFLATED_LIMIT }) };
  } catch (error) {
    if (error instanceof RangeError) {
      throw new ServiceError('RequestEntityTooLarge', 'The request is too large when decompressed');
    }
    return malformed('The body is not valid gzip');
  }
}
