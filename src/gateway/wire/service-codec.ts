/** What all protocols have in common: an operation's codec is compiled at its first use and kept. */
import type { OperationCodec, ServiceCodec } from '#gateway/wire/protocol.ts';
import { assert } from '#platform/base/assert.ts';
import type { OperationModel, ProtocolName, ServiceModel } from '#platform/model/schema.ts';

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
      const codec = compile(operation);
      compiled.set(name, codec);
      return codec;
    },
    encodeError,
  };
}
