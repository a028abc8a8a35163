/**
 * ec2Query: awsQuery's elder sister. Lists are always flattened on the way in, names are capitalised, the answer has no
 * result element, and an error no type. It takes no parameter that an operation does not have ("An unknown or unrecognized
 * parameter was supplied").
 */
import type { OperationCodec, Protocol } from '#gateway/wire/protocol.ts';
import { formDecoder } from '#gateway/wire/query.ts';
import { type QueryDialect, queryReader } from '#gateway/wire/query-decode.ts';
import { serviceCodec } from '#gateway/wire/service-codec.ts';
import { structureOf } from '#gateway/wire/shapes.ts';
import { errorResolver, otherMembers } from '#gateway/wire/wire-error.ts';
import { namespaceOf, xmlEncoder } from '#gateway/wire/xml-encode.ts';
import { escapeXml } from '#gateway/wire/xml-escape.ts';
import { ServiceError } from '#platform/error.ts';
import type { OperationModel } from '#platform/model/schema.ts';

const XML_TYPE = 'text/xml;charset=UTF-8';

const capitalised = (name: string): string => (name === '' ? '' : name.charAt(0).toUpperCase() + name.slice(1));

/** Of each request, beside its operation's own; those of signature version 2 as well. */
const COMMON =
  /^(?:Action|Version|X-Amz-[A-Za-z0-9-]+|AWSAccessKeyId|Signature(?:Method|Version)?|Timestamp|Expires|SecurityToken)$/;

const LONGEST_NAME = 128;

function strange(name: string): void {
  if (COMMON.test(name)) return;
  throw new ServiceError('UnknownParameter', `The parameter ${name.slice(0, LONGEST_NAME)} is not recognized`);
}

const nameOf: QueryDialect['nameOf'] = (shape, name) => shape.queryName ?? capitalised(shape.locationName ?? name);
const dialect: QueryDialect = {
  nameOf,
  wireName: (_model, { shape, name }) => nameOf(shape, name),
  isFlat: () => true,
  strange,
};

export const ec2Query: Protocol = {
  name: 'ec2',
  compile(model) {
    const reader = queryReader(model, dialect);
    const encoder = xmlEncoder(model, (shape, name) => shape.locationName ?? name);
    const resolveError = errorResolver(model, 'ec2');
    const { xmlNamespace } = model.metadata;
    const namespace = xmlNamespace ? namespaceOf({ xmlNamespace }) : '';

    function compileOperation(operation: OperationModel): OperationCodec {
      const read = operation.input ? formDecoder(reader(operation.input)) : undefined;
      const write = operation.output ? encoder.content(structureOf(model, operation.output)) : () => '';
      const start = `<${operation.name}Response${namespace}><requestId>`;
      const end = `</${operation.name}Response>`;
      return {
        decode: (request) => (read ? read(request) : {}),
        encode: (value, requestId) => ({
          status: 200,
          headers: { 'x-amzn-requestid': requestId, 'content-type': XML_TYPE },
          body: `${start}${escapeXml(requestId)}</requestId>${write(value)}${end}`,
        }),
      };
    }

    return serviceCodec('ec2', model, compileOperation, (error, requestId, operation) => {
      const wire = resolveError(error, operation);
      const rest = wire.shape ? encoder.content(wire.shape)(otherMembers(wire)) : '';
      const code = `<Code>${escapeXml(wire.code)}</Code><Message>${escapeXml(wire.message)}</Message>${rest}`;
      const id = `<RequestID>${escapeXml(requestId)}</RequestID>`;
      return {
        status: wire.status,
        headers: { 'x-amzn-requestid': requestId, 'content-type': XML_TYPE },
        body: `<Response><Errors><Error>${code}</Error></Errors>${id}</Response>`,
      };
    });
  },
};
