/** Rows that are kept by their id: what nearly every noun of EC2's is. Who writes one wakes the reconciler that acts on it. */

import { keptRows } from '#platform/store/kept-rows.ts';
import { jsonRows, type Key, type Table, table, text } from '#platform/store/keys.ts';
import type { ReadTransaction, Transaction } from '#platform/store/store.ts';
import { type Woken, wake } from '#services/ec2/wakes.ts';

/** Told of each row that is written, and of each that is deleted, in the transaction. */
export interface RowChanges<Row> {
  note(tx: Transaction, id: string, row?: Row): void;
}

export interface Rows<Row> {
  readonly table: Table<Row, [string]>;
  find(tx: ReadTransaction, id: string): Row | undefined;
  /** In the order of their ids. */
  all(tx: ReadTransaction): Row[];
  ids(tx: ReadTransaction, after: string | undefined, limit: number): string[];
  /** In the order of ids, behind one of them. */
  page(tx: ReadTransaction, after: string | undefined, limit: number): Row[];
  put(tx: Transaction, row: Row): void;
  drop(tx: Transaction, id: string): void;
}

interface RowOptions<Row> {
  readonly isSealed?: boolean;
  readonly wakes?: Woken;
  readonly changes?: RowChanges<Row>;
  /** So many stay in memory: of nouns that are shown by the thousand, instances and what is attached to them. */
  readonly keeps?: number;
}

/** A bounded number comes as one piece, which is faster. */
const READ_AT_ONCE = 1000;

export function rowsById<Row extends { readonly id: string }>(name: string, options: RowOptions<Row> = {}): Rows<Row> {
  const { wakes, changes, keeps, ...tableOptions } = options;
  const rows = table(name, [text], jsonRows<Row>(1), tableOptions);
  const note = (tx: Transaction, id: string, row?: Row): void => {
    if (wakes !== undefined) wake(tx, wakes);
    changes?.note(tx, id, row);
    kept?.forget(tx, id);
  };
  const kept = keeps === undefined ? undefined : keptRows<Row>(`kept/${name}`, keeps);
  const find = (tx: ReadTransaction, id: string): Row | undefined => {
    const known = kept?.get(tx.partition, id);
    if (known !== undefined) return known;
    const row = tx.get(rows, rows.key(id));
    return row === undefined ? undefined : (kept?.keep(tx.partition, id, row) ?? row);
  };
  const page = (tx: ReadTransaction, after: string | undefined, limit: number): Row[] => {
    const { partition } = tx;
    const known = kept && ((key: Key): Row | undefined => kept.get(partition, rows.parts(key)[0]));
    const found = tx.range(rows, {
      limit,
      ...(after !== undefined && { after: rows.key(after) }),
      ...(known && { known }),
    });
    return found.map(({ row }) => kept?.keep(partition, row.id, row) ?? row);
  };
  return {
    table: rows,
    find,
    page,
    all(tx) {
      const found: Row[] = [];
      for (;;) {
        const next = page(tx, found.at(-1)?.id, READ_AT_ONCE);
        found.push(...next);
        if (next.length < READ_AT_ONCE) return found;
      }
    },
    ids: (tx, after, limit) =>
      tx
        .range(rows, { limit, ...(after !== undefined && { after: rows.key(after) }) })
        .map(({ key }) => rows.parts(key)[0]),
    put(tx, row) {
      tx.put(rows, rows.key(row.id), row);
      note(tx, row.id, row);
    },
    drop(tx, id) {
      tx.delete(rows, rows.key(id));
      note(tx, id);
    },
  };
}
