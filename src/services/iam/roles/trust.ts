/**
 * Trust policies name users and roles by ARN, but mean who stood behind the ARN when the policy was written (IAM User Guide,
 * "Principal": "when you save the policy, AWS transforms the ARN to the principal's unique ID"). So a user who is deleted
 * and made again under the old name is not trusted again. We keep the text as it came and the ids beside it; where an ARN
 * now means somebody else or nobody, the text in force has the new ARN of a renamed user, or the bare id.
 *
 * Only principals of the role's own account are followed; those of other accounts count by their ARN.
 */
import type { AccountId } from '#platform/base/ids.ts';
import { fail } from '#platform/error.ts';
import { type CompiledPolicy, parsePolicy, policySize } from '#platform/policy/parse.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { limitExceeded } from '#services/iam/errors.ts';
import { roleById, userById } from '#services/iam/identity/principals.ts';
import { entityArn, nameOfArn } from '#services/iam/names.ts';
import { found, ROLE, USER } from '#services/iam/owners.ts';
import type { RoleRow } from '#services/iam/state.ts';

type TrustColumns = Pick<RoleRow, 'trustPolicy' | 'trusted'>;

/** Throws MalformedPolicyDocument for what is not a trust policy, or names somebody who is not there. */
export function checkedTrust(tx: ReadTransaction, account: AccountId, document: string, limit: number): TrustColumns {
  const policy = parsePolicy(document, 'trust');
  if (policySize(document) > limit) limitExceeded('ACLSizePerRole', limit);
  const trusted: Record<string, string> = {};
  for (const arn of namedIn(policy)) {
    if (!arn.startsWith(`arn:aws:iam::${account}:`) || arn.endsWith(':root')) continue;
    const noun = arn.includes(':user/') ? 'user' : 'role';
    const row = found(tx, noun === 'user' ? USER.table : ROLE.table, nameOfArn(arn));
    if (!row || entityArn(account, noun, row) !== arn) {
      fail('MalformedPolicyDocument', `Invalid principal in policy: "AWS":"${arn}"`);
    }
    trusted[arn] = row.id;
  }
  return { trustPolicy: document, trusted };
}

const namedIn = (policy: CompiledPolicy): readonly string[] =>
  policy.document.statements.flatMap(({ principal }) =>
    principal === undefined || principal.principals === '*' ? [] : (principal.principals.AWS ?? []),
  );

/** The policy as it counts now. */
export function trustInForce(tx: ReadTransaction, account: AccountId, row: RoleRow): string {
  const moved = new Map<unknown, string>();
  for (const [arn, id] of Object.entries(row.trusted ?? {})) {
    const current = currentArn(tx, account, id) ?? id;
    if (current !== arn) moved.set(arn, current);
  }
  if (moved.size === 0) return row.trustPolicy;
  return JSON.stringify(JSON.parse(row.trustPolicy, (_, value: unknown) => moved.get(value) ?? value));
}

function currentArn(tx: ReadTransaction, account: AccountId, id: string): string | undefined {
  const user = userById(tx, id);
  if (user) return entityArn(account, 'user', user);
  const role = roleById(tx, id);
  return role && entityArn(account, 'role', role);
}
