/** Rows of an account's outbound federation: its issuer, and the keys that sign its tokens. */
import { jsonRows, table, text } from '#platform/store/keys.ts';
import type { SigningAlgorithm } from '#services/iam/api.ts';

interface IssuerRow {
  /** Stays when the feature is disabled and enabled again: others trust the issuer by it. */
  readonly id: string;
  readonly isEnabled: boolean;
}

export interface SigningKeyRow {
  readonly kid: string;
  readonly algorithm: SigningAlgorithm;
  readonly createdAt: number;
  /** PKCS #8 in PEM, sealed for this key. */
  readonly sealed: string;
  /** For the key set. */
  readonly jwk: Readonly<Record<string, unknown>>;
}

/** One row. */
export const tokenIssuers = table('token-issuer', [], jsonRows<IssuerRow>(1));
/** By key id. */
export const signingKeys = table('token-key', [text], jsonRows<SigningKeyRow>(1));
