/**
 * Authorization codes: what AWS's /v1/authorize gives to a browser whose person is signed in. It is a signed operation here, so the
 * page that shows it calls it with the credentials that the sign-in answered. A code is good once, for ten minutes, for the client
 * that knows the verifier behind the challenge (PKCE, RFC 7636).
 */
import { isIP } from 'node:net';
import { hours, type Milliseconds, minutes } from '#platform/base/clock.ts';
import { type AccountId, uuid } from '#platform/base/ids.ts';
import type { Principal } from '#platform/principal.ts';
import type { Call } from '#platform/service.ts';
import type { PeopleApi, SessionOwner } from '#services/iam/api.ts';
import type { Authorization, AuthorizeRequest } from '#services/signin/api.ts';
import { accessDenied, invalidAuthorization } from '#services/signin/errors.ts';
import type { Handles } from '#services/signin/handles.ts';
import type { SignInParts } from '#services/signin/sign-in.ts';
import { codes, partitionOf, type RowPlace, sweep } from '#services/signin/state.ts';

/** "A maximum authorization code lifetime of 10 minutes is RECOMMENDED" (RFC 6749, 4.1.2). */
const CODE_LIFETIME: Milliseconds = minutes(10);
/** "The CLI will automatically refresh these credentials for up to 12 hours." */
const LONGEST_SESSION: Milliseconds = hours(12);

const SAME_DEVICE = 'arn:aws:signin:::devtools/same-device';

/** `localhost` is the client whose browser runs on the same machine. */
export const clientArn = (account: string, clientId: string): string =>
  `arn:aws:signin:us-east-1:${account}:oauth2/public-client/${clientId === SAME_DEVICE ? 'localhost' : 'remote'}`;

type Parts = SignInParts & { readonly handles: Handles };

export async function authorize(parts: Parts, request: AuthorizeRequest, call: Call): Promise<Authorization> {
  const { store, people, handles } = parts;
  const { principal, now } = call;
  const target = targetOf(request);
  const owner = ownerOf(principal);
  if (owner === undefined || !('account' in principal) || principal.account === undefined) {
    return accessDenied('Only root users, IAM users and roles can sign in to a command line.');
  }
  const { account } = principal;
  // Nobody stays in for longer than the session that let them in.
  const session = 'session' in principal ? principal.session : undefined;
  const sessionEnd = Math.min(now + LONGEST_SESSION, session?.expiresAt ?? Number.POSITIVE_INFINITY);
  const place: RowPlace = { account, endsAt: now + CODE_LIFETIME, id: uuid() };
  const passwordAt = passwordChangedAt(people, account, owner, now);
  const partition = partitionOf(store, account);
  partition.transact((tx) => {
    sweep(tx, codes, now);
    tx.put(codes, codes.key(place.endsAt, place.id), {
      clientId: request.clientId,
      redirectUri: request.redirectUri,
      challenge: request.codeChallenge,
      owner,
      facts: { ...session, issuedAt: now, expiresAt: sessionEnd },
      ...(passwordAt !== undefined && { passwordChangedAt: passwordAt }),
    });
  });
  await partition.durable();
  return answerOf(target, handles.writeCode(place), request.state);
}

/** When the owner's password was set; a change of it ends what was signed in before. */
export function passwordChangedAt(
  people: PeopleApi,
  account: AccountId,
  owner: SessionOwner,
  now: Milliseconds,
): Milliseconds | undefined {
  if (owner.kind !== 'user' && owner.kind !== 'root') return undefined;
  return people.passwordState({ account, id: owner.kind === 'root' ? 'root' : owner.id }, now)?.changedAt;
}

function ownerOf(principal: Principal): SessionOwner | undefined {
  switch (principal.kind) {
    case 'root':
      return { kind: 'root' };
    case 'user':
      return { kind: 'user', id: principal.userId };
    case 'role-session': {
      const { roleId: id, userId } = principal;
      return { kind: 'role', id, sessionName: userId.slice(userId.indexOf(':') + 1) };
    }
    default:
      return undefined;
  }
}

type Target = { readonly kind: 'browser'; readonly url: URL } | { readonly kind: 'by-hand' };

/**
 * A browser is sent to its own machine only: a code must not go where a link says. On another machine the person carries it,
 * so the address is never followed.
 */
function targetOf({ clientId, redirectUri }: AuthorizeRequest): Target {
  if (!URL.canParse(redirectUri)) return invalidAuthorization('The redirect URI is not valid.');
  const url = new URL(redirectUri);
  if (clientId !== SAME_DEVICE) {
    const isConfirmation = url.pathname === '/v1/sessions/confirmation';
    return isConfirmation
      ? { kind: 'by-hand' }
      : invalidAuthorization('The redirect URI is not the confirmation page.');
  }
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const isLoopback = isIP(host) !== 0 && (host.startsWith('127.') || host === '::1');
  const isCallback = url.protocol === 'http:' && isLoopback && url.pathname === '/oauth/callback' && url.search === '';
  return isCallback && url.username === '' && url.hash === ''
    ? { kind: 'browser', url }
    : invalidAuthorization('The redirect URI must be http://127.0.0.1:PORT/oauth/callback.');
}

function answerOf(target: Target, code: string, state: string): Authorization {
  const query = new URLSearchParams({ code, state });
  if (target.kind === 'by-hand') return { verificationCode: Buffer.from(query.toString()).toString('base64') };
  target.url.search = query.toString();
  return { location: target.url.href };
}
