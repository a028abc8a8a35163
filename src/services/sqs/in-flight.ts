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
import { deleteEntries, writeStates } from './messages.ts';
import { dropIndexOnUndo, indexOf, notifyWaiters, type OpenQueue, openQueue } from './open-queue.ts';
import { readReceipt } from './receipt.ts';
import type { Entry } from './window.ts';

export function deleteMessage(input: DeleteMessageRequest, call: Call): void {
  const queue = openQueue(call.tx, queueAddress(input.QueueUrl).name);
  const entry = deletable(queue, input.ReceiptHandle, call, () => fail('ReceiptHandleExpired', input.ReceiptHandle));
  if (entry !== undefined) deleteHeld(queue, [entry], call);
}

export function deleteMessageBatch(input: DeleteMessageBatchRequest, call: Call): DeleteMessageBatchResult {
  const queue = openQueue(call.tx, queueAddress(input.QueueUrl).name);
  checkBatch(input.Entries, 'DeleteMessageBatchRequestEntry');
  const gone: Entry[] = [];
  const result = runBatch(input.Entries, ({ Id, ReceiptHandle }) => {
    const entry = deletable(queue, ReceiptHandle, call, () => fail('ExpiredInBatch'));
    // The same handle may be given twice.
    if (entry !== undefined && !gone.includes(entry)) gone.push(entry);
    return { Id };
  });
  deleteHeld(queue, gone, call);
  return result;
}

/**
 * A message that is gone is deleted again with success. The handle of an earlier receive deletes nothing and succeeds, on
 * a standard queue; after the visibility timeout the latest handle still deletes there, while a FIFO queue refuses it.
 */
function deletable(queue: OpenQueue, handle: string, call: Call, failExpired: () => never): Entry | undefined {
  const { first, at, receives } = readReceipt(queue, handle);
  const index = indexOf(call.tx, queue);
  index.advance(call.now);
  const entry = index.find(first, at);
  if (entry === undefined) return undefined;
  const isCurrent = entry.receives === receives;
  if (queue.settings.isFifo && (!isCurrent || entry.place !== 'waiting')) failExpired();
  return isCurrent ? entry : undefined;
}

function deleteHeld(queue: OpenQueue, entries: readonly Entry[], call: Call): void {
  dropIndexOnUndo(call.tx, queue);
  deleteEntries(call.tx, queue, entries);
  notifyWaiters(queue, call.clock);
}

export function changeMessageVisibility(input: ChangeMessageVisibilityRequest, call: Call): void {
  const queue = openQueue(call.tx, queueAddress(input.QueueUrl).name);
  const change = changeOf(queue, input.ReceiptHandle, input.VisibilityTimeout, call);
  if (change !== undefined) changeHeld(queue, [change], call);
}

export function changeMessageVisibilityBatch(
  input: ChangeMessageVisibilityBatchRequest,
  call: Call,
): ChangeMessageVisibilityBatchResult {
  const queue = openQueue(call.tx, queueAddress(input.QueueUrl).name);
  checkBatch(input.Entries, 'ChangeMessageVisibilityBatchRequestEntry');
  const changes: Change[] = [];
  const result = runBatch(input.Entries, ({ Id, ReceiptHandle, VisibilityTimeout }) => {
    const change = changeOf(queue, ReceiptHandle, VisibilityTimeout ?? 0, call);
    if (change !== undefined) changes.push(change);
    return { Id };
  });
  changeHeld(queue, changes, call);
  return result;
}

interface Change {
  readonly entry: Entry;
  readonly visibleAt: number;
}

/** With a handle whose visibility timeout has ended, a standard queue answers with success and does nothing. */
function changeOf(queue: OpenQueue, handle: string, timeout: number, call: Call): Change | undefined {
  if (timeout < 0 || timeout > MAX_VISIBILITY_SECONDS) {
    fail('ParameterReason', timeout, 'VisibilityTimeout', 'Must be >= 0 and <= 43200, if provided.');
  }
  const { first, at, receives } = readReceipt(queue, handle);
  const index = indexOf(call.tx, queue);
  index.advance(call.now);
  const entry = index.find(first, at) ?? fail('NotAvailableForChange', handle);
  if (entry.place !== 'waiting' || entry.receives !== receives) {
    if (queue.settings.isFifo) fail('NotAvailableForChange', handle);
    return undefined;
  }
  // Twelve hours run from the receive, not from this call.
  if (call.now + seconds(timeout) > entry.receivedAt + seconds(MAX_VISIBILITY_SECONDS))
    fail('BeyondTwelveHours', timeout);
  return { entry, visibleAt: call.now + seconds(timeout) };
}

function changeHeld(queue: OpenQueue, changes: readonly Change[], call: Call): void {
  dropIndexOnUndo(call.tx, queue);
  const index = indexOf(call.tx, queue);
  for (const { entry, visibleAt } of changes) index.changeVisibility(entry, visibleAt);
  writeStates(
    call.tx,
    queue,
    changes.map(({ entry }) => entry),
  );
  notifyWaiters(queue, call.clock);
}
