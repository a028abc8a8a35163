/** restJson1: bindings to method, path, query and headers; what is not bound is JSON in the body. */
import { jsonErrorBody } from '#gateway/wire/aws-json.ts';
import { jsonEncoder } from '#gateway/wire/json-encode.ts';
import { jsonFormat } from '#gateway/wire/payload-format.ts';
import type { Protocol } from '#gateway/wire/protocol.ts';
import { requestDecoder } from '#gateway/wire/rest-request.ts';
import { belongsToBody, errorHeaders, responseEncoder } from '#gateway/wire/rest-response.ts';
import { serviceCodec } from '#gateway/wire/service-codec.ts';
import { perShape } from '#gateway/wire/shapes.ts';
import { errorResolver } from '#gateway/wire/wire-error.ts';

export const restJson: Protocol = {
  name: 'rest-json',
  compile(model) {
    const format = jsonFormat(model);
    const encoder = jsonEncoder(model);
    const resolveError = errorResolver(model, 'rest-json');
    const identify = (requestId: string) => ({ 'x-amzn-requestid': requestId });
    const writeErrorHeaders = errorHeaders(model);
    const errorWriter = perShape((shape) => encoder.structure(shape, belongsToBody));

    return serviceCodec(
      'rest-json',
      model,
      (operation) => ({
        decode: requestDecoder(model, operation, format),
        encode: responseEncoder(model, operation, format, identify, resolveError),
      }),
      (error, requestId, operation) => {
        const wire = resolveError(error, operation);
        const headers = { ...identify(requestId), 'x-amzn-errortype': wire.name, 'content-type': format.contentType };
        writeErrorHeaders(wire, headers);
        const body = jsonErrorBody('', wire, wire.shape && errorWriter(wire.shape));
        return { status: wire.status, headers, body };
      },
    );
  },
};
