/**
 * What IAM keeps of passwords. Hashes are sealed besides: who gets hold of the data without the master key can't even begin
 * to guess. All are keyed by the unique id of the user, or `root`.
 */
import type { Failures } from '#platform/attempts.ts';
import type { Milliseconds } from '#platform/base/clock.ts';
import { jsonRows, table, text } from '#platform/store/keys.ts';

export interface LoginProfileRow {
  readonly createdAt: Milliseconds;
  /** When the password was set: its age decides about its expiry. */
  readonly changedAt: Milliseconds;
  readonly isResetRequired: boolean;
  /** `PasswordHash[]` as JSON, the one in force first, then those before it; sealed for this row. */
  readonly sealed: string;
  /** Wrong old passwords given to ChangePassword. */
  readonly failures?: Failures;
}

/** As UpdateAccountPasswordPolicy sets it; members that are not there are off. */
export interface PasswordPolicyRow {
  readonly minimumLength: number;
  readonly requireSymbols: boolean;
  readonly requireNumbers: boolean;
  readonly requireUppercase: boolean;
  readonly requireLowercase: boolean;
  readonly allowUsersToChange: boolean;
  readonly maxAgeDays?: number;
  readonly reusePrevention?: number;
  readonly hardExpiry?: boolean;
}

export const loginProfiles = table('login-profile', [text], jsonRows<LoginProfileRow>(1));
/** The last sign-in with the password. */
export const passwordUses = table('password-use', [text], jsonRows<{ readonly at: Milliseconds }>(1));
/** The account's one policy; no row: AWS's default. */
export const passwordPolicies = table('password-policy', [], jsonRows<PasswordPolicyRow>(1));

export const passwordTables = [loginProfiles, passwordUses, passwordPolicies] as const;
