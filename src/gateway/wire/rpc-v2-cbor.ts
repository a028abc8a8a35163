/** Smithy's RPC v2 over CBOR: a POST to `/service/<name>/operation/<name>`, CBOR both ways. */
import { namespacesOf, rpcError } from '#gateway/wire/aws-json.ts';
import { CborWriter } from '#gateway/wire/cbor.ts';
import { cborFormat } from '#gateway/wire/cbor-shapes.ts';
import { hasEventStream, rpcEventStreams } from '#gateway/wire/event-stream-codec.ts';
import type { OperationCodec, Protocol } from '#gateway/wire/protocol.ts';
import { serviceCodec } from '#gateway/wire/service-codec.ts';
import { structureOf } from '#gateway/wire/shapes.ts';
import { errorResolver, type WireError } from '#gateway/wire/wire-error.ts';
import type { OperationModel, ServiceModel } from '#platform/model/schema.ts';

const HEADERS = { 'smithy-protocol': 'rpc-v2-cbor', 'content-type': 'application/cbor' };
const ALL = (): boolean => true;

export const rpcV2Cbor: Protocol = {
  name: 'smithy-rpc-v2-cbor',
  compile(model) {
    const format = cborFormat(model);
    const resolveError = errorResolver(model, 'smithy-rpc-v2-cbor');
    const writeError = errorWriter(model);

    function compileOperation(operation: OperationModel): OperationCodec {
      if (hasEventStream(model, operation)) return rpcEventStreams(model, operation, format, resolveError, HEADERS);
      const read = operation.input ? format.readMembers(structureOf(model, operation.input), ALL) : undefined;
      const write = operation.output ? format.writeMembers(structureOf(model, operation.output), ALL) : () => '';
      return {
        decode: (request) => (read && request.body.length > 0 ? read(request.body) : {}),
        encode: (output, requestId) => ({
          status: 200,
          headers: { 'x-amzn-requestid': requestId, ...HEADERS },
          body: write(output),
        }),
      };
    }

    return serviceCodec('smithy-rpc-v2-cbor', model, compileOperation, (error, requestId, operation) => {
      const wire = resolveError(error, operation);
      return rpcError(model, wire, requestId, HEADERS, writeError(wire));
    });
  },
};

/** `__type`, the message, then what else the error's shape has: the members are written apart and put into one map. */
function errorWriter(model: ServiceModel): (wire: WireError) => Buffer {
  const format = cborFormat(model);
  const namespace = namespacesOf(model);
  return (wire) => {
    const out = new CborWriter();
    const members = wire.shape
      ? (format.write({ shape: wire.shape.shape })(wire.members) as Buffer)
      : Buffer.from([0xa0]);
    const hasMessage = Object.keys(wire.members).some((name) => /^message$/i.test(name)) || wire.message === '';
    // A map of indefinite length, so that the members' own count need not be known.
    const end = Buffer.from([0xff]);
    out.text('__type');
    out.text(namespace(wire) + wire.name);
    if (!hasMessage) {
      out.text('message');
      out.text(wire.message);
    }
    return Buffer.concat([Buffer.from([0xbf]), out.result(), members.subarray(headLength(members)), end]);
  };
}

/** How many bytes say that a map begins and how long it is. */
function headLength(map: Buffer): number {
  const info = (map[0] ?? 0) & 31;
  return info < 24 ? 1 : 1 + 2 ** (info - 24);
}
