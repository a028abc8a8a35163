/**
 * Rows that nearly every request needs, kept in the partition's memory in the form that requests use: read and unsealed once, and
 * forgotten by each write. There are at most so many; beyond, all are forgotten, and read again as they are asked for.
 */
import type { MemorySlot, Partition, Transaction } from '#platform/store/store.ts';

export interface KeptRows<T> {
  get(partition: Partition, name: string): T | undefined;
  /** For what was read just now: answers it. */
  keep(partition: Partition, name: string, value: T): T;
  /** For each transaction that writes or deletes the row. */
  forget(tx: Transaction, name: string): void;
}

export function keptRows<T>(name: string, most: number): KeptRows<T> {
  const slot: MemorySlot<Map<string, T>> = { name, load: () => new Map() };
  return {
    get: (partition, key) => partition.memory(slot).get(key),
    keep(partition, key, value) {
      const kept = partition.memory(slot);
      if (kept.size >= most) kept.clear();
      kept.set(key, value);
      return value;
    },
    forget(tx, key) {
      const kept = tx.partition.memory(slot);
      kept.delete(key);
      // What was loaded between the write and its undoing is as wrong as what was there before.
      tx.onUndo(() => kept.delete(key));
    },
  };
}
