/** What limits count over all listeners of a port, each in a thread of its own: memory that they share, with two words for each. */
const WORDS = 2;

export class Counts {
  readonly #words: Int32Array;
  readonly #own: number;
  /** Bytes of answers and of bodies that were buffered, by this listener so far. */
  moved = 0;

  /** `member` is which of the listeners counts here. */
  constructor(memory: SharedArrayBuffer, member: number) {
    this.#words = new Int32Array(memory);
    this.#own = member * WORDS;
  }

  static memory(members: number): SharedArrayBuffer {
    return new SharedArrayBuffer(members * WORDS * 4);
  }

  static members(memory: SharedArrayBuffer): number {
    return memory.byteLength / 4 / WORDS;
  }

  get connections(): number {
    return this.#total(0);
  }

  /** What there are then, over all members. */
  addConnections(count: number): number {
    Atomics.add(this.#words, this.#own, count);
    return this.#total(0);
  }

  /** Of bodies that are being buffered; answers how many there are then, over all members. */
  addBytes(count: number): number {
    if (count > 0) this.moved += count;
    Atomics.add(this.#words, this.#own + 1, count);
    return this.#total(1);
  }

  /** A thread that has ended holds nothing any more. */
  forget(member: number): void {
    for (let word = 0; word < WORDS; word++) Atomics.store(this.#words, member * WORDS + word, 0);
  }

  #total(kind: number): number {
    let total = 0;
    for (let at = kind; at < this.#words.length; at += WORDS) total += Atomics.load(this.#words, at);
    return total;
  }
}
