/**
 * The organization that an account belongs to. There is no Organizations service yet: the cloud's first account is the management
 * account of one organization of all accounts, with all features and trusted access for IAM. Whatever asks does so here, so
 * that Organizations can take the place of this one function.
 */
import { createHash } from 'node:crypto';
import type { AccountId } from '#platform/base/ids.ts';
import type { Store } from '#platform/store/store.ts';
import { OPERATOR_ACCOUNT } from '#services/iam/accounts/accounts.ts';
import { firstAccount } from '#services/iam/accounts/bootstrap.ts';
import { accounts, directoryOf } from '#services/iam/state.ts';

export interface Organization {
  /** `o-` and ten or more letters and digits. */
  readonly id: string;
  readonly managementAccount: AccountId;
  /** False: consolidated billing only. */
  readonly hasAllFeatures: boolean;
  /** Trusted access for `iam.amazonaws.com`. */
  readonly trustsIam: boolean;
  /** Delegated administrators for IAM. */
  readonly administrators: readonly AccountId[];
}

/** Undefined for an account that belongs to none: the operator's, and any that does not exist. */
export function organizationOf(store: Store, account: AccountId): Organization | undefined {
  if (account === OPERATOR_ACCOUNT) return undefined;
  const isThere = directoryOf(store).read((tx) => tx.get(accounts, accounts.key(account))) !== undefined;
  const managementAccount = firstAccount(store);
  if (!isThere || managementAccount === undefined) return undefined;
  return {
    id: `o-${createHash('sha256').update(managementAccount).digest('hex').slice(0, 10)}`,
    managementAccount,
    hasAllFeatures: true,
    trustsIam: true,
    administrators: [],
  };
}
