/**
 * AWS Security Token Service: who am I, and temporary credentials. It stores nothing of sessions: a session is its token (IAM seals and
 * opens it, services/iam/identity/session-tokens.ts). Reads of IAM go by `SessionsApi`, so every operation makes its own steps.
 */
import type { Clock } from '#platform/base/clock.ts';
import type { Egress } from '#platform/egress/egress.ts';
import { fail } from '#platform/error.ts';
import type {
  DecodeAuthorizationMessageRequest,
  DecodeAuthorizationMessageResponse,
  GetAccessKeyInfoRequest,
  GetAccessKeyInfoResponse,
  GetCallerIdentityResponse,
  StsOperations,
} from '#platform/model/generated/sts.ts';
import type { AuthorizationMessages } from '#platform/policy/authorization-message.ts';
import type { SessionFacts } from '#platform/principal.ts';
import { type Call, defineService, type Handlers } from '#platform/service.ts';
import type { Store } from '#platform/store/store.ts';
import type { DelegatedAccessApi, RootAccessApi, SessionsApi, TokenIssuerApi } from '#services/iam/api.ts';
import { assumeRole } from '#services/sts/assume-role.ts';
import { assumeRoot } from '#services/sts/assume-root.ts';
import { auditedResources, auditNames } from '#services/sts/audit.ts';
import { getDelegatedAccessToken } from '#services/sts/delegated-access.ts';
import { getFederationToken, getSessionToken } from '#services/sts/own-session.ts';
import { assumeRoleWithSaml } from '#services/sts/saml/assume-role.ts';
import { assumeRoleWithWebIdentity } from '#services/sts/web-identity/assume-role.ts';
import { ProviderKeys } from '#services/sts/web-identity/provider-keys.ts';
import { getWebIdentityToken } from '#services/sts/web-identity-token.ts';

const notImplemented = {} as const;

function getCallerIdentity(_input: object, { principal }: Call): GetCallerIdentityResponse {
  // Signed requests come from principals with an account.
  if (!('arn' in principal)) return fail('AccessDenied', 'Access Denied');
  return { UserId: principal.userId, Account: principal.account, Arn: principal.arn };
}

const getAccessKeyInfo =
  (sessions: SessionsApi) =>
  ({ AccessKeyId }: GetAccessKeyInfoRequest): GetAccessKeyInfoResponse => ({
    Account: sessions.accountOfKey(AccessKeyId) ?? fail('ValidationError', `Invalid access key id: ${AccessKeyId}`),
  });

/** "You cannot call any STS API except AssumeRole or GetCallerIdentity"; of a federation token, only the latter. */
function admitSession({ issuedBy }: SessionFacts, operation: string): void {
  if (issuedBy === undefined || operation === 'GetCallerIdentity') return;
  if (issuedBy === 'GetSessionToken' && operation === 'AssumeRole') return;
  fail('AccessDenied', `Cannot call ${operation} with session credentials`);
}

/** "This can happen if the token contains invalid characters, such as line breaks, or if the message has expired." */
const decodeAuthorizationMessage =
  (messages: AuthorizationMessages) =>
  ({ EncodedMessage }: DecodeAuthorizationMessageRequest, call: Call): DecodeAuthorizationMessageResponse => ({
    DecodedMessage:
      messages.decode(EncodedMessage, call.account, call.now) ??
      fail('InvalidAuthorizationMessageException', 'The encoded authorization message is not valid.'),
  });

export interface StsParts {
  readonly sessions: SessionsApi;
  readonly tokenIssuer: TokenIssuerApi;
  readonly rootAccess: RootAccessApi;
  readonly delegatedAccess: DelegatedAccessApi;
  readonly authorizationMessages: AuthorizationMessages;
  readonly egress: Egress;
  readonly store: Store;
  readonly clock: Clock;
}

export const sts = ({
  sessions,
  tokenIssuer,
  rootAccess,
  delegatedAccess,
  authorizationMessages,
  egress,
  store,
  clock,
}: StsParts) =>
  defineService({
    operations: {
      AssumeRole: assumeRole(sessions),
      AssumeRoleWithSAML: assumeRoleWithSaml(sessions),
      AssumeRoleWithWebIdentity: assumeRoleWithWebIdentity(sessions, new ProviderKeys(store, egress, clock)),
      AssumeRoot: assumeRoot(sessions, rootAccess),
      // What a message holds is for who may decode it, not for who reads the audit.
      DecodeAuthorizationMessage: {
        handler: decodeAuthorizationMessage(authorizationMessages),
        resource: () => '*',
        secret: ['DecodedMessage'],
      },
      GetAccessKeyInfo: { handler: getAccessKeyInfo(sessions), resource: () => '*', steps: true },
      GetCallerIdentity: { handler: getCallerIdentity, resource: () => '*', always: true },
      GetDelegatedAccessToken: getDelegatedAccessToken(delegatedAccess),
      GetFederationToken: getFederationToken(sessions),
      GetSessionToken: getSessionToken(sessions),
      GetWebIdentityToken: getWebIdentityToken(sessions, tokenIssuer),
    } satisfies Handlers<StsOperations, typeof notImplemented>,
    notImplemented,
    auditNames,
    auditedResources,
    admitSession,
    documents: (path) => tokenIssuer.document(path),
    kinds: {},
    quotas: {},
  });
