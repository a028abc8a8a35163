/** IAM roles. */

import { type AccountId, iamId } from '#platform/base/ids.ts';
import type * as Model from '#platform/model/generated/iam.ts';
import type { PageTokens } from '#platform/page-token.ts';
import type { PrincipalDirectory } from '#platform/policy/principal-ids.ts';
import type { Call } from '#platform/service.ts';
import type { ReadTransaction, Transaction } from '#platform/store/store.ts';
import { deleteTags, tagsOf } from '#platform/tags.ts';
import { alreadyExists, deleteConflict, invalidInput, limitExceeded } from '#services/iam/errors.ts';
import type { IamIdentity } from '#services/iam/identity/identity.ts';
import { identitiesChanged } from '#services/iam/identity/memory.ts';
import { isInProfile } from '#services/iam/instance-profiles/state.ts';
import { entityArn, nameKey } from '#services/iam/names.ts';
import { ownerOf, ROLE } from '#services/iam/owners.ts';
import { pageBelow } from '#services/iam/paging.ts';
import { boundaryView, linkBoundary, unlinkBoundary } from '#services/iam/policies/boundaries.ts';
import { encodedDocument } from '#services/iam/policies/documents.ts';
import { isServiceLinked, protectedRole } from '#services/iam/roles/service-linked.ts';
import { shownTrust, type Trusts } from '#services/iam/roles/trust.ts';
import {
  addToCount,
  attachments,
  countOf,
  entities,
  inlinePolicies,
  lastUses,
  type RoleRow,
  roles,
  wholeSecond,
} from '#services/iam/state.ts';
import { tagList, writeTags } from '#services/iam/tags.ts';

const ROLES_PER_ACCOUNT = 'L-FE177D64';
const DEFAULT_SESSION_SECONDS = 3600;

export function roleView(principals: PrincipalDirectory, account: AccountId, row: RoleRow): Model.Role {
  return {
    Path: row.path,
    RoleName: row.name,
    RoleId: row.id,
    Arn: entityArn(account, 'role', row),
    CreateDate: row.createdAt,
    AssumeRolePolicyDocument: encodedDocument(shownTrust(principals, row)),
    MaxSessionDuration: row.maxSessionSeconds,
    ...(row.description !== undefined && { Description: row.description }),
    ...(row.template && {
      SourceRoleTemplate: { TemplateArn: row.template.arn, TemplateMinorVersion: row.template.minorVersion },
    }),
  };
}

export function wholeRole(
  principals: PrincipalDirectory,
  { tx, account }: Pick<Call, 'tx' | 'account'>,
  row: RoleRow,
): Model.Role {
  const view = roleView(principals, account, row);
  const tags = tagList(tagsOf(tx, view.Arn));
  return { ...view, ...boundaryView(row.boundary), ...(tags.length > 0 && { Tags: tags }) };
}

/** What of a call makes a role. */
export type RoleMaker = Pick<Call, 'tx' | 'account' | 'now' | 'quota'>;

/** A new role, whichever operation makes it. */
export function insertRole(call: RoleMaker, columns: Omit<RoleRow, 'id' | 'createdAt'>): RoleRow {
  const { tx, account } = call;
  const key = roles.key(nameKey(columns.name));
  if (tx.get(roles, key)) alreadyExists('Role', columns.name);
  const most = call.quota(ROLES_PER_ACCOUNT);
  if (countOf(tx, 'role') >= most) limitExceeded('RolesPerAccount', most);
  const row: RoleRow = { ...columns, id: iamId('AROA', 17), createdAt: wholeSecond(call.now) };
  if (row.boundary !== undefined) linkBoundary(tx, account, 'role', row.id, row.boundary);
  tx.put(roles, key, row);
  tx.put(entities, entities.key(row.id), { kind: 'role', name: nameKey(row.name) });
  addToCount(tx, 'role', 1);
  identitiesChanged(tx);
  return row;
}

