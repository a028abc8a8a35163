/** Login profiles: who has a password. Those of users, and the root user's own when it leaves the name out. */
import { fail } from '#platform/error.ts';
import type * as Model from '#platform/model/generated/iam.ts';
import type { Call } from '#platform/service.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { noLoginProfile, noSuchUser } from '#services/iam/errors.ts';
import { userById } from '#services/iam/identity/principals.ts';
import { ownerOf, USER, userNameOf } from '#services/iam/owners.ts';
import { type PasswordOwner, type Passwords, profileOf } from '#services/iam/passwords/passwords.ts';
import type { LoginProfileRow } from '#services/iam/passwords/state.ts';
import { ROOT_OWNER } from '#services/iam/state.ts';

/** The root user is called by the account's number, as in GetUser. */
function namedOwner(tx: ReadTransaction, input: { readonly UserName?: string }, call: Call): PasswordOwner {
  const { partition, account } = call;
  const UserName = userNameOf(input, call.principal);
  if (UserName === undefined) return { partition, account, id: ROOT_OWNER, name: account };
  return { partition, account, id: ownerOf(tx, USER, { UserName }).id, name: UserName };
}

const ownerNamed = (input: { readonly UserName?: string }, call: Call): PasswordOwner =>
  call.partition.read((tx) => namedOwner(tx, input, call));

const view = ({ name }: PasswordOwner, row: LoginProfileRow): Model.LoginProfile => ({
  UserName: name,
  CreateDate: row.createdAt,
  PasswordResetRequired: row.isResetRequired,
});

export const createLoginProfile =
  (passwords: Passwords) =>
  async (input: Model.CreateLoginProfileRequest, call: Call): Promise<Model.CreateLoginProfileResponse> => {
    const owner = ownerNamed(input, call);
    const password = input.Password ?? fail('ValidationError', 'A password must be specified.');
    const row = await passwords.create(
      owner,
      { password, isResetRequired: input.PasswordResetRequired ?? false },
      call.now,
    );
    return { LoginProfile: view(owner, row) };
  };

export function getLoginProfile(input: Model.GetLoginProfileRequest, call: Call): Model.GetLoginProfileResponse {
  const owner = namedOwner(call.tx, input, call);
  const row = profileOf(call.tx, owner.id) ?? noLoginProfile(owner.name);
  return { LoginProfile: view(owner, row) };
}

export const updateLoginProfile =
  (passwords: Passwords) =>
  async (input: Model.UpdateLoginProfileRequest, call: Call): Promise<void> => {
    const { Password: password, PasswordResetRequired: isResetRequired } = input;
    const wanted = {
      ...(password !== undefined && { password }),
      ...(isResetRequired !== undefined && { isResetRequired }),
    };
    await passwords.update(ownerNamed(input, call), wanted, call.now);
  };

export const deleteLoginProfile =
  (passwords: Passwords) =>
  (input: Model.DeleteLoginProfileRequest, call: Call): void =>
    passwords.remove(call.tx, namedOwner(call.tx, input, call));

/** "The AWS account root user password is not affected by this operation": only a user has one to change here. */
export const changePassword =
  (passwords: Passwords) =>
  async (input: Model.ChangePasswordRequest, call: Call): Promise<void> => {
    const { principal, partition, account } = call;
    if (principal.kind !== 'user') return fail('InvalidUserType', 'Only IAM Users can change their own password');
    const { userId: id, userName: name } = principal;
    const isThere = partition.read((tx) => userById(tx, id)) !== undefined;
    if (!isThere) noSuchUser(name);
    await passwords.change({ partition, account, id, name }, input.OldPassword, input.NewPassword, call.now);
  };
