/** An error of a call on its way between two processes. */
import { ServiceError, ThrottlingError } from '#platform/error.ts';

export interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly status: number | undefined;
  readonly fields: Record<string, unknown> | undefined;
  readonly isThrottling: boolean;
}

/** What is no error for clients stays inside: its process has logged it. */
export function refusalOf(error: unknown): Refusal {
  const told =
    error instanceof ServiceError
      ? error
      : new ServiceError('InternalFailure', 'The request processing has failed because of an unknown error.', {
          status: 500,
        });
  const { code, message, status, fields } = told;
  return { code, message, status, fields: fields && { ...fields }, isThrottling: told instanceof ThrottlingError };
}

export function refused({ code, message, status, fields, isThrottling }: Refusal): ServiceError {
  const Thrown = isThrottling ? ThrottlingError : ServiceError;
  return new Thrown(code, message, { ...(status !== undefined && { status }), ...(fields && { fields }) });
}
