/**
 * What an account has once. Its alias stands in the directory, where no two accounts can have the same, and in its own partition,
 * where the removal of the account finds it; both lie in one store file, so that one batch takes both.
 */
import type { AccountId } from '#platform/base/ids.ts';
import { jsonRows, table, text } from '#platform/store/keys.ts';
import type { ReadTransaction } from '#platform/store/store.ts';

/** In the directory: alias -> account. */
export const aliasOwners = table('alias-owner', [text], jsonRows<{ readonly account: AccountId }>(1));
/** In the account's partition. */
export const accountAliases = table('account-alias', [text], jsonRows<Readonly<Record<string, never>>>(1));

/** One at most. */
export const aliasesOf = (tx: ReadTransaction): string[] =>
  tx.range(accountAliases).map(({ key }) => accountAliases.parts(key)[0]);

/** `RoleManager/Enabled` -> its value. */
export const accountProperties = table('account-property', [text], jsonRows<{ readonly value: string }>(1));
