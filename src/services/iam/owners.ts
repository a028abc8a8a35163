/**
 * What users, roles and groups have in common: they own inline policies and attachments, are found by name, and stand in
 * ARNs by their path. Operations on them differ in the member that names them only, so they are written once.
 */
import { fail } from '#platform/error.ts';
import type { Principal } from '#platform/principal.ts';
import type { Call, CallScope, ConditionValues } from '#platform/service.ts';
import type { Table } from '#platform/store/keys.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { noSuchGroup, noSuchRole, noSuchUser } from '#services/iam/errors.ts';
import { entityArn, nameKey, rootArn } from '#services/iam/names.ts';
import {
  type EntityKind,
  type GroupRow,
  groups,
  ROOT_OWNER,
  type RoleRow,
  roles,
  type UserRow,
  users,
} from '#services/iam/state.ts';

export interface OwnerRow {
  readonly name: string;
  readonly path: string;
  readonly id: string;
  readonly boundary?: string;
}

export interface Owner<In, Row extends OwnerRow = OwnerRow> {
  readonly noun: EntityKind;
  readonly table: Table<Row, [string]>;
  readonly nameOf: (input: In) => string;
  readonly missing: (name: string) => never;
  /** The sum of its inline policies, without white space. */
  readonly inlineLimit: number;
  /** AWS's name of the attachment limit, and our quota of it. */
  readonly attachments: { readonly limit: string; readonly quota: string };
}

type UserInput = { readonly UserName: string };
type RoleInput = { readonly RoleName: string };
type GroupInput = { readonly GroupName: string };

export const USER: Owner<UserInput, UserRow> = {
  noun: 'user',
  table: users,
  nameOf: ({ UserName }) => UserName,
  missing: noSuchUser,
  inlineLimit: 2048,
  attachments: { limit: 'PoliciesPerUser', quota: 'L-4019AD8B' },
};
export const ROLE: Owner<RoleInput, RoleRow> = {
  noun: 'role',
  table: roles,
  nameOf: ({ RoleName }) => RoleName,
  missing: noSuchRole,
  inlineLimit: 10_240,
  attachments: { limit: 'PoliciesPerRole', quota: 'L-0DA4ABF3' },
};
export const GROUP: Owner<GroupInput, GroupRow> = {
  noun: 'group',
  table: groups,
  nameOf: ({ GroupName }) => GroupName,
  missing: noSuchGroup,
  inlineLimit: 5120,
  attachments: { limit: 'PoliciesPerGroup', quota: 'L-384571C4' },
};

/** Names are unique without regard to case, but are asked for as they are written. */
export function found<Row extends OwnerRow>(
  tx: ReadTransaction,
  table: Table<Row, [string]>,
  name: string,
): Row | undefined {
  const row = tx.get(table, table.key(nameKey(name)));
  return row?.name === name ? row : undefined;
}

export function ownerOf<In, Row extends OwnerRow>(tx: ReadTransaction, owner: Owner<In, Row>, input: In): Row {
  const name = owner.nameOf(input);
  return found(tx, owner.table, name) ?? owner.missing(name);
}

/** The ARN that a permission is needed on; one that is not there is asked for without a path. */
export const resourceOf =
  <In, Row extends OwnerRow>(owner: Owner<In, Row>) =>
  (input: In, scope: CallScope): string => {
    const name = owner.nameOf(input);
    const row = scope.read((tx) => found(tx, owner.table, name));
    return entityArn(scope.account, owner.noun, row ?? { path: '/', name });
  };

/** The caller, where an operation's UserName may be left out. Undefined: the root user. */
export function userNameOf(input: { readonly UserName?: string }, principal: Principal): string | undefined {
  if (input.UserName !== undefined) return input.UserName;
  if (principal.kind === 'user') return principal.userName;
  if (principal.kind === 'root') return undefined;
  return fail('ValidationError', 'Must specify userName when calling with non-User credentials');
}

export interface CredentialOwner {
  /** A user's unique id, or `root`. */
  readonly id: string;
  readonly name: string;
}

/** Whose keys and certificates an operation is about. The root user's are listed under the account's number. */
export function credentialOwner(
  tx: ReadTransaction,
  input: { readonly UserName?: string },
  { principal, account }: Pick<Call, 'principal' | 'account'>,
): CredentialOwner {
  const UserName = userNameOf(input, principal);
  return UserName === undefined ? { id: ROOT_OWNER, name: account } : ownerOf(tx, USER, { UserName });
}

export function callerOrUser(input: { readonly UserName?: string }, scope: CallScope): string {
  const UserName = userNameOf(input, scope.principal);
  return UserName === undefined ? rootArn(scope.account) : resourceOf(USER)({ UserName }, scope);
}

/** iam:PermissionsBoundary and iam:PolicyARN, for operations on what is there already. */
export const ownerConditions =
  <In, Row extends OwnerRow>(owner: Owner<In, Row>) =>
  (input: In & { readonly PolicyArn?: string }, scope: CallScope): ConditionValues => ({
    'iam:policyarn': input.PolicyArn,
    'iam:permissionsboundary': scope.read((tx) => found(tx, owner.table, owner.nameOf(input)))?.boundary,
  });
