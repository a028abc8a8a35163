/**
 * How messages get into a queue's rows and out of them, whoever sends, receives or moves them. What a transaction does to
 * several messages of a chunk is written once: collect the entries, then `writeStates` or `deleteEntries`.
 */
import { present } from '#platform/base/assert.ts';
import type { ReadTransaction, Transaction } from '#platform/store/store.ts';
import {
  addToCount,
  armExpiry,
  countsOf,
  dropIndexOnUndo,
  indexOf,
  keepRows,
  type OpenQueue,
  releaseRows,
} from './open-queue.ts';
import { bodies, chunks, firstSequenceAt, type MessageRow, states } from './state.ts';
import { addEntry, type Chunk, type Entry, newChunk, sequenceOf, statesOf } from './window.ts';

export interface NewMessage {
  readonly row: MessageRow;
  /** Milliseconds from its send time. */
  readonly delay: number;
}

/** The sequence that the next message gets; those that are sent with it get the following ones. */
export const nextSequence = (tx: ReadTransaction, queue: OpenQueue, sentAt: number): number =>
  Math.max(countsOf(tx, queue).lastSequence + 1, firstSequenceAt(sentAt));

/** Writes messages of one sender and send time as the queue's newest. */
export function enqueue(tx: Transaction, queue: OpenQueue, sent: readonly NewMessage[]): void {
  for (const part of chunked(sent)) insert(tx, queue, nextSequence(tx, queue, part[0]?.row.sentAt ?? 0), part);
}

/** A message with the sequence that it had elsewhere, which says when it was sent, or the next that is free. */
export function insertAt(tx: Transaction, queue: OpenQueue, sequence: number, row: MessageRow): void {
  insert(tx, queue, freeSequence(tx, queue, sequence), [{ row, delay: 0 }]);
}

function freeSequence(tx: ReadTransaction, queue: OpenQueue, wanted: number): number {
  if (wanted > countsOf(tx, queue).lastSequence) return wanted;
  for (let sequence = wanted; ; ) {
    const before = chunks.key(queue.id, sequence + 1);
    const [below] = tx.range(chunks, { prefix: [queue.id], before, reverse: true, limit: 1 });
    const end = below === undefined ? 0 : chunks.parts(below.key)[1] + below.row.length;
    if (end <= sequence) return sequence;
    sequence = end;
  }
}

function insert(tx: Transaction, queue: OpenQueue, first: number, sent: readonly NewMessage[]): void {
  const index = indexOf(tx, queue);
  const counts = countsOf(tx, queue);
  counts.lastSequence = Math.max(counts.lastSequence, first + sent.length - 1);
  const chunk = newChunk(first, sent.length);
  const rows = sent.map(({ row, delay }, at) => {
    const entry = addEntry(chunk, at, row);
    if (delay > 0) entry.visibleAt = row.sentAt + delay;
    if (row.isBodyApart) tx.put(bodies, bodies.key(queue.id, first + at), row.body);
    return row;
  });
  tx.put(chunks, chunks.key(queue.id, first), rows);
  if (sent.some(({ delay }) => delay > 0)) writeState(tx, queue, chunk);
  addToCount(tx, queue, sent.length);
  // They were sent together.
  armExpiry(tx, queue, (rows[0]?.sentAt ?? 0) + queue.settings.retention);
  dropIndexOnUndo(tx, queue);
  if (index.append(chunk)) keepRows(queue, chunk, rows);
}

/** About how large a chunk may be (characters of bodies and attributes): a receive of one message reads it whole. */
const CHUNK_CHARACTERS = 8192;

const inlineCharacters = (row: MessageRow): number =>
  (row.isBodyApart ? 0 : row.body.length) + (row.attributes === undefined ? 0 : JSON.stringify(row.attributes).length);

/** Messages that were sent together, in their order, as chunks. */
function chunked(sent: readonly NewMessage[]): NewMessage[][] {
  const parts: NewMessage[][] = [];
  let room = 0;
  for (const one of sent) {
    const needed = inlineCharacters(one.row);
    let part = parts.at(-1);
    if (part === undefined || needed > room) {
      part = [];
      parts.push(part);
      room = CHUNK_CHARACTERS;
    }
    part.push(one);
    room -= needed;
  }
  return parts;
}

/** The messages with their bodies, wherever those lie. */
export function wholeMessages(tx: ReadTransaction, queue: OpenQueue, entries: readonly Entry[]): MessageRow[] {
  const apart = entries.filter(({ isBodyApart }) => isBodyApart);
  if (apart.length > 1) {
    tx.expect(
      bodies,
      apart.map((entry) => bodies.key(queue.id, sequenceOf(entry))),
    );
  }
  let chunk: Chunk | undefined;
  let rows: readonly MessageRow[] = [];
  return entries.map((entry) => {
    if (entry.chunk !== chunk) {
      chunk = entry.chunk;
      rows = chunk.rows ?? present(tx.get(chunks, chunks.key(queue.id, chunk.first)), 'a chunk in memory has its row');
    }
    const row = present(rows[entry.at], 'a row holds all messages of its chunk');
    if (!row.isBodyApart) return row;
    const body = tx.get(bodies, bodies.key(queue.id, sequenceOf(entry)));
    return { ...row, body: present(body, 'a body that lies apart is there') };
  });
}

/** What was received or changed of these messages. */
export function writeStates(tx: Transaction, queue: OpenQueue, entries: readonly Entry[]): void {
  for (const chunk of chunksOf(entries)) writeState(tx, queue, chunk);
}

/** Removes messages from rows and memory. */
export function deleteEntries(tx: Transaction, queue: OpenQueue, entries: readonly Entry[]): void {
  if (entries.length === 0) return;
  const index = indexOf(tx, queue);
  for (const entry of entries) {
    if (entry.isBodyApart) tx.delete(bodies, bodies.key(queue.id, sequenceOf(entry)));
    index.remove(entry);
  }
  addToCount(tx, queue, -entries.length);
  writeStates(tx, queue, entries);
}

/** Each once; those of a chunk mostly follow each other. */
function chunksOf(entries: readonly Entry[]): readonly Chunk[] {
  const found: Chunk[] = [];
  for (const { chunk } of entries) if (found.at(-1) !== chunk && !found.includes(chunk)) found.push(chunk);
  return found;
}

function writeState(tx: Transaction, queue: OpenQueue, chunk: Chunk): void {
  const key = states.key(queue.id, chunk.first);
  if (chunk.left > 0) {
    tx.put(states, key, statesOf(chunk));
    chunk.hasState = true;
  } else {
    tx.delete(chunks, chunks.key(queue.id, chunk.first));
    if (chunk.hasState) tx.delete(states, key);
  }
  releaseRows(queue, chunk);
}
