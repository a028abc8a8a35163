/**
 * Dead-letter queues: a message that was received as often as its queue allows moves to another queue of the same account
 * and region, in the transaction of the receive that would have handed it out once more.
 *
 * A standard queue's message keeps its send time there, and so its expiry; a FIFO queue's counts anew (API Reference,
 * "Using dead-letter queues … message retention").
 */
import type { ReadTransaction, Transaction } from '#platform/store/store.ts';
import { type Place, queueArn } from './address.ts';
import { deleteEntries, enqueue, insertAt, wholeMessages } from './messages.ts';
import { findQueue, type OpenQueue } from './open-queue.ts';
import type { MessageRow } from './state.ts';
import { type Entry, sequenceOf } from './window.ts';

/** The queue that spent messages go to, if there is one (it may have been deleted since the policy was set). */
export function deadLetterQueueOf(tx: ReadTransaction, queue: OpenQueue): OpenQueue | undefined {
  const { redrive } = queue.settings;
  if (redrive === undefined) return undefined;
  const target = findQueue(tx, redrive.targetName);
  return target === queue || target?.settings.isFifo !== queue.settings.isFifo ? undefined : target;
}

export function moveToDeadLetterQueue(
  tx: Transaction,
  place: Omit<Place, 'origin'>,
  source: OpenQueue,
  target: OpenQueue,
  entries: readonly Entry[],
  now: number,
): void {
  const rows = wholeMessages(tx, source, entries);
  deleteEntries(tx, source, entries);
  for (const [i, entry] of entries.entries()) {
    // One row for each entry.
    const row = rows[i] as MessageRow;
    const moved: MessageRow = {
      ...row,
      deadLetterSource: queueArn(place, source.row.name),
      receivedBefore: row.receivedBefore + entry.receives,
      firstReceivedBefore: row.firstReceivedBefore || entry.firstReceivedAt,
      sentAt: target.settings.isFifo ? now : row.sentAt,
      // "… the original message's deduplication ID will be replaced with the original message's ID" (Configure a redrive).
      deduplicationId: target.settings.isFifo ? row.id : row.deduplicationId,
    };
    if (target.settings.isFifo) enqueue(tx, target, [{ row: moved, delay: 0 }]);
    else insertAt(tx, target, sequenceOf(entry), moved);
  }
}
