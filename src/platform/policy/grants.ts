/**
 * Grants: permissions that a service keeps beside a resource, for one principal each (KMS is the one that has them). They
 * can't deny. Policies are asked first; who lacks their consent may have a grant's, which reaches as far as the name that it
 * knows the caller by, in every account ("Grants in AWS KMS": a grant suffices without any IAM policy):
 *
 * - `direct` (user, session, service): nothing but an explicit deny, or the organization, takes it back.
 * - `entity` (the role of a session): the permissions boundary and the session policies still limit it.
 * - `account`: hands the right on to the account, whose identity policies must grant it.
 */
import {
  type Caller,
  compilePrincipals,
  type Grant,
  grantTo,
  type PrincipalMatcher,
} from '#platform/policy/principals.ts';

export interface ResourceGrant {
  readonly grantee: PrincipalMatcher;
  /** In lower case: `kms:decrypt`. */
  readonly actions: ReadonlySet<string>;
}

/** `name` is an ARN or a service's name. */
export function resourceGrant(name: string, actions: Iterable<string>): ResourceGrant {
  const isService = !name.startsWith('arn:') && name.includes('.');
  const principals = isService ? { Service: [name] } : { AWS: [name] };
  return {
    grantee: compilePrincipals({ negated: false, principals }),
    actions: new Set([...actions].map((action) => action.toLowerCase())),
  };
}

const REACH: Readonly<Record<Grant, number>> = { none: 0, account: 1, entity: 2, direct: 3 };

export const farther = (a: Grant, b: Grant): Grant => (REACH[a] >= REACH[b] ? a : b);

/** How far the grants reach the caller for `action`, which is in lower case. */
export const grantedTo = (grants: readonly ResourceGrant[], caller: Caller, action: string): Grant =>
  grants
    .filter(({ actions }) => actions.has(action))
    .reduce<Grant>((reach, { grantee }) => farther(reach, grantTo(caller, grantee)), 'none');
