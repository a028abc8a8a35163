/** The part of AssumeRoleWithWebIdentity and AssumeRoleWithSAML that does not care how the caller was vouched for. */
import { parseArn } from '#platform/base/arn.ts';
import { type AccountId, isAccountId } from '#platform/base/ids.ts';
import { fail } from '#platform/error.ts';
import type { ConditionKeys, ExternalPrincipal, Principal } from '#platform/principal.ts';
import type { Call, ConditionValues, OperationDeclaration, ThrottleDeclaration } from '#platform/service.ts';
import type { SessionsApi } from '#services/iam/api.ts';
import { endOf, sessionSeconds, startRoleSession } from '#services/sts/role-session.ts';
import { checkSession, type SessionInput } from '#services/sts/session-input.ts';

export interface ExternalInput extends Pick<SessionInput, 'Policy' | 'PolicyArns'> {
  readonly RoleArn: string;
  readonly DurationSeconds?: number;
  readonly MinimumSessionTokenSize?: number;
}

export function roleAccount(roleArn: string): AccountId {
  const account = parseArn(roleArn)?.account ?? '';
  return isAccountId(account) ? account : fail('ValidationError', 'Request ARN is invalid');
}

type Operation = 'AssumeRoleWithWebIdentity' | 'AssumeRoleWithSAML';

/**
 * Strangers make us verify signatures and parse documents before it is known who they are. AWS names no rates; people sign in by
 * assertions, programs by tokens, a whole cluster of them from one address.
 */
const PER_SOURCE: Readonly<Record<Operation, ThrottleDeclaration>> = {
  AssumeRoleWithWebIdentity: { perSecond: 50, burst: 500 },
  AssumeRoleWithSAML: { perSecond: 10, burst: 100 },
};
/** From all addresses together; what a provider is itself asked for is bounded apart (provider-keys.ts). */
export const PER_PROVIDER: Readonly<Record<Operation, ThrottleDeclaration>> = {
  AssumeRoleWithWebIdentity: { perSecond: 200, burst: 2000 },
  AssumeRoleWithSAML: { perSecond: 40, burst: 400 },
};

/** What the declarations of both operations share. */
export const externalDeclaration = <In extends ExternalInput>(sessions: SessionsApi, operation: Operation) =>
  ({
    steps: true,
    anonymous: true,
    perSource: PER_SOURCE[operation],
    secret: ['SessionToken'],
    owner: ({ RoleArn }) => ({ account: roleAccount(RoleArn) }),
    resource: ({ RoleArn }) => RoleArn,
    resourcePolicy: ({ RoleArn }) => sessions.role(RoleArn)?.trust,
    action: (_input, { principal }) => {
      const { tags, sourceIdentity } = externalOf(principal).claims;
      return [
        `sts:${operation}`,
        ...(Object.keys(tags).length > 0 ? ['sts:TagSession'] : []),
        ...(sourceIdentity === undefined ? [] : ['sts:SetSourceIdentity']),
      ];
    },
    conditions: (input, { principal }) => sessionConditions(input, externalOf(principal)),
    audit: (_input, _output, { principal }) => ({ requestParameters: saidBy(externalOf(principal)) }),
  }) satisfies Partial<OperationDeclaration<In>>;

function sessionConditions(input: ExternalInput, { claims }: ExternalPrincipal): ConditionValues {
  // SAML says it in the assertion.
  const { RoleSessionName: given } = input as { readonly RoleSessionName?: string };
  return {
    'sts:rolesessionname': given ?? claims.sessionName,
    'sts:sourceidentity': claims.sourceIdentity,
    'sts:transitivetagkeys': claims.transitiveTagKeys.length > 0 ? claims.transitiveTagKeys : undefined,
  };
}

/** What a token or an assertion says stands among the parameters in CloudTrail's examples, in place of itself. */
function saidBy({ claims }: ExternalPrincipal): Record<string, unknown> {
  const { assertionId, sessionName, sourceIdentity, tags, transitiveTagKeys } = claims;
  return {
    ...(assertionId !== undefined && { sAMLAssertionID: assertionId }),
    ...(sessionName !== undefined && { roleSessionName: sessionName }),
    ...(sourceIdentity !== undefined && { sourceIdentity }),
    ...(Object.keys(tags).length > 0 && { principalTags: tags }),
    ...(transitiveTagKeys.length > 0 && { transitiveTagKeys }),
  };
}

/** `identify` has made it one. */
export function externalOf(principal: Principal): ExternalPrincipal {
  if (principal.kind !== 'external')
    throw new Error(`a call that needs a provider's word came from a ${principal.kind}`);
  return principal;
}

/** `kept`: the condition keys that stay with the session. */
export async function startExternalSession(
  sessions: SessionsApi,
  call: Call,
  input: ExternalInput,
  sessionName: string,
  kept: ConditionKeys,
) {
  const { provider, claims } = externalOf(call.principal);
  const role = sessions.role(input.RoleArn) ?? fail('AccessDenied', `Not authorized to perform sts:${call.operation}`);
  const Tags = Object.entries(claims.tags).map(([Key, Value]) => ({ Key, Value }));
  const { facts, packedPolicySize } = checkSession(sessions, role.account, {
    ...input,
    Tags,
    TransitiveTagKeys: claims.transitiveTagKeys,
  });
  const end = endOf(call, sessionSeconds(input.DurationSeconds, role));
  const start = { sessionName, leastTokenBytes: input.MinimumSessionTokenSize };
  const started = await startRoleSession(sessions, call, role, start, {
    ...facts,
    expiresAt: Math.min(end, claims.sessionEnd ?? end),
    federation: { provider, keys: kept },
    ...(claims.sourceIdentity !== undefined && { sourceIdentity: claims.sourceIdentity }),
  });
  return {
    ...started,
    ...(packedPolicySize !== undefined && { PackedPolicySize: packedPolicySize }),
    ...(claims.sourceIdentity !== undefined && { SourceIdentity: claims.sourceIdentity }),
  };
}
