/** Every error that S3 Control answers with, in AWS's words where we know them (README.md lists the others). */
import { ServiceError } from '#platform/error.ts';

const ERRORS = {
  AccessDenied: { status: 403, message: 'Access Denied' },
  AccessPointAlreadyOwnedByYou: {
    status: 409,
    message: 'Your previous request to create the named accesspoint succeeded and you already own it.',
  },
  BadRequestException: { status: 400, message: 'Bad Request' },
  InvalidAccessPointName: { status: 400, message: 'The specified accesspoint name is not valid' },
  InvalidNextTokenException: { status: 400, message: 'The next token is not valid.' },
  InvalidRequest: { status: 400, message: 'Invalid Request' },
  JobStatusException: { status: 403, message: 'The job is not in a status that allows this.' },
  MalformedPolicy: { status: 400, message: "Policies must be valid JSON and the first byte must be '{'" },
  NoSuchAccessPoint: { status: 404, message: 'The specified accesspoint does not exist' },
  NoSuchAccessPointPolicy: { status: 404, message: 'The specified accesspoint policy does not exist' },
  NoSuchBucket: { status: 404, message: 'The specified bucket does not exist' },
  NoSuchJob: { status: 404, message: 'The specified job does not exist' },
  NoSuchResource: { status: 404, message: 'The specified resource does not exist' },
  NotImplemented: { status: 501, message: 'This cloud has no Lambda functions yet.' },
  TooManyAccessPoints: { status: 400, message: 'You have attempted to create more access points than allowed' },
  NoSuchPublicAccessBlockConfiguration: { status: 404, message: 'The public access block configuration was not found' },
  TooManyRequestsException: { status: 400, message: 'The account has too many jobs that have not ended.' },
  TooManyTagsException: { status: 400, message: 'The number of tags exceeds the limit of 50 tags.' },
} as const satisfies Record<string, { readonly status: number; readonly message: string }>;

export type S3ControlErrorCode = keyof typeof ERRORS;

/** `message` in the place of the usual words, where AWS has others for this case. */
export function fail(code: S3ControlErrorCode, message: string = ERRORS[code].message): never {
  throw new ServiceError(code, message, { status: ERRORS[code].status });
}

export const badRequest = (message: string): never => fail('BadRequestException', message);
