/** restJson1: bindings to method, path, query and headers; what is not bound is JSON in the body. */
import { jsonErrorBody } from '#gateway/wire/aws-json.ts';
import { jsonEncoder } from '#gateway/wire/json-encode.ts';
import { jsonFormat } from '#gateway/wire/payload-format.ts';
import type { Protocol } from '#gateway/wire/protocol.ts';
import { requestDecoder } from '#gateway/wire/rest-request.ts';
import { belongsToBody, headersWriter, responseEncoder } from '#gateway/wire/rest-response.ts';
import { serviceCodec } from '#gateway/wire/service-codec.ts';
import { errorResolver } from '#gateway/wire/wire-error.ts';

export const restJson: Protocol = {
  name: 'rest-json',
  compile(model) {
    const format = jsonFormat(model);
    const encoder = jsonEncoder(model);
    const resolveError = errorResolver(model, 'rest-json');
    const identify = (requestId: string) => ({ 'x-amzn-RequestId': requestId });

    return serviceCodec(
      'rest-json',
      model,
      (operation) => ({
        decode: requestDecoder(model, operation, format),
        encode: responseEncoder(model, operation, format, identify, resolveError),
      }),
      (error, requestId, operation) => {
        const wire = resolveError(error, operation);
        const headers = { ...identify(requestId), 'x-amzn-ErrorType': wire.name, 'Content-Type': format.contentType };
        if (wire.shape) headersWriter(model, wire.shape)(wire.members, headers);
        const write = wire.shape ? encoder.structure(wire.shape, belongsToBody) : undefined;
        return { status: wire.status, headers, body: jsonErrorBody('', wire, write) };
      },
    );
  },
};
