/** How many there are of what a quota limits. */
import type { ReadTransaction, Transaction } from '#platform/store/store.ts';
import { counts } from '#services/kms/state.ts';

export const countOf = (tx: ReadTransaction, what: string): number => tx.get(counts, counts.key(what))?.count ?? 0;

export function addToCount(tx: Transaction, what: string, change: number): void {
  const count = countOf(tx, what) + change;
  if (count > 0) tx.put(counts, counts.key(what), { count });
  else tx.delete(counts, counts.key(what));
}
