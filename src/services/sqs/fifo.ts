/**
 * Which messages of a FIFO queue to hand out next. Pure, like delivery.ts, and with the same window.
 *
 * Within a group messages go out in order of sequence, and none while one of the group is in flight. Of the groups that may
 * go, the one with the oldest message goes first, with as many of its messages as the call takes.
 *
 * A message that comes back may lie beyond the horizon after a restart. It goes out all the same: whatever is older in its
 * group was received before it, has a state row, and so is here too.
 */

import { type Delivery, type Entry, MAX_REDRIVEN_AT_ONCE, newEntry, type Picked, type PickRules } from './delivery.ts';
import { Deque } from './deque.ts';
import { Heap } from './heap.ts';
import { FIFO_SCAN } from './limits.ts';
import { type MessageRow, timeOfSequence } from './state.ts';

interface Group {
  readonly name: string;
  readonly ready: Deque<Entry>;
  inFlight: number;
  /** In the heap of groups that may go; -1 while locked or empty. */
  heapIndex: number;
}

const WINDOW = 8192;

export class FifoDelivery implements Delivery {
  horizon = 0;
  isComplete = false;
  inFlight = 0;
  /** A FIFO queue delays all messages alike, by their send time: see `delay` in PickRules. */
  readonly delayed = 0;
  readonly #known = new Map<number, Entry>();
  readonly #groups = new Map<string, Group>();
  readonly #open = new Heap<Group>((group) => group.ready.first()?.sequence ?? 0);
  readonly #waiting = new Heap<Entry>((entry) => entry.visibleAt);
  readonly #window: number;

  constructor(window = WINDOW) {
    this.#window = window;
  }

  find(sequence: number): Entry | undefined {
    return this.#known.get(sequence);
  }

  restore(entry: Entry): void {
    this.#known.set(entry.sequence, entry);
    this.#lock(entry);
  }

  addPage(sequence: number, message: MessageRow): Entry | undefined {
    this.horizon = Math.max(this.horizon, sequence);
    if (this.#known.has(sequence)) return undefined;
    const entry = newEntry(sequence, message);
    this.#append(entry);
    return entry;
  }

  append(entry: Entry): boolean {
    if (!this.isComplete || this.#known.size >= this.#window) {
      this.isComplete = false;
      return false;
    }
    this.horizon = entry.sequence;
    this.#append(entry);
    return true;
  }

  advance(now: number): void {
    for (;;) {
      const entry = this.#waiting.first();
      if (entry === undefined || entry.visibleAt > now) return;
      this.#unlock(entry);
      this.#makeReady(entry);
    }
  }

  pick(rules: PickRules): Picked {
    this.advance(rules.now);
    const picked: Picked = { deliver: [], redrive: [] };
    while (picked.deliver.length < rules.max && picked.redrive.length < MAX_REDRIVEN_AT_ONCE) {
      const group = this.#open.first();
      if (group === undefined) {
        if (!this.isComplete && this.#known.size < FIFO_SCAN && rules.more()) continue;
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

  handOut(entry: Entry, now: number, visibleAt: number): void {
    entry.receives++;
    entry.receivedAt = now;
    if (entry.firstReceivedAt === 0) entry.firstReceivedAt = now;
    entry.visibleAt = visibleAt;
    entry.message = undefined;
    this.#lock(entry);
  }

  changeVisibility(entry: Entry, visibleAt: number): void {
    if (entry.place !== 'waiting') return;
    entry.visibleAt = visibleAt;
    this.#waiting.moved(entry);
  }

  remove(entry: Entry): void {
    this.#known.delete(entry.sequence);
    const group = this.#groups.get(entry.group ?? '');
    if (entry.place === 'waiting') this.#unlock(entry);
    // Picked, and not handed out: the rest of its group may go.
    else if (group !== undefined) this.#openIfFree(group);
    entry.place = 'gone';
  }

  mayHaveReady(now: number, delay: number): boolean {
    this.advance(now);
    const head = this.#open.first()?.ready.first();
    if (head === undefined) return !this.isComplete && this.#known.size < FIFO_SCAN;
    return !isDelayed(head, now, delay);
  }

  nextChange(delay: number): number | undefined {
    const back = this.#waiting.first()?.visibleAt;
    const head = this.#open.first()?.ready.first();
    if (head === undefined || head.receives > 0) return back;
    return Math.min(back ?? Number.POSITIVE_INFINITY, timeOfSequence(head.sequence) + delay);
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
      if (isDelayed(entry, rules.now, rules.delay)) return false;
      if (picked.deliver.length >= rules.max || picked.redrive.length >= MAX_REDRIVEN_AT_ONCE) return true;
      group.ready.shift();
      if (entry.sequence < rules.oldest) this.remove(entry);
      else if (rules.maxReceives !== undefined && entry.receives >= rules.maxReceives) picked.redrive.push(entry);
      else picked.deliver.push(entry);
    }
  }

  #append(entry: Entry): void {
    this.#known.set(entry.sequence, entry);
    this.#makeReady(entry);
  }

  #makeReady(entry: Entry): void {
    entry.place = 'ready';
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

  #lock(entry: Entry): void {
    entry.place = 'waiting';
    this.#waiting.push(entry);
    this.inFlight++;
    const group = this.#groupOf(entry);
    group.inFlight++;
    this.#open.remove(group);
  }

  #unlock(entry: Entry): void {
    this.#waiting.remove(entry);
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

const isDelayed = (entry: Entry, now: number, delay: number): boolean =>
  entry.receives === 0 && timeOfSequence(entry.sequence) + delay > now;

/** A message that comes back belongs at the front or near it, a new one at the end. */
function insertInOrder(ready: Deque<Entry>, entry: Entry): void {
  const last = ready.last();
  if (last === undefined || last.sequence < entry.sequence) {
    ready.push(entry);
    return;
  }
  const older: Entry[] = [];
  for (let first = ready.first(); first && first.sequence < entry.sequence; first = ready.first()) {
    older.push(first);
    ready.shift();
  }
  ready.unshift(entry);
  for (let one = older.pop(); one; one = older.pop()) ready.unshift(one);
}
