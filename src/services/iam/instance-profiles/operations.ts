/** The table of the operations on instance profiles. */
import type { IamOperations } from '#platform/model/generated/iam.ts';
import { type Call, type CallScope, type FurtherPermission, type Handlers, passRole } from '#platform/service.ts';
import {
  addRoleToInstanceProfile,
  createInstanceProfile,
  deleteInstanceProfile,
  getInstanceProfile,
  listInstanceProfiles,
  listInstanceProfilesForRole,
  profileArn,
  profileOf,
  removeRoleFromInstanceProfile,
} from '#services/iam/instance-profiles/instance-profiles.ts';
import { profileNamed } from '#services/iam/instance-profiles/state.ts';
import { below } from '#services/iam/names.ts';
import { ROLE, resourceOf } from '#services/iam/owners.ts';
import type { IamParts } from '#services/iam/parts.ts';
import { unlessServiceLinked } from '#services/iam/roles/service-linked.ts';
import { listTags, tag, untag } from '#services/iam/tags.ts';

type ProfileInput = { readonly InstanceProfileName: string };

const profile = ({ InstanceProfileName: name }: ProfileInput, scope: CallScope): string =>
  profileArn(scope, scope.read((tx) => profileNamed(tx, name)) ?? { path: '/', name });
const arnOf = (input: ProfileInput, call: Call): string => profileArn(call, profileOf(call.tx, input));

/** "The caller of this operation must be granted the PassRole permission on the IAM role." */
const passToInstances = (input: { readonly RoleName: string }, scope: CallScope): FurtherPermission[] => [
  passRole(resourceOf(ROLE)(input, scope), 'ec2.amazonaws.com', `arn:aws:ec2:*:${scope.account}:instance/*`),
];

export const instanceProfileOperations = ({ pages, identity: { principals } }: IamParts) =>
  ({
    CreateInstanceProfile: {
      handler: (input, call) => createInstanceProfile(principals, input, call),
      resource: ({ Path: path = '/', InstanceProfileName: name }, scope) => profileArn(scope, { path, name }),
    },
    GetInstanceProfile: { handler: (input, call) => getInstanceProfile(principals, input, call), resource: profile },
    ListInstanceProfiles: {
      handler: listInstanceProfiles(pages, principals),
      resource: below('instance-profile'),
    },
    DeleteInstanceProfile: { handler: deleteInstanceProfile, resource: profile },
    AddRoleToInstanceProfile: {
      handler: unlessServiceLinked(addRoleToInstanceProfile),
      resource: profile,
      further: passToInstances,
    },
    RemoveRoleFromInstanceProfile: { handler: unlessServiceLinked(removeRoleFromInstanceProfile), resource: profile },
    ListInstanceProfilesForRole: {
      handler: listInstanceProfilesForRole(pages, principals),
      resource: resourceOf(ROLE),
    },
    TagInstanceProfile: { handler: tag(arnOf), resource: profile },
    UntagInstanceProfile: { handler: untag(arnOf), resource: profile },
    ListInstanceProfileTags: { handler: listTags(pages, arnOf), resource: profile },
  }) satisfies Partial<Handlers<IamOperations, object>>;
