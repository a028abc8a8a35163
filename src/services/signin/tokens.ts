/**
 * CreateOAuth2Token: what `aws login` and the SDKs' login provider call. A code is exchanged for credentials of a quarter of an hour
 * and a refresh token; that one gets new credentials, "for up to 12 hours", as long as the person may, the password is the same and
 * the client proves to have the key that it began with. Refreshing answers the same refresh token: it is bound to the key.
 */
import { createHash } from 'node:crypto';
import { type Milliseconds, minutes } from '#platform/base/clock.ts';
import { uuid } from '#platform/base/ids.ts';
import type * as Model from '#platform/model/generated/signin.ts';
import type { Sealer } from '#platform/secrets/sealer.ts';
import type { Call } from '#platform/service.ts';
import type { Transaction } from '#platform/store/store.ts';
import type { SessionPrincipal } from '#services/iam/api.ts';
import { clientArn, passwordChangedAt } from '#services/signin/authorize.ts';
import { invalid, type Proof, readProof } from '#services/signin/dpop.ts';
import { denied, invalidRequest } from '#services/signin/errors.ts';
import type { Handles } from '#services/signin/handles.ts';
import { idToken } from '#services/signin/id-token.ts';
import type { SignInParts } from '#services/signin/sign-in.ts';
import {
  type Authorized,
  type CliSessionRow,
  type CodeRow,
  cliSessions,
  codes,
  type RowPlace,
  sweep,
  usedProofs,
} from '#services/signin/state.ts';

export type TokenParts = SignInParts & { readonly handles: Handles; readonly sealer: Sealer };

/** "The short-term credentials expire in 15 minutes." */
const CREDENTIALS_LIFETIME: Milliseconds = minutes(15);

export const sessionArn = ({ account, id }: RowPlace): string => `arn:aws:signin:us-east-1:${account}:session/${id}`;

export async function createOAuth2Token(
  parts: TokenParts,
  { tokenInput, dpop }: Model.CreateOAuth2TokenRequest,
  call: Call,
): Promise<Model.CreateOAuth2TokenResponse> {
  const proof = readProof(dpop, { method: 'POST', url: `${call.origin}/v1/token`, now: call.now });
  const { thumbprint } = proof;
  const isFirst = tokenInput.grantType === 'authorization_code';
  const granted = isFirst
    ? exchange(parts, tokenInput, thumbprint, call)
    : refresh(parts, tokenInput, thumbprint, call);
  const { place, session, principal } = granted;
  call.transact((tx) => useUp(tx, proof, call.now));
  const expiresAt = Math.min(call.now + CREDENTIALS_LIFETIME, place.endsAt);
  const facts = { ...session.facts, issuedAt: call.now, expiresAt, signInSessionArn: sessionArn(place) };
  const accessToken = parts.sessions.issue(place.account, session.owner, facts);
  const claims = { iss: call.origin, sub: principal.arn, aud: session.clientId, now: call.now, expiresAt };
  return {
    tokenOutput: {
      accessToken,
      tokenType: 'aws_sigv4',
      expiresIn: Math.max(1, Math.floor((expiresAt - call.now) / 1000)),
      refreshToken: granted.refreshToken,
      ...(isFirst && { idToken: idToken(parts.store, parts.sealer, claims) }),
    },
  };
}

function useUp(tx: Transaction, { endsAt, id }: Proof, now: Milliseconds): void {
  const key = usedProofs.key(endsAt, id);
  if (tx.get(usedProofs, key) !== undefined) invalid();
  sweep(tx, usedProofs, now);
  tx.put(usedProofs, key, {});
}

interface Granted {
  readonly place: RowPlace;
  readonly session: CliSessionRow;
  readonly principal: SessionPrincipal;
  readonly refreshToken: string;
}

type TokenInput = Model.CreateOAuth2TokenRequestBody;

