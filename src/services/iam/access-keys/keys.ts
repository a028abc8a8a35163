/** Access keys as rows: made, sealed and opened here, for users and for an account's root. */
import { type AccountId, secretAccessKey } from '#platform/base/ids.ts';
import type { Sealer } from '#platform/secrets/sealer.ts';
import type { ReadTransaction, Transaction } from '#platform/store/store.ts';
import { newAccessKeyId } from '#services/iam/access-keys/access-key-id.ts';
import { type AccessKeyRow, accessKeys, EMPTY, keysOfOwner, wholeSecond } from '#services/iam/state.ts';

export interface AccessKeyPair {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

const place = (account: AccountId, id: string) => ({ account, record: `access-key/${id}`, version: 1 });

export const openSecret = (sealer: Sealer, account: AccountId, row: AccessKeyRow): string =>
  sealer.open(row.sealed, place(account, row.id)).toString('utf8');

/** `chosen`: id and secret of the operator's choice; otherwise new ones. */
export function putAccessKey(
  tx: Transaction,
  sealer: Sealer,
  key: { account: AccountId; owner: string; now: number; chosen?: Partial<AccessKeyPair> },
): AccessKeyPair {
  const { account, owner, now, chosen } = key;
  const pair: AccessKeyPair = {
    accessKeyId: chosen?.accessKeyId ?? freeKeyId(tx, account),
    secretAccessKey: chosen?.secretAccessKey ?? secretAccessKey(),
  };
  const id = pair.accessKeyId;
  const sealed = sealer.seal(pair.secretAccessKey, place(account, id));
  tx.put(accessKeys, accessKeys.key(id), { id, owner, status: 'Active', createdAt: wholeSecond(now), sealed });
  tx.put(keysOfOwner, keysOfOwner.key(owner, id), EMPTY);
  return pair;
}

export function keysOf(tx: ReadTransaction, owner: string): AccessKeyRow[] {
  const rows: AccessKeyRow[] = [];
  for (const { key } of tx.range(keysOfOwner, { prefix: [owner] })) {
    const row = tx.get(accessKeys, accessKeys.key(keysOfOwner.parts(key)[1]));
    if (row) rows.push(row);
  }
  return rows;
}

function freeKeyId(tx: ReadTransaction, account: AccountId): string {
  for (;;) {
    const id = newAccessKeyId('AKIA', account);
    if (!tx.get(accessKeys, accessKeys.key(id))) return id;
  }
}
