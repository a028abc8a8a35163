/**
 * Which messages of a standard queue to hand out next. Pure: it knows no clock, store or network.
 *
 * Order: by the time a message became visible. Fairness (Developer Guide, "How Amazon SQS fair queues work"): while a
 * group is noisy its messages are set aside, and are served when no quiet group's message waits.
 */
import { Deque } from './deque.ts';
import { NOISY_LEAST, NOISY_SHARE } from './limits.ts';
import { type Chunk, type Entry, isDelayed, Window } from './window.ts';

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
export interface Delivery extends Window {
  /** Messages with a delay of their own that has not ended. */
  readonly delayed: number;
  /** A new chunk. What of it stays beyond the horizon leaves a gap; answers whether any of it is here. */
  append(chunk: Chunk): boolean;
  /** Takes messages out; each must then be handed out, removed or put back. */
  pick(rules: PickRules): Picked;
  /** Whether a pick of so many may want a page. */
  isShortOf(count: number): boolean;
  /** Picked messages wait again where they did; in the order of the pick. */
  putBack(entries: readonly Entry[]): void;
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

export class StandardDelivery extends Window implements Delivery {
  delayed = 0;
  /** Never received, in order of sequence. */
  readonly #fresh = new Deque<Entry>();
  /** Come back, or moved in with an old sequence, in the order they became visible. */
  readonly #returned = new Deque<Entry>();
  /** Ready messages of groups that were noisy when their turn came. */
  readonly #aside = new Map<string, Deque<Entry>>();
  #asideSize = 0;
  readonly #groupInFlight = new Map<string, number>();
  readonly #window: number;

  constructor(window = WINDOW) {
    super();
    this.#window = window;
  }

  append(chunk: Chunk): boolean {
    // Moved here from another queue with its old place in time.
    const isBehind = chunk.first <= this.horizon;
    const isWithin = this.isComplete && this.#fresh.size < this.#window;
    if (isWithin && !isBehind) this.horizon = chunk.first;
    if (!isWithin && !isBehind) this.isComplete = false;
    let isKept = false;
    for (const [at, entry] of chunk.entries.entries()) {
      if (entry === undefined) continue;
      if (isDelayed(entry)) this.hold(entry);
      else if (isWithin && !isBehind) this.#fresh.push(entry);
      else if (isBehind || this.#overtakes(entry)) this.#returned.push(entry);
      else {
        chunk.entries[at] = undefined;
        continue;
      }
      isKept = true;
      this.size++;
    }
    if (isKept) this.keep(chunk);
    return isKept;
  }

  /** A quiet group's message must not wait behind the noisy backlog: it is taken ahead of its page. */
  #overtakes({ group }: Entry): boolean {
    return this.#asideSize > 0 && group !== undefined && !this.#isNoisy(group);
  }

  pick(rules: PickRules): Picked {
    this.advance(rules.now);
    const deliver: Entry[] = [];
    const redrive: Entry[] = [];
    while (deliver.length < rules.max && redrive.length < MAX_REDRIVEN_AT_ONCE) {
      const entry = this.#next(rules.more);
      if (entry === undefined) break;
      if (entry.place !== 'ready') continue;
      if (entry.chunk.first < rules.oldest) {
        this.expire(entry);
        continue;
      }
      const isSpent = rules.maxReceives !== undefined && entry.receives >= rules.maxReceives;
      (isSpent ? redrive : deliver).push(entry);
    }
    return { deliver, redrive };
  }

  isShortOf(count: number): boolean {
    return !this.isComplete && this.#fresh.size < count && this.#asideSize < FAIR_SCAN;
  }

  putBack(entries: readonly Entry[]): void {
    for (const entry of entries.toReversed()) this.#returned.unshift(entry);
  }

  mayHaveReady(now: number): boolean {
    this.advance(now);
    return this.#fresh.size + this.#returned.size + this.#asideSize > 0 || !this.isComplete;
  }

  nextChange(): number | undefined {
    return this.waiting.first()?.visibleAt;
  }

  protected addFresh(entry: Entry): void {
    this.#fresh.push(entry);
  }

  protected addReturned(entry: Entry): void {
    this.#returned.push(entry);
  }

  protected override hold(entry: Entry): void {
    super.hold(entry);
    this.#count(entry, 1);
  }

  protected override unhold(entry: Entry): void {
    super.unhold(entry);
    this.#count(entry, -1);
  }

  #count({ receives, group }: Entry, change: 1 | -1): void {
    if (receives === 0) {
      this.delayed += change;
      return;
    }
    this.inFlight += change;
    if (group === undefined) return;
    const count = this.#inFlightOf(group) + change;
    if (count > 0) this.#groupInFlight.set(group, count);
    else this.#groupInFlight.delete(group);
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