export function createRole(trusts: Trusts, input: Model.CreateRoleRequest, call: Call): Model.CreateRoleResponse {
  const { tx, account } = call;
  const { RoleName: name, Path: path = '/', PermissionsBoundary: boundary, Description: description } = input;
  if (isServiceLinked({ path })) invalidInput(`The path ${path} is reserved for roles of AWS services.`);
  const row = insertRole(call, {
    name,
    path,
    ...trusts.checked(input.AssumeRolePolicyDocument, call),
    maxSessionSeconds: input.MaxSessionDuration ?? DEFAULT_SESSION_SECONDS,
    ...(description !== undefined && { description }),
    ...(boundary !== undefined && { boundary }),
  });
  writeTags(tx, entityArn(account, 'role', row), input.Tags);
  return { Role: wholeRole(trusts.principals, call, row) };
}

export function roleLastUsed(tx: ReadTransaction, identity: IamIdentity, { id }: RoleRow): Model.RoleLastUsed {
  const use = identity.lastUse(id) ?? tx.get(lastUses, lastUses.key(id));
  return use ? { LastUsedDate: wholeSecond(use.at), Region: use.region } : {};
}

export const getRole =
  (identity: IamIdentity) =>
  (input: Model.GetRoleRequest, call: Call): Model.GetRoleResponse => {
    const row = ownerOf(call.tx, ROLE, input);
    return {
      Role: { ...wholeRole(identity.principals, call, row), RoleLastUsed: roleLastUsed(call.tx, identity, row) },
    };
  };

export const listRoles =
  (pages: PageTokens, principals: PrincipalDirectory) =>
  (input: Model.ListRolesRequest, call: Call): Model.ListRolesResponse => {
    const { items, end } = pageBelow(pages, call, input, roles);
    return { Roles: items.map((row) => roleView(principals, call.account, row)), ...end };
  };

export function updateRole(input: Model.UpdateRoleRequest, { tx }: Call): Model.UpdateRoleResponse {
  const row = ownerOf(tx, ROLE, input);
  const { Description: description, MaxSessionDuration: maxSessionSeconds } = input;
  // "You can edit the description" of a service-linked role, and nothing else.
  if (maxSessionSeconds !== undefined && isServiceLinked(row)) protectedRole(row.name);
  tx.put(roles, roles.key(nameKey(row.name)), {
    ...row,
    ...(description !== undefined && { description }),
    ...(maxSessionSeconds !== undefined && { maxSessionSeconds }),
  });
  identitiesChanged(tx);
  return {};
}

export function updateRoleDescription(
  principals: PrincipalDirectory,
  input: Model.UpdateRoleDescriptionRequest,
  call: Call,
): Model.UpdateRoleDescriptionResponse {
  updateRole(input, call);
  return { Role: wholeRole(principals, call, ownerOf(call.tx, ROLE, input)) };
}

export function updateAssumeRolePolicy(trusts: Trusts, input: Model.UpdateAssumeRolePolicyRequest, call: Call): void {
  const { tx } = call;
  const row = ownerOf(tx, ROLE, input);
  tx.put(roles, roles.key(nameKey(row.name)), { ...row, ...trusts.checked(input.PolicyDocument, call) });
  identitiesChanged(tx);
}

export function deleteRole(input: Model.DeleteRoleRequest, { tx, account }: Call): void {
  const row = ownerOf(tx, ROLE, input);
  const { id } = row;
  if (tx.range(attachments, { prefix: [id], limit: 1 }).length > 0) deleteConflict('detach all policies');
  if (tx.range(inlinePolicies, { prefix: [id], limit: 1 }).length > 0) deleteConflict('delete policies');
  if (isInProfile(tx, id)) deleteConflict('remove roles from instance profile');
  eraseRole(tx, account, row);
}

/** The role itself; what hangs on it is gone. */
export function eraseRole(tx: Transaction, account: AccountId, row: RoleRow): void {
  unlinkBoundary(tx, row);
  tx.delete(roles, roles.key(nameKey(row.name)));
  tx.delete(entities, entities.key(row.id));
  tx.delete(lastUses, lastUses.key(row.id));
  addToCount(tx, 'role', -1);
  deleteTags(tx, entityArn(account, 'role', row));
  identitiesChanged(tx);
}
