/** IAM users. */

import { type AccountId, iamId } from '#platform/base/ids.ts';
import type * as Model from '#platform/model/generated/iam.ts';
import type { PageTokens } from '#platform/page-token.ts';
import type { Call, CallScope } from '#platform/service.ts';
import type { Table } from '#platform/store/keys.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { deleteTags, tagsOf } from '#platform/tags.ts';
import { alreadyExists, deleteConflict, limitExceeded } from '#services/iam/errors.ts';
import { identitiesChanged } from '#services/iam/identity/memory.ts';
import { devicesOf } from '#services/iam/mfa/devices.ts';
import { entityArn, nameKey, rootArn } from '#services/iam/names.ts';
import { ownerOf, resourceOf, USER, userNameOf } from '#services/iam/owners.ts';
import { pageBelow } from '#services/iam/paging.ts';
import { loginProfiles, passwordUses } from '#services/iam/passwords/state.ts';
import { boundaryView, linkBoundary, unlinkBoundary } from '#services/iam/policies/boundaries.ts';
import { serviceCredentials } from '#services/iam/service-specific-credentials/state.ts';
import { signingCertificates } from '#services/iam/signing-certificates/state.ts';
import { sshKeys } from '#services/iam/ssh-public-keys/state.ts';
import {
  accounts,
  addToCount,
  attachments,
  countOf,
  entities,
  inlinePolicies,
  keysOfOwner,
  memberships,
  ROOT_OWNER,
  type UserRow,
  users,
  wholeSecond,
} from '#services/iam/state.ts';
import { moveTags, tagList, writeTags } from '#services/iam/tags.ts';

const USERS_PER_ACCOUNT = 'L-F55AF5E4';

export function userView(account: AccountId, row: UserRow): Model.User {
  return {
    Path: row.path,
    UserName: row.name,
    UserId: row.id,
    Arn: entityArn(account, 'user', row),
    CreateDate: row.createdAt,
  };
}

/** "This field is null if … the user never had a password, or has not signed in". */
function passwordLastUsed(tx: ReadTransaction, ownerId: string): Pick<Model.User, 'PasswordLastUsed'> {
  const at = tx.get(passwordUses, passwordUses.key(ownerId))?.at;
  return at === undefined ? {} : { PasswordLastUsed: wholeSecond(at) };
}

function wholeUser(tx: ReadTransaction, account: AccountId, row: UserRow): Model.User {
  const view = { ...userView(account, row), ...passwordLastUsed(tx, row.id) };
  const tags = tagList(tagsOf(tx, view.Arn));
  return { ...view, ...boundaryView(row.boundary), ...(tags.length > 0 && { Tags: tags }) };
}

export function createUser(input: Model.CreateUserRequest, call: Call): Model.CreateUserResponse {
  const { tx, account } = call;
  const key = users.key(nameKey(input.UserName));
  if (tx.get(users, key)) alreadyExists('User', input.UserName);
  const most = call.quota(USERS_PER_ACCOUNT);
  if (countOf(tx, 'user') >= most) limitExceeded('UsersPerAccount', most);
  const { PermissionsBoundary: boundary, Path: path = '/', UserName: name } = input;
  const row: UserRow = {
    name,
    path,
    id: iamId('AIDA', 17),
    createdAt: wholeSecond(call.now),
    ...(boundary !== undefined && { boundary }),
  };
  if (boundary !== undefined) linkBoundary(tx, account, 'user', row.id, boundary);
  tx.put(users, key, row);
  tx.put(entities, entities.key(row.id), { kind: 'user', name: nameKey(name) });
  addToCount(tx, 'user', 1);
  writeTags(tx, entityArn(account, 'user', row), input.Tags);
  identitiesChanged(tx);
  return { User: wholeUser(tx, account, row) };
}

export function getUser(input: Model.GetUserRequest, call: Call): Model.GetUserResponse {
  const { tx, account } = call;
  const UserName = userNameOf(input, call.principal);
  if (UserName !== undefined) return { User: wholeUser(tx, account, ownerOf(tx, USER, { UserName })) };
  return { User: rootView(tx, account) };
}

/** The root user is no row; it is as old as the account. */
export function rootView(tx: ReadTransaction, account: AccountId): Model.User {
  const CreateDate = tx.get(accounts, accounts.key(account))?.createdAt ?? 0;
  const root = { Path: '/', UserName: account, UserId: account, Arn: rootArn(account), CreateDate };
  return { ...root, ...passwordLastUsed(tx, ROOT_OWNER) };
}

export const listUsers =
  (pages: PageTokens) =>
  (input: Model.ListUsersRequest, call: Call): Model.ListUsersResponse => {
    const { items, end } = pageBelow(pages, call, input, users);
    const views = items.map((row) => ({ ...userView(call.account, row), ...passwordLastUsed(call.tx, row.id) }));
    return { Users: views, ...end };
  };

/** A new name or path needs permission on both ARNs. */
export function updatedUserResources(input: Model.UpdateUserRequest, scope: CallScope): string[] {
  const old = resourceOf(USER)(input, scope);
  const path = input.NewPath ?? old.slice(old.indexOf('/'), old.lastIndexOf('/') + 1);
  const renamed = entityArn(scope.account, 'user', { path, name: input.NewUserName ?? input.UserName });
  return renamed === old ? [old] : [old, renamed];
}

export function updateUser(input: Model.UpdateUserRequest, { tx, account }: Call): void {
  const old = ownerOf(tx, USER, input);
  const row: UserRow = { ...old, name: input.NewUserName ?? old.name, path: input.NewPath ?? old.path };
  const key = nameKey(row.name);
  if (key !== nameKey(old.name) && tx.get(users, users.key(key))) alreadyExists('User', row.name);
  tx.delete(users, users.key(nameKey(old.name)));
  tx.put(users, users.key(key), row);
  tx.put(entities, entities.key(row.id), { kind: 'user', name: key });
  moveTags(tx, entityArn(account, 'user', old), entityArn(account, 'user', row));
  identitiesChanged(tx);
}

export function deleteUser(input: Model.DeleteUserRequest, { tx, account }: Call): void {
  const row = ownerOf(tx, USER, input);
  const { id } = row;
  const has = <Row>(table: Table<Row, [string, string]>): boolean =>
    tx.range(table, { prefix: [id], limit: 1 }).length > 0;
  if (tx.get(loginProfiles, loginProfiles.key(id))) deleteConflict('delete login profile');
  if (devicesOf(tx, id).length > 0) deleteConflict('delete MFA device');
  if (has(keysOfOwner)) deleteConflict('delete access keys');
  if (has(signingCertificates)) deleteConflict('delete signing certificates');
  if (has(sshKeys)) deleteConflict('remove referenced objects');
  if (has(serviceCredentials)) deleteConflict('delete service specific credentials');
  if (has(inlinePolicies)) deleteConflict('delete policies');
  if (has(attachments)) deleteConflict('detach all policies');
  if (has(memberships)) deleteConflict('remove users from group');
  unlinkBoundary(tx, row);
  tx.delete(users, users.key(nameKey(row.name)));
  tx.delete(entities, entities.key(id));
  addToCount(tx, 'user', -1);
  deleteTags(tx, entityArn(account, 'user', row));
  identitiesChanged(tx);
}
