/** What other services may use of STS. */
import type { Milliseconds } from '#platform/base/clock.ts';

/** The public keys of an OpenID Connect issuer, given by the operator: the issuer itself is not asked. */
export interface SuppliedKeys {
  /** `https://issuer.example` */
  readonly issuer: string;
  readonly keyIds: readonly string[];
  readonly changedAt: Milliseconds;
}

/** Thrown errors are ServiceErrors with the `makonis` service's codes. */
export interface SuppliedKeysApi {
  /** `keySet` is a JSON Web Key Set. It stands in the place of the one before. */
  put(issuer: string, keySet: string, now: Milliseconds): Promise<SuppliedKeys>;
  remove(issuer: string): Promise<void>;
  /** In the order of the issuers. */
  list(): readonly SuppliedKeys[];
}
