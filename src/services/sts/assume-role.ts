/**
 * AssumeRole. By the time the handler runs, the authoriser has weighed the caller's policies and the role's trust policy.
 * What is left are the rules about the session itself: how long, with which limits, and what a chain hands on.
 */
import type { AuditAdditions, AuditedScope } from '#platform/audit/record.ts';
import { parseArn } from '#platform/base/arn.ts';
import { type AccountId, isAccountId } from '#platform/base/ids.ts';
import { fail } from '#platform/error.ts';
import type { AssumeRoleRequest, AssumeRoleResponse } from '#platform/model/generated/sts.ts';
import type { Principal, SessionFacts } from '#platform/principal.ts';
import type { Call, CallScope, ConditionValues, OperationDeclaration } from '#platform/service.ts';
import type { RoleView, SessionsApi } from '#services/iam/api.ts';
import { takeMfa } from '#services/sts/mfa.ts';
import { endOf, sessionSeconds, startRoleSession } from '#services/sts/role-session.ts';
import { checkSession } from '#services/sts/session-input.ts';

/** "Role chaining limits your role session to a maximum of one hour." */
const CHAINED_SECONDS = 3600;

export const assumeRole = (sessions: SessionsApi): OperationDeclaration<AssumeRoleRequest, AssumeRoleResponse> => ({
  handler: (input, call) => startSession(sessions, input, call),
  secret: ['SessionToken', 'TokenCode', 'ContextAssertion'],
  steps: true,
  resource: ({ RoleArn }) => checkedArn(RoleArn),
  // A service of this cloud has no account: what it does with a role is the role's account's to know.
  owner: ({ RoleArn }, caller) => (caller === undefined ? accountOf(RoleArn) : {}),
  resourcePolicy: ({ RoleArn }) => sessions.role(RoleArn)?.trust,
  action: (input, { principal }) => [
    'sts:AssumeRole',
    ...(input.Tags?.length || handsTagsOn(principal) ? ['sts:TagSession'] : []),
    ...(sourceIdentityOf(input, principal) === undefined ? [] : ['sts:SetSourceIdentity']),
    ...(input.ProvidedContexts === undefined ? [] : ['sts:SetContext']),
  ],
  conditions: (input, scope) => ({ ...conditions(input, scope), ...mfaConditions(sessions, input, scope) }),
  audit: chainedTags,
});

/** What is the ARN of something else is a role that is not there. */
function checkedArn(arn: string): string {
  const isArn = isAccountId(parseArn(arn)?.account ?? '');
  return isArn ? arn : fail('ValidationError', `${arn} is invalid`);
}

function accountOf(arn: string): { account?: AccountId } {
  const account = parseArn(arn)?.account ?? '';
  return isAccountId(account) ? { account } : {};
}

/** The trust policy may ask for MFA: then the code is taken here, and a wrong one ends the call. */
function mfaConditions(sessions: SessionsApi, input: AssumeRoleRequest, scope: CallScope): ConditionValues {
  const { mfaAuthenticatedAt } = takeMfa(sessions, scope, input);
  return mfaAuthenticatedAt === undefined
    ? {}
    : { 'aws:multifactorauthpresent': 'true', 'aws:multifactorauthage': '0' };
}

/**
 * A chain hands its source identity on. It takes the permission to set one even so, "in both the permissions policy of the principal who
 * is assuming the role and in the role trust policy of the target role" (IAM User Guide, "Monitor and control actions taken with assumed roles").
 */
function sourceIdentityOf({ SourceIdentity }: AssumeRoleRequest, principal: Principal): string | undefined {
  return ('session' in principal ? principal.session?.sourceIdentity : undefined) ?? SourceIdentity;
}

const conditions = (input: AssumeRoleRequest, { principal }: CallScope): ConditionValues => ({
  'sts:externalid': input.ExternalId,
  'sts:rolesessionname': input.RoleSessionName,
  'sts:sourceidentity': sourceIdentityOf(input, principal),
  'sts:transitivetagkeys': input.TransitiveTagKeys,
});

