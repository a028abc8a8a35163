/**
 * Accounts. A new account is made in two steps that a crash may part: first its rows (root key, administrator) in its own
 * partition, then its entry in the directory, which makes it exist. Until then no key of it opens anything; rows that an
 * unfinished creation left are erased by the next one of that id.
 */
import { present } from '#platform/base/assert.ts';
import type { Milliseconds } from '#platform/base/clock.ts';
import { type AccountId, iamId, isAccountId, randomBytes } from '#platform/base/ids.ts';
import { fail } from '#platform/error.ts';
import type { Sealer } from '#platform/secrets/sealer.ts';
import { again } from '#platform/store/again.ts';
import type { MemorySlot, Partition, Store, Transaction } from '#platform/store/store.ts';
import { accountOfKeyId } from '#services/iam/access-keys/access-key-id.ts';
import { type AccessKeyPair, keysOf, putAccessKey } from '#services/iam/access-keys/keys.ts';
import type { AccessKeyView, AccountsApi, AccountView, CreatedAccount, NewAccount } from '#services/iam/api.ts';
import { identitiesChanged } from '#services/iam/identity/memory.ts';
import {
  type AccountRow,
  accessKeys,
  accounts,
  addToCount,
  attachedTo,
  attachments,
  chosenKeys,
  directoryOf,
  EMPTY,
  entities,
  eraseAccount,
  partitionOf,
  ROOT_OWNER,
  users,
  wholeSecond,
} from '#services/iam/state.ts';

/** The operator of the cloud: the root user of this account. AWS gives the number to nobody. */
export const OPERATOR_ACCOUNT = '000000000000' as AccountId;
export const ADMINISTRATOR = 'administrator';
const ADMINISTRATOR_POLICY = 'arn:aws:iam::aws:policy/AdministratorAccess';
const KEYS_PER_OWNER = 2;

export interface Accounts extends AccountsApi {
  /** The operator's account has a root user only; it is made at first start. */
  createOperator(now: Milliseconds): Promise<void>;
}

type Chosen = Partial<AccessKeyPair>;

const viewOf = (row: AccountRow): AccountView => ({
  ...row,
  arn: `arn:aws:makonis::${OPERATOR_ACCOUNT}:account/${row.id}`,
});

const chosenOf = ({ accessKeyId, secretAccessKey }: { accessKeyId?: string; secretAccessKey?: string }): Chosen => ({
  ...(accessKeyId !== undefined && { accessKeyId }),
  ...(secretAccessKey !== undefined && { secretAccessKey }),
});

export function createAccounts(store: Store, sealer: Sealer): Accounts {
  const directory = directoryOf(store);
  let made = 0;
  return {
    async createAccount(request, now) {
      const created = await createAccount(store, sealer, request, now);
      made++;
      return created;
    },
    made: () => made,
    hasAccount: (id) => directory.read((tx) => tx.get(accounts, accounts.key(id))) !== undefined,
    listAccounts: (after, limit) =>
      directory
        .read((tx) =>
          tx.range(accounts, { ...(after !== undefined && { after: accounts.key(after) }), limit: limit + 1 }),
        )
        .map(({ row }) => viewOf(row))
        .filter(({ id }) => id !== OPERATOR_ACCOUNT)
        .slice(0, limit),
    createAccountAccessKey: (request, now) => createKey(store, sealer, request, now),
    async createOperator(now) {
      const row: AccountRow = { id: OPERATOR_ACCOUNT, name: 'operator', createdAt: wholeSecond(now), status: 'ACTIVE' };
      await commit(partitionOf(store, row.id), (tx) => {
        eraseAccount(tx);
        tx.put(accounts, accounts.key(row.id), row);
        putAccessKey(tx, sealer, { account: row.id, owner: ROOT_OWNER, now });
        identitiesChanged(tx);
      });
      await enterDirectory(store, row, {});
    },
  };
}

/** Ids whose two steps are under way. */
const creations: MemorySlot<Set<AccountId>> = { name: 'iam/creations', load: () => new Set() };

async function createAccount(
  store: Store,
  sealer: Sealer,
  request: NewAccount,
  now: Milliseconds,
): Promise<CreatedAccount> {
  const id = request.id === undefined ? freeAccountId(store) : accountId(request.id);
  const underWay = directoryOf(store).memory(creations);
  if (underWay.has(id)) throw accountExists(id);
  refuseTaken(store, id, chosenOf(request));
  underWay.add(id);
  try {
    return await makeAccount(store, sealer, { ...request, id }, now);
  } finally {
    underWay.delete(id);
  }
}

async function makeAccount(
  store: Store,
  sealer: Sealer,
  request: NewAccount & { readonly id: AccountId },
  now: Milliseconds,
): Promise<CreatedAccount> {
  const { id } = request;
  const chosen = chosenOf(request);
  const row: AccountRow = { id, name: request.name ?? id, createdAt: wholeSecond(now), status: 'ACTIVE' };
  // An id that was made up is not made up again when the partition is there.
  const partition = await again(() => partitionOf(store, id));
  const keys = await commit(partition, (tx) => {
    eraseAccount(tx);
    tx.put(accounts, accounts.key(id), row);
    const root = putAccessKey(tx, sealer, { account: id, owner: ROOT_OWNER, now });
    const administrator = putAdministrator(tx, now);
    const administratorKey = putAccessKey(tx, sealer, { account: id, owner: administrator, now, chosen });
    identitiesChanged(tx);
    return { root, administrator: { ...administratorKey, userName: ADMINISTRATOR } };
  });
  await enterDirectory(store, row, chosen);
  return { account: viewOf(row), ...keys };
}

