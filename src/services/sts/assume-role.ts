/**
 * AssumeRole. By the time the handler runs, the authoriser has weighed the caller's policies and the role's trust policy.
 * What is left are the rules about the session itself: how long, with which limits, and what a chain hands on.
 */
import { seconds } from '#platform/base/clock.ts';
import { fail } from '#platform/error.ts';
import type { AssumeRoleRequest, AssumeRoleResponse } from '#platform/model/generated/sts.ts';
import type { Principal, SessionFacts } from '#platform/principal.ts';
import type { Call, CallScope, ConditionValues, OperationDeclaration } from '#platform/service.ts';
import type { SessionsApi } from '#services/iam/api.ts';
import { takeMfa } from '#services/sts/mfa.ts';
import { checkSession } from '#services/sts/session-input.ts';

const DEFAULT_SECONDS = 3600;
/** "Role chaining limits your role session to a maximum of one hour." */
const CHAINED_SECONDS = 3600;

export const assumeRole = (sessions: SessionsApi): OperationDeclaration<AssumeRoleRequest, AssumeRoleResponse> => ({
  handler: (input, call) => startSession(sessions, input, call),
  secret: ['SessionToken', 'TokenCode'],
  steps: true,
  resource: ({ RoleArn }) => RoleArn,
  resourcePolicy: ({ RoleArn }) => sessions.role(RoleArn)?.trust,
  action: (input) => [
    'sts:AssumeRole',
    ...(input.Tags?.length ? ['sts:TagSession'] : []),
    ...(input.SourceIdentity === undefined ? [] : ['sts:SetSourceIdentity']),
  ],
  conditions: (input, scope) => ({ ...conditions(input), ...mfaConditions(sessions, input, scope) }),
});

/** The trust policy may ask for MFA, so the code is taken before it is asked: a wrong one ends the call here. */
function mfaConditions(sessions: SessionsApi, input: AssumeRoleRequest, scope: CallScope): ConditionValues {
  const { mfaAuthenticatedAt } = takeMfa(sessions, scope.principal, input, scope.now);
  return mfaAuthenticatedAt === undefined
    ? {}
    : { 'aws:multifactorauthpresent': 'true', 'aws:multifactorauthage': '0' };
}

const conditions = (input: AssumeRoleRequest): ConditionValues => ({
  'sts:externalid': input.ExternalId,
  'sts:rolesessionname': input.RoleSessionName,
  'sts:sourceidentity': input.SourceIdentity,
  'sts:transitivetagkeys': input.TransitiveTagKeys,
});

async function startSession(sessions: SessionsApi, input: AssumeRoleRequest, call: Call): Promise<AssumeRoleResponse> {
  const { principal } = call;
  if (principal.kind === 'root') fail('AccessDenied', 'Roles may not be assumed by root accounts.');
  const role = sessions.role(input.RoleArn);
  if (!role) return fail('AccessDenied', refusal(principal, input.RoleArn));
  const { RoleSessionName: sessionName } = input;
  const caller = 'session' in principal ? principal.session : undefined;
  const sourceIdentity = caller?.sourceIdentity ?? input.SourceIdentity;
  if (input.SourceIdentity !== undefined && input.SourceIdentity !== sourceIdentity) {
    fail('AccessDenied', 'The source identity of a session cannot be changed.');
  }
  const { facts, packedPolicySize } = checkSession(sessions, role.account, input, transitiveTags(caller));
  const expiresAt = call.now + seconds(durationOf(input, principal, role.maxSessionSeconds));
  const issuerArn = principal.kind === 'role-session' ? principal.roleArn : undefined;
  // A code was taken with the conditions. A user's session hands its own on; a chain of roles does not.
  const handedOn = principal.kind === 'user' ? caller?.mfaAuthenticatedAt : undefined;
  const mfaAuthenticatedAt = input.TokenCode === undefined ? handedOn : call.now;
  const credentials = sessions.issue(
    role.account,
    { kind: 'role', id: role.id, sessionName },
    {
      ...facts,
      issuedAt: call.now,
      expiresAt,
      ...(mfaAuthenticatedAt !== undefined && { mfaAuthenticatedAt }),
      ...(sourceIdentity !== undefined && { sourceIdentity }),
      ...(issuerArn !== undefined && { issuerArn }),
    },
  );
  await sessions.durable(role.account);
  // The code that was used up.
  if (principal.kind === 'user') await sessions.durable(principal.account);
  return {
    Credentials: credentialsOf(credentials, expiresAt),
    AssumedRoleUser: {
      AssumedRoleId: `${role.id}:${sessionName}`,
      Arn: `arn:aws:sts::${role.account}:assumed-role/${role.name}/${sessionName}`,
    },
    ...(packedPolicySize !== undefined && { PackedPolicySize: packedPolicySize }),
    ...(sourceIdentity !== undefined && { SourceIdentity: sourceIdentity }),
  };
}

function durationOf(input: AssumeRoleRequest, principal: Principal, most: number): number {
  const wanted = input.DurationSeconds ?? DEFAULT_SECONDS;
  if (principal.kind === 'role-session' && wanted > CHAINED_SECONDS) {
    fail(
      'ValidationError',
      'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.',
    );
  }
  if (wanted > most) {
    fail('ValidationError', 'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.');
  }
  return wanted;
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

export function credentialsOf(
  { accessKeyId, secretAccessKey, sessionToken }: ReturnType<SessionsApi['issue']>,
  expiresAt: number,
) {
  // STS tells whole seconds.
  const expiration = Math.floor(expiresAt / 1000) * 1000;
  return {
    AccessKeyId: accessKeyId,
    SecretAccessKey: secretAccessKey,
    SessionToken: sessionToken,
    Expiration: expiration,
  };
}
