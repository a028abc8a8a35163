/**
 * IAM's kinds of resources, in the nouns of the service authorization reference, and what has to go before them: the removal of an
 * account takes apart what hangs on users, roles and groups first (dependents.ts).
 */
import type { Kind } from '#platform/service.ts';
import { DEPENDENTS, dependents } from '#services/iam/dependents.ts';
import { existsIn, listOf, taggedBy } from '#services/iam/entity-kinds.ts';
import { instanceProfiles } from '#services/iam/instance-profiles/state.ts';
import { mfaKind } from '#services/iam/mfa/kind.ts';
import { nameOfArn } from '#services/iam/names.ts';
import { providerKinds } from '#services/iam/provider-kinds.ts';
import { isServiceLinked } from '#services/iam/roles/service-linked.ts';
import { serverCertificates } from '#services/iam/server-certificates/state.ts';
import { groups, policies, roles, users } from '#services/iam/state.ts';

export const kinds = {
  user: {
    name: 'user',
    cloudFormationType: 'AWS::IAM::User',
    list: listOf('user', users),
    exists: existsIn('user', users),
    tagging: taggedBy('User', 'UserName', nameOfArn),
    remove: { operation: 'DeleteUser', input: (arn) => ({ UserName: nameOfArn(arn) }) },
    removeAfter: DEPENDENTS.user,
    holdsData: false,
  },
  role: {
    name: 'role',
    cloudFormationType: 'AWS::IAM::Role',
    // Those of services go by another operation.
    list: listOf('role', roles, (role) => !isServiceLinked(role)),
    exists: existsIn('role', roles),
    tagging: taggedBy('Role', 'RoleName', nameOfArn),
    remove: { operation: 'DeleteRole', input: (arn) => ({ RoleName: nameOfArn(arn) }) },
    removeAfter: DEPENDENTS.role,
    holdsData: false,
  },
  'service-linked-role': {
    name: 'service-linked-role',
    cloudFormationType: 'AWS::IAM::ServiceLinkedRole',
    list: listOf('role', roles, isServiceLinked),
    exists: () => false,
    remove: { operation: 'DeleteServiceLinkedRole', input: (arn) => ({ RoleName: nameOfArn(arn) }) },
    holdsData: false,
  },
  group: {
    name: 'group',
    cloudFormationType: 'AWS::IAM::Group',
    list: listOf('group', groups),
    exists: existsIn('group', groups),
    remove: { operation: 'DeleteGroup', input: (arn) => ({ GroupName: nameOfArn(arn) }) },
    removeAfter: DEPENDENTS.group,
    holdsData: false,
  },
  policy: {
    name: 'policy',
    cloudFormationType: 'AWS::IAM::ManagedPolicy',
    list: listOf('policy', policies),
    exists: existsIn('policy', policies),
    tagging: taggedBy('Policy', 'PolicyArn', (arn) => arn),
    remove: { operation: 'DeletePolicy', input: (arn) => ({ PolicyArn: arn }) },
    removeAfter: ['user', 'role', 'group', ...DEPENDENTS.policy],
    holdsData: false,
  },
  'instance-profile': {
    name: 'instance-profile',
    cloudFormationType: 'AWS::IAM::InstanceProfile',
    list: listOf('instance-profile', instanceProfiles),
    exists: existsIn('instance-profile', instanceProfiles),
    tagging: taggedBy('InstanceProfile', 'InstanceProfileName', nameOfArn),
    remove: { operation: 'DeleteInstanceProfile', input: (arn) => ({ InstanceProfileName: nameOfArn(arn) }) },
    removeAfter: ['instance-profile-role'],
    holdsData: false,
  },
  'server-certificate': {
    name: 'server-certificate',
    cloudFormationType: 'AWS::IAM::ServerCertificate',
    list: listOf('server-certificate', serverCertificates),
    exists: existsIn('server-certificate', serverCertificates),
    tagging: taggedBy('ServerCertificate', 'ServerCertificateName', nameOfArn),
    remove: { operation: 'DeleteServerCertificate', input: (arn) => ({ ServerCertificateName: nameOfArn(arn) }) },
    holdsData: false,
  },
  ...dependents,
  mfa: mfaKind,
  ...providerKinds,
} satisfies Record<string, Kind>;
