/**
 * Which messages of a FIFO queue to hand out next. Pure, like delivery.ts, and over the same window.
 *
 * Within a group messages go out in order of sequence, and none while one of the group is in flight. Of the groups that may
 * go, the one with the oldest message goes first, with as many of its messages as the call takes.
 *
 * A message that comes back may lie beyond the horizon after a restart. It goes out all the same: whatever is older in its
 * group was received before it, has a state row, and so is here too.
 */

import { type Delivery, MAX_REDRIVEN_AT_ONCE, type Picked, type PickRules } from './delivery.ts';
import { Deque } from './deque.ts';
import { Heap } from './heap.ts';
import { FIFO_SCAN } from './limits.ts';
import { timeOfSequence } from './state.ts';
import { type Chunk, type Entry, sequenceOf, Window } from './window.ts';

interface Group {
  readonly name: string;
  readonly ready: Deque<Entry>;
  inFlight: number;
  /** In the heap of groups that may go; -1 while locked or empty. */
  heapIndex: number;
}

const WINDOW = 8192;

export class FifoDelivery extends Window implements Delivery {
  /** A FIFO queue delays all messages alike, by their send time: see `delay` in PickRules. */
  readonly delayed = 0;
  readonly #groups = new Map<string, Group>();
  readonly #open = new Heap<Group>(oldestOf);
  readonly #window: number;

  constructor(window = WINDOW) {
    super();
    this.#window = window;
  }

  append(chunk: Chunk): boolean {
    if (!this.isComplete || this.size >= this.#window) {
      this.isComplete = false;
      chunk.entries.fill(undefined);
      return false;
    }
    this.horizon = chunk.first;
    this.keep(chunk);
    for (const entry of chunk.entries) {
      if (entry === undefined) continue;
      this.size++;
      this.addFresh(entry);
    }
    return true;
  }

  pick(rules: PickRules): Picked {
    this.advance(rules.now);
    const picked: Picked = { deliver: [], redrive: [] };
    while (picked.deliver.length < rules.max && picked.redrive.length < MAX_REDRIVEN_AT_ONCE) {
      const group = this.#open.first();
      if (group === undefined) {
        if (!this.isComplete && this.size < FIFO_SCAN && rules.more()) continue;
        break;
      }
      const before = picked.deliver.length;
      const wasTaken = this.#takeFrom(group, rules, picked);
      this.#open.remove(group);
      // A group that something is delivered from opens again when that is deleted or has come back.
      if (picked.deliver.length === before && group.ready.size > 0) this.#open.push(group);
      this.#forgetIfEmpty(group, picked.deliver.length > before);
      if (!wasTaken) break;
    }
    return picked;
  }

  isShortOf(): boolean {
    return !this.isComplete && this.#open.first() === undefined && this.size < FIFO_SCAN;
  }

  putBack(entries: readonly Entry[]): void {
    for (const entry of entries) this.addReturned(entry);
  }

  override remove(entry: Entry): void {
    super.remove(entry);
    // Picked, and not handed out: the rest of its group may go.
    const group = this.#groups.get(entry.group ?? '');
    if (group !== undefined) this.#openIfFree(group);
  }

  mayHaveReady(now: number, delay: number): boolean {
    this.advance(now);
    const head = this.#open.first()?.ready.first();
    if (head === undefined) return !this.isComplete && this.size < FIFO_SCAN;
    return !isStillDelayed(head, now, delay);
  }

  nextChange(delay: number): number | undefined {
    const back = this.waiting.first()?.visibleAt;
    const head = this.#open.first()?.ready.first();
    if (head === undefined || head.receives > 0) return back;
    return Math.min(back ?? Number.POSITIVE_INFINITY, timeOfSequence(sequenceOf(head)) + delay);
  }

  /** Takes what the group has, in order; false when its next message, and so every later one, is still delayed. */
  #takeFrom(group: Group, rules: PickRules, picked: Picked): boolean {
    for (;;) {
      const entry = group.ready.first();
      if (entry === undefined) return true;
      if (entry.place !== 'ready') {
        group.ready.shift();
        continue;
      }
      if (isStillDelayed(entry, rules.now, rules.delay)) return false;
      if (picked.deliver.length >= rules.max || picked.redrive.length >= MAX_REDRIVEN_AT_ONCE) return true;
      group.ready.shift();
      if (entry.chunk.first < rules.oldest) this.expire(entry);
      else if (rules.maxReceives !== undefined && entry.receives >= rules.maxReceives) picked.redrive.push(entry);
      else picked.deliver.push(entry);
    }
  }

  protected addFresh(entry: Entry): void {
    this.addReturned(entry);
  }

  protected addReturned(entry: Entry): void {
    const group = this.#groupOf(entry);
    insertInOrder(group.ready, entry);
    this.#openIfFree(group);
  }

  #groupOf(entry: Entry): Group {
    const name = entry.group ?? '';
    let group = this.#groups.get(name);
    if (group === undefined) {
      group = { name, ready: new Deque(), inFlight: 0, heapIndex: -1 };
      this.#groups.set(name, group);
    }
    return group;
  }

  #openIfFree(group: Group): void {
    if (group.inFlight > 0 || group.ready.size === 0) return;
    if (group.heapIndex >= 0) this.#open.moved(group);
    else this.#open.push(group);
  }

  protected override hold(entry: Entry): void {
    super.hold(entry);
    this.inFlight++;
    const group = this.#groupOf(entry);
    group.inFlight++;
    this.#open.remove(group);
  }

  protected override unhold(entry: Entry): void {
    super.unhold(entry);
    this.inFlight--;
    const group = this.#groupOf(entry);
    group.inFlight--;
    this.#openIfFree(group);
    this.#forgetIfEmpty(group, false);
  }

  #forgetIfEmpty(group: Group, isAboutToLock: boolean): void {
    if (!isAboutToLock && group.inFlight === 0 && group.ready.size === 0) this.#groups.delete(group.name);
  }
}

function oldestOf({ ready }: Group): number {
  const first = ready.first();
  return first === undefined ? 0 : sequenceOf(first);
}

const isStillDelayed = (entry: Entry, now: number, delay: number): boolean =>
  entry.receives === 0 && timeOfSequence(sequenceOf(entry)) + delay > now;

/** A message that comes back belongs at the front or near it, a new one at the end. */
function insertInOrder(ready: Deque<Entry>, entry: Entry): void {
  const last = ready.last();
  const sequence = sequenceOf(entry);
  if (last === undefined || sequenceOf(last) < sequence) {
    ready.push(entry);
    return;
  }
  const older: Entry[] = [];
  for (let first = ready.first(); first && sequenceOf(first) < sequence; first = ready.first()) {
    older.push(first);
    ready.shift();
  }
  ready.unshift(entry);
  for (let one = older.pop(); one; one = older.pop()) ready.unshift(one);
}
