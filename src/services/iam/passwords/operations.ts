/** The table of the operations on passwords and on the policy for them. */
import type { IamOperations } from '#platform/model/generated/iam.ts';
import type { Handlers } from '#platform/service.ts';
import { callerOrUser } from '#services/iam/owners.ts';
import type { IamParts } from '#services/iam/parts.ts';
import {
  changePassword,
  createLoginProfile,
  deleteLoginProfile,
  getLoginProfile,
  updateLoginProfile,
} from '#services/iam/passwords/login-profiles.ts';
import {
  deleteAccountPasswordPolicy,
  getAccountPasswordPolicy,
  updateAccountPasswordPolicy,
} from '#services/iam/passwords/policy.ts';

const everything = (): string => '*';

/** What hashes waits for it, so it makes its own steps. */
export const passwordOperations = ({ passwords }: IamParts) =>
  ({
    CreateLoginProfile: { handler: createLoginProfile(passwords), resource: callerOrUser, steps: true },
    GetLoginProfile: { handler: getLoginProfile, resource: callerOrUser },
    UpdateLoginProfile: { handler: updateLoginProfile(passwords), resource: callerOrUser, steps: true },
    DeleteLoginProfile: { handler: deleteLoginProfile(passwords), resource: callerOrUser },
    ChangePassword: {
      handler: changePassword(passwords),
      // A role has no user of its own: refused by the handler, in AWS's words.
      resource: (_input, scope) => (scope.principal.kind === 'user' ? callerOrUser({}, scope) : everything()),
      steps: true,
    },

    GetAccountPasswordPolicy: { handler: getAccountPasswordPolicy, resource: everything },
    UpdateAccountPasswordPolicy: { handler: updateAccountPasswordPolicy, resource: everything },
    DeleteAccountPasswordPolicy: { handler: deleteAccountPasswordPolicy, resource: everything },
  }) satisfies Partial<Handlers<IamOperations, object>>;