/** The user's unique id. */
function putAdministrator(tx: Transaction, now: Milliseconds): string {
  const id = iamId('AIDA', 17);
  tx.put(users, users.key(ADMINISTRATOR), { name: ADMINISTRATOR, path: '/', id, createdAt: wholeSecond(now) });
  tx.put(entities, entities.key(id), { kind: 'user', name: ADMINISTRATOR });
  addToCount(tx, 'user', 1);
  tx.put(attachments, attachments.key(id, ADMINISTRATOR_POLICY), EMPTY);
  tx.put(attachedTo, attachedTo.key(ADMINISTRATOR_POLICY, id), EMPTY);
  return id;
}

async function createKey(
  store: Store,
  sealer: Sealer,
  request: Parameters<AccountsApi['createAccountAccessKey']>[0],
  now: Milliseconds,
): Promise<AccessKeyView> {
  const { account } = request;
  const chosen = chosenOf(request);
  const row = directoryOf(store).read((tx) => tx.get(accounts, accounts.key(account)));
  if (!row) return fail('AccountNotFoundException', `Account ${account} does not exist.`);
  refuseTakenKey(store, chosen);
  const pair = await commit(partitionOf(store, row.id), (tx) => {
    const owner = request.owner === 'root' ? ROOT_OWNER : tx.get(users, users.key(ADMINISTRATOR))?.id;
    if (owner === undefined)
      return fail('AccountNotFoundException', `Account ${account} has no user ${ADMINISTRATOR}.`);
    // A key that an unfinished attempt left under the same id is made anew, so it does not count.
    const others = keysOf(tx, owner).filter(({ id }) => id !== chosen.accessKeyId);
    if (others.length >= KEYS_PER_OWNER) {
      return fail(
        'ServiceQuotaExceededException',
        `The ${request.owner} of ${account} has ${KEYS_PER_OWNER} access keys already.`,
      );
    }
    identitiesChanged(tx);
    return putAccessKey(tx, sealer, { account: row.id, owner, now, chosen });
  });
  await enterDirectory(store, row, chosen);
  return request.owner === 'root' ? pair : { ...pair, userName: ADMINISTRATOR };
}

/** Makes the account, or a chosen key of it, known. Asks again what may have been taken meanwhile. */
async function enterDirectory(store: Store, row: AccountRow, chosen: Chosen): Promise<void> {
  await commit(directoryOf(store), (tx) => {
    refuseTakenKey(store, chosen, row.id);
    tx.put(accounts, accounts.key(row.id), row);
    if (chosen.accessKeyId !== undefined) {
      tx.put(chosenKeys, chosenKeys.key(chosen.accessKeyId), { account: row.id });
    }
  });
}

async function commit<T>(partition: Partition, action: (tx: Transaction) => T): Promise<Awaited<T>> {
  const result = await again(() => partition.transact(action));
  await partition.durable();
  return result;
}

function refuseTaken(store: Store, id: AccountId, chosen: Chosen): void {
  if (directoryOf(store).read((tx) => tx.get(accounts, accounts.key(id)))) throw accountExists(id);
  refuseTakenKey(store, chosen);
}

const accountExists = (id: string): never => fail('AccountAlreadyExistsException', `Account ${id} already exists.`);

/** `own`: the account that the key was just made in. An entry without a key behind it was left by a deleted key. */
function refuseTakenKey(store: Store, { accessKeyId }: Chosen, own?: AccountId): void {
  if (accessKeyId === undefined) return;
  const directory = directoryOf(store);
  const chosen = directory.read((tx) => tx.get(chosenKeys, chosenKeys.key(accessKeyId)))?.account;
  const named = accountOfKeyId(accessKeyId);
  for (const account of [chosen, named]) {
    if (account === undefined || account === own) continue;
    if (!directory.read((tx) => tx.get(accounts, accounts.key(account)))) continue;
    if (partitionOf(store, account).read((tx) => tx.get(accessKeys, accessKeys.key(accessKeyId)))) {
      fail('AccessKeyAlreadyExistsException', `Access key ${accessKeyId} already exists.`);
    }
  }
}

function accountId(text: string): AccountId {
  if (text === OPERATOR_ACCOUNT) throw accountExists(text);
  return isAccountId(text) ? text : fail('ValidationException', `${text} is not an account id of 12 digits.`);
}

function freeAccountId(store: Store): AccountId {
  for (;;) {
    // 48 random bits over 9 * 10^11 numbers, none of which starts with a zero.
    const number = 100_000_000_000 + (randomBytes(6).readUIntBE(0, 6) % 900_000_000_000);
    const id = String(number);
    const isFree = !directoryOf(store).read((tx) => tx.get(accounts, accounts.key(id)));
    if (isFree) return present(isAccountId(id) ? id : undefined, 'twelve digits');
  }
}
