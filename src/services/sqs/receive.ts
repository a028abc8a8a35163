/**
 * ReceiveMessage. A call looks once; when it finds nothing and may wait, it stands in the queue's line (waiters.ts) and
 * looks again each time it is woken. Each look is a transaction of its own.
 */
import { seconds } from '#platform/base/clock.ts';
import type { Message, ReceiveMessageRequest, ReceiveMessageResult } from '#platform/model/generated/sqs.ts';
import type { Call } from '#platform/service.ts';
import type { Transaction } from '#platform/store/store.ts';
import { queueAddress } from './address.ts';
import { type Entry, MAX_REDRIVEN_AT_ONCE, type Picked } from './delivery.ts';
import { fail } from './errors.ts';
import { MAX_IN_FLIGHT, MAX_RECEIVED, MAX_VISIBILITY_SECONDS, MAX_WAIT_SECONDS } from './limits.ts';
import { attributesMd5, selectedAttributes, shownAttributes } from './message-attributes.ts';
import {
  dropIndexOnUndo,
  indexOf,
  notifyWaiters,
  type OpenQueue,
  openQueue,
  readPage,
  wakeAtNextChange,
} from './open-queue.ts';
import { receiptHandle } from './receipt.ts';
import { deadLetterQueueOf, moveToDeadLetterQueue, wholeMessage } from './redrive.ts';
import { recall, remember } from './remembered.ts';
import { sequenceNumber } from './send.ts';
import { firstSequenceAt, type MessageRow, states } from './state.ts';

interface Wish {
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

function wishOf(input: ReceiveMessageRequest): Wish {
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
  input: ReceiveMessageRequest,
  call: Call,
): ReceiveMessageResult | Promise<ReceiveMessageResult> {
  const wish = wishOf(input);
  let wait = wish.wait ?? 0;
  const found = call.transact((tx) => {
    const queue = openQueue(tx, wish.name);
    wait = wish.wait ?? queue.settings.wait;
    if (!queue.settings.isFifo && wait === 0 && indexOf(tx, queue).inFlight >= MAX_IN_FLIGHT) {
      indexOf(tx, queue).advance(call.now);
      if (indexOf(tx, queue).inFlight >= MAX_IN_FLIGHT) fail('InFlightLimit');
    }
    return look(tx, queue, wish, call, call.now);
  });
  if (found !== undefined && found.length > 0) return { Messages: found };
  if (found !== undefined && wait === 0) return {};
  return lookAgain(wish, call, call.clock.monotonic() + wait, found);
}

/** `last` is what the look before found. */
async function lookAgain(wish: Wish, call: Call, until: number, last: Look): Promise<ReceiveMessageResult> {
  const { clock, signal } = call;
  for (let found = last, isFirst = false; ; isFirst = true) {
    const left = until - clock.monotonic();
    if (signal.aborted) return {};
    const queue = call.partition.read((tx) => openQueue(tx, wish.name));
    // Between two looks of a call that moves many dead letters, others get their turn.
    if (found === undefined) await call.partition.durable();
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
    found = call.transact((tx) => look(tx, openQueue(tx, wish.name), wish, call, clock.now()));
    if (found !== undefined && found.length > 0) {
      notifyWaiters(queue, clock);
      return { Messages: found };
    }
  }
}

/** Undefined: nothing yet, but a full load of dead letters was moved, and more may follow before the next live message. */
type Look = Message[] | undefined;

function look(tx: Transaction, queue: OpenQueue, wish: Wish, call: Call, now: number): Look {
  const index = indexOf(tx, queue);
  const visibleAt = now + (wish.visibility ?? queue.settings.visibility);
  if (wish.attemptId !== undefined && queue.settings.isFifo) {
    const again = repeat(tx, queue, wish, now, visibleAt);
    if (again !== undefined) return again;
  }
  dropIndexOnUndo(tx, queue);
  const deadLetterQueue = deadLetterQueueOf(tx, queue);
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
    for (const entry of picked.redrive) moveToDeadLetterQueue(tx, call, queue, deadLetterQueue, entry, now);
    notifyWaiters(deadLetterQueue, call.clock);
  }
  if (picked.deliver.length === 0 && picked.redrive.length === MAX_REDRIVEN_AT_ONCE) return undefined;
  return handOut(tx, queue, picked, wish, now, visibleAt);
}

function handOut(
  tx: Transaction,
  queue: OpenQueue,
  { deliver }: Picked,
  wish: Wish,
  now: number,
  visibleAt: number,
): Message[] {
  const index = indexOf(tx, queue);
  const found: Message[] = [];
  const handed: Entry[] = [];
  for (const entry of deliver) {
    const row = wholeMessage(tx, queue, entry);
    if (row === undefined) {
      index.remove(entry);
      continue;
    }
    index.handOut(entry, now, visibleAt);
    writeState(tx, queue, entry);
    handed.push(entry);
    found.push(messageOf(queue, entry, row, wish));
  }
  if (wish.attemptId !== undefined && queue.settings.isFifo && handed.length > 0) {
    remember(tx, queue, `attempt ${wish.attemptId}`, {
      at: now,
      id: '',
      sequences: handed.map((entry) => entry.sequence),
      receives: handed.map((entry) => entry.receives),
    });
  }
  return found;
}

export function writeState(tx: Transaction, queue: OpenQueue, entry: Entry): void {
  tx.put(states, states.key(queue.id, entry.sequence), entry);
}

/**
 * The messages of an earlier call with the same attempt id, while none of them was deleted, came back or had its
 * visibility changed. Their visibility timeout starts anew; it is not another receive.
 */
function repeat(tx: Transaction, queue: OpenQueue, wish: Wish, now: number, visibleAt: number): Message[] | undefined {
  const index = indexOf(tx, queue);
  const earlier = recall(tx, queue, `attempt ${wish.attemptId}`, now);
  if (earlier === undefined) return undefined;
  index.advance(now);
  const entries: Entry[] = [];
  for (const [i, sequence] of earlier.sequences.entries()) {
    const entry = index.find(sequence);
    if (entry?.place !== 'waiting' || entry.receives !== earlier.receives?.[i]) return undefined;
    entries.push(entry);
  }
  const found: Message[] = [];
  dropIndexOnUndo(tx, queue);
  for (const entry of entries) {
    const row = wholeMessage(tx, queue, entry);
    if (row === undefined) return undefined;
    index.changeVisibility(entry, visibleAt);
    writeState(tx, queue, entry);
    found.push(messageOf(queue, entry, row, wish));
  }
  return found;
}

function messageOf(queue: OpenQueue, entry: Entry, row: MessageRow, wish: Wish): Message {
  const message: { -readonly [Name in keyof Message]: Message[Name] } = {
    MessageId: row.id,
    ReceiptHandle: receiptHandle(queue, entry.sequence, entry.receives),
    MD5OfBody: row.md5,
    Body: row.body,
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
    SequenceNumber: queue.settings.isFifo ? sequenceNumber(entry.sequence) : undefined,
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
