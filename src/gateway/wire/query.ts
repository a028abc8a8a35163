/**
 * awsQuery: a form that names its action, answered in XML. `<OpResponse><OpResult>…</OpResult><ResponseMetadata>`.
 * A service whose newest model has no Query protocol (SQS) keeps its Query names in `queryName`, beside JSON's.
 */
import { Form } from '#gateway/wire/form.ts';
import { textOf } from '#gateway/wire/json-decode.ts';
import type { OperationCodec, Protocol, WireRequest } from '#gateway/wire/protocol.ts';
import { type FormReader, type QueryDialect, queryReader } from '#gateway/wire/query-decode.ts';
import { serviceCodec } from '#gateway/wire/service-codec.ts';
import { structureOf } from '#gateway/wire/shapes.ts';
import { errorResolver, otherMembers, type WireError } from '#gateway/wire/wire-error.ts';
import { elementName, type NameOf, namespaceOf, type XmlEncoder, xmlEncoder } from '#gateway/wire/xml-encode.ts';
import { escapeXml } from '#gateway/wire/xml-escape.ts';
import type { OperationModel } from '#platform/model/schema.ts';

const XML_TYPE = 'text/xml';

const nameOf: NameOf = (shape, name) => shape.queryName ?? shape.locationName ?? name;
const dialect: QueryDialect = {
  nameOf,
  wireName: (model, member) => elementName(model, member, nameOf),
  isFlat: (shape) => shape.flattened === true,
};

export const awsQuery: Protocol = {
  name: 'query',
  compile(model) {
    const reader = queryReader(model, dialect);
    const encoder = xmlEncoder(model, nameOf);
    const resolveError = errorResolver(model, 'query');
    const { xmlNamespace } = model.metadata;
    const namespace = xmlNamespace ? namespaceOf({ xmlNamespace }) : '';

    function compileOperation(operation: OperationModel): OperationCodec {
      const read = operation.input ? formDecoder(reader(operation.input)) : undefined;
      const result = operation.output?.resultWrapper ?? `${operation.name}Result`;
      const output = operation.output ? structureOf(model, operation.output) : undefined;
      const write = output ? encoder.content(output) : undefined;
      const start = `<${operation.name}Response${namespace}>${write ? `<${result}>` : ''}`;
      const middle = `${write ? `</${result}>` : ''}<ResponseMetadata><RequestId>`;
      const end = `</RequestId></ResponseMetadata></${operation.name}Response>`;
      return {
        decode: (request) => (read ? read(request) : {}),
        encode: (value, requestId) => ({
          status: 200,
          headers: { 'x-amzn-requestid': requestId, 'content-type': XML_TYPE },
          body: start + (write ? write(value) : '') + middle + escapeXml(requestId) + end,
        }),
      };
    }

    return serviceCodec('query', model, compileOperation, (error, requestId, operation) => {
      const wire = resolveError(error, operation);
      const id = `<RequestId>${escapeXml(requestId)}</RequestId>`;
      return {
        status: wire.status,
        headers: { 'x-amzn-requestid': requestId, 'content-type': XML_TYPE },
        body: `<ErrorResponse${namespace}>${errorElement(encoder, wire)}${id}</ErrorResponse>`,
      };
    });
  },
};

/** Reads the parameters of a POST's body and of a URL (presigned requests have them there) as a structure. */
export function formDecoder(read: FormReader): (request: WireRequest) => Record<string, unknown> {
  const form = new Form();
  return (request) => {
    try {
      // A structure's reader gives an object.
      return read(form.begin(textOf(request.body), request.query), form) as Record<string, unknown>;
    } finally {
      form.end();
    }
  };
}

/** Type, code, message, then what else the error's shape has. */
export function errorElement(encoder: XmlEncoder, wire: WireError): string {
  const message = wire.message === '' ? '' : `<Message>${escapeXml(wire.message)}</Message>`;
  const rest = wire.shape ? encoder.content(wire.shape)(otherMembers(wire)) : '';
  return `<Error><Type>${wire.type}</Type><Code>${escapeXml(wire.code)}</Code>${message}${rest}</Error>`;
}
