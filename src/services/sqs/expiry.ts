/**
 * The end of the retention period. One timer a queue runs when its oldest message expires; rows lie in the order of their
 * send time, so it reads what it deletes and the one message after. A receive that is faster than the timer leaves out
 * what has expired (delivery.ts).
 */
import type { TimerJob } from '#platform/service.ts';
import { newEntry } from './delivery.ts';
import { armExpiry, dropIndexOnUndo, findQueue, indexOf, notifyWaiters } from './open-queue.ts';
import { deleteEntry } from './redrive.ts';
import { firstSequenceAt, messages, timeOfSequence } from './state.ts';

const AT_ONCE = 200;

export const expireMessages: TimerJob = (tx, payload, job) => {
  const queue = findQueue(tx, String(payload['queue']));
  if (queue === undefined) return;
  const index = indexOf(tx, queue);
  dropIndexOnUndo(tx, queue);
  const { retention } = queue.settings;
  const page = tx.range(messages, { prefix: [queue.id], limit: AT_ONCE + 1 });
  const live = firstSequenceAt(job.now - retention + 1);
  for (const { key, row } of page.slice(0, AT_ONCE)) {
    const sequence = messages.parts(key)[1];
    if (sequence >= live) break;
    const entry = index.find(sequence) ?? newEntry(sequence, row);
    deleteEntry(tx, queue, entry);
  }
  // A FIFO group may have been waiting for one that is gone now.
  notifyWaiters(queue, job.clock);
  const [oldest] = tx.range(messages, { prefix: [queue.id], limit: 1 });
  queue.expiryDue = Number.POSITIVE_INFINITY;
  if (oldest === undefined) return;
  armExpiry(tx, queue, Math.max(job.now, timeOfSequence(messages.parts(oldest.key)[1]) + retention));
};
