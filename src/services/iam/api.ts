/** What other services and main.ts may use of IAM. */
import type { Milliseconds } from '#platform/base/clock.ts';
import type { AccountId } from '#platform/base/ids.ts';
import type { CompiledPolicy } from '#platform/policy/parse.ts';
import type { SessionFacts } from '#platform/principal.ts';

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
  /** Throws MalformedPolicyDocument for text that is not an identity policy. */
  checkSessionPolicy(document: string): void;
  /** The document in force; undefined if the account has no such managed policy and AWS neither. */
  managedPolicy(account: AccountId, arn: string): string | undefined;
  issue(account: AccountId, owner: SessionOwner, facts: SessionFacts): SessionCredentials;
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
  };
}
