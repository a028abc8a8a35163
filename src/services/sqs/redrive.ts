/**
 * Dead-letter queues: a message that was received as often as its queue allows moves to another queue of the same account
 * and region, in the transaction of the receive that would have handed it out once more.
 *
 * A standard queue's message keeps its send time there, and so its expiry; a FIFO queue's counts anew (API Reference,
 * "Using dead-letter queues … message retention").
 */
import type { ReadTransaction, Transaction } from '#platform/store/store.ts';
import { type Place, queueArn } from './address.ts';
import type { Entry } from './delivery.ts';
import { addToCount, findQueue, indexOf, type OpenQueue, takeRow } from './open-queue.ts';
import { enqueue, insert } from './send.ts';
import { bodies, type MessageRow, messages, states, timeOfSequence } from './state.ts';

/** The queue that spent messages go to, if there is one (it may have been deleted since the policy was set). */
export function deadLetterQueueOf(tx: ReadTransaction, queue: OpenQueue): OpenQueue | undefined {
  const { redrive } = queue.settings;
  if (redrive === undefined) return undefined;
  const target = findQueue(tx, redrive.targetName);
  return target === queue || target?.settings.isFifo !== queue.settings.isFifo ? undefined : target;
}

/** The message with its body, wherever that lies. */
export function wholeMessage(tx: ReadTransaction, queue: OpenQueue, entry: Entry): MessageRow | undefined {
  const row = takeRow(tx, queue, entry);
  if (row === undefined || !row.isBodyApart) return row;
  const body = tx.get(bodies, bodies.key(queue.id, entry.sequence));
  return body === undefined ? undefined : { ...row, body };
}

/** Removes the rows of a message, and the message from the index. */
export function deleteEntry(tx: Transaction, queue: OpenQueue, entry: Entry): void {
  const { sequence } = entry;
  tx.delete(messages, messages.key(queue.id, sequence));
  // Only a message that was sent without delay and never received has no state row.
  const hasState = entry.receives > 0 || entry.visibleAt > timeOfSequence(sequence);
  if (hasState) tx.delete(states, states.key(queue.id, sequence));
  if (entry.isBodyApart) tx.delete(bodies, bodies.key(queue.id, sequence));
  addToCount(tx, queue, -1);
  indexOf(tx, queue).remove(entry);
}

export function moveToDeadLetterQueue(
  tx: Transaction,
  place: Omit<Place, 'origin'>,
  source: OpenQueue,
  target: OpenQueue,
  entry: Entry,
  now: number,
): void {
  const row = wholeMessage(tx, source, entry);
  deleteEntry(tx, source, entry);
  if (row === undefined) return;
  const moved: MessageRow = {
    ...row,
    deadLetterSource: queueArn(place, source.row.name),
    receivedBefore: row.receivedBefore + entry.receives,
    firstReceivedBefore: row.firstReceivedBefore || entry.firstReceivedAt,
    sentAt: target.settings.isFifo ? now : row.sentAt,
    // "… the original message's deduplication ID will be replaced with the original message's ID" (Learn how to configure a redrive).
    deduplicationId: target.settings.isFifo ? row.id : row.deduplicationId,
  };
  if (target.settings.isFifo) {
    enqueue(tx, target, moved, 0);
    return;
  }
  insert(tx, target, freeSequence(tx, target, entry.sequence), moved, 0);
}

/** The message's own sequence, which says when it was sent, or the next that no other message there has. */
function freeSequence(tx: ReadTransaction, target: OpenQueue, wanted: number): number {
  let sequence = wanted;
  while (tx.get(messages, messages.key(target.id, sequence)) !== undefined) sequence++;
  return sequence;
}
