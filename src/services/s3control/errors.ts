/** Every error that S3 Control answers with, in AWS's words where we know them (README.md lists the others). */
import { ServiceError } from '#platform/error.ts';

const ERRORS = {
  AccessDenied: { status: 403, message: 'Access Denied' },
  NoSuchPublicAccessBlockConfiguration: { status: 404, message: 'The public access block configuration was not found' },
} as const satisfies Record<string, { readonly status: number; readonly message: string }>;

export type S3ControlErrorCode = keyof typeof ERRORS;

/** `message` in the place of the usual words, where AWS has others for this case. */
export function fail(code: S3ControlErrorCode, message: string = ERRORS[code].message): never {
  throw new ServiceError(code, message, { status: ERRORS[code].status });
}
