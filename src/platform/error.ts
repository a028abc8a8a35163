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

/** An error in AWS's words. */
export interface WordedError {
  readonly status: number;
  readonly message: string;
  /** The member that names what it is about. */
  readonly about?: string;
}

export interface ErrorDetails {
  /** What the error is about: under the name that AWS gives it in this error. */
  readonly about?: string;
  /** In the place of the usual words, where AWS has others for this case. */
  readonly message?: string;
  readonly fields?: Readonly<Record<string, unknown>>;
}

/** Makes the errors of a service out of its table, by their codes. */
export const errorsOf =
  <Code extends string>(table: Readonly<Record<Code, WordedError>>) =>
  (code: Code, { about, message, fields }: ErrorDetails = {}): ServiceError => {
    const worded = table[code];
    const named = worded.about === undefined || about === undefined ? {} : { [worded.about]: about };
    return new ServiceError(code, message ?? worded.message, {
      status: worded.status,
      fields: { ...named, ...fields },
    });
  };

type Wording = (...details: never[]) => readonly [code: string, message: string];

/** The same where one code has many messages, each with what it speaks of: by names of the service's own. */
export const problemsOf =
  <Table extends Readonly<Record<string, Wording>>>(table: Table) =>
  <Name extends keyof Table>(name: Name, ...details: Parameters<Table[Name]>): ServiceError => {
    // Each entry takes what its own parameters say; the union of all of them can't be called without the cast.
    const [code, message] = (table[name] as (...given: unknown[]) => ReturnType<Wording>)(...details);
    return new ServiceError(code, message);
  };

/** Too many calls: whatever the code that a service gives it, the same call may succeed later. */
export class ThrottlingError extends ServiceError {}

/** What was called, as far as it is known. */
export interface FailedCall {
  readonly operation: string;
  /** What its path names. */
  readonly labels: Readonly<Record<string, string>>;
}

type MembersByCode = Readonly<Record<string, Readonly<Record<string, unknown>>>>;
export type ErrorMembers = MembersByCode | ((call: FailedCall) => MembersByCode);

/** The error with the members that errors of its code have, unless it brings its own. */
export function withMembers(error: ServiceError, declared: ErrorMembers | undefined, call: FailedCall): ServiceError {
  const { code, message, status, fields } = error;
  const members = (typeof declared === 'function' ? declared(call) : declared)?.[code];
  if (members === undefined || fields !== undefined) return error;
  return new ServiceError(code, message, { fields: members, ...(status !== undefined && { status }) });
}

/** The end of a condition that fails: `queue ?? fail('QueueDoesNotExist', '…')`. */
export function fail(code: string, message: string, fields?: Record<string, unknown>): never {
  throw new ServiceError(code, message, fields ? { fields } : {});
}
