/** What all ways into a role have in common: how long the session may last, and its credentials. */
import { type Milliseconds, seconds } from '#platform/base/clock.ts';
import { fail } from '#platform/error.ts';
import type { Credentials } from '#platform/model/generated/sts.ts';
import type { SessionFacts } from '#platform/principal.ts';
import type { Call } from '#platform/service.ts';
import type { RoleView, SessionCredentials, SessionsApi } from '#services/iam/api.ts';
import { tokenFacts } from '#services/sts/endpoint.ts';

const DEFAULT_SECONDS = 3600;

/** Throws ValidationError for more than the role allows. */
export function sessionSeconds(wanted: number | undefined, role: RoleView): number {
  const duration = wanted ?? DEFAULT_SECONDS;
  if (duration > role.maxSessionSeconds) {
    fail('ValidationError', 'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.');
  }
  return duration;
}

interface RoleSession {
  readonly Credentials: Credentials;
  readonly SessionTokenSize: number;
  readonly SessionTokenUtilization: number;
  readonly AssumedRoleUser: { readonly AssumedRoleId: string; readonly Arn: string };
}

/** Resolves when what it rests on is on disk. */
export async function startRoleSession(
  sessions: SessionsApi,
  call: Call,
  role: RoleView,
  { sessionName, leastTokenBytes }: { readonly sessionName: string; readonly leastTokenBytes: number | undefined },
  facts: Omit<SessionFacts, 'issuedAt'>,
): Promise<RoleSession> {
  const owner = { kind: 'role', id: role.id, sessionName } as const;
  const ownFacts = { ...facts, ...tokenFacts(sessions, call, role.account), issuedAt: call.now };
  const credentials = sessions.issue(role.account, owner, ownFacts, leastTokenBytes);
  await sessions.durable(role.account);
  return {
    ...answerOf(credentials, facts.expiresAt),
    AssumedRoleUser: {
      AssumedRoleId: `${role.id}:${sessionName}`,
      Arn: `arn:aws:sts::${role.account}:assumed-role/${role.name}/${sessionName}`,
    },
  };
}

/** What answers say of a session, whoever it is of. */
export const answerOf = (issued: SessionCredentials, expiresAt: Milliseconds) => ({
  Credentials: credentialsOf(issued, expiresAt),
  SessionTokenSize: issued.sessionToken.length,
  SessionTokenUtilization: issued.tokenUtilization,
});

export function credentialsOf(issued: SessionCredentials, expiresAt: Milliseconds): Credentials {
  return {
    AccessKeyId: issued.accessKeyId,
    SecretAccessKey: issued.secretAccessKey,
    SessionToken: issued.sessionToken,
    // STS tells whole seconds.
    Expiration: Math.floor(expiresAt / 1000) * 1000,
  };
}

export const endOf = (call: Call, duration: number): Milliseconds => call.now + seconds(duration);
