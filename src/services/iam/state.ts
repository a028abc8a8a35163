/**
 * What IAM keeps. An account's partition `iam/<account>/aws-global` holds its users, roles, groups, policies and keys;
 * everything that belongs to an entity is keyed by its unique id (AIDA…, AROA…, AGPA…, ANPA…), so that a rename moves one
 * row, and a new entity of an old name inherits nothing. The directory `iam/global/aws-global` knows the accounts, and
 * those access key ids that don't say their account themselves (access-key-id.ts).
 */
import { type AccountId, GLOBAL_REGION } from '#platform/base/ids.ts';
import { jsonRows, table, text, u64 } from '#platform/store/keys.ts';
import type { Partition, ReadTransaction, Store, Transaction } from '#platform/store/store.ts';
import { mfaTables } from '#services/iam/mfa/state.ts';
import { oidcProviders } from '#services/iam/oidc-providers/state.ts';
import { signingKeys, tokenIssuers } from '#services/iam/outbound-federation/state.ts';
import { passwordTables } from '#services/iam/passwords/state.ts';
import { accessReports } from '#services/iam/reports/state.ts';
import { samlMetadata, samlProviders } from '#services/iam/saml-providers/state.ts';
import { tokenPreferences } from '#services/iam/token-preferences/token-preferences.ts';

/** Milliseconds since 1970. */
type Time = number;

export interface UserRow {
  readonly name: string;
  readonly path: string;
  readonly id: string;
  readonly createdAt: Time;
  /** ARN of the managed policy that bounds the user's permissions. */
  readonly boundary?: string;
}

export interface RoleRow {
  readonly name: string;
  readonly path: string;
  readonly id: string;
  readonly createdAt: Time;
  readonly trustPolicy: string;
  /** ARNs in the trust policy -> the unique ids that they meant when it was written (trust.ts). */
  readonly trusted?: Readonly<Record<string, string>>;
  readonly maxSessionSeconds: number;
  readonly description?: string;
  readonly boundary?: string;
  /** The role template that it was made from. */
  readonly template?: { readonly arn: string; readonly minorVersion: number };
}

export interface GroupRow {
  readonly name: string;
  readonly path: string;
  readonly id: string;
  readonly createdAt: Time;
}

export interface PolicyRow {
  readonly name: string;
  readonly path: string;
  readonly id: string;
  readonly createdAt: Time;
  readonly updatedAt: Time;
  readonly description?: string;
  readonly defaultVersion: number;
  /** Numbers are never used twice, even if the version is gone. */
  readonly lastVersion: number;
}

export interface AccessKeyRow {
  readonly id: string;
  /** A user's unique id, or `root`. */
  readonly owner: string;
  readonly status: 'Active' | 'Inactive';
  readonly createdAt: Time;
  /** The secret, sealed for this row. */
  readonly sealed: string;
}

/** By lower-case name. */
export const users = table('user', [text], jsonRows<UserRow>(1));
export const roles = table('role', [text], jsonRows<RoleRow>(1));
export const groups = table('group', [text], jsonRows<GroupRow>(1));
export const policies = table('policy', [text], jsonRows<PolicyRow>(1));

export type EntityKind = 'user' | 'role' | 'group';
/** Unique id -> which row: what holds ids (attachments, sessions) finds the entity by it. */
export const entities = table('entity', [text], jsonRows<{ readonly kind: EntityKind; readonly name: string }>(1));

/** Policy id, version number. */
export const policyVersions = table(
  'policy-version',
  [text, u64],
  jsonRows<{ readonly document: string; readonly createdAt: Time }>(1),
);
/** Owner's id, policy name. */
export const inlinePolicies = table('inline', [text, text], jsonRows<{ readonly document: string }>(1));

type Empty = Readonly<Record<string, never>>;
/** Owner's id, policy ARN; and the way back. */
export const attachments = table('attachment', [text, text], jsonRows<Empty>(1));
export const attachedTo = table('attached-to', [text, text], jsonRows<Empty>(1));
/** Policy ARN, id of the entity whose permissions boundary it is. */
export const boundaryOf = table('boundary-of', [text, text], jsonRows<Empty>(1));
/** User id, group id; and the way back. */
export const memberships = table('membership', [text, text], jsonRows<Empty>(1));
export const members = table('member', [text, text], jsonRows<Empty>(1));

export const accessKeys = table('access-key', [text], jsonRows<AccessKeyRow>(1));
/** Owner (a user's id or `root`), access key id. */
export const keysOfOwner = table('key-of', [text, text], jsonRows<Empty>(1));
export type Counted =
  | 'user'
  | 'role'
  | 'group'
  | 'policy'
  | 'policy-version'
  | 'instance-profile'
  | 'server-certificate'
  | 'mfa-device'
  | 'mfa-device-in-use'
  | 'oidc-provider'
  | 'saml-provider';
/** How many there are: what the quotas count. */
const counts = table('count', [text], jsonRows<{ readonly count: number }>(1));

export interface LastUseRow {
  readonly at: Time;
  readonly service: string;
  readonly region: string;
}
/** Access key id, or role id -> its last use. Written now and then, see identity.ts. */
export const lastUses = table('last-use', [text], jsonRows<LastUseRow>(1));

export interface AccountRow {
  readonly id: AccountId;
  readonly name: string;
  readonly createdAt: Time;
  readonly status: 'ACTIVE' | 'SUSPENDED';
}

/** In the directory, where it makes the account exist; and a copy in the account's partition. */
export const accounts = table('account', [text], jsonRows<AccountRow>(1));
/** In the directory: access key ids that an operator chose -> the account. */
export const chosenKeys = table('chosen-key', [text], jsonRows<{ readonly account: AccountId }>(1));
/** In the directory: what first start noted. */
export const settings = table('setting', [text], jsonRows<{ readonly value: string }>(1));

export const countOf = (tx: ReadTransaction, noun: Counted): number => tx.get(counts, counts.key(noun))?.count ?? 0;

export function addToCount(tx: Transaction, noun: Counted, by: 1 | -1): void {
  tx.put(counts, counts.key(noun), { count: countOf(tx, noun) + by });
}

export const directoryOf = (store: Store): Partition =>
  store.partition({ service: 'iam', account: 'global', region: GLOBAL_REGION });

export const partitionOf = (store: Store, account: AccountId): Partition =>
  store.partition({ service: 'iam', account, region: GLOBAL_REGION });

/** IAM tells times in whole seconds, so it keeps them so. */
export const wholeSecond = (at: Time): Time => at - (at % 1000);

export const EMPTY: Empty = {};
export const ROOT_OWNER = 'root';

const ACCOUNT_TABLES = [
  users,
  roles,
  groups,
  policies,
  entities,
  policyVersions,
  inlinePolicies,
  attachments,
  attachedTo,
  boundaryOf,
  memberships,
  members,
  accessKeys,
  keysOfOwner,
  lastUses,
  counts,
  accounts,
  accessReports,
  ...passwordTables,
  ...mfaTables,
  oidcProviders,
  samlProviders,
  samlMetadata,
  tokenIssuers,
  signingKeys,
  tokenPreferences,
] as const;

/** Clears what an unfinished creation of the account left. */
export function eraseAccount(tx: Transaction): void {
  for (const each of ACCOUNT_TABLES) tx.deleteRange<readonly unknown[]>(each as never, []);
}
