/**
 * What hangs on users, roles and groups, for the removal of an account: an entity goes when nothing hangs on it any more. The root
 * user's own keys stay, as the root user does.
 */
import type { Kind } from '#platform/service.ts';
import type { Table } from '#platform/store/keys.ts';
import { accountAliases } from '#services/iam/account/state.ts';
import { accountOf, hanging } from '#services/iam/entity-kinds.ts';
import { userById } from '#services/iam/identity/principals.ts';
import { instanceProfiles, profilesOfRole } from '#services/iam/instance-profiles/state.ts';
import { devicesOfOwner } from '#services/iam/mfa/state.ts';
import { entityArn, nameKey, nameOfArn, rootArn } from '#services/iam/names.ts';
import { namedRows } from '#services/iam/paging.ts';
import { loginProfiles } from '#services/iam/passwords/state.ts';
import { isServiceLinked } from '#services/iam/roles/service-linked.ts';
import { serviceCredentials } from '#services/iam/service-specific-credentials/state.ts';
import { signingCertificates } from '#services/iam/signing-certificates/state.ts';
import { sshKeys } from '#services/iam/ssh-public-keys/state.ts';
import { attachments, inlinePolicies, keysOfOwner, members, policies, policyVersions } from '#services/iam/state.ts';

/** `user-access-key`: an operation on a user and what the second part of the row's key names. */
const ofUser = (name: string, table: Table<unknown, [string, string]>, operation: string, member: string): Kind =>
  hanging(name, { noun: 'user', table, operation, input: (UserName, rest) => ({ UserName, [member]: rest }) });

const policiesOf = (noun: 'user' | 'role' | 'group', Noun: 'User' | 'Role' | 'Group') => {
  const isOurs = noun === 'role' ? { isOurs: (row: { readonly path: string }) => !isServiceLinked(row) } : {};
  const named = (member: string) => (name: string, rest: string) => ({ [`${Noun}Name`]: name, [member]: rest });
  const attached = { noun, table: attachments, operation: `Detach${Noun}Policy`, input: named('PolicyArn'), ...isOurs };
  const inline = {
    noun,
    table: inlinePolicies,
    operation: `Delete${Noun}Policy`,
    input: named('PolicyName'),
    ...isOurs,
  };
  return {
    [`${noun}-attachment`]: hanging(`${noun}-attachment`, attached),
    [`${noun}-inline-policy`]: hanging(`${noun}-inline-policy`, inline),
  };
};

/** Listed as `<policy's ARN> v2`. */
const policyVersion: Kind = {
  name: 'policy-version',
  list(tx, after, limit) {
    const found: string[] = [];
    const [arn, version] = after?.split(' ') ?? [];
    // The policy that the last page ended in may have more versions.
    const from = arn && ([nameKey(nameOfArn(arn)), Number(version?.slice(1))] as const);
    for (const [name, row] of namedRows(tx, policies, undefined)) {
      if (from && name < from[0]) continue;
      for (const { key } of tx.range(policyVersions, { prefix: [row.id] })) {
        const number = policyVersions.parts(key)[1];
        if (number === row.defaultVersion || (from && name === from[0] && number <= from[1])) continue;
        if (found.push(`${entityArn(accountOf(tx), 'policy', row)} v${number}`) === limit) return found;
      }
    }
    return found;
  },
  exists: () => false,
  remove: {
    operation: 'DeletePolicyVersion',
    input(listed) {
      const [PolicyArn, VersionId] = listed.split(' ');
      return { PolicyArn, VersionId };
    },
  },
  holdsData: false,
};

/** Listed as `<user's ARN> <its id>`. The root user's stays, as it does. */
const loginProfile: Kind = {
  name: 'login-profile',
  list(tx, after, limit) {
    const last = after?.split(' ')[1];
    // One row may be the root user's.
    const rows = tx.range(loginProfiles, { ...(last && { after: loginProfiles.key(last) }), limit: limit + 1 });
    return rows
      .flatMap(({ key }) => userById(tx, loginProfiles.parts(key)[0]) ?? [])
      .map((user) => `${entityArn(accountOf(tx), 'user', user)} ${user.id}`)
      .slice(0, limit);
  },
  exists: (tx, listed) => tx.get(loginProfiles, loginProfiles.key(listed.split(' ')[1] ?? '')) !== undefined,
  remove: {
    operation: 'DeleteLoginProfile',
    input: (listed) => ({ UserName: nameOfArn(listed.split(' ')[0] ?? '') }),
  },
  holdsData: false,
};

const ofUsers = {
  'access-key': ofUser('access-key', keysOfOwner, 'DeleteAccessKey', 'AccessKeyId'),
  'ssh-public-key': ofUser('ssh-public-key', sshKeys, 'DeleteSSHPublicKey', 'SSHPublicKeyId'),
  'signing-certificate': ofUser(
    'signing-certificate',
    signingCertificates,
    'DeleteSigningCertificate',
    'CertificateId',
  ),
  'service-specific-credential': ofUser(
    'service-specific-credential',
    serviceCredentials,
    'DeleteServiceSpecificCredential',
    'ServiceSpecificCredentialId',
  ),
  'mfa-assignment': ofUser('mfa-assignment', devicesOfOwner, 'DeactivateMFADevice', 'SerialNumber'),
  'login-profile': loginProfile,
  ...policiesOf('user', 'User'),
};

const ofRoles = {
  'instance-profile-role': hanging('instance-profile-role', {
    noun: 'role',
    table: profilesOfRole,
    operation: 'RemoveRoleFromInstanceProfile',
    nameOf: (tx, key) => tx.get(instanceProfiles, instanceProfiles.key(key))?.name,
    input: (RoleName, InstanceProfileName) => ({ RoleName, InstanceProfileName }),
  }),
  ...policiesOf('role', 'Role'),
};

const ofGroups = {
  membership: hanging('membership', {
    noun: 'group',
    table: members,
    operation: 'RemoveUserFromGroup',
    nameOf: (tx, userId) => userById(tx, userId)?.name,
    input: (GroupName, UserName) => ({ GroupName, UserName }),
  }),
  ...policiesOf('group', 'Group'),
};

/** In the order of their names; an account has one. */
const accountAlias: Kind = {
  name: 'account-alias',
  list: (tx, after) =>
    tx
      .range(accountAliases, after === undefined ? {} : { after: accountAliases.key(nameOfArn(after)) })
      .map(({ key }) => `${rootArn(accountOf(tx))} account-alias/${accountAliases.parts(key)[0]}`),
  exists: () => false,
  remove: { operation: 'DeleteAccountAlias', input: (listed) => ({ AccountAlias: nameOfArn(listed) }) },
  holdsData: false,
};

export const dependents: Readonly<Record<string, Kind>> = {
  ...ofUsers,
  ...ofRoles,
  ...ofGroups,
  'policy-version': policyVersion,
  'account-alias': accountAlias,
};

export const DEPENDENTS = {
  user: [...Object.keys(ofUsers), 'membership'],
  role: Object.keys(ofRoles),
  group: Object.keys(ofGroups),
  policy: ['policy-version'],
} as const;
