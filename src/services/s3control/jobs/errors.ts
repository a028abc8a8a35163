/** Errors of Batch Operations, in AWS's words where we know them (README.md lists the others). */
import { ServiceError } from '#platform/error.ts';

const ERRORS = {
  BadRequestException: { status: 400, message: 'Bad Request' },
  InvalidNextTokenException: { status: 400, message: 'The next token is not valid.' },
  JobStatusException: { status: 403, message: 'The job is not in a status that allows this.' },
  NoSuchJob: { status: 404, message: 'The specified job does not exist' },
  NotImplemented: { status: 501, message: 'This cloud has no Lambda functions yet.' },
  TooManyRequestsException: { status: 400, message: 'The account has too many jobs that have not ended.' },
  TooManyTagsException: { status: 400, message: 'The number of tags exceeds the limit of 50 tags.' },
} as const satisfies Record<string, { readonly status: number; readonly message: string }>;

/** `message` in the place of the usual words. */
export function fail(code: keyof typeof ERRORS, message: string = ERRORS[code].message): never {
  throw new ServiceError(code, message, { status: ERRORS[code].status });
}

export const badRequest = (message: string): never => fail('BadRequestException', message);
