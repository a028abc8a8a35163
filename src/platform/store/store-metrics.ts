/** What the store tells operators beside its commits. */
import type { Metrics } from '#platform/metrics.ts';
import { heldThread } from '#platform/store/again.ts';
import type { SharedStore } from '#platform/store/open-store.ts';

export function showStore(metrics: Metrics, store: SharedStore): void {
  metrics.gauge('store_held_thread_total', 'Reads of the database that held up all requests.', () => heldThread.times);
  const isUsageWaiting = (): number => Number(store.areCountsWaiting);
  metrics.gauge('usage_waiting', '1 while a disk takes no writes: usage of reads waits in memory.', isUsageWaiting);
}
