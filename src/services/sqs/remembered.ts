/**
 * What a queue remembers for five minutes: deduplication ids and ReceiveRequestAttemptIds. Rows carry the interval of five
 * minutes in which they were written: a look-up reads the current interval and the one before, and whole intervals are
 * deleted at once when they are past.
 */
import type { Transaction } from '#platform/store/store.ts';
import { DEDUPLICATION_INTERVAL } from './limits.ts';
import type { OpenQueue } from './open-queue.ts';
import { type RememberedRow, remembered } from './state.ts';

const intervalOf = (time: number): number => Math.floor(time / DEDUPLICATION_INTERVAL);

export function recall(tx: Transaction, queue: OpenQueue, what: string, now: number): RememberedRow | undefined {
  const interval = intervalOf(now);
  const row =
    tx.get(remembered, remembered.key(queue.row.id, interval, what)) ??
    tx.get(remembered, remembered.key(queue.row.id, interval - 1, what));
  return row !== undefined && row.at + DEDUPLICATION_INTERVAL > now ? row : undefined;
}

export function remember(tx: Transaction, queue: OpenQueue, what: string, row: RememberedRow): void {
  const interval = intervalOf(row.at);
  forgetBefore(tx, queue, interval - 1);
  tx.put(remembered, remembered.key(queue.row.id, interval, what), row);
}

function forgetBefore(tx: Transaction, queue: OpenQueue, interval: number): void {
  const before = queue.forgottenBefore;
  if (before >= interval) return;
  for (;;) {
    const [oldest] = tx.range(remembered, { prefix: [queue.row.id], limit: 1 });
    const found = oldest === undefined ? interval : remembered.parts(oldest.key)[1];
    if (found >= interval) break;
    tx.deleteRange(remembered, [queue.row.id, found]);
  }
  tx.onUndo(() => {
    queue.forgottenBefore = before;
  });
  queue.forgottenBefore = interval;
}
