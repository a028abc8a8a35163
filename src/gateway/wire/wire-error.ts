/**
 * What an error is on the wire, before a protocol writes it down. In this order: an error of the operation, an error of
 * the service (by shape name or by Query code), an error common to all services, or the code as it stands.
 */
import { type CommonError, commonError, familyOf } from '#gateway/wire/common-errors.ts';
import { membersOf, type Resolved, resolve } from '#gateway/wire/shapes.ts';
import type { ServiceError } from '#platform/error.ts';
import type { ProtocolName, ServiceModel } from '#platform/model/schema.ts';

export interface WireError {
  /** The shape's name, or the code if the model has no shape for it: `__type` and x-amzn-ErrorType. */
  readonly name: string;
  /** The code of the Query protocols: `AWS.SimpleQueueService.NonExistentQueue`. */
  readonly code: string;
  readonly status: number;
  /** Whose fault it is. */
  readonly type: 'Sender' | 'Receiver';
  readonly shape: Resolved | undefined;
  /** The error's further members and its message, under the model's names; empty strings and absent members left out. */
  readonly members: Readonly<Record<string, unknown>>;
  readonly message: string;
  /** Of the message in JSON. AWS's framework capitalises it in some of its own errors. */
  readonly messageKey: 'message' | 'Message';
}

export type ErrorResolver = (error: ServiceError, operation: string | undefined) => WireError;

export function errorResolver(model: ServiceModel, protocol: ProtocolName): ErrorResolver {
  const family = familyOf(protocol, model.metadata.serviceId);
  const isRpc = family === 'json';
  // Services that left Query keep its codes and statuses for the common errors: SQS answers 403 where DynamoDB answers 400.
  const speaksQuery = isRpc && model.metadata.awsQueryCompatible !== undefined;
  const exceptions = exceptionsOf(model);

  return (error, operation) => {
    const shape = find(model, exceptions, error.code, operation);
    if (shape) return modelled(model, shape, error, speaksQuery);
    const common = commonError(error.code, family);
    // With members of its own it has the shape that the service's model gives the common name.
    const own = common && error.fields && find(model, exceptions, common.code, operation);
    if (own) return { ...modelled(model, own, error, speaksQuery), status: error.status ?? common.status };
    const asQuery = speaksQuery ? commonError(error.code, 'query') : common;
    return unmodelled(error, common, asQuery);
  };
}

/** By shape name and by Query code; a name wins over a code. */
function exceptionsOf(model: ServiceModel): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const [name, shape] of Object.entries(model.shapes)) {
    if (shape.exception) names.set(name, name);
  }
  for (const name of [...names.keys()]) {
    const code = model.shapes[name]?.error?.code;
    if (code !== undefined && !names.has(code)) names.set(code, name);
  }
  return names;
}

function find(
  model: ServiceModel,
  exceptions: ReadonlyMap<string, string>,
  code: string,
  operation: string | undefined,
): Resolved | undefined {
  const declared = operation === undefined ? [] : (model.operations[operation]?.errors ?? []);
  // Two shapes of a service may share a code; the operation's own is meant.
  const own = declared.find((ref) => ref.shape === code || model.shapes[ref.shape]?.error?.code === code)?.shape;
  const name = own ?? exceptions.get(code);
  return name === undefined ? undefined : resolve(model, { shape: name });
}

function modelled(model: ServiceModel, shape: Resolved, error: ServiceError, speaksQuery: boolean): WireError {
  // `fault` says it by itself in newer models; older ones have `senderFault: false`.
  const isFault = shape.fault === true || shape.error?.senderFault === false;
  const natural = isFault ? 500 : 400;
  // The status of awsQueryError counts in the Query protocol alone (Smithy, "AWS query compatible").
  const declared = speaksQuery ? natural : (shape.error?.httpStatusCode ?? natural);
  const status = error.status ?? declared;
  const messageMember = membersOf(model, shape).find((member) => /^message$/i.test(member.name))?.name;
  return {
    name: shape.shape,
    code: shape.error?.code ?? shape.shape,
    status,
    type: isFault || (status >= 500 && shape.error?.senderFault !== true) ? 'Receiver' : 'Sender',
    shape,
    members: messageMember && error.message ? { ...error.fields, [messageMember]: error.message } : { ...error.fields },
    message: error.message,
    messageKey: 'message',
  };
}

/** The members that XML errors have beside type, code and message. */
export function otherMembers(wire: WireError): Record<string, unknown> {
  return Object.fromEntries(Object.entries(wire.members).filter(([name]) => !/^(message|code|type)$/i.test(name)));
}

function unmodelled(error: ServiceError, common: CommonError | undefined, asQuery: CommonError | undefined): WireError {
  const status = error.status ?? asQuery?.status ?? 400;
  return {
    name: common?.code ?? error.code,
    code: asQuery?.code ?? error.code,
    status,
    type: status >= 500 ? 'Receiver' : 'Sender',
    shape: undefined,
    members: { ...error.fields },
    message: error.message,
    messageKey: common?.name === 'AccessDenied' || common?.name === 'SerializationException' ? 'Message' : 'message',
  };
}
