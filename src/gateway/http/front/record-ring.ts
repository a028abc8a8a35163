/**
 * Records from one thread to another through shared memory, one that writes and one that reads. A message between threads costs its sender some
 * 20 us; here only a reader that sleeps is woken, and whatever is written meanwhile waits for it. What does not fit is told by message.
 */
import { assert, present } from '#platform/base/assert.ts';

/** Words before the records: how far is written, how far is read, and whether the reader sleeps. */
const WRITTEN = 0;
const READ = 1;
const SLEEPS = 2;
const CONTROL_BYTES = 64;
/** Before each record: its length and a number that goes with it. Records begin at multiples of this. */
const HEAD_BYTES = 8;
/** In the place of a length: the next record is at the beginning again. */
const WRAP = 0xffffffff;

const padded = (bytes: number): number => (bytes + HEAD_BYTES - 1) & -HEAD_BYTES;

export const newRing = (bytes: number): SharedArrayBuffer => new SharedArrayBuffer(CONTROL_BYTES + padded(bytes));

/** Bytes as they are shared; both views are of the same. */
export interface Space {
  readonly bytes: Buffer;
  readonly words: Uint32Array;
}

export function spaceOf(memory: ArrayBufferLike, from = 0): Space {
  // Node's types know no buffer over shared memory; its code does.
  return { bytes: Buffer.from(memory as ArrayBuffer, from), words: new Uint32Array(memory, from) };
}

export class RecordWriter {
  readonly space: Space;
  readonly #control: Int32Array;
  readonly #wake: () => void;
  #written = 0;

  constructor(ring: SharedArrayBuffer, wake: () => void) {
    this.#control = new Int32Array(ring, 0, CONTROL_BYTES / 4);
    this.space = spaceOf(ring, CONTROL_BYTES);
    this.#wake = wake;
  }

  /** Where a record of that length may be written, in `space`; -1 if there is no room. `give` follows, before anything else. */
  place(length: number): number {
    const read = Atomics.load(this.#control, READ);
    const needed = HEAD_BYTES + padded(length);
    if (this.#written >= read) {
      // There is always room for a word that says where it goes on.
      if (this.#written + needed + HEAD_BYTES <= this.space.bytes.length) return this.#written + HEAD_BYTES;
      if (needed >= read) return -1;
      this.space.words[this.#written >> 2] = WRAP;
      this.#written = 0;
    } else if (this.#written + needed >= read) return -1;
    return this.#written + HEAD_BYTES;
  }

  give(length: number, number: number): void {
    const at = this.#written >> 2;
    this.space.words[at] = length;
    this.space.words[at + 1] = number;
    this.#written += HEAD_BYTES + padded(length);
    Atomics.store(this.#control, WRITTEN, this.#written);
    if (Atomics.exchange(this.#control, SLEEPS, 0) === 1) this.#wake();
  }
}

/** `at` is where the record lies in `space`, which is the writer's again afterwards. */
export type OnRecord = (number: number, at: number, length: number) => void;

export class RecordReader {
  readonly space: Space;
  readonly #control: Int32Array;
  #read = 0;

  constructor(ring: SharedArrayBuffer) {
    this.#control = new Int32Array(ring, 0, CONTROL_BYTES / 4);
    this.space = spaceOf(ring, CONTROL_BYTES);
    Atomics.store(this.#control, SLEEPS, 1);
  }

  /** Takes up to `most` records. True: there may be more, and nobody will wake this side. */
  take(most: number, onRecord: OnRecord): boolean {
    for (let taken = 0; taken < most; ) {
      if (Atomics.load(this.#control, WRITTEN) !== this.#read) {
        if (this.#next(onRecord)) taken++;
        continue;
      }
      Atomics.store(this.#control, SLEEPS, 1);
      // What came in between was written by one who saw nobody asleep.
      if (Atomics.load(this.#control, WRITTEN) === this.#read) return false;
      if (Atomics.exchange(this.#control, SLEEPS, 0) === 0) return false;
    }
    return true;
  }

  #next(onRecord: OnRecord): boolean {
    const at = this.#read >> 2;
    const length = present(this.space.words[at], 'the ring has this place');
    if (length === WRAP) {
      this.#read = 0;
      return false;
    }
    const number = present(this.space.words[at + 1], 'the ring has this place');
    const end = this.#read + HEAD_BYTES + padded(length);
    assert(end <= this.space.bytes.length, 'a record ends within the ring');
    try {
      onRecord(number, this.#read + HEAD_BYTES, length);
    } finally {
      this.#read = end;
      Atomics.store(this.#control, READ, end);
    }
    return true;
  }
}
