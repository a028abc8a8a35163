/** Passwords and MFA devices, as the account's summary and its credential report tell of them. `owner`: a user's id, or `root`. */
import type { ReadTransaction } from '#platform/store/store.ts';
import { devicesOf } from '#services/iam/mfa/devices.ts';
import { profileOf } from '#services/iam/passwords/passwords.ts';
import { expiryOf, policyOf } from '#services/iam/passwords/policy.ts';
import { passwordUses } from '#services/iam/passwords/state.ts';
import { ROOT_OWNER } from '#services/iam/state.ts';

export interface PasswordFacts {
  readonly lastUsedAt?: number;
  readonly changedAt: number;
  /** When it has to be changed; undefined where no policy asks for that. */
  readonly nextRotationAt?: number;
}

/** `owner`: a user's unique id, or `root`, whose password no policy asks anything of. */
export function passwordOf(tx: ReadTransaction, owner: string): PasswordFacts | undefined {
  const profile = profileOf(tx, owner);
  if (!profile) return undefined;
  const lastUsedAt = tx.get(passwordUses, passwordUses.key(owner))?.at;
  const nextRotationAt = owner === ROOT_OWNER ? undefined : expiryOf(profile, policyOf(tx));
  return {
    changedAt: profile.changedAt,
    ...(lastUsedAt !== undefined && { lastUsedAt }),
    ...(nextRotationAt !== undefined && { nextRotationAt }),
  };
}

export const hasMfa = (tx: ReadTransaction, owner: string): boolean => devicesOf(tx, owner).length > 0;
