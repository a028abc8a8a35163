/** GetSessionToken and GetFederationToken: temporary credentials for the caller itself, or in its name. */
import { seconds } from '#platform/base/clock.ts';
import { fail } from '#platform/error.ts';
import type {
  GetFederationTokenRequest,
  GetFederationTokenResponse,
  GetSessionTokenRequest,
  GetSessionTokenResponse,
} from '#platform/model/generated/sts.ts';
import type { RootPrincipal, SessionFacts, UserPrincipal } from '#platform/principal.ts';
import type { Call, OperationDeclaration } from '#platform/service.ts';
import type { SessionsApi } from '#services/iam/api.ts';
import { tokenFacts } from '#services/sts/endpoint.ts';
import { takeMfa } from '#services/sts/mfa.ts';
import { answerOf } from '#services/sts/role-session.ts';
import { checkSession } from '#services/sts/session-input.ts';

const DEFAULT_SECONDS = 43_200;
/** "Sessions obtained by using the AWS account root user credentials are restricted to a maximum of 3,600 seconds." */
const MOST_SECONDS_OF_ROOT = 3600;

/** Both operations take long-term credentials only. */
function longTermCaller(call: Call): RootPrincipal | UserPrincipal {
  const { principal } = call;
  const isUserOrRoot = principal.kind === 'user' || principal.kind === 'root';
  if (!isUserOrRoot || principal.session) {
    return fail('AccessDenied', `Cannot call ${call.operation} with session credentials`);
  }
  return principal;
}

function expiryOf(call: Call, caller: RootPrincipal | UserPrincipal, wanted = DEFAULT_SECONDS): number {
  return call.now + seconds(caller.kind === 'root' ? Math.min(wanted, MOST_SECONDS_OF_ROOT) : wanted);
}

/** "No permissions are required to perform this operation." */
export const getSessionToken = (
  sessions: SessionsApi,
): OperationDeclaration<GetSessionTokenRequest, GetSessionTokenResponse> => ({
  secret: ['SessionToken', 'TokenCode'],
  steps: true,
  always: true,
  resource: () => '*',
  async handler(input, call) {
    const caller = longTermCaller(call);
    const mfa = takeMfa(sessions, call, input);
    const expiresAt = expiryOf(call, caller, input.DurationSeconds);
    const owner = caller.kind === 'root' ? ({ kind: 'root' } as const) : ({ kind: 'user', id: caller.userId } as const);
    const session: SessionFacts = { issuedBy: 'GetSessionToken', issuedAt: call.now, expiresAt, ...mfa };
    const facts = { ...session, ...tokenFacts(sessions, call, caller.account) };
    const credentials = sessions.issue(caller.account, owner, facts, input.MinimumSessionTokenSize);
    await sessions.durable(caller.account);
    return answerOf(credentials, expiresAt);
  },
});

export const getFederationToken = (
  sessions: SessionsApi,
): OperationDeclaration<GetFederationTokenRequest, GetFederationTokenResponse> => ({
  secret: ['SessionToken'],
  steps: true,
  resource: ({ Name }, { account }) => `arn:aws:sts::${account}:federated-user/${Name}`,
  action: ({ Tags }) => ['sts:GetFederationToken', ...(Tags?.length ? ['sts:TagSession'] : [])],
  handler(input, call) {
    const caller = longTermCaller(call);
    const { account, arn } = caller;
    const { facts, packedPolicySize } = checkSession(sessions, account, input);
    const expiresAt = expiryOf(call, caller, input.DurationSeconds);
    const id = caller.kind === 'root' ? 'root' : caller.userId;
    const credentials = sessions.issue(
      account,
      { kind: 'federated', id, name: input.Name },
      {
        ...facts,
        ...tokenFacts(sessions, call, account),
        issuedBy: 'GetFederationToken',
        issuedAt: call.now,
        expiresAt,
        issuerArn: arn,
      },
      input.MinimumSessionTokenSize,
    );
    return {
      ...answerOf(credentials, expiresAt),
      FederatedUser: {
        FederatedUserId: `${account}:${input.Name}`,
        Arn: `arn:aws:sts::${account}:federated-user/${input.Name}`,
      },
      ...(packedPolicySize !== undefined && { PackedPolicySize: packedPolicySize }),
    };
  },
});
