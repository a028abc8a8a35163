/**
 * A queue in the owner's memory: its row, its settings, how many messages it has, and (once a message was asked for) the
 * index of what can be delivered. All of it can be dropped at any time and is read again from the rows.
 *
 * The rule of undoing: a handler that changed the index and whose transaction fails drops the index (`dropIndexOnUndo`).
 * Nothing finer is needed, since failing after that point means a fault of the store.
 */
import type { Clock } from '#platform/base/clock.ts';
import { setTimer } from '#platform/jobs/timers.ts';
import type { MemorySlot, Partition, ReadTransaction, Transaction } from '#platform/store/store.ts';
import { type Delivery, StandardDelivery } from './delivery.ts';
import { fail } from './errors.ts';
import { FifoDelivery } from './fifo.ts';
import type { RecentHashes } from './remembered.ts';
import { type Settings, settingsOf } from './settings.ts';
import { chunks, counters, type MessageRow, type QueueRow, queues, states, timeOfSequence } from './state.ts';
import { Waiters } from './waiters.ts';
import { type Chunk, restoredChunk } from './window.ts';

export interface OpenQueue {
  row: QueueRow;
  settings: Settings;
  /** The row's `messagesId`: the first part of all its messages' keys. */
  id: number;
  readonly partition: Partition;
  readonly waiters: Waiters;
  index: Delivery | undefined;
  /** Undefined until read. */
  counts: { messages: number; lastSequence: number } | undefined;
  isCountPending: boolean;
  /** When the timer for expired messages runs; infinite when none is set. */
  expiryDue: number;
  /** Rows of older intervals of `remembered` were deleted. */
  forgottenBefore: number;
  recent: RecentHashes | undefined;
  cachedBytes: number;
}

interface QueueMemory {
  readonly open: Map<string, OpenQueue>;
  cachedBytes: number;
}

const memorySlot: MemorySlot<QueueMemory> = {
  name: 'sqs queues',
  load: () => ({ open: new Map(), cachedBytes: 0 }),
  unload: (memory) => {
    for (const queue of memory.open.values()) queue.waiters.close();
  },
  leave: (memory) => {
    for (const queue of memory.open.values()) queue.waiters.wakeAll();
  },
};

/** Chunks; up to ten messages each. */
const PAGE = 100;
/** Bytes of messages kept for receives that follow soon, in all queues of a partition. */
const CACHE_BYTES = 16 * 1024 * 1024;

export function findQueue(tx: ReadTransaction, name: string): OpenQueue | undefined {
  const memory = tx.partition.memory(memorySlot);
  const known = memory.open.get(name);
  if (known !== undefined) return known;
  const row = tx.get(queues, queues.key(name));
  if (row === undefined) return undefined;
  const queue: OpenQueue = {
    row,
    settings: settingsOf(row),
    id: row.messagesId,
    partition: tx.partition,
    waiters: new Waiters(),
    index: undefined,
    counts: undefined,
    isCountPending: false,
    expiryDue: Number.POSITIVE_INFINITY,
    forgottenBefore: 0,
    recent: undefined,
    cachedBytes: 0,
  };
  memory.open.set(name, queue);
  return queue;
}

export const openQueue = (tx: ReadTransaction, name: string): OpenQueue =>
  findQueue(tx, name) ?? fail('QueueDoesNotExist');

/** Writes a changed row. */
export function changeQueue(tx: Transaction, queue: OpenQueue, row: QueueRow): void {
  const { row: oldRow, settings: oldSettings } = queue;
  tx.put(queues, queues.key(row.name), row);
  tx.onUndo(() => {
    queue.row = oldRow;
    queue.settings = oldSettings;
  });
  queue.row = row;
  queue.settings = settingsOf(row);
}

/** After a purge: the queue's messages lie under another number, and there are none. Sequences go on. */
export function startEmpty(tx: Transaction, queue: OpenQueue, messagesId: number): void {
  const { id, counts, expiryDue } = queue;
  tx.onUndo(() => Object.assign(queue, { id, counts, expiryDue }));
  Object.assign(queue, {
    id: messagesId,
    counts: { messages: 0, lastSequence: countsOf(tx, queue).lastSequence },
    index: undefined,
  });
  clearCache(queue);
  addToCount(tx, queue, 0);
}

/** The queue is deleted: long polls wake and find that out. */
export function closeQueue(tx: Transaction, queue: OpenQueue): void {
  const memory = tx.partition.memory(memorySlot);
  tx.onUndo(() => memory.open.set(queue.row.name, queue));
  memory.open.delete(queue.row.name);
  clearCache(queue);
  queue.waiters.close();
}

export function countsOf(tx: ReadTransaction, queue: OpenQueue): { messages: number; lastSequence: number } {
  if (queue.counts === undefined) {
    const row = tx.get(counters, counters.key(queue.id));
    queue.counts = { messages: row?.messages ?? 0, lastSequence: row?.lastSequence ?? 0 };
  }
  return queue.counts;
}

