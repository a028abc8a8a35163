/** Rows of OpenID Connect providers, and how their URLs and ARNs lead to them. */
import type { AccountId } from '#platform/base/ids.ts';
import { jsonRows, table, text } from '#platform/store/keys.ts';
import { invalidArn, invalidInput } from '#services/iam/errors.ts';

export interface OidcProviderRow {
  /** Without `https://`, as IAM shows it and condition keys begin: `issuer.example/path`. */
  readonly url: string;
  readonly clientIds: readonly string[];
  /** SHA-1 in hexadecimal of certificates in the chain of the provider's servers. */
  readonly thumbprints: readonly string[];
  readonly createdAt: number;
}

/** By URL: "The URL is case-sensitive." */
export const oidcProviders = table('oidc-provider', [text], jsonRows<OidcProviderRow>(1));

export const oidcProviderArn = (account: AccountId, url: string): string =>
  `arn:aws:iam::${account}:oidc-provider/${url}`;

const ARN = /^arn:aws:iam::\d{12}:oidc-provider\/(.+)$/s;

export const oidcUrlOfArn = (arn: string): string => ARN.exec(arn)?.[1] ?? invalidArn();

const PREFIX = 'https://';

/**
 * "The URL must begin with https:// … Per the OIDC standard, path components are allowed but query parameters are not." What IAM
 * advises against, a port, is taken: an issuer on one's own machine mostly has one.
 */
export function oidcUrl(given: string): string {
  const parsed = URL.parse(given);
  const isPlain =
    given.startsWith(PREFIX) &&
    /^[!-~]+$/.test(given) &&
    !/[?#@\\]/.test(given) &&
    parsed?.protocol === 'https:' &&
    // What the parser rewrites (dots, escapes, an address in another notation) would not be what a token's `iss` says.
    [given, `${given}/`].includes(parsed.href);
  return isPlain ? given.slice(PREFIX.length) : invalidInput('Invalid Open ID Connect Provider URL');
}
