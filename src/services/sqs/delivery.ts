/**
 * Which messages of a standard queue to hand out next. Pure: it knows no clock, store or network.
 *
 * Memory holds a window. Every message up to `horizon` is here or was handled; beyond it, messages wait as rows and are
 * read in pages when the window runs out (`more`), so a backlog of millions costs no memory. Messages with a state row
 * (in flight, delayed, come back) are all here, whatever their place.
 *
 * Order: by the time a message became visible. Fairness (Developer Guide, "How Amazon SQS fair queues work"): while a
 * group is noisy its messages are set aside, and are served when no quiet group's message waits.
 */
import { Deque } from './deque.ts';
import { Heap } from './heap.ts';
import { NOISY_LEAST, NOISY_SHARE } from './limits.ts';
import { type MessageRow, timeOfSequence } from './state.ts';

/** A message in the owner's memory. One shape for all, so that the engine keeps it small. */
export interface Entry {
  readonly sequence: number;
  /** ready: may be handed out; waiting: in flight, or delayed when it was never received. */
  place: 'ready' | 'waiting' | 'gone';
  visibleAt: number;
  receives: number;
  firstReceivedAt: number;
  receivedAt: number;
  readonly isBodyApart: boolean;
  readonly group: string | undefined;
  /** The row, while memory allows: a message that is received soon after it was sent is not read again. */
  message: MessageRow | undefined;
  heapIndex: number;
}

export const newEntry = (
  sequence: number,
  message: Pick<MessageRow, 'group' | 'isBodyApart'>,
  visibleAt = timeOfSequence(sequence),
): Entry => ({
  sequence,
  place: 'ready',
  visibleAt,
  receives: 0,
  firstReceivedAt: 0,
  receivedAt: 0,
  isBodyApart: message.isBodyApart,
  group: message.group,
  message: undefined,
  heapIndex: -1,
});

export interface PickRules {
  readonly now: number;
  readonly max: number;
  /** A message that was received this often goes to the dead-letter queue instead. */
  readonly maxReceives: number | undefined;
  /** Messages below this have expired; their rows are the expiry timer's work. */
  readonly oldest: number;
  /** FIFO queues: how long every message waits at first. */
  readonly delay: number;
  /** Reads the next page into the window; false when there is none. */
  readonly more: () => boolean;
}

export interface Picked {
  readonly deliver: Entry[];
  readonly redrive: Entry[];
}

/** What the handlers need of a queue's memory; standard and FIFO queues differ behind it. */
export interface Delivery {
  readonly inFlight: number;
  /** Messages with a delay of their own that has not ended. */
  readonly delayed: number;
  readonly horizon: number;
  /** Nothing is left beyond the horizon. */
  isComplete: boolean;
  /** A message in memory that was received, delayed or is in a FIFO queue's window. */
  find(sequence: number): Entry | undefined;
  /** At load: a message that has a state row. */
  restore(entry: Entry): void;
  /** From a page, in order of sequence. Answers the entry of a message that was not known yet. */
  addPage(sequence: number, message: MessageRow): Entry | undefined;
  /** A new message. Answers false when it stays beyond the horizon: the entry is not kept. */
  append(entry: Entry): boolean;
  /** Lets delays and visibility timeouts end. */
  advance(now: number): void;
  /** Takes messages out; each must then be handed out or removed. */
  pick(rules: PickRules): Picked;
  handOut(entry: Entry, now: number, visibleAt: number): void;
  changeVisibility(entry: Entry, visibleAt: number): void;
  remove(entry: Entry): void;
  /** Whether a pick may find something; may be wrong in being too hopeful. */
  mayHaveReady(now: number, delay: number): boolean;
  /** When `advance` has something to do next. */
  nextChange(delay: number): number | undefined;
}

/** More redriven messages than this wait for the next receive: one call stays short. */
export const MAX_REDRIVEN_AT_ONCE = 100;
/** Fresh messages in memory; more of them wait as rows. */
const WINDOW = 4096;
/** How far a queue with a noisy group looks ahead for quiet ones. */
const FAIR_SCAN = 10_000;

export class StandardDelivery implements Delivery {
  horizon = 0;
  isComplete = false;
  inFlight = 0;
  delayed = 0;
  /** Never received, in order of sequence. */
  readonly #fresh = new Deque<Entry>();
  /** Come back, or moved in with an old sequence, in the order they became visible. */
  readonly #returned = new Deque<Entry>();
  /** Ready messages of groups that were noisy when their turn came. */
  readonly #aside = new Map<string, Deque<Entry>>();
  #asideSize = 0;
  readonly #waiting = new Heap<Entry>((entry) => entry.visibleAt);
  /** All but the fresh. */
  readonly #known = new Map<number, Entry>();
  readonly #groupInFlight = new Map<string, number>();
  readonly #window: number;

  constructor(window = WINDOW) {
    this.#window = window;
  }

  find(sequence: number): Entry | undefined {
    return this.#known.get(sequence);
  }

  restore(entry: Entry): void {
    this.#known.set(entry.sequence, entry);
    this.#wait(entry);
  }