/** The counts are written once a batch, however many messages of the queue it carries. */
export function addToCount(tx: Transaction, queue: OpenQueue, change: number): void {
  const counts = countsOf(tx, queue);
  counts.messages += change;
  tx.onUndo(() => {
    counts.messages -= change;
  });
  if (counts.messages === 0) clearCache(queue);
  if (queue.isCountPending) return;
  queue.isCountPending = true;
  queue.partition.beforeCommit((last) => {
    queue.isCountPending = false;
    const isCurrent = last.partition.memory(memorySlot).open.get(queue.row.name) === queue;
    if (isCurrent) last.put(counters, counters.key(queue.id), { ...countsOf(last, queue) });
  });
}

export function indexOf(tx: ReadTransaction, queue: OpenQueue): Delivery {
  if (queue.index !== undefined) return queue.index;
  countsOf(tx, queue);
  const index = queue.settings.isFifo ? new FifoDelivery() : new StandardDelivery();
  for (let after = states.key(queue.id, 0); ; ) {
    const page = tx.range(states, { prefix: [queue.id], after, limit: 1000 });
    for (const { key, row } of page) {
      after = key;
      index.restore(restoredChunk(states.parts(key)[1], row));
    }
    if (page.length < 1000) break;
  }
  const oldest = oldestChunk(tx, queue);
  if (oldest === undefined) index.isComplete = true;
  // Its timer was set when it was sent.
  else queue.expiryDue = timeOfSequence(oldest) + queue.settings.retention;
  queue.index = index;
  return index;
}

/** The sequence of the oldest message. */
export function oldestChunk(tx: ReadTransaction, queue: OpenQueue): number | undefined {
  const [oldest] = tx.range(chunks, { prefix: [queue.id], limit: 1 });
  return oldest && chunks.parts(oldest.key)[1];
}

/** Reads a page of chunks beyond the horizon into the index. */
export function readPage(tx: ReadTransaction, queue: OpenQueue, index: Delivery): boolean {
  const after = chunks.key(queue.id, index.horizon);
  const page = tx.range(chunks, { prefix: [queue.id], after, limit: PAGE });
  for (const { key, row } of page) keepRows(queue, index.addPage(chunks.parts(key)[1], row), row);
  index.isComplete = page.length < PAGE;
  return page.length > 0;
}

/** What it answers says that the index is as it was: it is not dropped. */
export function dropIndexOnUndo(tx: Transaction, queue: OpenQueue): () => void {
  let isAsBefore = false;
  tx.onUndo(() => {
    if (isAsBefore) return;
    queue.index = undefined;
    clearCache(queue);
  });
  return () => {
    isAsBefore = true;
  };
}

const costOf = (rows: readonly MessageRow[]): number => rows.reduce((sum, { body }) => sum + 200 + body.length, 0);

/** Keeps the messages with their chunk while there is room, so that a receive that follows soon reads nothing. */
export function keepRows(queue: OpenQueue, chunk: Chunk, rows: readonly MessageRow[]): void {
  const memory = queue.partition.memory(memorySlot);
  const cost = costOf(rows);
  if (rows.some((row) => row.isBodyApart) || memory.cachedBytes + cost > CACHE_BYTES) return;
  chunk.rows = rows;
  queue.cachedBytes += cost;
  memory.cachedBytes += cost;
}

/** Lets the messages of a chunk go when all of them were received: when they come back they are read. */
export function releaseRows(queue: OpenQueue, chunk: Chunk): void {
  const { rows } = chunk;
  if (rows === undefined || !chunk.entries.every((entry) => entry && (entry.receives > 0 || entry.place === 'deleted')))
    return;
  const cost = Math.min(costOf(rows), queue.cachedBytes);
  queue.cachedBytes -= cost;
  queue.partition.memory(memorySlot).cachedBytes -= cost;
  chunk.rows = undefined;
}

function clearCache(queue: OpenQueue): void {
  if (queue.cachedBytes === 0) return;
  queue.partition.memory(memorySlot).cachedBytes -= queue.cachedBytes;
  queue.cachedBytes = 0;
}

/** Something may have become available: one long poll looks, or is woken when the next message becomes visible. */
export function notifyWaiters(queue: OpenQueue, clock: Clock): void {
  if (queue.waiters.count === 0 || queue.index === undefined) return;
  const { delay } = queue.settings;
  if (queue.index.mayHaveReady(clock.now(), delay)) queue.waiters.wakeOne();
  else wakeAtNextChange(queue, clock);
}

export function wakeAtNextChange(queue: OpenQueue, clock: Clock): void {
  const due = queue.index?.nextChange(queue.settings.delay);
  if (due !== undefined) queue.waiters.wakeAt(clock, due);
}

/** Sees to it that the timer for expired messages runs at `due` at the latest. */
export function armExpiry(tx: Transaction, queue: OpenQueue, due: number): void {
  const before = queue.expiryDue;
  if (before <= due) return;
  setTimer(tx, { job: 'expireMessages', id: String(queue.row.id), due, payload: { queue: queue.row.name } });
  tx.onUndo(() => {
    queue.expiryDue = before;
  });
  queue.expiryDue = due;
}
