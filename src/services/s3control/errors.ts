/** Every error that S3 Control answers with, in AWS's words where we know them (README.md lists the others). */
import { errorsOf, type WordedError } from '#platform/error.ts';

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
  MethodNotAllowed: { status: 405, message: 'The specified method is not allowed against this resource.' },
  MultiRegionAccessPointAlreadyOwnedByYou: {
    status: 409,
    message: 'You already have a Multi-Region Access Point with the same name.',
  },
  NoSuchAsyncRequest: { status: 404, message: 'The specified request does not exist' },
  NoSuchMultiRegionAccessPoint: { status: 404, message: 'The specified Multi-Region Access Point does not exist' },
  PermanentRedirectControlError: {
    status: 301,
    message:
      'The API operation you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.',
  },
  TooManyMultiRegionAccessPoints: {
    status: 400,
    message: 'You have attempted to create more Multi-Region Access Points than allowed',
  },
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
} as const satisfies Record<string, WordedError>;

export type S3ControlErrorCode = keyof typeof ERRORS;

const errorOf = errorsOf<S3ControlErrorCode>(ERRORS);

/** `message` in the place of the usual words, where AWS has others for this case. */
export function fail(code: S3ControlErrorCode, message?: string): never {
  throw errorOf(code, message === undefined ? {} : { message });
}

export const badRequest = (message: string): never => fail('BadRequestException', message);
