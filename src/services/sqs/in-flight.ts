/** DeleteMessage and ChangeMessageVisibility, one by one and in batches: what a client does with messages it holds. */
import { seconds } from '#platform/base/clock.ts';
import type {
  ChangeMessageVisibilityBatchRequest,
  ChangeMessageVisibilityBatchResult,
  ChangeMessageVisibilityRequest,
  DeleteMessageBatchRequest,
  DeleteMessageBatchResult,
  DeleteMessageRequest,
} from '#platform/model/generated/sqs.ts';
import type { Call } from '#platform/service.ts';
import { queueAddress } from './address.ts';
import { checkBatch, runBatch } from './batch.ts';
import { fail } from './errors.ts';
import { MAX_VISIBILITY_SECONDS } from './limits.ts';
import { dropIndexOnUndo, indexOf, notifyWaiters, type OpenQueue, openQueue } from './open-queue.ts';
import { readReceipt } from './receipt.ts';
import { writeState } from './receive.ts';
import { deleteEntry } from './redrive.ts';

export function deleteMessage(input: DeleteMessageRequest, call: Call): void {
  const queue = openQueue(call.tx, queueAddress(input.QueueUrl).name);
  deleteOne(queue, input.ReceiptHandle, call, () => fail('ReceiptHandleExpired', input.ReceiptHandle));
  notifyWaiters(queue, call.clock);
}

export function deleteMessageBatch(input: DeleteMessageBatchRequest, call: Call): DeleteMessageBatchResult {
  const queue = openQueue(call.tx, queueAddress(input.QueueUrl).name);
  checkBatch(input.Entries, 'DeleteMessageBatchRequestEntry');
  const result = runBatch(input.Entries, ({ Id, ReceiptHandle }) => {
    deleteOne(queue, ReceiptHandle, call, () => fail('ExpiredInBatch'));
    return { Id };
  });
  notifyWaiters(queue, call.clock);
  return result;
}

/**
 * A message that is gone is deleted again with success. The handle of an earlier receive deletes nothing and succeeds, on
 * a standard queue; after the visibility timeout the latest handle still deletes there, while a FIFO queue refuses it.
 */
function deleteOne(queue: OpenQueue, handle: string, call: Call, failExpired: () => never): void {
  const { sequence, receives } = readReceipt(queue, handle);
  const index = indexOf(call.tx, queue);
  index.advance(call.now);
  const entry = index.find(sequence);
  if (entry === undefined) return;
  const isCurrent = entry.receives === receives;
  if (queue.settings.isFifo && (!isCurrent || entry.place !== 'waiting')) failExpired();
  if (!isCurrent) return;
  dropIndexOnUndo(call.tx, queue);
  deleteEntry(call.tx, queue, entry);
}

export function changeMessageVisibility(input: ChangeMessageVisibilityRequest, call: Call): void {
  const queue = openQueue(call.tx, queueAddress(input.QueueUrl).name);
  changeOne(queue, input.ReceiptHandle, input.VisibilityTimeout, call);
  notifyWaiters(queue, call.clock);
}

export function changeMessageVisibilityBatch(
  input: ChangeMessageVisibilityBatchRequest,
  call: Call,
): ChangeMessageVisibilityBatchResult {
  const queue = openQueue(call.tx, queueAddress(input.QueueUrl).name);
  checkBatch(input.Entries, 'ChangeMessageVisibilityBatchRequestEntry');
  const result = runBatch(input.Entries, ({ Id, ReceiptHandle, VisibilityTimeout }) => {
    changeOne(queue, ReceiptHandle, VisibilityTimeout ?? 0, call);
    return { Id };
  });
  notifyWaiters(queue, call.clock);
  return result;
}

/** With a handle whose visibility timeout has ended, a standard queue answers with success and does nothing. */
function changeOne(queue: OpenQueue, handle: string, timeout: number, call: Call): void {
  if (timeout < 0 || timeout > MAX_VISIBILITY_SECONDS) {
    fail('ParameterReason', timeout, 'VisibilityTimeout', 'Must be >= 0 and <= 43200, if provided.');
  }
  const { sequence, receives } = readReceipt(queue, handle);
  const index = indexOf(call.tx, queue);
  index.advance(call.now);
  const entry = index.find(sequence) ?? fail('NotAvailableForChange', handle);
  if (entry.place !== 'waiting' || entry.receives !== receives) {
    if (queue.settings.isFifo) fail('NotAvailableForChange', handle);
    return;
  }
  // Twelve hours run from the receive, not from this call.
  if (call.now + seconds(timeout) > entry.receivedAt + seconds(MAX_VISIBILITY_SECONDS))
    fail('BeyondTwelveHours', timeout);
  dropIndexOnUndo(call.tx, queue);
  index.changeVisibility(entry, call.now + seconds(timeout));
  writeState(call.tx, queue, entry);
}