/** "Each authorization code can only be used ONCE": whatever comes of it, and a second use ends what came of the first. */
function exchange(parts: TokenParts, input: TokenInput, thumbprint: string, call: Call): Granted {
  const { code = invalidRequest('The code is missing.') } = input;
  const verifier = input.codeVerifier ?? invalidRequest('The code verifier is missing.');
  const from = parts.handles.readCode(code) ?? denied('AUTHCODE_EXPIRED');
  const key = codes.key(from.endsAt, from.id);
  const row = call.transact((tx) => takeCode(tx, from, call.now)) ?? denied('AUTHCODE_EXPIRED');
  if (row.clientId !== input.clientId || row.redirectUri !== (input.redirectUri ?? row.redirectUri)) {
    invalidRequest('The code was given to another client or for another redirect URI.');
  }
  if (createHash('sha256').update(verifier).digest('base64url') !== row.challenge) {
    invalidRequest('The code verifier does not match the challenge.');
  }
  const principal = livePrincipal(parts, from, row, call);
  const { clientId, owner, facts, passwordChangedAt } = row;
  const session: CliSessionRow = {
    clientId,
    owner,
    facts,
    ...(passwordChangedAt !== undefined && { passwordChangedAt }),
    startedAt: call.now,
    thumbprint,
  };
  const place: RowPlace = { account: from.account, endsAt: facts.expiresAt, id: uuid() };
  call.transact((tx) => {
    sweep(tx, cliSessions, call.now);
    tx.put(cliSessions, cliSessions.key(place.endsAt, place.id), session);
    tx.put(codes, key, { ...row, used: { session: place } });
  });
  return { place, session, principal, refreshToken: parts.handles.writeToken(place) };
}

/** Undefined for one that is over or was used. */
function takeCode(tx: Transaction, { endsAt, id }: RowPlace, now: Milliseconds): CodeRow | undefined {
  const key = codes.key(endsAt, id);
  const row = tx.get(codes, key);
  if (row === undefined || endsAt <= now) return undefined;
  if (row.used === undefined) {
    tx.put(codes, key, { ...row, used: {} });
    return row;
  }
  const { session } = row.used;
  if (session) tx.delete(cliSessions, cliSessions.key(session.endsAt, session.id));
  return undefined;
}

function refresh(parts: TokenParts, input: TokenInput, thumbprint: string, call: Call): Granted {
  const { refreshToken = invalidRequest('The refresh token is missing.') } = input;
  const place = parts.handles.readToken(refreshToken) ?? denied('TOKEN_EXPIRED');
  const session = liveSession(call, place) ?? denied('TOKEN_EXPIRED');
  if (session.clientId !== input.clientId) invalidRequest('The refresh token was given to another client.');
  if (session.thumbprint !== thumbprint)
    invalidRequest('The DPoP proof is not of the key that the session began with.');
  return { place, session, principal: livePrincipal(parts, place, session, call), refreshToken };
}

export function liveSession(
  { partition, now }: Pick<Call, 'partition' | 'now'>,
  place: RowPlace,
): CliSessionRow | undefined {
  if (place.endsAt <= now) return undefined;
  return partition.read((tx) => tx.get(cliSessions, cliSessions.key(place.endsAt, place.id)));
}

/** Who it is now: the user or role is still there, has the same password, and may have tokens. */
function livePrincipal(parts: TokenParts, { account }: RowPlace, granted: Authorized, call: Call): SessionPrincipal {
  const { people } = parts;
  const { owner, facts, clientId } = granted;
  const principal = people.principal(account, owner, facts) ?? denied('USER_CREDENTIALS_CHANGED');
  if (passwordChangedAt(people, account, owner, call.now) !== granted.passwordChangedAt)
    denied('USER_CREDENTIALS_CHANGED');
  const isAllowed = people.isAllowed(principal, {
    action: 'signin:CreateOAuth2Token',
    resource: clientArn(account, clientId),
    call,
    conditions: { 'signin:oauthclientid': clientId },
  });
  return isAllowed ? principal : denied('INSUFFICIENT_PERMISSIONS');
}
