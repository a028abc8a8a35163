/** The owner's side of a transaction that another process has decided (followed.ts): taken if all that it read is as it was. */
import { isEmptyBatch, visitBatch } from '#platform/store/batch.ts';
import { digestOf, digestOfRows, type Proposal, type ReadMark } from '#platform/store/followed.ts';
import type { Key, RowTable } from '#platform/store/keys.ts';
import type { OwnedPartition } from '#platform/store/partition.ts';
import { type Entry, StoreUnavailable, type Transaction } from '#platform/store/store.ts';

/** Enters into the books of a partition what another process has to add. */
export type KeepBooks = (tx: Transaction, entry: Entry) => void;

/** Throws when a row that it rests on has changed; else it is written, and what it rests on is on disk, when `partition.durable()` says so. */
export function adopt(partition: OwnedPartition, { reads, batch, entries }: Proposal, keepBooks: KeepBooks): void {
  if (entries.length > 0) {
    partition.transact((tx) => {
      for (const entry of entries) keepBooks(tx, entry);
    });
  }
  const check = (): void => {
    if (reads.every((mark) => isAsRead(partition, mark))) return;
    throw new StoreUnavailable('what a transaction of another process rests on has changed');
  };
  if (isEmptyBatch(batch)) {
    check();
    return;
  }
  // What memory holds back goes to the rows, which are all that is left of it below.
  partition.committer.runHooks();
  partition.transact((tx) => {
    check();
    const put = (key: Buffer, value: Buffer, isSealed: boolean): void => {
      const [table, at] = tableAt(key, isSealed);
      tx.put(table, at, Buffer.from(value));
    };
    visitBatch(batch, {
      put: (_, key, value) => put(key, value, false),
      putSealed: (_, key, value) => put(key, value, true),
      delete(_, key) {
        const [table, at] = tableAt(key, false);
        tx.delete(table, at);
      },
      deleteRange(_, from, before) {
        const [table, at] = tableAt(from, false);
        partition.admit();
        partition.clear(table, at, before.toString('latin1') as Key);
      },
    });
  });
  partition.forget();
}

function isAsRead(partition: OwnedPartition, mark: ReadMark): boolean {
  const { driver } = partition.committer;
  if ('key' in mark) {
    const after = `${mark.key}\0` as Key;
    if (partition.isPending(prefixOf(mark.key), mark.key, after)) return false;
    return digestOf(driver.get(partition.number, mark.key)) === mark.digest;
  }
  const { from, before } = mark.range;
  if (partition.isPending(prefixOf(from), from, before)) return false;
  return digestOfRows(driver.range(partition.number, mark.range)) === mark.digest;
}

/** All keys of a table begin with its name and a zero. */
const prefixOf = (key: string): string => key.slice(0, key.indexOf('\0') + 1);

function tableAt(bytes: Buffer, isSealed: boolean): [RowTable<Buffer>, Key] {
  const key = bytes.toString('latin1') as Key;
  const prefix = prefixOf(key);
  const codec = { encode: (value: Buffer) => value, decode: (value: Buffer) => value };
  return [{ name: prefix.slice(0, -1), prefix, codec, isSealed, isKept: false }, key];
}
