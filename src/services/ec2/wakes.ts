/**
 * How a reconciler hears that there is something to do: who writes rows that it acts on wakes it, and it looks when those are on
 * disk. A wake that comes while it works is kept for its next look.
 */
import type { MemorySlot, Partition, Transaction } from '#platform/store/store.ts';

interface Wakes {
  isWoken: boolean;
  tell: (() => void) | undefined;
}

const slot = (who: string): MemorySlot<Wakes> => ({
  name: `wakes/${who}`,
  load: () => ({ isWoken: true, tell: undefined }),
  // Rows may not be what they were: it looks again.
  unload: (wakes) => wakes.tell?.(),
});

const slots = { networks: slot('networks'), storage: slot('storage') } as const;

/** What reconciles: networks; volumes, snapshots and images. */
export type Woken = keyof typeof slots;

export function wake(tx: Transaction, who: Woken): void {
  tx.onDurable(() => wakeNow(tx.partition, who));
}

export function wakeNow(partition: Partition, who: Woken): void {
  const wakes = partition.memory(slots[who]);
  wakes.isWoken = true;
  wakes.tell?.();
}

/** Resolves when there is something to look at, or the signal is aborted. */
export function woken(partition: Partition, who: Woken, signal: AbortSignal): Promise<void> {
  const wakes = partition.memory(slots[who]);
  return new Promise((resolve) => {
    const done = (): void => {
      wakes.isWoken = false;
      wakes.tell = undefined;
      signal.removeEventListener('abort', done);
      resolve();
    };
    if (wakes.isWoken || signal.aborted) return done();
    wakes.tell = done;
    signal.addEventListener('abort', done);
  });
}