  addPage(sequence: number, message: MessageRow): Entry | undefined {
    this.horizon = Math.max(this.horizon, sequence);
    if (this.#known.has(sequence)) return undefined;
    const entry = newEntry(sequence, message);
    this.#fresh.push(entry);
    return entry;
  }

  append(entry: Entry): boolean {
    const isBehind = entry.sequence <= this.horizon;
    const isDelayed = entry.visibleAt > timeOfSequence(entry.sequence);
    if (isDelayed || isBehind) {
      // Delayed, or moved here from another queue with its old place in time.
      this.#known.set(entry.sequence, entry);
      if (!isBehind && this.isComplete) this.horizon = entry.sequence;
      if (isDelayed) this.#wait(entry);
      else this.#returned.push(entry);
      return true;
    }
    if (this.isComplete && this.#fresh.size < this.#window) {
      this.horizon = entry.sequence;
      this.#fresh.push(entry);
      return true;
    }
    this.isComplete = false;
    if (this.#asideSize === 0 || entry.group === undefined || this.#isNoisy(entry.group)) return false;
    // A quiet group's message must not wait behind the noisy backlog: it is taken ahead of its page.
    this.#known.set(entry.sequence, entry);
    this.#returned.push(entry);
    return true;
  }

  advance(now: number): void {
    for (;;) {
      const entry = this.#waiting.first();
      if (entry === undefined || entry.visibleAt > now) return;
      this.#unwait(entry);
      entry.place = 'ready';
      this.#returned.push(entry);
    }
  }

  pick(rules: PickRules): Picked {
    this.advance(rules.now);
    const deliver: Entry[] = [];
    const redrive: Entry[] = [];
    while (deliver.length < rules.max && redrive.length < MAX_REDRIVEN_AT_ONCE) {
      const entry = this.#next(rules.more);
      if (entry === undefined) break;
      if (entry.place !== 'ready') continue;
      if (entry.sequence < rules.oldest) {
        this.remove(entry);
        continue;
      }
      const isSpent = rules.maxReceives !== undefined && entry.receives >= rules.maxReceives;
      (isSpent ? redrive : deliver).push(entry);
    }
    return { deliver, redrive };
  }

  handOut(entry: Entry, now: number, visibleAt: number): void {
    entry.receives++;
    entry.receivedAt = now;
    if (entry.firstReceivedAt === 0) entry.firstReceivedAt = now;
    entry.visibleAt = visibleAt;
    entry.message = undefined;
    this.#known.set(entry.sequence, entry);
    this.#wait(entry);
  }

  changeVisibility(entry: Entry, visibleAt: number): void {
    if (entry.place !== 'waiting') return;
    entry.visibleAt = visibleAt;
    this.#waiting.moved(entry);
  }

  remove(entry: Entry): void {
    if (entry.place === 'waiting') this.#unwait(entry);
    entry.place = 'gone';
    this.#known.delete(entry.sequence);
  }

  mayHaveReady(now: number): boolean {
    this.advance(now);
    return this.#fresh.size + this.#returned.size + this.#asideSize > 0 || !this.isComplete;
  }

  nextChange(): number | undefined {
    return this.#waiting.first()?.visibleAt;
  }

  #wait(entry: Entry): void {
    entry.place = 'waiting';
    this.#waiting.push(entry);
    if (entry.receives === 0) this.delayed++;
    else {
      this.inFlight++;
      if (entry.group !== undefined) this.#groupInFlight.set(entry.group, this.#inFlightOf(entry.group) + 1);
    }
  }

  #unwait(entry: Entry): void {
    this.#waiting.remove(entry);
    if (entry.receives === 0) this.delayed--;
    else {
      this.inFlight--;
      if (entry.group === undefined) return;
      const left = this.#inFlightOf(entry.group) - 1;
      if (left > 0) this.#groupInFlight.set(entry.group, left);
      else this.#groupInFlight.delete(entry.group);
    }
  }

  #inFlightOf(group: string): number {
    return this.#groupInFlight.get(group) ?? 0;
  }

  #isNoisy(group: string): boolean {
    const own = this.#inFlightOf(group);
    return own >= NOISY_LEAST && own > this.inFlight * NOISY_SHARE;
  }

  #next(more: () => boolean): Entry | undefined {
    for (;;) {
      // A page may hold nothing new: after a restart the first ones are in flight.
      while (this.#fresh.size === 0 && !this.isComplete && this.#asideSize < FAIR_SCAN && more());
      const entry = this.#oldest();
      if (entry === undefined) return this.#leastNoisy();
      if (entry.group === undefined || entry.place !== 'ready' || !this.#isNoisy(entry.group)) return entry;
      this.#setAside(entry, entry.group);
    }
  }

  /** The ready message that has been visible longest, but for those of noisy groups that are set aside. */
  #oldest(): Entry | undefined {
    const fresh = this.#fresh.first();
    const returned = this.#returned.first();
    let from: Deque<Entry> | undefined =
      returned === undefined || (fresh !== undefined && fresh.visibleAt <= returned.visibleAt)
        ? this.#fresh
        : this.#returned;
    let best = from.first();
    for (const [group, deque] of this.#aside) {
      const head = deque.first();
      if (head === undefined || this.#isNoisy(group)) continue;
      if (best !== undefined && best.visibleAt <= head.visibleAt) continue;
      best = head;
      from = deque;
    }
    if (best === undefined) return undefined;
    from.shift();
    if (from !== this.#fresh && from !== this.#returned) this.#tookAside(best.group, from);
    return best;
  }

  #leastNoisy(): Entry | undefined {
    let quietest: string | undefined;
    for (const group of this.#aside.keys()) {
      if (quietest === undefined || this.#inFlightOf(group) < this.#inFlightOf(quietest)) quietest = group;
    }
    const deque = quietest === undefined ? undefined : this.#aside.get(quietest);
    const entry = deque?.shift();
    if (deque !== undefined) this.#tookAside(quietest, deque);
    return entry;
  }

  #setAside(entry: Entry, group: string): void {
    let deque = this.#aside.get(group);
    if (deque === undefined) {
      deque = new Deque();
      this.#aside.set(group, deque);
    }
    deque.push(entry);
    this.#asideSize++;
  }

  #tookAside(group: string | undefined, deque: Deque<Entry>): void {
    this.#asideSize--;
    if (deque.size === 0 && group !== undefined) this.#aside.delete(group);
  }
}
