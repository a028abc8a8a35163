/** What other services and main.ts may use of IAM. */
import type { Milliseconds } from '#platform/base/clock.ts';
import type { AccountId } from '#platform/base/ids.ts';
import type { CompiledPolicy } from '#platform/policy/parse.ts';
import type { Principal, SessionFacts } from '#platform/principal.ts';
import type { PublicDocument } from '#platform/service.ts';

export interface AccountView {
  readonly id: AccountId;
  readonly name: string;
  readonly arn: string;
  readonly status: 'ACTIVE' | 'SUSPENDED';
  readonly createdAt: Milliseconds;
}

export interface AccessKeyView {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Absent for the account's root. */
  readonly userName?: string;
}

export interface NewAccount {
  readonly id?: string;
  readonly name?: string;
  /** The administrator's key, where the operator chooses it. */
  readonly accessKeyId?: string;
  readonly secretAccessKey?: string;
}

export interface CreatedAccount {
  readonly account: AccountView;
  readonly root: AccessKeyView;
  readonly administrator: AccessKeyView;
}

/** Thrown errors are ServiceErrors with the `makonis` service's codes. */
export interface AccountsApi {
  createAccount(request: NewAccount, now: Milliseconds): Promise<CreatedAccount>;
  hasAccount(id: AccountId): boolean;
  /** In the order of ids, after `after`. */
  listAccounts(after: string | undefined, limit: number): AccountView[];
  createAccountAccessKey(
    request: {
      account: string;
      owner: 'root' | 'administrator';
      accessKeyId?: string;
      secretAccessKey?: string;
    },
    now: Milliseconds,
  ): Promise<AccessKeyView>;
}

export interface RoleView {
  readonly account: AccountId;
  readonly id: string;
  readonly name: string;
  readonly arn: string;
  readonly maxSessionSeconds: number;
  readonly trust: CompiledPolicy;
}

export interface OidcProviderView {
  readonly arn: string;
  /** Without `https://`. */
  readonly url: string;
  readonly clientIds: readonly string[];
  readonly thumbprints: readonly string[];
}

export interface SamlProviderView {
  readonly arn: string;
  readonly account: AccountId;
  readonly name: string;
  /** `SAMLSP…` */
  readonly uuid: string;
  readonly issuer: string;
  /** PEM. */
  readonly certificates: readonly string[];
  readonly validUntil: Milliseconds;
  readonly encryption?: 'Required' | 'Allowed';
  /** PEM, unsealed when they are asked for. */
  readonly privateKeys: () => readonly string[];
}

export type SigningAlgorithm = 'RS256' | 'ES384';

/** The account as an OpenID Connect issuer. */
export interface TokenIssuerApi {
  /** The issuer's URL; undefined while the account has not enabled outbound federation. */
  issuerOf(account: AccountId): string | undefined;
  /** A signed token. */
  sign(
    account: AccountId,
    algorithm: SigningAlgorithm,
    claims: Record<string, unknown>,
    now: Milliseconds,
  ): Promise<string>;
  /** What lies below an issuer's URL: `issuers/<account>/<id>/.well-known/…`. */
  document(path: string): Promise<PublicDocument | undefined>;
}

export type SessionOwner =
  | { readonly kind: 'root' }
  | { readonly kind: 'user'; readonly id: string }
  | { readonly kind: 'role'; readonly id: string; readonly sessionName: string }
  /** `id` is the user's who asked, or `root`. */
  | { readonly kind: 'federated'; readonly id: string; readonly name: string };

export interface SessionCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

/** For STS. All of it answers from memory or by reads of its own, outside of any transaction. */
export interface SessionsApi {
  /** Undefined if there is no role of this ARN. */
  role(arn: string): RoleView | undefined;
  /** `url` without its scheme. Undefined if the account, or such a provider in it, does not exist. */
  oidcProvider(account: AccountId, url: string): OidcProviderView | undefined;
  /** Undefined if there is no such provider. */
  samlProvider(arn: string): SamlProviderView | undefined;
  /** Throws MalformedPolicyDocument for text that is not an identity policy. */
  checkSessionPolicy(document: string): void;
  /** The document in force; undefined if the account has no such managed policy and AWS neither. */
  managedPolicy(account: AccountId, arn: string): string | undefined;
  issue(account: AccountId, owner: SessionOwner, facts: SessionFacts): SessionCredentials;
  /** Of tokens that STS's global endpoint issues for the account. */
  globalTokenVersion(account: AccountId): 1 | 2;
  /** Of the user or role. */
  tagsOf(principal: Principal): Readonly<Record<string, string>>;
  /** The account that a key belongs to, by its form or by the directory. */
  accountOfKey(accessKeyId: string): AccountId | undefined;
  /** Resolves when what was read of the account is on disk; undefined when it is already. */
  durable(account: AccountId): Promise<void> | undefined;
}
