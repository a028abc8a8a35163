/**
 * An error that a client is meant to see. Handlers throw it with AWS's code and words; only the codecs turn it into a
 * status and a body, each protocol in its own way.
 */
export class ServiceError extends Error {
  override name = 'ServiceError';
  /** AWS's error code or exception shape name: `QueueDoesNotExist`. */
  readonly code: string;
  /** Overrides the status that the model gives this code. */
  readonly status: number | undefined;
  /** Further members of the error's shape (`cancellationReasons`, …). */
  readonly fields: Readonly<Record<string, unknown>> | undefined;

  constructor(code: string, message: string, options: { status?: number; fields?: Record<string, unknown> } = {}) {
    // A stack costs 4 us and tells a client nothing; faults of ours are other Error classes and keep theirs.
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    super(message);
    Error.stackTraceLimit = limit;
    this.code = code;
    this.status = options.status;
    this.fields = options.fields;
  }
}
/** Too many calls: whatever the code that a service gives it, the same call may succeed later. */
export class ThrottlingError extends ServiceError {}

/** The end of a condition that fails: `queue ?? fail('QueueDoesNotExist', '…')`. */
export function fail(code: string, message: string, fields?: Record<string, unknown>): never {
  throw new ServiceError(code, message, fields ? { fields } : {});
}
