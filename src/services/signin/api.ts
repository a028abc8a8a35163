/** What other services may use of the sign-in: the `makonis` service offers it, since AWS has no API for it. */
import type { Milliseconds } from '#platform/base/clock.ts';
import type { Call } from '#platform/service.ts';
import type { SessionCredentials } from '#services/iam/api.ts';

export interface SignInRequest {
  /** Its number or its alias. */
  readonly account: string;
  /** Undefined: the root user. */
  readonly userName?: string;
  readonly password: string;
  readonly mfaCode?: string;
  readonly newPassword?: string;
  readonly durationSeconds?: number;
}

export interface SignedIn {
  readonly credentials: SessionCredentials;
  readonly expiresAt: Milliseconds;
  readonly account: string;
  readonly arn: string;
  readonly userName?: string;
  readonly isMfaUsed: boolean;
  /** Not there: it doesn't expire. */
  readonly passwordExpiresAt?: Milliseconds;
}

/** The query of AWS's /v1/authorize. */
export interface AuthorizeRequest {
  readonly clientId: string;
  readonly redirectUri: string;
  readonly codeChallenge: string;
  readonly state: string;
}

export interface Authorization {
  /** Where the browser goes; not there when the code is to be carried by hand. */
  readonly location?: string;
  /** What the person types into the command line on the other machine. */
  readonly verificationCode?: string;
}

/** Thrown errors have the `makonis` service's codes. */
export interface SignInApi {
  signIn(request: SignInRequest, call: Call): Promise<SignedIn>;
  /** For the caller: who signed in by `signIn`, or by whatever else AWS knows. */
  authorize(request: AuthorizeRequest, call: Call): Promise<Authorization>;
  /** The resource that the permission to authorize is asked on. */
  clientArn(account: string, clientId: string): string;
}