async function startSession(sessions: SessionsApi, input: AssumeRoleRequest, call: Call): Promise<AssumeRoleResponse> {
  const { principal } = call;
  if (principal.kind === 'root') fail('AccessDenied', 'Roles may not be assumed by root accounts.');
  const role = sessions.role(input.RoleArn);
  if (!role) return fail('AccessDenied', refusal(principal, input.RoleArn));
  // Assertions of IAM Identity Center, sealed by STS for it: nobody has been given one here.
  if (input.ProvidedContexts !== undefined)
    fail('ExpiredTokenException', 'The context assertion is expired or not valid.');
  const { RoleSessionName: sessionName } = input;
  const caller = 'session' in principal ? principal.session : undefined;
  const sourceIdentity = sourceIdentityOf(input, principal);
  if (input.SourceIdentity !== undefined && input.SourceIdentity !== sourceIdentity) {
    fail('AccessDenied', 'The source identity of a session cannot be changed.');
  }
  const { facts, packedPolicySize } = checkSession(sessions, role.account, input, transitiveTags(caller));
  const issuerArn = principal.kind === 'role-session' ? principal.roleArn : undefined;
  const handedOn = principal.kind === 'user' ? caller?.mfaAuthenticatedAt : undefined;
  // A user's session hands its own on; a chain of roles does not.
  const mfaAuthenticatedAt = takeMfa(sessions, call, input).mfaAuthenticatedAt ?? handedOn;
  const start = { sessionName, leastTokenBytes: input.MinimumSessionTokenSize };
  const started = await startRoleSession(sessions, call, role, start, {
    ...facts,
    expiresAt: endOf(call, durationOf(input, principal, role)),
    ...(mfaAuthenticatedAt !== undefined && { mfaAuthenticatedAt }),
    ...(sourceIdentity !== undefined && { sourceIdentity }),
    ...(issuerArn !== undefined && { issuerArn }),
  });
  // The code that was used up.
  if (principal.kind === 'user') await sessions.durable(principal.account);
  return {
    ...started,
    ...(packedPolicySize !== undefined && { PackedPolicySize: packedPolicySize }),
    ...(sourceIdentity !== undefined && { SourceIdentity: sourceIdentity }),
  };
}

function durationOf({ DurationSeconds: wanted }: AssumeRoleRequest, principal: Principal, role: RoleView): number {
  if (principal.kind === 'role-session' && wanted !== undefined && wanted > CHAINED_SECONDS) {
    fail(
      'ValidationError',
      'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.',
    );
  }
  return sessionSeconds(wanted, role);
}

/**
 * Tags that a chain hands on take the permission too, from the caller's policies and the next role's trust policy, as those do that EKS
 * Pod Identity sets (aws/eks-pod-identity-agent issue 80, aws/aws-cdk-cli pull request 762).
 */
const handsTagsOn = (principal: Principal): boolean =>
  'session' in principal && Object.keys(transitiveTags(principal.session)).length > 0;

/** They are no parameters, but stand among them in CloudTrail's example of a chain. */
function chainedTags(_input: object, _output: unknown, { principal }: AuditedScope): AuditAdditions {
  if (!handsTagsOn(principal)) return {};
  const incomingTransitiveTags = transitiveTags('session' in principal ? principal.session : undefined);
  return { requestParameters: { incomingTransitiveTags } };
}

/** The tags that the caller's own session hands on. */
function transitiveTags(session: SessionFacts | undefined): Record<string, string> {
  const keys = new Set(session?.transitiveTagKeys ?? []);
  return Object.fromEntries(Object.entries(session?.tags ?? {}).filter(([key]) => keys.has(key)));
}

/** As if the trust policy had not allowed it: a role that is not there must not be told from one that is. */
function refusal(principal: Principal, roleArn: string): string {
  const who = 'arn' in principal ? principal.arn : '';
  return `User: ${who} is not authorized to perform: sts:AssumeRole on resource: ${roleArn}`;
}
