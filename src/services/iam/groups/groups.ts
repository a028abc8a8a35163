/** Groups of users: what is attached to a group counts for its members. */

import { type AccountId, iamId } from '#platform/base/ids.ts';
import type * as Model from '#platform/model/generated/iam.ts';
import type { PageTokens } from '#platform/page-token.ts';
import type { Call, CallScope } from '#platform/service.ts';
import { alreadyExists, deleteConflict, limitExceeded } from '#services/iam/errors.ts';
import { identitiesChanged } from '#services/iam/identity/memory.ts';
import { userById } from '#services/iam/identity/principals.ts';
import { entityArn, nameKey } from '#services/iam/names.ts';
import { GROUP, ownerOf, resourceOf, USER } from '#services/iam/owners.ts';
import { counted, type Positioned, pageBelow, pageOf } from '#services/iam/paging.ts';
import { groupsOf } from '#services/iam/policies/held-policies.ts';
import {
  addToCount,
  attachments,
  countOf,
  EMPTY,
  entities,
  type GroupRow,
  groups,
  inlinePolicies,
  members,
  memberships,
  wholeSecond,
} from '#services/iam/state.ts';
import { userView } from '#services/iam/users/users.ts';

const GROUPS_PER_ACCOUNT = 'L-F4A5425F';
const GROUPS_PER_USER = 'L-7A1621EC';

export const groupView = (account: AccountId, row: GroupRow): Model.Group => ({
  Path: row.path,
  GroupName: row.name,
  GroupId: row.id,
  Arn: entityArn(account, 'group', row),
  CreateDate: row.createdAt,
});

export function createGroup(input: Model.CreateGroupRequest, call: Call): Model.CreateGroupResponse {
  const { tx, account } = call;
  const { GroupName: name, Path: path = '/' } = input;
  const key = groups.key(nameKey(name));
  if (tx.get(groups, key)) alreadyExists('Group', name);
  const most = call.quota(GROUPS_PER_ACCOUNT);
  if (countOf(tx, 'group') >= most) limitExceeded('GroupsPerAccount', most);
  const row: GroupRow = { name, path, id: iamId('AGPA', 17), createdAt: wholeSecond(call.now) };
  tx.put(groups, key, row);
  tx.put(entities, entities.key(row.id), { kind: 'group', name: nameKey(name) });
  addToCount(tx, 'group', 1);
  return { Group: groupView(account, row) };
}

export const getGroup =
  (pages: PageTokens) =>
  (input: Model.GetGroupRequest, call: Call): Model.GetGroupResponse => {
    const { tx, account } = call;
    const row = ownerOf(tx, GROUP, input);
    const ids = (after: string | undefined) =>
      tx
        .range(members, { prefix: [row.id], ...(after !== undefined && { after: members.key(row.id, after) }) })
        .map(({ key }): Positioned<string> => [members.parts(key)[1], members.parts(key)[1]]);
    const { items, end } = pageOf(pages, call, input, row.id, ids);
    const found = items.flatMap((id) => userById(tx, id) ?? []);
    return { Group: groupView(account, row), Users: found.map((user) => userView(account, user)), ...end };
  };

export const listGroups =
  (pages: PageTokens) =>
  (input: Model.ListGroupsRequest, call: Call): Model.ListGroupsResponse => {
    const { items, end } = pageBelow(pages, call, input, groups);
    return { Groups: items.map((row) => groupView(call.account, row)), ...end };
  };

/** A new name or path needs permission on both ARNs. */
export function updatedGroupResources(input: Model.UpdateGroupRequest, scope: CallScope): string[] {
  const old = resourceOf(GROUP)(input, scope);
  const path = input.NewPath ?? old.slice(old.indexOf('/'), old.lastIndexOf('/') + 1);
  const renamed = entityArn(scope.account, 'group', { path, name: input.NewGroupName ?? input.GroupName });
  return renamed === old ? [old] : [old, renamed];
}

export function updateGroup(input: Model.UpdateGroupRequest, { tx }: Call): void {
  const old = ownerOf(tx, GROUP, input);
  const row: GroupRow = { ...old, name: input.NewGroupName ?? old.name, path: input.NewPath ?? old.path };
  const key = nameKey(row.name);
  if (key !== nameKey(old.name) && tx.get(groups, groups.key(key))) alreadyExists('Group', row.name);
  tx.delete(groups, groups.key(nameKey(old.name)));
  tx.put(groups, groups.key(key), row);
  tx.put(entities, entities.key(row.id), { kind: 'group', name: key });
}

export function deleteGroup(input: Model.DeleteGroupRequest, { tx }: Call): void {
  const { id, name } = ownerOf(tx, GROUP, input);
  if (tx.range(members, { prefix: [id], limit: 1 }).length > 0) deleteConflict('remove users from group');
  if (tx.range(inlinePolicies, { prefix: [id], limit: 1 }).length > 0) deleteConflict('delete policies');
  if (tx.range(attachments, { prefix: [id], limit: 1 }).length > 0) deleteConflict('detach all policies');
  tx.delete(groups, groups.key(nameKey(name)));
  tx.delete(entities, entities.key(id));
  addToCount(tx, 'group', -1);
}

export function addUserToGroup(input: Model.AddUserToGroupRequest, call: Call): void {
  const { tx } = call;
  const group = ownerOf(tx, GROUP, input);
  const user = ownerOf(tx, USER, input);
  const key = memberships.key(user.id, group.id);
  if (tx.get(memberships, key)) return;
  const most = call.quota(GROUPS_PER_USER);
  if (tx.range(memberships, { prefix: [user.id] }).length >= most) limitExceeded('GroupsPerUser', most);
  tx.put(memberships, key, EMPTY);
  tx.put(members, members.key(group.id, user.id), EMPTY);
  identitiesChanged(tx);
}

export function removeUserFromGroup(input: Model.RemoveUserFromGroupRequest, { tx }: Call): void {
  const group = ownerOf(tx, GROUP, input);
  const user = ownerOf(tx, USER, input);
  tx.delete(memberships, memberships.key(user.id, group.id));
  tx.delete(members, members.key(group.id, user.id));
  identitiesChanged(tx);
}

export const listGroupsForUser =
  (pages: PageTokens) =>
  (input: Model.ListGroupsForUserRequest, call: Call): Model.ListGroupsForUserResponse => {
    const { tx, account } = call;
    const { id } = ownerOf(tx, USER, input);
    const { items, end } = pageOf(pages, call, input, id, counted(groupsOf(tx, id)));
    return { Groups: items.map((row) => groupView(account, row)), ...end };
  };
