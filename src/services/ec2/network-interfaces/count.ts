/** How many interfaces there are, in the partition's memory: a launch of many is not to count thousands of rows for each. */
import type { MemorySlot, Partition, Transaction } from '#platform/store/store.ts';
import { networkInterfaces } from '#services/ec2/network-interfaces/state.ts';

const slot: MemorySlot<{ count: number }> = {
  name: 'network-interfaces/count',
  load: (partition) => ({ count: partition.read((tx) => tx.range(networkInterfaces.table).length) }),
};

export const countInterfaces = (partition: Partition): number => partition.memory(slot).count;

/** For each transaction that makes one or deletes one; before it does, so that what is loaded here does not have it yet. */
export function addToCount(tx: Transaction, change: 1 | -1): void {
  const memory = tx.partition.memory(slot);
  memory.count += change;
  tx.onUndo(() => {
    memory.count -= change;
  });
}
