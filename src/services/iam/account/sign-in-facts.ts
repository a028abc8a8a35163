/** Passwords and MFA devices, as the account's summary and its credential report tell of them. */
import type { ReadTransaction } from '#platform/store/store.ts';

export interface PasswordFacts {
  readonly lastUsedAt?: number;
  readonly changedAt: number;
  /** When it has to be changed; undefined where no policy asks for that. */
  readonly nextRotationAt?: number;
}

// There are no passwords and no MFA devices yet: login profiles and devices come with sign-in, and are read here then.

/** `owner`: a user's unique id, or `root`. */
export const passwordOf = (_tx: ReadTransaction, _owner: string): PasswordFacts | undefined => undefined;
export const hasMfa = (_tx: ReadTransaction, _owner: string): boolean => false;
export const countMfaDevices = (_tx: ReadTransaction): { readonly all: number; readonly inUse: number } => ({
  all: 0,
  inUse: 0,
});
