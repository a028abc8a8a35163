/**
 * First start: the operator's account and the first account. Each step is finished by the next start if a crash
 * interrupts it. What the command line needs to sign (the operator's key, and that of the first account's
 * administrator for `makonis env`) is opened from the rows at every start, so it follows rotations.
 */
import type { Milliseconds } from '#platform/base/clock.ts';
import type { AccountId } from '#platform/base/ids.ts';
import type { Sealer } from '#platform/secrets/sealer.ts';
import type { Store } from '#platform/store/store.ts';
import { type AccessKeyPair, keysOf, openSecret } from '#services/iam/access-keys/keys.ts';
import { ADMINISTRATOR, createAccounts, OPERATOR_ACCOUNT } from '#services/iam/accounts/accounts.ts';
import type { NewAccount } from '#services/iam/api.ts';
import { accounts, directoryOf, partitionOf, ROOT_OWNER, settings, users } from '#services/iam/state.ts';

export interface FirstKeys {
  readonly operator: AccessKeyPair;
  /** Undefined if the account's owner has removed the user or its keys. */
  readonly first: { readonly account: AccountId; readonly administrator: AccessKeyPair } | undefined;
}

const FIRST_ACCOUNT = settings.key('first-account');

export async function bootstrap(
  store: Store,
  sealer: Sealer,
  now: Milliseconds,
  firstAccount: NewAccount = {},
): Promise<FirstKeys> {
  const directory = directoryOf(store);
  const everyone = createAccounts(store, sealer);
  if (!directory.read((tx) => tx.get(accounts, accounts.key(OPERATOR_ACCOUNT)))) await everyone.createOperator(now);
  if (!directory.read((tx) => tx.get(settings, FIRST_ACCOUNT))) {
    const made = everyone.listAccounts(undefined, 1)[0];
    const account = made ?? (await everyone.createAccount({ name: 'first', ...firstAccount }, now)).account;
    directory.transact((tx) => tx.put(settings, FIRST_ACCOUNT, { value: account.id }));
    await directory.durable();
  }
  return firstKeys(store, sealer);
}

/** The account that was there first; undefined until the first start is done. */
export const firstAccount = (store: Store): AccountId | undefined =>
  // Written above, as an account's id.
  directoryOf(store).read((tx) => tx.get(settings, FIRST_ACCOUNT))?.value as AccountId | undefined;

/** The keys as they are now. */
export function firstKeys(store: Store, sealer: Sealer): FirstKeys {
  const operator = keyOf(store, sealer, OPERATOR_ACCOUNT, 'root');
  if (!operator) throw new Error('the operator has no active access key');
  const account = firstAccount(store);
  const administrator = account && keyOf(store, sealer, account, 'administrator');
  return { operator, first: account && administrator && { account, administrator } };
}

function keyOf(
  store: Store,
  sealer: Sealer,
  account: AccountId,
  owner: 'root' | 'administrator',
): AccessKeyPair | undefined {
  return partitionOf(store, account).read((tx) => {
    const id = owner === 'root' ? ROOT_OWNER : tx.get(users, users.key(ADMINISTRATOR))?.id;
    const row = id === undefined ? undefined : keysOf(tx, id).find(({ status }) => status === 'Active');
    return row && { accessKeyId: row.id, secretAccessKey: openSecret(sealer, account, row) };
  });
}
