/** What other services and main.ts may use of IAM. */
import type { Milliseconds } from '#platform/base/clock.ts';
import type { AccountId } from '#platform/base/ids.ts';
import type { CompiledPolicy } from '#platform/policy/parse.ts';
import type {
  FederatedUserPrincipal,
  InstanceDelivery,
  Principal,
  RoleSessionPrincipal,
  RootPrincipal,
  SessionFacts,
  UserPrincipal,
} from '#platform/principal.ts';
import type { Call, ConditionValues } from '#platform/service.ts';
import type { PublicDocument } from '#platform/web.ts';

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
  /** Grows with each new account: who keeps something of all accounts looks again. */
  made(): number;
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
  readonly account: AccountId;
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
  /** How long the token is beside the longest that is taken, in percent. */
  readonly tokenUtilization: number;
}

/** Who may sign in with a password: a user, or the root user of an account. */
export interface Person {
  readonly account: AccountId;
  /** The user's unique id, or `root`. */
  readonly id: string;
  readonly arn: string;
  /** Absent for the root user. */
  readonly userName?: string;
}

export interface PasswordState {
  readonly changedAt: Milliseconds;
  readonly expiresAt?: Milliseconds;
  /** What has to happen first. `administrator`: it has expired, and its owner may not renew it. */
  readonly need: 'nothing' | 'reset' | 'renewal' | 'administrator';
}

export interface Permission {
  readonly action: string;
  readonly resource: string;
  /** The request that it is asked for. */
  readonly call: Pick<Call, 'now' | 'sourceAddress' | 'userAgent' | 'origin'>;
  readonly conditions?: ConditionValues;
}

/** For the sign-in of people. */
export interface PeopleApi {
  /** By its number or its alias; undefined if there is none, or if it is closed. */
  account(idOrAlias: string): AccountId | undefined;
  /** Without a name the root user. */
  person(account: AccountId, userName: string | undefined): Person | undefined;
  /** Takes the same time for nobody. */
  isPassword(person: Person | undefined, password: string): Promise<boolean>;
  /** Undefined: the person has no password. */
  passwordState(person: Pick<Person, 'account' | 'id'>, now: Milliseconds): PasswordState | undefined;
  /** Throws PasswordPolicyViolation. Resolves when it is on disk. */
  setPassword(person: Person, password: string, now: Milliseconds): Promise<void>;
  hasMfa(person: Person): boolean;
  /** A code of any of the person's devices, whose serial number is answered; it is used up. Undefined: of none. */
  takeMfaCode(person: Person, code: string, now: Milliseconds): string | undefined;
  noteSignIn(person: Person, now: Milliseconds): void;
  /** Who a session of this owner would be now; undefined if the user or role is gone. */
  principal(account: AccountId, owner: SessionOwner, facts: SessionFacts): SessionPrincipal | undefined;
  isAllowed(principal: SessionPrincipal, permission: Permission): boolean;
}

export type SessionPrincipal = RootPrincipal | UserPrincipal | RoleSessionPrincipal | FederatedUserPrincipal;

/** A one-time code that a caller gives with a request. `owner` is a user's unique id, or `root`. */
export interface MfaAttempt {
  readonly owner: string;
  readonly serial: string;
  readonly code: string;
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
  /** The token has `leastTokenBytes` at least. */
  issue(account: AccountId, owner: SessionOwner, facts: SessionFacts, leastTokenBytes?: number): SessionCredentials;
  /** The code is used up when it is taken, and what was wrong counts; on disk when `durable` says so. */
  takeMfaCode(account: AccountId, attempt: MfaAttempt, now: Milliseconds): 'taken' | 'wrong' | 'no-device';
  /** Of tokens that STS's global endpoint issues for the account. */
  globalTokenVersion(account: AccountId): 1 | 2;
  /** Of the user or role. */
  tagsOf(principal: Principal): Readonly<Record<string, string>>;
  /** The account that a key belongs to, by its form or by the directory. */
  accountOfKey(accessKeyId: string): AccountId | undefined;
  /** Resolves when what was read of the account is on disk; undefined when it is already. */
  durable(account: AccountId): Promise<void> | undefined;
}

export interface InstanceProfileView {
  readonly account: AccountId;
  readonly arn: string;
  readonly id: string;
  readonly name: string;
  /** ARN of the role that it holds now. */
  readonly roleArn: string | undefined;
}

/** For services that run programs of their users: what a profile is, and credentials of its role. */
/** Service-linked roles, for the services that have one in the accounts of their users. */
export interface LinkedRolesApi {
  /** The service by its principal. */
  find(account: AccountId, service: string): { readonly arn: string; readonly isThere: boolean };
  /** On disk, unless it was there. */
  make(account: AccountId, service: string, now: Milliseconds): Promise<void>;
}

export interface InstanceProfilesApi {
  /** By ARN, or by name within an account. Undefined if there is none. */
  profile(account: AccountId, nameOrArn: string): InstanceProfileView | undefined;
  /**
   * Credentials of the profile's role for one instance, six hours long. Undefined if the profile has no role, or the role does not
   * trust `ec2.amazonaws.com`.
   */
  credentials(
    profile: InstanceProfileView,
    instanceId: string,
    now: Milliseconds,
    delivery?: InstanceDelivery,
  ): (SessionCredentials & { readonly expiresAt: Milliseconds }) | undefined;
}

/** For sts:AssumeRoot. Answers by reads of its own, outside of any transaction. */
export interface RootAccessApi {
  /** Which accounts may act as the root user of `target`. */
  trust(target: AccountId): CompiledPolicy;
  /** Whether the managed policy of this ARN is one of the tasks that a root session can be for. */
  isTask(policyArn: string): boolean;
  /** Whether the organization of `target` has what the task needs switched on. */
  isEnabled(target: AccountId, policyArn: string): boolean;
}

/** For sts:GetDelegatedAccessToken. */
export interface DelegatedAccessApi {
  /** Throws AccessDenied for a token that is not this account's to trade in, ExpiredTradeInTokenException when its time is over. */
  tradeIn(
    token: string,
    caller: AccountId,
    now: Milliseconds,
  ): {
    readonly credentials: SessionCredentials;
    readonly expiresAt: Milliseconds;
    /** Whose permissions they have, less what the request did not ask for. */
    readonly principalArn: string;
    readonly policy: string;
  };
}
