/** The table of the operations on users and access keys. */
import type { IamOperations } from '#platform/model/generated/iam.ts';
import type { Call, Handlers } from '#platform/service.ts';
import {
  createAccessKey,
  deleteAccessKey,
  getAccessKeyLastUsed,
  keyOwnerArn,
  listAccessKeys,
  updateAccessKey,
} from '#services/iam/access-keys/access-keys.ts';
import { below, entityArn } from '#services/iam/names.ts';
import { callerOrUser, ownerConditions, ownerOf, resourceOf, USER } from '#services/iam/owners.ts';
import type { IamParts } from '#services/iam/parts.ts';
import { attach, detach, listAttached } from '#services/iam/policies/attachments.ts';
import { deleteBoundary, putBoundary } from '#services/iam/policies/boundaries.ts';
import { deleteInline, getInline, listInline, putInline } from '#services/iam/policies/inline-policies.ts';
import { listTags, tag, untag } from '#services/iam/tags.ts';
import {
  createUser,
  deleteUser,
  getUser,
  listUsers,
  updatedUserResources,
  updateUser,
} from '#services/iam/users/users.ts';

const user = resourceOf(USER);
const conditions = ownerConditions(USER);
const arnOf = (input: { readonly UserName: string }, { tx, account }: Call): string =>
  entityArn(account, 'user', ownerOf(tx, USER, input));

export const userOperations = ({ sealer, pages, identity }: IamParts) =>
  ({
    CreateUser: {
      handler: createUser,
      resource: ({ Path: path = '/', UserName: name }, { account }) => entityArn(account, 'user', { path, name }),
      conditions: ({ PermissionsBoundary }) => ({ 'iam:permissionsboundary': PermissionsBoundary }),
    },
    GetUser: { handler: getUser, resource: callerOrUser },
    ListUsers: { handler: listUsers(pages), resource: below('user') },
    UpdateUser: { handler: updateUser, resource: updatedUserResources },
    DeleteUser: { handler: deleteUser, resource: user },

    CreateAccessKey: { handler: createAccessKey(sealer), resource: callerOrUser },
    ListAccessKeys: { handler: listAccessKeys(pages), resource: callerOrUser },
    UpdateAccessKey: { handler: updateAccessKey, resource: callerOrUser },
    DeleteAccessKey: { handler: deleteAccessKey, resource: callerOrUser },
    GetAccessKeyLastUsed: { handler: getAccessKeyLastUsed(identity), resource: keyOwnerArn },

    PutUserPolicy: { handler: putInline(USER), resource: user, conditions },
    GetUserPolicy: {
      handler: (input, call) => ({ UserName: input.UserName, ...getInline(USER)(input, call) }),
      resource: user,
    },
    ListUserPolicies: { handler: listInline(pages, USER), resource: user },
    DeleteUserPolicy: { handler: deleteInline(USER), resource: user, conditions },

    AttachUserPolicy: { handler: attach(USER), resource: user, conditions },
    DetachUserPolicy: { handler: detach(USER), resource: user, conditions },
    ListAttachedUserPolicies: { handler: listAttached(pages, USER), resource: user },

    PutUserPermissionsBoundary: {
      handler: putBoundary(USER),
      resource: user,
      conditions: ({ PermissionsBoundary }) => ({ 'iam:permissionsboundary': PermissionsBoundary }),
    },
    DeleteUserPermissionsBoundary: { handler: deleteBoundary(USER), resource: user, conditions },

    TagUser: { handler: tag(arnOf), resource: user },
    UntagUser: { handler: untag(arnOf), resource: user },
    ListUserTags: { handler: listTags(pages, arnOf), resource: user },
  }) satisfies Partial<Handlers<IamOperations, object>>;
