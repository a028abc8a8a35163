/**
 * AWS Sign-In: how people get in. `SignInApi` (api.ts), which the `makonis` service offers, takes a name, a password and a code and
 * answers credentials, and gives a browser the code that a command line waits for; the operations here are AWS's own, by which
 * `aws login` and the SDKs exchange and refresh it.
 *
 * Order of reading: state.ts, guard.ts, sign-in.ts, events.ts; authorize.ts, dpop.ts, tokens.ts, introspection.ts.
 */

import type * as Model from '#platform/model/generated/signin.ts';
import type { Sealer } from '#platform/secrets/sealer.ts';
import { type Call, type CallScope, defineService, type Handlers } from '#platform/service.ts';
import type { Store } from '#platform/store/store.ts';
import type { PeopleApi, SessionsApi } from '#services/iam/api.ts';
import type { SignInApi } from '#services/signin/api.ts';
import { authorize, clientArn } from '#services/signin/authorize.ts';
import { denied, errorCodes, invalidRequest } from '#services/signin/errors.ts';
import { createHandles, type Handles } from '#services/signin/handles.ts';
import { introspect, revoke } from '#services/signin/introspection.ts';
import { signIn } from '#services/signin/sign-in.ts';
import type { RowPlace } from '#services/signin/state.ts';
import { createOAuth2Token, liveSession, type TokenParts } from '#services/signin/tokens.ts';

const NO_TOKEN_SERVICE = 'no service here takes OAuth bearer tokens';
const NO_NETWORKS = 'limits the console to networks (VPCs and their endpoints), which come with EC2';

const notImplemented = {
  CreateBearerToken: NO_TOKEN_SERVICE,
  CreateOAuth2TokenWithIAM: NO_TOKEN_SERVICE,
  CreateOAuth2TokenWithTokenExchange: NO_TOKEN_SERVICE,
  DeleteConsoleAuthorizationConfiguration: NO_NETWORKS,
  DeleteResourcePermissionStatement: NO_NETWORKS,
  GetConsoleAuthorizationConfiguration: NO_NETWORKS,
  GetResourcePolicy: NO_NETWORKS,
  ListResourcePermissionStatements: NO_NETWORKS,
  PutConsoleAuthorizationConfiguration: NO_NETWORKS,
  PutResourcePermissionStatement: NO_NETWORKS,
} as const;

const RATE = { perSecond: 20, burst: 100 } as const;

export interface SignInDeps {
  readonly store: Store;
  readonly sealer: Sealer;
  readonly people: PeopleApi;
  readonly sessions: SessionsApi;
}

const partsOf = (deps: SignInDeps): TokenParts => ({ ...deps, handles: createHandles(deps.sealer) });

export function signInApi(deps: SignInDeps): SignInApi {
  const parts = partsOf(deps);
  return {
    signIn: (request, call) => signIn(parts, request, call),
    authorize: (request, call) => authorize(parts, request, call),
    clientArn,
  };
}

/** Whose partition an unsigned request works on: what it carries says it. */
function placeOf(handles: Handles, { tokenInput }: Model.CreateOAuth2TokenRequest): RowPlace {
  const { code, refreshToken, grantType } = tokenInput;
  if (grantType === 'refresh_token') return handles.readToken(refreshToken ?? '') ?? denied('TOKEN_EXPIRED');
  if (code === undefined) return invalidRequest('The code is missing.');
  return handles.readCode(code) ?? denied('AUTHCODE_EXPIRED');
}

interface OnToken {
  readonly token: string;
}

export const signin = (deps: SignInDeps) => {
  const parts = partsOf(deps);
  /** The client that a token was given to; of a foreign token nothing is known. */
  const clientOf = ({ token }: OnToken, scope: CallScope): string | undefined => {
    const place = parts.handles.readToken(token);
    if (place?.account !== scope.account) return undefined;
    return scope.read((tx) => liveSession({ partition: tx.partition, now: scope.now }, place))?.clientId;
  };
  const onToken = {
    resource: (input: OnToken, scope: CallScope) => clientArn(scope.account, clientOf(input, scope) ?? ''),
    conditions: (input: OnToken, scope: CallScope) => ({
      'signin:oauthclientid': clientOf(input, scope),
      'signin:oauthtokentype': 'refresh_token',
    }),
    secret: ['token'],
  } as const;
  return defineService({
    defaults: { event: 'management' },
    operations: {
      CreateOAuth2Token: {
        handler: (input: Model.CreateOAuth2TokenRequest, call: Call) => createOAuth2Token(parts, input, call),
        owner: (input) => ({ account: placeOf(parts.handles, input).account }),
        resource: ({ tokenInput }, { account }) => clientArn(account, tokenInput.clientId),
        // The client proves to have a key; whether its person may is asked by the handler, in the person's name.
        anonymous: true,
        always: true,
        steps: true,
        secret: ['code', 'codeVerifier', 'dpop', 'idToken'],
      },
      IntrospectOAuth2TokenWithIAM: {
        handler: introspect(parts),
        action: 'signin:IntrospectOAuth2Token',
        ...onToken,
      },
      RevokeOAuth2TokenWithIAM: { handler: revoke(parts), action: 'signin:RevokeOAuth2Token', ...onToken },
    } satisfies Handlers<Model.SigninOperations, typeof notImplemented>,
    notImplemented,
    kinds: {},
    quotas: {},
    // Of an account's command lines, and of those who look after them; AWS publishes no rates.
    throttles: {
      CreateOAuth2Token: RATE,
      IntrospectOAuth2TokenWithIAM: RATE,
      RevokeOAuth2TokenWithIAM: RATE,
    },
    throttlingError: 'TooManyRequestsError',
    errorMembers: errorCodes,
  });
};
