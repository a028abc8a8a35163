/**
 * Trust policies mean who stood behind an ARN when they were written, as all policies that name principals do
 * (platform/policy/principal-ids.ts), of whichever account of this cloud.
 */
import { fail } from '#platform/error.ts';
import { parsePolicy, policySize } from '#platform/policy/parse.ts';
import { asOfNow, byId, type PrincipalDirectory, savedPrincipals } from '#platform/policy/principal-ids.ts';
import { limitExceeded } from '#services/iam/errors.ts';
import type { RoleRow } from '#services/iam/state.ts';

type TrustColumns = Pick<RoleRow, 'trustPolicy' | 'trusted'>;

/** Throws MalformedPolicyDocument for what is not a trust policy, or names somebody who is not there. */
export function checkedTrust(principals: PrincipalDirectory, document: string, limit: number): TrustColumns {
  const policy = parsePolicy(document, 'trust');
  if (policySize(document) > limit) limitExceeded('ACLSizePerRole', limit);
  const trusted = savedPrincipals(principals, policy, (arn) =>
    fail('MalformedPolicyDocument', `Invalid principal in policy: "AWS":"${arn}"`),
  );
  return { trustPolicy: document, trusted };
}

/** The policy that decides. */
export const trustInForce = ({ trustPolicy, trusted = {} }: RoleRow): string => byId(trustPolicy, trusted);

/** The policy as it is shown: of who is gone there is the bare id. */
export const shownTrust = (principals: PrincipalDirectory, { trustPolicy, trusted = {} }: RoleRow): string =>
  asOfNow(trustPolicy, trusted, principals);
