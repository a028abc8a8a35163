/**
 * Accounts by S3's own name for them. The names are hashes, so they are found in an index: read from the accounts once, and again
 * only when accounts were made since, so that asking for names that nobody has costs nothing.
 */
import type { AccountId } from '#platform/base/ids.ts';
import { canonicalUser } from '#services/s3/names.ts';

export interface ShownOwner {
  readonly ID: string;
  readonly DisplayName?: string;
}

export interface CanonicalUsers {
  /** Whether an account goes by this name. */
  has(id: string): boolean;
  /** Until November 2025 S3 told the name of an account beside its id. */
  readonly showsNames: boolean;
  /** As answers show an owner or a grantee. */
  shown(id: string): ShownOwner;
}

interface Accounts {
  listAccounts(after: string | undefined, limit: number): readonly { readonly id: AccountId; readonly name: string }[];
  /** Grows with each new account. */
  readonly made: () => number;
}

const ACCOUNTS_AT_ONCE = 1000;

export function canonicalUsers(accounts: Accounts, showsNames: boolean): CanonicalUsers {
  const names = new Map<string, string>();
  let made: number | undefined;
  const readAll = (): void => {
    made = accounts.made();
    let after: string | undefined;
    for (;;) {
      const page = accounts.listAccounts(after, ACCOUNTS_AT_ONCE);
      for (const { id, name } of page) names.set(canonicalUser(id), name);
      after = page.at(-1)?.id;
      if (page.length < ACCOUNTS_AT_ONCE) return;
    }
  };
  const find = (id: string): string | undefined => {
    const name = names.get(id);
    if (name !== undefined || made === accounts.made()) return name;
    readAll();
    return names.get(id);
  };
  return {
    showsNames,
    has: (id) => find(id) !== undefined,
    shown(id) {
      const name = showsNames ? find(id) : undefined;
      return name === undefined ? { ID: id } : { ID: id, DisplayName: name };
    },
  };
}
