/** Account aliases: a name for the account in sign-in addresses. One an account, and each of one account. */
import { fail } from '#platform/error.ts';
import type * as Model from '#platform/model/generated/iam.ts';
import type { PageTokens } from '#platform/page-token.ts';
import type { Call } from '#platform/service.ts';
import type { Store } from '#platform/store/store.ts';
import { accountAliases, aliasesOf, aliasOwners } from '#services/iam/account/state.ts';
import { identitiesChanged } from '#services/iam/identity/memory.ts';
import { counted, pageOf } from '#services/iam/paging.ts';
import { directoryOf, EMPTY } from '#services/iam/state.ts';

/** "If you create a new alias for your AWS account, the new alias overwrites the previous alias." */
export const createAccountAlias =
  (store: Store) =>
  async ({ AccountAlias: alias }: Model.CreateAccountAliasRequest, call: Call): Promise<void> => {
    // The sign-in page takes an alias or an account's number.
    if (/^\d{12}$/.test(alias)) fail('ValidationError', 'The account alias must not look like an account ID.');
    const directory = directoryOf(store);
    const old = call.partition.read(aliasesOf);
    directory.transact((tx) => {
      const owner = tx.get(aliasOwners, aliasOwners.key(alias))?.account;
      // A claim of ours that is not among our own is left from an attempt that failed half-way.
      if (owner !== undefined && (owner !== call.account || old.includes(alias))) {
        fail('EntityAlreadyExists', `The account alias ${alias} already exists.`);
      }
      for (const each of old) tx.delete(aliasOwners, aliasOwners.key(each));
      tx.put(aliasOwners, aliasOwners.key(alias), { account: call.account });
    });
    call.transact((tx) => {
      for (const each of old) tx.delete(accountAliases, accountAliases.key(each));
      tx.put(accountAliases, accountAliases.key(alias), EMPTY);
      // The root user bears it in the audit.
      identitiesChanged(tx);
    });
    await directory.durable();
  };

export const deleteAccountAlias =
  (store: Store) =>
  async ({ AccountAlias: alias }: Model.DeleteAccountAliasRequest, call: Call): Promise<void> => {
    const directory = directoryOf(store);
    call.transact((tx) => {
      const key = accountAliases.key(alias);
      if (!tx.get(accountAliases, key)) fail('NoSuchEntity', `The account alias ${alias} cannot be found.`);
      tx.delete(accountAliases, key);
      identitiesChanged(tx);
    });
    directory.transact((there) => there.delete(aliasOwners, aliasOwners.key(alias)));
    await directory.durable();
  };

export const listAccountAliases =
  (pages: PageTokens) =>
  (input: Model.ListAccountAliasesRequest, call: Call): Model.ListAccountAliasesResponse => {
    const { items, end } = pageOf(pages, call, input, 'aliases', counted(aliasesOf(call.tx)));
    return { AccountAliases: items, ...end };
  };
