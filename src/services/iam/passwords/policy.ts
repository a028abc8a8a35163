/**
 * The account's password policy, and whether a password meets it ("Set an account password policy for IAM users"). An account
 * without one has AWS's default: eight characters, three of four kinds. The root user's password always meets the default.
 */
import { days, type Milliseconds } from '#platform/base/clock.ts';
import type * as Model from '#platform/model/generated/iam.ts';
import type { Call } from '#platform/service.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { noPasswordPolicy } from '#services/iam/errors.ts';
import { identitiesChanged } from '#services/iam/identity/memory.ts';
import { type LoginProfileRow, type PasswordPolicyRow, passwordPolicies } from '#services/iam/passwords/state.ts';

const POLICY = passwordPolicies.key();

const KINDS: readonly { readonly noun: string; readonly member: keyof PasswordPolicyRow; readonly form: RegExp }[] = [
  { noun: 'uppercase letter', member: 'requireUppercase', form: /[A-Z]/ },
  { noun: 'lowercase letter', member: 'requireLowercase', form: /[a-z]/ },
  { noun: 'number', member: 'requireNumbers', form: /[0-9]/ },
  { noun: 'symbol', member: 'requireSymbols', form: /[!@#$%^&*()_+\-=[\]{}|']/ },
];
const DEFAULT_LENGTH = 8;
const DEFAULT_KINDS = 3;

export const policyOf = (tx: ReadTransaction): PasswordPolicyRow | undefined => tx.get(passwordPolicies, POLICY);

/**
 * Why the password does not meet the policy; undefined if it does. `accountName` must not be the password by default. In the words that
 * CreateLoginProfile was recorded to say for want of length and of kinds.
 */
export function violationOf(
  password: string,
  policy: PasswordPolicyRow | undefined,
  accountName: string,
): string | undefined {
  const least = policy?.minimumLength ?? DEFAULT_LENGTH;
  if (password.length < least) return `Password should have a minimum length of ${least}`;
  const missing = KINDS.filter(({ form }) => !form.test(password));
  const asked = missing.filter(({ member }) => policy === undefined || policy[member] === true);
  const wanted = asked.map(({ noun }) => `Password should have at least one ${noun}`).join(', ');
  if (policy !== undefined) return wanted || undefined;
  const more = missing.length - (KINDS.length - DEFAULT_KINDS);
  if (more > 0) return `Password should meet ${more} more of the following requirements: ${wanted}`;
  const isName = password.toLowerCase() === accountName.toLowerCase();
  return isName ? 'Password does not conform to the account password policy.' : undefined;
}

/** When the password ends; undefined if it doesn't. Enforced from the moment that the policy says so. */
export const expiryOf = (
  { changedAt }: Pick<LoginProfileRow, 'changedAt'>,
  policy: PasswordPolicyRow | undefined,
): Milliseconds | undefined => (policy?.maxAgeDays === undefined ? undefined : changedAt + days(policy.maxAgeDays));

export function getAccountPasswordPolicy(
  _input: object,
  { tx, account }: Call,
): Model.GetAccountPasswordPolicyResponse {
  const row = policyOf(tx) ?? noPasswordPolicy(account);
  return {
    PasswordPolicy: {
      MinimumPasswordLength: row.minimumLength,
      RequireSymbols: row.requireSymbols,
      RequireNumbers: row.requireNumbers,
      RequireUppercaseCharacters: row.requireUppercase,
      RequireLowercaseCharacters: row.requireLowercase,
      AllowUsersToChangePassword: row.allowUsersToChange,
      ExpirePasswords: row.maxAgeDays !== undefined,
      ...(row.maxAgeDays !== undefined && { MaxPasswordAge: row.maxAgeDays }),
      ...(row.reusePrevention !== undefined && { PasswordReusePrevention: row.reusePrevention }),
      ...(row.hardExpiry !== undefined && { HardExpiry: row.hardExpiry }),
    },
  };
}

const LEAST_LENGTH = 6;

/** "This operation does not support partial updates": what is left out goes back to its default. */
export function updateAccountPasswordPolicy(input: Model.UpdateAccountPasswordPolicyRequest, { tx }: Call): void {
  const { MaxPasswordAge: maxAgeDays, PasswordReusePrevention: reusePrevention, HardExpiry: hardExpiry } = input;
  tx.put(passwordPolicies, POLICY, {
    minimumLength: input.MinimumPasswordLength ?? LEAST_LENGTH,
    requireSymbols: input.RequireSymbols ?? false,
    requireNumbers: input.RequireNumbers ?? false,
    requireUppercase: input.RequireUppercaseCharacters ?? false,
    requireLowercase: input.RequireLowercaseCharacters ?? false,
    allowUsersToChange: input.AllowUsersToChangePassword ?? false,
    ...(maxAgeDays !== undefined && { maxAgeDays }),
    ...(reusePrevention !== undefined && { reusePrevention }),
    ...(hardExpiry !== undefined && { hardExpiry }),
  });
  // Whether users may change their password is a permission.
  identitiesChanged(tx);
}

export function deleteAccountPasswordPolicy(_input: object, { tx, account }: Call): void {
  if (!policyOf(tx)) noPasswordPolicy(account);
  tx.delete(passwordPolicies, POLICY);
  identitiesChanged(tx);
}

/**
 * "Gives IAM users permissions to iam:ChangePassword for only their user and to the iam:GetAccountPasswordPolicy action. This
 * option does not attach a permissions policy to each user": ChangePassword names nobody, so its resource is the caller.
 */
export const OWN_PASSWORD_POLICY = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: ['iam:ChangePassword', 'iam:GetAccountPasswordPolicy'], Resource: '*' }],
});
