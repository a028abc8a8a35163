/**
 * The keys of OpenID Connect providers: asked for at the provider itself (OpenID Connect Discovery 1.0), through the only way out, and
 * kept for an hour. A token may name a key that is newer than what is kept; then the provider is asked again, but not more often
 * than every half minute, so that made-up key ids do not make us hammer somebody. Failures are remembered for some seconds.
 *
 * An issuer whose keys the operator has given (supplied-keys.ts) is never asked.
 */
import type { JSONWebKeySet, JWTVerifyGetKey } from 'jose';
import { type Clock, hours, type Milliseconds, seconds } from '#platform/base/clock.ts';
import { type Egress, EgressError } from '#platform/egress/egress.ts';
import { fail } from '#platform/error.ts';
import { jose } from '#platform/packages.ts';
import type { Store } from '#platform/store/store.ts';
import type { OidcProviderView } from '#services/iam/api.ts';
import { keysSuppliedFor, suppliedDurable } from '#services/sts/web-identity/supplied-keys.ts';
import { isVerificationKey } from '#services/sts/web-identity/verification-keys.ts';

/** "The latency … is greater than 5 seconds" is one of the reasons that AWS names for a failure. */
const WITHIN: Milliseconds = seconds(5);
const KEPT: Milliseconds = hours(1);
const BETWEEN_RENEWALS: Milliseconds = seconds(30);
const BETWEEN_FAILURES: Milliseconds = seconds(5);
const MOST_PROVIDERS = 1000;
const MOST_BYTES = 256 * 1024;
/** Of each type of key. */
const MOST_KEYS = 100;

interface Kept {
  readonly keys: Promise<JWTVerifyGetKey>;
  readonly askedAt: Milliseconds;
  failedAt: Milliseconds | undefined;
  /** The last time that newer ones were asked for, and those who wait for that. */
  renewedAt: Milliseconds;
  renewal: Promise<JWTVerifyGetKey> | undefined;
}

export class ProviderKeys {
  readonly #store: Store;
  readonly #egress: Egress;
  readonly #clock: Clock;
  /** By provider and thumbprints, the oldest first. */
  readonly #kept = new Map<string, Kept>();

  constructor(store: Store, egress: Egress, clock: Clock) {
    this.#store = store;
    this.#egress = egress;
    this.#clock = clock;
  }

  /** Throws InvalidIdentityToken or IDPCommunicationError when the provider does not give its keys. */
  async keysOf(provider: OidcProviderView): Promise<JWTVerifyGetKey> {
    const supplied = keysSuppliedFor(this.#store, provider.url);
    if (supplied !== undefined) {
      await suppliedDurable(this.#store);
      return (await jose()).createLocalJWKSet({ keys: [...supplied] });
    }
    return this.#fetchedKeysOf(provider);
  }

  #fetchedKeysOf(provider: OidcProviderView): Promise<JWTVerifyGetKey> {
    const kept = this.#kept.get(idOf(provider));
    return kept !== undefined && this.#isGood(kept) ? kept.keys : this.#keep(provider, this.#fetch(provider)).keys;
  }

  #isGood({ askedAt, failedAt }: Kept): boolean {
    const now = this.#clock.monotonic();
    return failedAt === undefined ? now - askedAt < KEPT : now - failedAt < BETWEEN_FAILURES;
  }

  /** Newer keys; undefined if the provider was asked just now. What is kept stays if it does not answer. */
  newerKeysOf(provider: OidcProviderView): Promise<JWTVerifyGetKey> | undefined {
    if (keysSuppliedFor(this.#store, provider.url) !== undefined) return undefined;
    const kept = this.#kept.get(idOf(provider));
    if (kept === undefined) return this.#fetchedKeysOf(provider);
    if (kept.renewal !== undefined) return kept.renewal;
    const now = this.#clock.monotonic();
    if (now - kept.renewedAt < BETWEEN_RENEWALS) return undefined;
    kept.renewedAt = now;
    const renewal = this.#fetch(provider).finally(() => {
      kept.renewal = undefined;
    });
    kept.renewal = renewal;
    renewal.then(
      () => this.#keep(provider, renewal),
      () => {},
    );
    return renewal;
  }

  #keep(provider: OidcProviderView, keys: Promise<JWTVerifyGetKey>): Kept {
    const now = this.#clock.monotonic();
    const kept: Kept = { keys, askedAt: now, failedAt: undefined, renewedAt: now, renewal: undefined };
    keys.catch(() => {
      kept.failedAt = this.#clock.monotonic();
    });
    const id = idOf(provider);
    this.#kept.delete(id);
    this.#kept.set(id, kept);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MOST_PROVIDERS && oldest !== undefined) this.#kept.delete(oldest);
    return kept;
  }

  async #fetch(provider: OidcProviderView): Promise<JWTVerifyGetKey> {
    const issuer = `https://${provider.url}`;
    const discovery = await this.#json(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, provider);
    const { issuer: said, jwks_uri: place } = discovery;
    // Discovery 4.3: "The issuer value returned MUST be identical to the Issuer URL".
    if (said !== issuer || typeof place !== 'string' || !place.startsWith('https://')) return noKeys();
    const { keys } = await this.#json(place, provider);
    if (!Array.isArray(keys)) return noKeys();
    const { createLocalJWKSet } = await jose();
    return createLocalJWKSet({ keys: usable(keys) });
  }

  async #json(url: string, { account, thumbprints }: OidcProviderView): Promise<Record<string, unknown>> {
    try {
      const { status, body } = await this.#egress.get(url, {
        account,
        maxBytes: MOST_BYTES,
        within: WITHIN,
        thumbprints,
      });
      if (status >= 500) unreachable();
      const parsed: unknown = status === 200 ? JSON.parse(body.toString('utf8')) : undefined;
      return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : noKeys();
    } catch (error) {
      if (error instanceof EgressError) return faultOf(error);
      throw error instanceof SyntaxError ? noKeys() : error;
    }
  }
}

const idOf = ({ arn, thumbprints }: OidcProviderView): string => `${arn} ${thumbprints.join(' ')}`;

/** Keys that may verify tokens; a set with more than AWS reads is refused. */
function usable(keys: readonly unknown[]): JSONWebKeySet['keys'] {
  const found = keys.filter(isVerificationKey);
  for (const type of ['RSA', 'EC']) {
    if (found.filter(({ kty }) => kty === type).length > MOST_KEYS) return noKeys();
  }
  return found;
}

const noKeys = (): never =>
  fail(
    'InvalidIdentityToken',
    "Couldn't retrieve verification key from your identity provider, please reference AssumeRoleWithWebIdentity documentation for requirements",
  );

const unreachable = (): never =>
  fail('IDPCommunicationError', 'The identity provider could not be reached. Try the request again.');

function faultOf({ fault }: EgressError): never {
  switch (fault) {
    case 'untrusted':
      return fail(
        'InvalidIdentityToken',
        "OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint",
      );
    case 'refused':
    case 'too-large':
      return noKeys();
    default:
      return unreachable();
  }
}
