/**
 * Trust policies mean who stood behind an ARN when they were written, as all policies that name principals do
 * (platform/policy/principal-ids.ts). Only principals of the role's own account are followed; those of other accounts count by
 * their ARN.
 */
import type { AccountId } from '#platform/base/ids.ts';
import { fail } from '#platform/error.ts';
import { parsePolicy, policySize } from '#platform/policy/parse.ts';
import { asOfNow, savedPrincipals } from '#platform/policy/principal-ids.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { limitExceeded } from '#services/iam/errors.ts';
import { directoryIn } from '#services/iam/identity/principal-directory.ts';
import type { RoleRow } from '#services/iam/state.ts';

type TrustColumns = Pick<RoleRow, 'trustPolicy' | 'trusted'>;

/** Throws MalformedPolicyDocument for what is not a trust policy, or names somebody who is not there. */
export function checkedTrust(tx: ReadTransaction, account: AccountId, document: string, limit: number): TrustColumns {
  const policy = parsePolicy(document, 'trust');
  if (policySize(document) > limit) limitExceeded('ACLSizePerRole', limit);
  const trusted = savedPrincipals(directoryIn(tx, account), policy, (arn) =>
    fail('MalformedPolicyDocument', `Invalid principal in policy: "AWS":"${arn}"`),
  );
  return { trustPolicy: document, trusted };
}

/** The policy as it counts now, and as it is shown: of who is gone there is the bare id. */
export const trustInForce = (tx: ReadTransaction, account: AccountId, { trustPolicy, trusted = {} }: RoleRow): string =>
  asOfNow(trustPolicy, trusted, directoryIn(tx, account));
