/**
 * A token of an OpenID Connect provider, from text to a principal that the provider vouches for. Nothing in it counts before the
 * signature does, but for the issuer's name, which says whose keys to verify with: the provider of that name in the role's account.
 */
import type { JWTVerifyGetKey } from 'jose';
import { type Milliseconds, minutes } from '#platform/base/clock.ts';
import { fail } from '#platform/error.ts';
import { jose } from '#platform/packages.ts';
import type { ExternalPrincipal } from '#platform/principal.ts';
import type { OidcProviderView } from '#services/iam/api.ts';
import { type Claims, provenClaims } from '#services/sts/web-identity/claims.ts';
import type { ProviderKeys } from '#services/sts/web-identity/provider-keys.ts';

/** "Tokens must be signed using either RSA keys (RS256, RS384, or RS512) or ECDSA keys (ES256, ES384, or ES512)." */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512'];
const REQUIRED = ['iss', 'sub', 'aud', 'exp', 'iat'];
/** Clocks of others run ahead a little. */
const LEEWAY: Milliseconds = minutes(5);
const LONGEST_SUBJECT = 255;

export interface TokenParts {
  readonly keys: ProviderKeys;
  /** The role's account's provider of a URL without its scheme. */
  readonly providerOf: (url: string) => OidcProviderView | undefined;
}

const invalid = (message: string): never => fail('InvalidIdentityToken', message);
const notAToken = (): never =>
  invalid('The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)');

/** Throws InvalidIdentityToken, ExpiredTokenException, IDPRejectedClaim or IDPCommunicationError. */
export async function principalOfToken(
  token: string,
  now: Milliseconds,
  { keys, providerOf }: TokenParts,
): Promise<ExternalPrincipal> {
  const unverified = await claimsIn(token);
  for (const name of REQUIRED) if (unverified[name] === undefined) invalid(`Missing a required claim: ${name}`);
  const { iss } = unverified;
  if (typeof iss !== 'string' || !iss.startsWith('https://')) return invalid('Issuer must be a valid URL');
  const provider = providerOf(iss.slice('https://'.length));
  if (provider === undefined) return invalid(`No OpenIDConnect provider found in your account for ${iss}`);
  const claims = await verified(token, provider, keys);
  const audience = audienceOf(claims, provider);
  checkTimes(claims, now);
  const { sub } = claims;
  if (typeof sub !== 'string' || sub === '' || sub.length > LONGEST_SUBJECT)
    return invalid('Invalid subject in the token');
  const { arn } = provider;
  return {
    kind: 'external',
    type: 'WebIdentityUser',
    provider: arn,
    identityProvider: arn,
    userId: `${arn}:${audience.join(' ')}:${sub}`,
    userName: sub,
    claims: provenClaims(provider.url, claims, audience),
  };
}

async function claimsIn(token: string): Promise<Claims> {
  const { decodeJwt, decodeProtectedHeader } = await jose();
  try {
    const { alg = '' } = decodeProtectedHeader(token);
    if (!ALGORITHMS.includes(alg)) return invalid('Token must be signed using RSA or ECDSA keys');
    return decodeJwt(token);
  } catch (error) {
    // Its errors for what has not the form.
    throw error instanceof TypeError || isJose(error) ? notAToken() : error;
  }
}

const isJose = (error: unknown): error is Error & { readonly code: string } =>
  error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_J');

async function verified(token: string, provider: OidcProviderView, source: ProviderKeys): Promise<Claims> {
  const claims = await verifiedBy(token, await source.keysOf(provider));
  if (claims !== undefined) return claims;
  const newer = source.newerKeysOf(provider);
  const second = newer && (await verifiedBy(token, await newer));
  return second ?? invalid("Couldn't find the key of the token's signature among those of your identity provider");
}

/** Undefined when the set has no key that the token's header asks for. */
async function verifiedBy(token: string, keys: JWTVerifyGetKey): Promise<Claims | undefined> {
  const { compactVerify } = await jose();
  try {
    const { payload } = await compactVerify(token, keys, { algorithms: ALGORITHMS });
    // `claimsIn` has read it as an object.
    return JSON.parse(Buffer.from(payload).toString('utf8')) as Claims;
  } catch (error) {
    if (!isJose(error)) return invalid('The key of the identity provider is not valid');
    if (error.code === 'ERR_JWKS_NO_MATCHING_KEY') return undefined;
    // Several keys fit a token that names none of them: AWS wants a key id then.
    return invalid('Token signature invalid');
  }
}

/** `azp`, where it is set, is the client that the token was given to (IAM User Guide, "aud" under OIDC condition keys). */
function audienceOf({ aud, azp }: Claims, { clientIds }: OidcProviderView): readonly string[] {
  const named: readonly unknown[] = typeof azp === 'string' ? [azp] : [aud].flat();
  const known = named.filter((each): each is string => typeof each === 'string' && clientIds.includes(each));
  return known.length > 0 ? known : invalid('Incorrect token audience');
}

const wholeSeconds = (value: unknown): number =>
  typeof value === 'number' && Number.isSafeInteger(value)
    ? value
    : invalid('Timestamps in the token must be formatted as either an integer or a long integer');

function checkTimes({ exp, iat, nbf }: Claims, now: Milliseconds): void {
  const second = Math.floor(now / 1000);
  const end = wholeSeconds(exp);
  if (second >= end) {
    fail(
      'ExpiredTokenException',
      `Token expired: current date/time ${second} must be before the expiration date/time ${end}`,
    );
  }
  for (const start of [iat, nbf]) {
    if (start !== undefined && wholeSeconds(start) * 1000 > now + LEEWAY) {
      fail('IDPRejectedClaim', 'The token is not valid yet.');
    }
  }
}
