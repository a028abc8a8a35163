/**
 * What a reconciler waits for: rows that it looks at have changed, and lie on disk. A table is declared with the changes that its
 * writes are, so no handler can forget to tell.
 */
import type { MemorySlot, Partition, Transaction } from '#platform/store/store.ts';

export interface Changes {
  note(tx: Transaction): void;
  /** Resolves at the next change. Ask first and read then: nothing that changes in between is missed. */
  next(partition: Partition): Promise<void>;
}

export function changes(name: string): Changes {
  const slot: MemorySlot<{ waiting: PromiseWithResolvers<void> | undefined }> = {
    name: `changes/${name}`,
    load: () => ({ waiting: undefined }),
    // What was lost with a failed commit is a change too.
    unload: ({ waiting }) => waiting?.resolve(),
  };
  return {
    note(tx) {
      tx.onDurable(() => {
        const memory = tx.partition.memory(slot);
        memory.waiting?.resolve();
        memory.waiting = undefined;
      });
    },
    next(partition) {
      const memory = partition.memory(slot);
      memory.waiting ??= Promise.withResolvers<void>();
      return memory.waiting.promise;
    },
  };
}
