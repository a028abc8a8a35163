/** SerialNumber and TokenCode: the caller's device, and a code of it that was not used yet. */
import { fail } from '#platform/error.ts';
import type { SessionFacts } from '#platform/principal.ts';
import type { CallScope } from '#platform/service.ts';
import type { SessionsApi } from '#services/iam/api.ts';

export interface MfaInput {
  readonly SerialNumber?: string;
  readonly TokenCode?: string;
}

type Outcome = Pick<SessionFacts, 'mfaAuthenticatedAt'>;

/** A policy may ask for a call's MFA before its handler does, or several times: a code is good once. */
const takenOf = new WeakMap<object, Outcome>();

/**
 * Takes the code, if one is given; throws unless it is good. Sessions have no device: theirs counted when they were made. Who
 * answers after this waits for the caller's account (`SessionsApi.durable`), or a crash would let the code be used again.
 */
export function takeMfa(sessions: SessionsApi, call: Pick<CallScope, 'principal' | 'now'>, input: MfaInput): Outcome {
  const taken = takenOf.get(call) ?? take(sessions, call, input);
  takenOf.set(call, taken);
  return taken;
}

function take(
  sessions: SessionsApi,
  { principal, now }: Pick<CallScope, 'principal' | 'now'>,
  { SerialNumber: serial, TokenCode: code }: MfaInput,
): Outcome {
  if (serial === undefined && code === undefined) return {};
  if (serial === undefined || code === undefined) return failed(BOTH);
  if ((principal.kind !== 'user' && principal.kind !== 'root') || principal.session) return failed(NOT_YOURS);
  const owner = principal.kind === 'root' ? 'root' : principal.userId;
  const outcome = sessions.takeMfaCode(principal.account, { owner, serial, code }, now);
  if (outcome === 'taken') return { mfaAuthenticatedAt: now };
  return failed(outcome === 'wrong' ? WRONG : NOT_YOURS);
}

const BOTH = 'failed, must provide both MFA serial number and one time pass code.';
const WRONG = 'failed with invalid MFA one time pass code.';
const NOT_YOURS =
  'failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user.';

const failed = (how: string): never => fail('AccessDenied', `MultiFactorAuthentication ${how}`);
