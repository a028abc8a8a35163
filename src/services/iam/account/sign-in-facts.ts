/** Passwords and MFA devices, as the account's summary and its credential report tell of them. `owner`: a user's id, or `root`. */
import type { ReadTransaction } from '#platform/store/store.ts';
import { devicesOf } from '#services/iam/mfa/devices.ts';
import { expiryOf, policyOf } from '#services/iam/passwords/policy.ts';
import { loginProfiles, passwordUses } from '#services/iam/passwords/state.ts';
import { ROOT_OWNER } from '#services/iam/state.ts';

export interface PasswordFacts {
  readonly lastUsedAt?: number;
  readonly changedAt: number;
  /** When it has to be changed; undefined where no policy asks for that. */
  readonly nextRotationAt?: number;
}

export function passwordOf(tx: ReadTransaction, owner: string): PasswordFacts | undefined {
  const profile = tx.get(loginProfiles, loginProfiles.key(owner));
  if (!profile) return undefined;
  const lastUsedAt = tx.get(passwordUses, passwordUses.key(owner))?.at;
  // The account's policy is for its users.
  const nextRotationAt = owner === ROOT_OWNER ? undefined : expiryOf(profile, policyOf(tx));
  return {
    changedAt: profile.changedAt,
    ...(lastUsedAt !== undefined && { lastUsedAt }),
    ...(nextRotationAt !== undefined && { nextRotationAt }),
  };
}

export const hasMfa = (tx: ReadTransaction, owner: string): boolean => devicesOf(tx, owner).length > 0;
