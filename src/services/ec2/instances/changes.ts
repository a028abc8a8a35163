/**
 * Which instances the reconciler has to look at: those whose row was written, or that of something attached to them. Tables are
 * declared with this, so no handler can forget to tell. What is told counts when it is on disk.
 */
import type { MemorySlot, Partition, Transaction } from '#platform/store/store.ts';
import type { RowChanges } from '#services/ec2/rows.ts';

interface Touched {
  /** Nobody knows what was done before: all have to be looked at. */
  isAll: boolean;
  readonly ids: Set<string>;
  waiting: PromiseWithResolvers<void> | undefined;
}

const slot: MemorySlot<Touched> = {
  name: 'changes/instances',
  load: () => ({ isAll: true, ids: new Set(), waiting: undefined }),
  // What was lost with a failed commit is a change too.
  unload: ({ waiting }) => waiting?.resolve(),
};

export function touchNow(partition: Partition, id: string): void {
  const touched = partition.memory(slot);
  touched.ids.add(id);
  touched.waiting?.resolve();
  touched.waiting = undefined;
}

const touch = (tx: Transaction, id: string): void => tx.onDurable(() => touchNow(tx.partition, id));

export const instanceChanges: RowChanges<unknown> = { note: touch };

interface Attachable {
  readonly attachment?: { readonly instance: string };
}

/** Of volumes and interfaces: what is done to them concerns the instance that has them. */
export const attachmentChanges: RowChanges<Attachable> = {
  note(tx, _, row) {
    if (row?.attachment !== undefined) touch(tx, row.attachment.instance);
  },
};

/** What was touched since the last time: `all` the first time. */
export function takeTouched(partition: Partition): 'all' | readonly string[] {
  const touched = partition.memory(slot);
  const ids = [...touched.ids];
  touched.ids.clear();
  if (!touched.isAll) return ids;
  touched.isAll = false;
  return 'all';
}

/** Resolves at the next touch. Ask first and take then: nothing that happens in between is missed. */
export function nextTouch(partition: Partition): Promise<void> {
  const touched = partition.memory(slot);
  touched.waiting ??= Promise.withResolvers<void>();
  return touched.waiting.promise;
}
