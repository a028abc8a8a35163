/** Key pairs as they are kept: by name, as everything names them; a second table leads from the id to the name. */

import type { KeyType } from '#platform/model/generated/ec2.ts';
import { jsonRows, table, text } from '#platform/store/keys.ts';
import type { ReadTransaction, Transaction } from '#platform/store/store.ts';

/** The public half: the private one is shown once, and kept by nobody. */
export interface KeyPairRow {
  readonly id: string;
  readonly name: string;
  readonly type: KeyType;
  /** As EC2 shows it: which digest it is depends on who made the pair. */
  readonly fingerprint: string;
  /** A line of OpenSSH's: type, base 64, comment. */
  readonly publicKey: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

/** Name. */
export const keyPairs = table('key-pair', [text], jsonRows<KeyPairRow>(1));
/** Id -> name. */
const keyPairNames = table('key-pair-name', [text], jsonRows<{ readonly name: string }>(1));

export const findKeyPair = (tx: ReadTransaction, name: string): KeyPairRow | undefined =>
  tx.get(keyPairs, keyPairs.key(name));

export function findKeyPairById(tx: ReadTransaction, id: string): KeyPairRow | undefined {
  const name = tx.get(keyPairNames, keyPairNames.key(id))?.name;
  return name === undefined ? undefined : findKeyPair(tx, name);
}

export function putKeyPair(tx: Transaction, row: KeyPairRow): void {
  tx.put(keyPairs, keyPairs.key(row.name), row);
  tx.put(keyPairNames, keyPairNames.key(row.id), { name: row.name });
}

export function dropKeyPair(tx: Transaction, { name, id }: KeyPairRow): void {
  tx.delete(keyPairs, keyPairs.key(name));
  tx.delete(keyPairNames, keyPairNames.key(id));
}

/** Ids, in their order. */
export const keyPairsById = (tx: ReadTransaction, after: string | undefined, limit: number): string[] =>
  tx
    .range(keyPairNames, { limit, ...(after !== undefined && { after: keyPairNames.key(after) }) })
    .map(({ key }) => keyPairNames.parts(key)[0]);
