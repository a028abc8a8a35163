/**
 * ReceiveMessage. A call looks once; when it finds nothing and may wait, it stands in the queue's line (waiters.ts) and
 * looks again each time it is woken. Each look is a transaction of its own.
 */
import { seconds } from '#platform/base/clock.ts';
import type { Message, ReceiveMessageRequest, ReceiveMessageResult } from '#platform/model/generated/sqs.ts';
import type { Call } from '#platform/service.ts';
import { again } from '#platform/store/again.ts';
import { PartitionMoved } from '#platform/store/moved.ts';
import type { Transaction } from '#platform/store/store.ts';
import type { Envelopes } from '#services/kms/api.ts';
import { queueAddress } from './address.ts';
import { MAX_REDRIVEN_AT_ONCE, type Picked } from './delivery.ts';
import { checkSigned, type OpeningKeys, openedBody, openingKeys } from './encryption.ts';
import { fail } from './errors.ts';
import { MAX_IN_FLIGHT, MAX_RECEIVED, MAX_VISIBILITY_SECONDS, MAX_WAIT_SECONDS } from './limits.ts';
import { attributesMd5, selectedAttributes, shownAttributes } from './message-attributes.ts';
import { wholeMessages, writeStates } from './messages.ts';
import {
  dropIndexOnUndo,
  indexOf,
  notifyWaiters,
  type OpenQueue,
  openQueue,
  readPage,
  wakeAtNextChange,
} from './open-queue.ts';
import { readReceipt, receiptHandle } from './receipt.ts';
import { deadLetterQueueOf, moveToDeadLetterQueue } from './redrive.ts';
import { recall, remember } from './remembered.ts';
import { sequenceNumber } from './send.ts';
import { firstSequenceAt, type MessageRow } from './state.ts';
import { type Entry, sequenceOf } from './window.ts';

interface Wish {
  readonly envelopes: Envelopes;
  readonly call: Call;
  readonly name: string;
  readonly max: number;
  /** Undefined: the queue's. */
  readonly visibility: number | undefined;
  readonly wait: number | undefined;
  readonly attemptId: string | undefined;
  readonly systemAttributes: ReadonlySet<string> | undefined;
  readonly attributes: readonly string[] | undefined;
}

