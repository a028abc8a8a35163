/**
 * The end of the retention period. One timer a queue runs when its oldest message expires; rows lie in the order of their
 * send time, so it reads what it deletes and the one message after. A receive that is faster than the timer leaves out
 * what has expired (delivery.ts).
 */
import type { TimerJob } from '#platform/service.ts';
import { deleteEntries } from './messages.ts';
import { armExpiry, dropIndexOnUndo, findQueue, indexOf, notifyWaiters, oldestChunk } from './open-queue.ts';
import { chunks, firstSequenceAt, timeOfSequence } from './state.ts';
import { addExpired, newChunk } from './window.ts';

/** Chunks. */
const AT_ONCE = 100;

export const expireMessages: TimerJob = (tx, payload, job) => {
  const queue = findQueue(tx, String(payload['queue']));
  if (queue === undefined) return;
  const index = indexOf(tx, queue);
  dropIndexOnUndo(tx, queue);
  const { retention } = queue.settings;
  const before = chunks.key(queue.id, firstSequenceAt(job.now - retention + 1));
  for (const { key, row } of tx.range(chunks, { prefix: [queue.id], before, limit: AT_ONCE })) {
    const first = chunks.parts(key)[1];
    const chunk = index.chunkAt(first) ?? newChunk(first, row.length);
    const left = row.map((message, at) => chunk.entries[at] ?? addExpired(chunk, at, message));
    deleteEntries(
      tx,
      queue,
      left.filter(({ place }) => place !== 'deleted'),
    );
  }
  // A FIFO group may have been waiting for one that is gone now.
  notifyWaiters(queue, job.clock);
  const oldest = oldestChunk(tx, queue);
  queue.expiryDue = Number.POSITIVE_INFINITY;
  if (oldest !== undefined) armExpiry(tx, queue, Math.max(job.now, timeOfSequence(oldest) + retention));
};
