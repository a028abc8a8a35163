/** The table of the operations on groups. */
import type { IamOperations } from '#platform/model/generated/iam.ts';
import type { Handlers } from '#platform/service.ts';
import {
  addUserToGroup,
  createGroup,
  deleteGroup,
  getGroup,
  listGroups,
  listGroupsForUser,
  removeUserFromGroup,
  updatedGroupResources,
  updateGroup,
} from '#services/iam/groups/groups.ts';
import { below, entityArn } from '#services/iam/names.ts';
import { GROUP, resourceOf, USER } from '#services/iam/owners.ts';
import type { IamParts } from '#services/iam/parts.ts';
import { attach, detach, listAttached } from '#services/iam/policies/attachments.ts';
import { deleteInline, getInline, listInline, putInline } from '#services/iam/policies/inline-policies.ts';

const group = resourceOf(GROUP);
const conditions = ({ PolicyArn }: { readonly PolicyArn: string }) => ({ 'iam:policyarn': PolicyArn });

export const groupOperations = ({ pages }: IamParts) =>
  ({
    CreateGroup: {
      handler: createGroup,
      resource: ({ Path: path = '/', GroupName: name }, { account }) => entityArn(account, 'group', { path, name }),
    },
    GetGroup: { handler: getGroup(pages), resource: group },
    ListGroups: { handler: listGroups(pages), resource: below('group') },
    UpdateGroup: { handler: updateGroup, resource: updatedGroupResources },
    DeleteGroup: { handler: deleteGroup, resource: group },
    AddUserToGroup: { handler: addUserToGroup, resource: group },
    RemoveUserFromGroup: { handler: removeUserFromGroup, resource: group },
    ListGroupsForUser: { handler: listGroupsForUser(pages), resource: resourceOf(USER) },

    PutGroupPolicy: { handler: putInline(GROUP), resource: group },
    GetGroupPolicy: {
      handler: (input, call) => ({ GroupName: input.GroupName, ...getInline(GROUP)(input, call) }),
      resource: group,
    },
    ListGroupPolicies: { handler: listInline(pages, GROUP), resource: group },
    DeleteGroupPolicy: { handler: deleteInline(GROUP), resource: group },

    AttachGroupPolicy: { handler: attach(GROUP), resource: group, conditions },
    DetachGroupPolicy: { handler: detach(GROUP), resource: group, conditions },
    ListAttachedGroupPolicies: { handler: listAttached(pages, GROUP), resource: group },
  }) satisfies Partial<Handlers<IamOperations, object>>;
