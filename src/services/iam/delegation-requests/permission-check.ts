/**
 * Has somebody the permissions that a request asks for? Each action and resource that the request's policy allows is put to the
 * engine as it is written, wildcards and all: a caller's `s3:*` covers an asked `s3:Get*`. It is an approximation, as AWS's is: where
 * conditions or exceptions decide, the answer is that it can't be told.
 */
import type * as Model from '#platform/model/generated/iam.ts';
import { evaluate, type PrincipalPolicies } from '#platform/policy/evaluate.ts';
import { type CompiledPolicy, parsePolicy } from '#platform/policy/parse.ts';
import type { Principal } from '#platform/principal.ts';

type Verdict = Pick<Model.GetDelegationRequestResponse, 'PermissionCheckStatus' | 'PermissionCheckResult'>;

/** More pairs of actions and resources than a request should wait for. */
const MOST_PAIRS = 2000;

const complete = (PermissionCheckResult: Model.permissionCheckResultType): Verdict => ({
  PermissionCheckStatus: 'COMPLETE',
  PermissionCheckResult,
});

export interface Asked {
  readonly action: string;
  readonly resource: string;
}

/** What a policy allows; undefined where it says so by exception or under conditions. */
function pairsOf({ document }: CompiledPolicy): Asked[] | undefined {
  const pairs: Asked[] = [];
  for (const { effect, action, resource, conditions } of document.statements) {
    if (effect === 'Deny') continue;
    if (action.negated || resource?.negated || conditions.length > 0) return undefined;
    for (const each of action.patterns) {
      for (const arn of resource?.patterns ?? ['*']) pairs.push({ action: each, resource: arn });
    }
  }
  return pairs;
}

const hasConditions = ({ identity, boundary, session = [] }: PrincipalPolicies): boolean =>
  [...identity, ...session, ...(boundary ? [boundary] : [])].some(({ document }) =>
    document.statements.some(({ conditions }) => conditions.length > 0),
  );

export function checkPermissions(
  policy: string,
  principal: Extract<Principal, { readonly account: string }>,
  policies: PrincipalPolicies,
): Verdict {
  const pairs = pairsOf(parsePolicy(policy, 'identity'));
  if (pairs === undefined) return complete('UNSURE');
  if (pairs.length > MOST_PAIRS) return { PermissionCheckStatus: 'FAILED' };
  const resourceAccount = principal.account;
  const isAllowed = (asked: Asked): boolean =>
    evaluate({ ...asked, principal, policies, resourceAccount, context: () => undefined }).allowed;
  if (hasConditions(policies)) return complete('UNSURE');
  return complete(pairs.every(isAllowed) ? 'ALLOWED' : 'DENIED');
}
