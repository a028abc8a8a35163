/** The table of the operations on roles. */
import type { IamOperations } from '#platform/model/generated/iam.ts';
import type { Call, Handlers } from '#platform/service.ts';
import { below, entityArn } from '#services/iam/names.ts';
import { ownerConditions, ownerOf, ROLE, resourceOf } from '#services/iam/owners.ts';
import type { IamParts } from '#services/iam/parts.ts';
import { attach, detach, listAttached } from '#services/iam/policies/attachments.ts';
import { deleteBoundary, putBoundary } from '#services/iam/policies/boundaries.ts';
import { deleteInline, getInline, listInline, putInline } from '#services/iam/policies/inline-policies.ts';
import {
  createRole,
  deleteRole,
  getRole,
  listRoles,
  updateAssumeRolePolicy,
  updateRole,
  updateRoleDescription,
} from '#services/iam/roles/roles.ts';
import { unlessServiceLinked } from '#services/iam/roles/service-linked.ts';
import { trustsOf } from '#services/iam/roles/trust.ts';
import { listTags, tag, untag } from '#services/iam/tags.ts';

const role = resourceOf(ROLE);
const conditions = ownerConditions(ROLE);
const arnOf = (input: { readonly RoleName: string }, { tx, account }: Call): string =>
  entityArn(account, 'role', ownerOf(tx, ROLE, input));

export const roleOperations = (parts: IamParts) => {
  const { pages, identity } = parts;
  const { principals } = identity;
  const trusts = trustsOf(parts);
  return {
    CreateRole: {
      handler: (input, call) => createRole(trusts, input, call),
      resource: ({ Path: path = '/', RoleName: name }, { account }) => entityArn(account, 'role', { path, name }),
      conditions: ({ PermissionsBoundary }) => ({ 'iam:permissionsboundary': PermissionsBoundary }),
    },
    GetRole: { handler: getRole(identity), resource: role, conditions },
    ListRoles: { handler: listRoles(pages, principals), resource: below('role') },
    UpdateRole: { handler: updateRole, resource: role, conditions },
    UpdateRoleDescription: {
      handler: (input, call) => updateRoleDescription(principals, input, call),
      resource: role,
      conditions,
    },
    UpdateAssumeRolePolicy: {
      handler: unlessServiceLinked((input, call) => updateAssumeRolePolicy(trusts, input, call)),
      resource: role,
      conditions,
    },
    DeleteRole: { handler: unlessServiceLinked(deleteRole), resource: role, conditions },

    PutRolePolicy: { handler: unlessServiceLinked(putInline(ROLE)), resource: role, conditions },
    GetRolePolicy: {
      handler: (input, call) => ({ RoleName: input.RoleName, ...getInline(ROLE)(input, call) }),
      resource: role,
    },
    ListRolePolicies: { handler: listInline(pages, ROLE), resource: role },
    DeleteRolePolicy: { handler: unlessServiceLinked(deleteInline(ROLE)), resource: role, conditions },

    AttachRolePolicy: { handler: unlessServiceLinked(attach(ROLE)), resource: role, conditions },
    DetachRolePolicy: { handler: unlessServiceLinked(detach(ROLE)), resource: role, conditions },
    ListAttachedRolePolicies: { handler: listAttached(pages, ROLE), resource: role },

    PutRolePermissionsBoundary: {
      handler: unlessServiceLinked(putBoundary(ROLE)),
      resource: role,
      conditions: ({ PermissionsBoundary }) => ({ 'iam:permissionsboundary': PermissionsBoundary }),
    },
    DeleteRolePermissionsBoundary: { handler: unlessServiceLinked(deleteBoundary(ROLE)), resource: role, conditions },

    TagRole: { handler: tag(arnOf), resource: role },
    UntagRole: { handler: untag(arnOf), resource: role },
    ListRoleTags: { handler: listTags(pages, arnOf), resource: role },
  } satisfies Partial<Handlers<IamOperations, object>>;
};