const SYSTEM_ATTRIBUTES = new Set([
  'All',
  'SenderId',
  'SentTimestamp',
  'ApproximateReceiveCount',
  'ApproximateFirstReceiveTimestamp',
  'SequenceNumber',
  'MessageDeduplicationId',
  'MessageGroupId',
  'AWSTraceHeader',
  'DeadLetterQueueSourceArn',
]);
const ATTEMPT_ID = /^[A-Za-z0-9!-/:-@[-`{-~]{1,128}$/;

function wishOf(envelopes: Envelopes, input: ReceiveMessageRequest, call: Call): Wish {
  const { MaxNumberOfMessages: max = 1, VisibilityTimeout: visibility, WaitTimeSeconds: wait } = input;
  if (max < 1 || max > MAX_RECEIVED) {
    fail('ParameterReason', max, 'MaxNumberOfMessages', 'Must be between 1 and 10, if provided.');
  }
  if (visibility !== undefined && (visibility < 0 || visibility > MAX_VISIBILITY_SECONDS)) {
    fail('ParameterReason', visibility, 'VisibilityTimeout', 'Must be >= 0 and <= 43200, if provided.');
  }
  if (wait !== undefined && (wait < 0 || wait > MAX_WAIT_SECONDS)) {
    fail('ParameterReason', wait, 'WaitTimeSeconds', 'Must be >= 0 and <= 20, if provided.');
  }
  const named = [...(input.AttributeNames ?? []), ...(input.MessageSystemAttributeNames ?? [])];
  for (const name of named) if (!SYSTEM_ATTRIBUTES.has(name)) fail('UnknownAttribute', name);
  const attemptId = input.ReceiveRequestAttemptId;
  if (attemptId !== undefined && !ATTEMPT_ID.test(attemptId))
    fail('IdCharacters', attemptId, 'ReceiveRequestAttemptId');
  return {
    envelopes,
    call,
    name: queueAddress(input.QueueUrl).name,
    max,
    visibility: visibility === undefined ? undefined : seconds(visibility),
    wait: wait === undefined ? undefined : seconds(wait),
    attemptId,
    systemAttributes: named.length === 0 ? undefined : new Set(named),
    attributes: input.MessageAttributeNames,
  };
}

export function receiveMessage(
  envelopes: Envelopes,
  input: ReceiveMessageRequest,
  call: Call,
): ReceiveMessageResult | Promise<ReceiveMessageResult> {
  const wish = wishOf(envelopes, input, call);
  let wait = wish.wait ?? 0;
  const found = call.transact((tx) => {
    const queue = openQueue(tx, wish.name);
    checkSigned(queue, call);
    wait = wish.wait ?? queue.settings.wait;
    if (!queue.settings.isFifo && wait === 0 && indexOf(tx, queue).inFlight >= MAX_IN_FLIGHT) {
      indexOf(tx, queue).advance(call.now);
      if (indexOf(tx, queue).inFlight >= MAX_IN_FLIGHT) fail('InFlightLimit');
    }
    return look(tx, queue, wish, call.now);
  });
  if (Array.isArray(found)) {
    if (found.length > 0) return { Messages: found };
    if (wait === 0) return {};
  }
  return lookAgain(wish, call.clock.monotonic() + wait - (call.now - call.begunAt), found);
}

/** `last` is what the look before found. */
async function lookAgain(wish: Wish, until: number, last: Look): Promise<ReceiveMessageResult> {
  const { call } = wish;
  const { clock, signal } = call;
  for (let found = last, isFirst = false; ; isFirst = true) {
    const left = until - clock.monotonic();
    if (signal.aborted) return {};
    // It waits on where the queue goes.
    if (call.partition.isLeaving) throw new PartitionMoved();
    const queue = call.partition.read((tx) => openQueue(tx, wish.name));
    if (!Array.isArray(found)) await ready(found, queue, call);
    else if (left <= 0) return {};
    else {
      wakeAtNextChange(queue, clock);
      await queue.waiters.wait(clock, left, signal, isFirst);
    }
    // Nobody would get what is handed out to a client that is gone: the next in line looks instead.
    if (signal.aborted) {
      notifyWaiters(queue, clock);
      return {};
    }
    found = await again(() => call.transact((tx) => look(tx, openQueue(tx, wish.name), wish, clock.now())));
    if (Array.isArray(found) && found.length > 0) {
      notifyWaiters(queue, clock);
      return { Messages: found };
    }
  }
}

/** The messages; or what the next look has to wait for. */
type Look = Message[] | Wait;

interface Wait {
  readonly until: () => Promise<unknown> | undefined;
}

/** When KMS refuses, the messages may be for the next in line. */
async function ready({ until }: Wait, queue: OpenQueue, { clock }: Call): Promise<void> {
  try {
    await until();
  } catch (error) {
    notifyWaiters(queue, clock);
    throw error;
  }
}

function look(tx: Transaction, queue: OpenQueue, wish: Wish, now: number): Look {
  const { call } = wish;
  const index = indexOf(tx, queue);
  const visibleAt = now + (wish.visibility ?? queue.settings.visibility);
  if (wish.attemptId !== undefined && queue.settings.isFifo) {
    const again = repeat(tx, queue, wish, now, visibleAt);
    if (again !== undefined) return again;
  }
  const deadLetterQueue = deadLetterQueueOf(tx, queue);
  index.advance(now);
  // Before anything is picked: who has to wait for a page begins anew.
  while (index.isShortOf(wish.max) && readPage(tx, queue, index));
  const keepIndex = dropIndexOnUndo(tx, queue);
  const picked = index.pick({
    now,
    max: Math.min(wish.max, MAX_IN_FLIGHT - index.inFlight),
    maxReceives: deadLetterQueue && queue.settings.redrive?.maxReceives,
    oldest: firstSequenceAt(now - queue.settings.retention + 1),
    delay: queue.settings.delay,
    more: () => readPage(tx, queue, index),
  });
  if (deadLetterQueue !== undefined && picked.redrive.length > 0) {
    dropIndexOnUndo(tx, deadLetterQueue);
    moveToDeadLetterQueue(tx, call, queue, deadLetterQueue, picked.redrive, now);
    notifyWaiters(deadLetterQueue, call.clock);
  }
  if (picked.deliver.length === 0 && picked.redrive.length === MAX_REDRIVEN_AT_ONCE) {
    // More dead letters may follow before the next live message; between two loads others get their turn.
    return { until: () => call.partition.durable() };
  }
  const rows = rowsOf(tx, queue, picked, keepIndex);
  return handOut(tx, queue, picked.deliver, rows, wish, { now, visibleAt });
}

/** The picked messages. Who has to wait for their rows finds the queue as it was. */
function rowsOf(tx: Transaction, queue: OpenQueue, { deliver, redrive }: Picked, keepIndex: () => void): MessageRow[] {
  try {
    return wholeMessages(tx, queue, deliver);
  } catch (error) {
    if (redrive.length === 0) {
      indexOf(tx, queue).putBack(deliver);
      keepIndex();
    }
    throw error;
  }
}

function handOut(
  tx: Transaction,
  queue: OpenQueue,
  entries: readonly Entry[],
  rows: readonly MessageRow[],
  wish: Wish,
  { now, visibleAt }: { readonly now: number; readonly visibleAt: number },
): Look {
  const index = indexOf(tx, queue);
  const keys = openingKeys(wish.envelopes, queue, wish.call, rows);
  if (keys instanceof Promise) {
    index.putBack(entries);
    return { until: () => keys };
  }
  for (const entry of entries) index.handOut(entry, now, visibleAt);
  writeStates(tx, queue, entries);
  const found = messagesOf(queue, entries, rows, wish, keys);
  if (wish.attemptId !== undefined && queue.settings.isFifo && found.length > 0) {
    const handles = found.map(({ ReceiptHandle = '' }) => ReceiptHandle);
    remember(tx, queue, `attempt ${wish.attemptId}`, { at: now, handles });
  }
  return found;
}

/**
 * The messages of an earlier call with the same attempt id, while none of them was deleted, came back or had its
 * visibility changed. Their visibility timeout starts anew; it is not another receive.
 */
function repeat(tx: Transaction, queue: OpenQueue, wish: Wish, now: number, visibleAt: number): Look | undefined {
  const index = indexOf(tx, queue);
  const earlier = recall(tx, queue, `attempt ${wish.attemptId}`, now);
  if (earlier === undefined) return undefined;
  index.advance(now);
  const entries: Entry[] = [];
  for (const handle of earlier.handles ?? []) {
    const { first, at, receives } = readReceipt(queue, handle);
    const entry = index.find(first, at);
    if (entry?.place !== 'waiting' || entry.receives !== receives) return undefined;
    entries.push(entry);
  }
  const rows = wholeMessages(tx, queue, entries);
  const keys = openingKeys(wish.envelopes, queue, wish.call, rows);
  if (keys instanceof Promise) return { until: () => keys };
  dropIndexOnUndo(tx, queue);
  for (const entry of entries) index.changeVisibility(entry, visibleAt);
  writeStates(tx, queue, entries);
  return messagesOf(queue, entries, rows, wish, keys);
}

/** One row for each entry. */
const messagesOf = (
  queue: OpenQueue,
  entries: readonly Entry[],
  rows: readonly MessageRow[],
  wish: Wish,
  keys: OpeningKeys,
): Message[] => entries.map((entry, i) => messageOf(queue, entry, rows[i] as MessageRow, wish, keys));

function messageOf(queue: OpenQueue, entry: Entry, row: MessageRow, wish: Wish, keys: OpeningKeys): Message {
  const message: { -readonly [Name in keyof Message]: Message[Name] } = {
    MessageId: row.id,
    ReceiptHandle: receiptHandle(queue, { first: entry.chunk.first, at: entry.at, receives: entry.receives }),
    MD5OfBody: row.md5,
    Body: openedBody(row, keys),
  };
  if (wish.systemAttributes !== undefined)
    message.Attributes = systemAttributes(queue, entry, row, wish.systemAttributes);
  const attributes = selectedAttributes(row.attributes, wish.attributes);
  if (attributes !== undefined) {
    message.MessageAttributes = shownAttributes(attributes);
    const md5 = attributesMd5(attributes);
    if (md5 !== undefined) message.MD5OfMessageAttributes = md5;
  }
  return message;
}

function systemAttributes(
  queue: OpenQueue,
  entry: Entry,
  row: MessageRow,
  wanted: ReadonlySet<string>,
): Record<string, string> {
  const all: Record<string, string | undefined> = {
    SenderId: row.sender,
    SentTimestamp: String(row.sentAt),
    ApproximateReceiveCount: String(row.receivedBefore + entry.receives),
    ApproximateFirstReceiveTimestamp: String(row.firstReceivedBefore || entry.firstReceivedAt),
    SequenceNumber: queue.settings.isFifo ? sequenceNumber(sequenceOf(entry)) : undefined,
    MessageDeduplicationId: row.deduplicationId,
    MessageGroupId: row.group,
    AWSTraceHeader: row.traceHeader,
    DeadLetterQueueSourceArn: row.deadLetterSource,
  };
  const shown: Record<string, string> = {};
  for (const name in all) {
    const value = all[name];
    if (value !== undefined && (wanted.has('All') || wanted.has(name))) shown[name] = value;
  }
  return shown;
}
