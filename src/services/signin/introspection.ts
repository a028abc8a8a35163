/** RFC 7662 and RFC 7009 for refresh tokens, signed by IAM: what is behind one, and the end of its session. */
import type * as Model from '#platform/model/generated/signin.ts';
import type { Call } from '#platform/service.ts';
import type { Handles } from '#services/signin/handles.ts';
import { cliSessions, type RowPlace } from '#services/signin/state.ts';
import { liveSession, sessionArn, type TokenParts } from '#services/signin/tokens.ts';

/** "When the supplied token is unknown, expired, revoked, malformed, or owned by a different account": nothing more is said. */
const INACTIVE: Model.IntrospectOAuth2TokenWithIAMResponse = { active: false };

export const introspect =
  ({ handles, people }: TokenParts) =>
  ({ token }: Model.IntrospectOAuth2TokenWithIAMRequest, call: Call): Model.IntrospectOAuth2TokenWithIAMResponse => {
    const place = ownPlace(handles, token, call);
    const session = place && liveSession(call, place);
    const principal = session && people.principal(call.account, session.owner, session.facts);
    if (!place || !session || !principal) return INACTIVE;
    const [started, ends] = [session.startedAt, place.endsAt].map((at) => Math.floor(at / 1000));
    return {
      active: true,
      clientId: session.clientId,
      userId: principal.userId,
      tokenType: 'refresh_token',
      ...(ends !== undefined && { exp: ends }),
      ...(started !== undefined && { iat: started, nbf: started }),
      sub: principal.arn,
      aud: session.clientId,
      iss: call.origin,
      jti: place.id,
      accountId: place.account,
      signinSession: sessionArn(place),
    };
  };

/** "Revoking an already-revoked, expired, or otherwise invalid token returns 200 OK with an empty body." */
export const revoke =
  ({ handles }: TokenParts) =>
  ({ token }: Model.RevokeOAuth2TokenWithIAMRequest, call: Call): Model.RevokeOAuth2TokenWithIAMResponse => {
    const place = ownPlace(handles, token, call);
    if (place) call.tx.delete(cliSessions, cliSessions.key(place.endsAt, place.id));
    return {};
  };

function ownPlace(handles: Handles, token: string, { account }: Call): RowPlace | undefined {
  const place = handles.readToken(token);
  return place?.account === account ? place : undefined;
}
