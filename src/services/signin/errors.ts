/** The sign-in's errors: those of `makonis` for people, and AWS Sign-In's, which carry an OAuth 2.0 code, for clients. */
import { type Milliseconds, seconds } from '#platform/base/clock.ts';
import { fail, ServiceError } from '#platform/error.ts';

export const authenticationFailed = (): never =>
  fail('AuthenticationFailedException', 'Your authentication information is incorrect. Please try again.');
export const mfaRequired = (): never =>
  fail('MfaRequiredException', 'A code of one of your multi-factor authentication devices is required.');
export const passwordChangeRequired = (reason: 'RESET_REQUIRED' | 'EXPIRED'): never =>
  fail('PasswordChangeRequiredException', 'You must set a new password to continue.', { Reason: reason });
export const passwordExpired = (): never =>
  fail('PasswordExpiredException', 'Your password has expired. Ask your administrator to reset it.');
export const tooManyFailures = (wait: Milliseconds): never =>
  fail('TooManyFailedAttemptsException', 'Too many failed attempts to sign in. Try again later.', {
    RetryAfterSeconds: Math.ceil(wait / seconds(1)),
  });
export const accessDenied = (message: string): never => fail('AccessDenied', message);
export const invalidAuthorization = (message: string): never => fail('ValidationException', message);

/** "HTTP 401: TOKEN_EXPIRED, AUTHCODE_EXPIRED; HTTP 403: USER_CREDENTIALS_CHANGED, INSUFFICIENT_PERMISSIONS" */
const DENIALS = {
  TOKEN_EXPIRED: { status: 401, message: 'The refresh token has expired or was revoked.' },
  AUTHCODE_EXPIRED: { status: 401, message: 'The authorization code has expired or was used already.' },
  USER_CREDENTIALS_CHANGED: { status: 403, message: "The user's credentials have changed." },
  INSUFFICIENT_PERMISSIONS: { status: 403, message: 'You are not authorized to perform: signin:CreateOAuth2Token' },
} as const;

export function denied(error: keyof typeof DENIALS): never {
  const { status, message } = DENIALS[error];
  throw new ServiceError('AccessDeniedException', message, { status, fields: { error } });
}

export const invalidRequest = (message: string): never =>
  fail('ValidationException', message, { error: 'INVALID_REQUEST' });

/** The OAuth 2.0 codes of what the platform refuses: "Will be rate_exceeded", "Will be server_error". */
export const errorCodes = {
  AccessDenied: { error: 'INSUFFICIENT_PERMISSIONS' },
  InternalFailure: { error: 'server_error' },
  TooManyRequestsError: { error: 'rate_exceeded' },
  ValidationException: { error: 'INVALID_REQUEST' },
} as const;
