/** What must hold whatever users do. A failed assertion is a fault of ours: it fails the request with InternalFailure. */
export class AssertionFailure extends Error {
  override name = 'AssertionFailure';
}

export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionFailure(message);
}

/** The end of an exhaustive `switch`: a compile error when a case is missing. */
export function unreachable(value: never): never {
  throw new AssertionFailure(`unreachable: ${String(value)}`);
}

/** The value, which the caller knows to be there for the reason it gives. */
export function present<T>(value: T | undefined | null, reason: string): T {
  if (value === undefined || value === null) throw new AssertionFailure(reason);
  return value;
}
