/**
 * The messages of a queue that are in the owner's memory, and what standard and FIFO queues do alike with them.
 *
 * Memory holds a window. Every chunk up to `horizon` is here or was handled; beyond it, chunks wait as rows and are read
 * in pages when the window runs out, so a backlog of millions costs no memory. Chunks with a state row (something of
 * them was received, delayed or deleted) are all here, whatever their place; what is untouched of one beyond the horizon
 * waits for its page all the same (`entries` has a gap), since a FIFO group may have older messages before it.
 */
import { Heap } from './heap.ts';
import { NumberMap } from './number-map.ts';
import { type MessageRow, type MessageState, timeOfSequence } from './state.ts';

/** The messages of one row. */
export interface Chunk {
  /** The sequence of its first message; the others' follow. */
  readonly first: number;
  readonly entries: (Entry | undefined)[];
  /** How many are not deleted. */
  left: number;
  hasState: boolean;
  /** While memory allows: messages that are received soon after they were sent are not read again. */
  rows: readonly MessageRow[] | undefined;
}

/** A message in memory. One shape for all, so that the engine keeps it small. */
export interface Entry {
  readonly chunk: Chunk;
  /** Its place in the chunk. */
  readonly at: number;
  /** ready: may be handed out; waiting: in flight, or delayed when it was never received; expired: its row is the timer's. */
  place: 'ready' | 'waiting' | 'expired' | 'deleted';
  visibleAt: number;
  receives: number;
  firstReceivedAt: number;
  receivedAt: number;
  readonly isBodyApart: boolean;
  readonly group: string | undefined;
  heapIndex: number;
}

export const sequenceOf = ({ chunk, at }: Entry): number => chunk.first + at;
const sentAt = (entry: Entry): number => timeOfSequence(sequenceOf(entry));
export const isDelayed = (entry: Entry): boolean => entry.receives === 0 && entry.visibleAt > sentAt(entry);

export const newChunk = (first: number, size: number): Chunk => ({
  first,
  entries: new Array(size).fill(undefined),
  left: size,
  hasState: false,
  rows: undefined,
});

/** Puts a message that was never received into its chunk. */
export function addEntry(chunk: Chunk, at: number, message: Pick<MessageRow, 'group' | 'isBodyApart'>): Entry {
  const entry: Entry = {
    chunk,
    at,
    place: 'ready',
    visibleAt: timeOfSequence(chunk.first + at),
    receives: 0,
    firstReceivedAt: 0,
    receivedAt: 0,
    isBodyApart: message.isBodyApart,
    group: message.group,
    heapIndex: -1,
  };
  chunk.entries[at] = entry;
  return entry;
}

/** One that waited beyond the horizon until its end. */
export const addExpired = (chunk: Chunk, at: number, message: MessageRow): Entry =>
  Object.assign(addEntry(chunk, at, message), { place: 'expired' });

/** A chunk as its state row tells of it. */
export function restoredChunk(first: number, states: readonly MessageState[]): Chunk {
  const chunk = newChunk(first, states.length);
  chunk.hasState = true;
  for (const [at, state] of states.entries()) {
    if (state === 'untouched') continue;
    if (state === 'deleted') {
      addEntry(chunk, at, { group: undefined, isBodyApart: false }).place = 'deleted';
      chunk.left--;
      continue;
    }
    const { visibleAt, receives, firstReceivedAt, receivedAt } = state;
    Object.assign(addEntry(chunk, at, state), { visibleAt, receives, firstReceivedAt, receivedAt });
  }
  return chunk;
}

/** What the chunk's state row says. */
export const statesOf = (chunk: Chunk): MessageState[] =>
  chunk.entries.map((entry) => {
    if (entry === undefined) return 'untouched';
    if (entry.place === 'deleted') return 'deleted';
    return entry.receives > 0 || isDelayed(entry) ? entry : 'untouched';
  });

export abstract class Window {
  horizon = 0;
  /** Nothing is left beyond the horizon. */
  isComplete = false;
  inFlight = 0;
  /** Messages in memory. */
  protected size = 0;
  /** In flight or delayed, by the time they become visible. */
  protected readonly waiting = new Heap<Entry>((entry) => entry.visibleAt);
  readonly #chunks = new NumberMap<Chunk>();

  chunkAt(first: number): Chunk | undefined {
    return this.#chunks.get(first);
  }

  find(first: number, at: number): Entry | undefined {
    const entry = this.#chunks.get(first)?.entries[at];
    return entry?.place === 'ready' || entry?.place === 'waiting' ? entry : undefined;
  }

  /** At load: a chunk that has a state row. */
  restore(chunk: Chunk): void {
    this.keep(chunk);
    for (const entry of chunk.entries) {
      if (entry === undefined || entry.place === 'deleted') continue;
      this.size++;
      this.hold(entry);
    }
  }

  /** From a page, in order. Answers the chunk. */
  addPage(first: number, rows: readonly MessageRow[]): Chunk {
    this.horizon = Math.max(this.horizon, first);
    let chunk = this.#chunks.get(first);
    if (chunk === undefined) {
      chunk = newChunk(first, rows.length);
      this.keep(chunk);
    }
    for (const [at, row] of rows.entries()) {
      if (chunk.entries[at] !== undefined) continue;
      this.size++;
      this.addFresh(addEntry(chunk, at, row));
    }
    return chunk;
  }

  /** Lets delays and visibility timeouts end. */
  advance(now: number): void {
    for (let entry = this.waiting.first(); entry && entry.visibleAt <= now; entry = this.waiting.first()) {
      this.unhold(entry);
      entry.place = 'ready';
      this.addReturned(entry);
    }
  }

  /** For a message that was picked. */
  handOut(entry: Entry, now: number, visibleAt: number): void {
    entry.receives++;
    entry.receivedAt = now;
    if (entry.firstReceivedAt === 0) entry.firstReceivedAt = now;
    entry.visibleAt = visibleAt;
    this.hold(entry);
  }

  changeVisibility(entry: Entry, visibleAt: number): void {
    if (entry.place !== 'waiting') return;
    entry.visibleAt = visibleAt;
    this.waiting.moved(entry);
  }

  remove(entry: Entry): void {
    if (entry.place === 'deleted') return;
    if (entry.place === 'waiting') this.unhold(entry);
    if (entry.place !== 'expired') this.size--;
    entry.place = 'deleted';
    const { chunk } = entry;
    chunk.left--;
    if (chunk.left === 0) this.#chunks.delete(chunk.first);
  }

  /** Out of the way of deliveries, until the timer deletes its row. */
  protected expire(entry: Entry): void {
    this.size--;
    entry.place = 'expired';
  }

  protected keep(chunk: Chunk): void {
    this.#chunks.set(chunk.first, chunk);
  }

  /** A message that was received or is delayed waits until it is visible. */
  protected hold(entry: Entry): void {
    entry.place = 'waiting';
    this.waiting.push(entry);
  }

  protected unhold(entry: Entry): void {
    this.waiting.remove(entry);
  }

  /** A message that was never received, behind all others. */
  protected abstract addFresh(entry: Entry): void;
  /** A message that is visible again, or for the first time after a delay. */
  protected abstract addReturned(entry: Entry): void;
}
