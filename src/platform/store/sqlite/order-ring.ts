/**
 * How orders reach the committer thread without a message each: a message costs its sender some 20 us, a futex wake-up two. A
 * ring of slots in shared memory names the file and the batch, both of which the thread was told of before by message; what the
 * ring can't say (a new file, new memory, closing) goes by message, and its slot says so. The thread sleeps in `take`.
 */
import { assert, present } from '#platform/base/assert.ts';

/** A power of two. */
export const SLOTS = 1024;
const SLOT_WORDS = 3;
/** Word 0 counts the orders that were given; slots follow. */
const FIRST_SLOT = 1;
const BY_MESSAGE = 0;

/** How many files and memories the ring can name; beyond that the oldest is forgotten on both sides alike. */
export const KNOWN_FILES = 256;
export const KNOWN_MEMORIES = 8;

export const newRing = (): SharedArrayBuffer => new SharedArrayBuffer((FIRST_SLOT + SLOTS * SLOT_WORDS) * 4);

export interface Slot {
  /** 0: the order is the next message. */
  readonly file: number;
  readonly memory: number;
  readonly bytes: number;
}

/** The count wraps to negative numbers after 2^31 orders; the mask, unlike a remainder, takes it on. */
const slotAt = (count: number): number => FIRST_SLOT + (count & (SLOTS - 1)) * SLOT_WORDS;

/** The side that gives orders; at most as many under way as there are slots. */
export class RingWriter {
  readonly #words: Int32Array;
  #count = 0;

  /** `count` is where both sides begin: for tests of its wrap. */
  constructor(ring: SharedArrayBuffer, count = 0) {
    this.#words = new Int32Array(ring);
    this.#count = count;
    Atomics.store(this.#words, 0, count);
  }

  give({ file, memory, bytes }: Slot): void {
    const at = slotAt(this.#count);
    this.#words[at] = file;
    this.#words[at + 1] = memory;
    this.#words[at + 2] = bytes;
    this.#count = (this.#count + 1) | 0;
    Atomics.store(this.#words, 0, this.#count);
    Atomics.notify(this.#words, 0, 1);
  }

  /** For an order that was posted as a message just before. */
  giveMessage(): void {
    this.give({ file: BY_MESSAGE, memory: 0, bytes: 0 });
  }
}

/** The thread's side. */
export class RingReader {
  readonly #words: Int32Array;
  #count = 0;

  constructor(ring: SharedArrayBuffer, count = 0) {
    this.#words = new Int32Array(ring);
    this.#count = count;
  }

  /** Sleeps until there is an order. */
  take(): Slot {
    while (Atomics.load(this.#words, 0) === this.#count) Atomics.wait(this.#words, 0, this.#count);
    const at = slotAt(this.#count);
    const slot: Slot = {
      file: this.#word(at),
      memory: this.#word(at + 1),
      bytes: this.#word(at + 2),
    };
    this.#count = (this.#count + 1) | 0;
    return slot;
  }

  #word(at: number): number {
    return present(this.#words[at], 'the ring has this slot');
  }
}

export const isByMessage = (slot: Slot): boolean => slot.file === BY_MESSAGE;

/** Numbers for things that the thread is told of once: the newest few are known on both sides, older ones are told again. */
export class Numbered<T extends object> {
  readonly #numbers = new Map<T, number>();
  readonly #capacity: number;
  #last = 0;

  constructor(capacity: number) {
    assert(capacity > 0, 'something must fit');
    this.#capacity = capacity;
  }

  /** The number of `value`; `tell` is called with it when the other side does not know it. */
  numberOf(value: T, tell: (number: number) => void): number {
    const known = this.#numbers.get(value);
    if (known !== undefined) return known;
    const number = ++this.#last;
    this.#numbers.set(value, number);
    const [oldest] = this.#numbers.keys();
    if (this.#numbers.size > this.#capacity && oldest !== undefined) this.#numbers.delete(oldest);
    tell(number);
    return number;
  }
}
