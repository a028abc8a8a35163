/** Instance profiles: what an instance is given to get credentials of a role. */
import { iamId } from '#platform/base/ids.ts';
import { fail } from '#platform/error.ts';
import type * as Model from '#platform/model/generated/iam.ts';
import type { PageTokens } from '#platform/page-token.ts';
import type { PrincipalDirectory } from '#platform/policy/principal-ids.ts';
import type { Call } from '#platform/service.ts';
import type { ReadTransaction, Transaction } from '#platform/store/store.ts';
import { deleteTags, tagsOf } from '#platform/tags.ts';
import { deleteConflict, limitExceeded } from '#services/iam/errors.ts';
import { roleById } from '#services/iam/identity/principals.ts';
import {
  type InstanceProfileRow,
  instanceProfiles,
  profileNamed,
  profilesOfRole,
} from '#services/iam/instance-profiles/state.ts';
import { entityArn, nameKey } from '#services/iam/names.ts';
import { ownerOf, ROLE } from '#services/iam/owners.ts';
import { type Positioned, pageBelow, pageOf } from '#services/iam/paging.ts';
import { roleView } from '#services/iam/roles/roles.ts';
import { addToCount, countOf, EMPTY, wholeSecond } from '#services/iam/state.ts';
import { tagList, writeTags } from '#services/iam/tags.ts';

const PROFILES_PER_ACCOUNT = 'L-6E65F664';

interface ProfileInput {
  readonly InstanceProfileName: string;
}

const noSuchProfile = (name: string): never => fail('NoSuchEntity', `Instance Profile ${name} cannot be found.`);

export const profileOf = (tx: ReadTransaction, { InstanceProfileName: name }: ProfileInput): InstanceProfileRow =>
  profileNamed(tx, name) ?? noSuchProfile(name);

export const profileArn = ({ account }: Pick<Call, 'account'>, row: Pick<InstanceProfileRow, 'path' | 'name'>) =>
  entityArn(account, 'instance-profile', row);

function profileView(
  principals: PrincipalDirectory,
  { tx, account }: Call,
  row: InstanceProfileRow,
): Model.InstanceProfile {
  const role = row.roleId === undefined ? undefined : roleById(tx, row.roleId);
  return {
    Path: row.path,
    InstanceProfileName: row.name,
    InstanceProfileId: row.id,
    Arn: profileArn({ account }, row),
    CreateDate: row.createdAt,
    Roles: role ? [roleView(principals, account, role)] : [],
  };
}

function wholeProfile(principals: PrincipalDirectory, call: Call, row: InstanceProfileRow): Model.InstanceProfile {
  const tags = tagList(tagsOf(call.tx, profileArn(call, row)));
  return { ...profileView(principals, call, row), ...(tags.length > 0 && { Tags: tags }) };
}

export function createInstanceProfile(
  principals: PrincipalDirectory,
  input: Model.CreateInstanceProfileRequest,
  call: Call,
): Model.CreateInstanceProfileResponse {
  const { tx } = call;
  const { InstanceProfileName: name, Path: path = '/' } = input;
  const key = instanceProfiles.key(nameKey(name));
  if (tx.get(instanceProfiles, key)) fail('EntityAlreadyExists', `Instance Profile ${name} already exists.`);
  const most = call.quota(PROFILES_PER_ACCOUNT);
  if (countOf(tx, 'instance-profile') >= most) limitExceeded('InstanceProfilesPerAccount', most);
  const row: InstanceProfileRow = { name, path, id: iamId('AIPA', 17), createdAt: wholeSecond(call.now) };
  tx.put(instanceProfiles, key, row);
  addToCount(tx, 'instance-profile', 1);
  writeTags(tx, profileArn(call, row), input.Tags);
  return { InstanceProfile: wholeProfile(principals, call, row) };
}

export const getInstanceProfile = (
  principals: PrincipalDirectory,
  input: Model.GetInstanceProfileRequest,
  call: Call,
): Model.GetInstanceProfileResponse => ({ InstanceProfile: wholeProfile(principals, call, profileOf(call.tx, input)) });

export const listInstanceProfiles =
  (pages: PageTokens, principals: PrincipalDirectory) =>
  (input: Model.ListInstanceProfilesRequest, call: Call): Model.ListInstanceProfilesResponse => {
    const { items, end } = pageBelow(pages, call, input, instanceProfiles);
    return { InstanceProfiles: items.map((row) => profileView(principals, call, row)), ...end };
  };

export function deleteInstanceProfile(input: Model.DeleteInstanceProfileRequest, call: Call): void {
  const { tx } = call;
  const row = profileOf(tx, input);
  if (row.roleId !== undefined && roleById(tx, row.roleId)) deleteConflict('remove roles from instance profile');
  tx.delete(instanceProfiles, instanceProfiles.key(nameKey(row.name)));
  addToCount(tx, 'instance-profile', -1);
  deleteTags(tx, profileArn(call, row));
}

export function addRoleToInstanceProfile(input: Model.AddRoleToInstanceProfileRequest, { tx }: Call): void {
  const row = profileOf(tx, input);
  const role = ownerOf(tx, ROLE, input);
  if (row.roleId !== undefined) limitExceeded('InstanceSessionsPerInstanceProfile', 1);
  putRole(tx, row, role.id);
}

export function removeRoleFromInstanceProfile(input: Model.RemoveRoleFromInstanceProfileRequest, { tx }: Call): void {
  const row = profileOf(tx, input);
  const role = ownerOf(tx, ROLE, input);
  if (row.roleId !== role.id) {
    fail('NoSuchEntity', `Role ${role.name} in Instance Profile ${row.name} cannot be found.`);
  }
  putRole(tx, row, undefined);
}

function putRole(tx: Transaction, { roleId: old, ...row }: InstanceProfileRow, roleId: string | undefined): void {
  const key = nameKey(row.name);
  tx.put(instanceProfiles, instanceProfiles.key(key), { ...row, ...(roleId !== undefined && { roleId }) });
  if (old !== undefined) tx.delete(profilesOfRole, profilesOfRole.key(old, key));
  if (roleId !== undefined) tx.put(profilesOfRole, profilesOfRole.key(roleId, key), EMPTY);
}

export const listInstanceProfilesForRole =
  (pages: PageTokens, principals: PrincipalDirectory) =>
  (input: Model.ListInstanceProfilesForRoleRequest, call: Call): Model.ListInstanceProfilesForRoleResponse => {
    const { id } = ownerOf(call.tx, ROLE, input);
    const { items, end } = pageOf(pages, call, input, id, (after) => rowsHolding(call.tx, id, after));
    return { InstanceProfiles: items.map((row) => profileView(principals, call, row)), ...end };
  };

function rowsHolding(tx: ReadTransaction, roleId: string, after?: string): Positioned<InstanceProfileRow>[] {
  const options = after === undefined ? {} : { after: profilesOfRole.key(roleId, after) };
  return tx.range(profilesOfRole, { prefix: [roleId], ...options }).flatMap(({ key }) => {
    const name = profilesOfRole.parts(key)[1];
    const row = tx.get(instanceProfiles, instanceProfiles.key(name));
    return row ? [[name, row]] : [];
  });
}

/** Those that hold the role. */
export const profilesHolding = (principals: PrincipalDirectory, call: Call, roleId: string): Model.InstanceProfile[] =>
  rowsHolding(call.tx, roleId).map(([, row]) => profileView(principals, call, row));
