/**
 * restXml: bindings as in restJson1, XML in the body. S3's errors stand bare, with fields that no model has (`BucketName`,
 * `Resource`), and its requests have two ids; all other services wrap errors as awsQuery does.
 */
import { familyOf } from '#gateway/wire/common-errors.ts';
import { xmlFormat } from '#gateway/wire/payload-format.ts';
import type { Protocol, WireResponse } from '#gateway/wire/protocol.ts';
import { errorElement } from '#gateway/wire/query.ts';
import { requestDecoder } from '#gateway/wire/rest-request.ts';
import { errorHeaders, responseEncoder } from '#gateway/wire/rest-response.ts';
import { serviceCodec } from '#gateway/wire/service-codec.ts';
import { errorResolver, otherMembers, type WireError } from '#gateway/wire/wire-error.ts';
import { namespaceOf, xmlEncoder } from '#gateway/wire/xml-encode.ts';
import { escapeXml } from '#gateway/wire/xml-escape.ts';

/** S3's one error without a body (RFC 9110, 15.4.5). */
const NOT_MODIFIED = 304;

export const restXml: Protocol = {
  name: 'rest-xml',
  compile(model) {
    const format = xmlFormat(model);
    const encoder = xmlEncoder(model, (shape, name) => shape.locationName ?? name);
    const resolveError = errorResolver(model, 'rest-xml');
    const isS3 = familyOf('rest-xml', model.metadata.serviceId) === 's3';
    const identify = isS3 ? s3Ids : (requestId: string) => ({ 'x-amzn-requestid': requestId });
    const writeErrorHeaders = errorHeaders(model);
    const { xmlNamespace } = model.metadata;
    const namespace = xmlNamespace ? namespaceOf({ xmlNamespace }) : '';

    return serviceCodec(
      'rest-xml',
      model,
      (operation) => ({
        decode: requestDecoder(model, operation, format),
        encode: responseEncoder(model, operation, format, identify, resolveError),
      }),
      (error, requestId, operation): WireResponse => {
        const wire = resolveError(error, operation);
        const headers: Record<string, string> = identify(requestId);
        writeErrorHeaders(wire, headers);
        if (wire.status === NOT_MODIFIED) return { status: wire.status, headers, body: '' };
        headers['content-type'] = format.contentType;
        const id = `<RequestId>${escapeXml(requestId)}</RequestId>`;
        const body = isS3
          ? bareError(wire, id, hostId(requestId))
          : `<ErrorResponse${namespace}>${errorElement(encoder, wire)}${id}</ErrorResponse>`;
        return { status: wire.status, headers, body };
      },
    );
  },
};

/** S3's second id names the host that answered; ours says the same as the first. */
const hostId = (requestId: string): string => Buffer.from(requestId).toString('base64');

const s3Ids = (requestId: string): Record<string, string> => ({
  'x-amz-request-id': requestId,
  'x-amz-id-2': hostId(requestId),
});

function bareError(wire: WireError, id: string, host: string): string {
  const others = Object.entries(otherMembers(wire))
    .filter(([name, value]) => /^[A-Za-z]\w*$/.test(name) && value !== undefined && value !== null)
    .map(([name, value]) => `<${name}>${escapeXml(String(value))}</${name}>`)
    .join('');
  const start = `<Code>${escapeXml(wire.code)}</Code><Message>${escapeXml(wire.message)}</Message>`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<Error>${start}${others}${id}<HostId>${host}</HostId></Error>`;
}
