/** A queue of items with both ends open, over a growing ring of slots: no item is moved when another comes or goes. */
export class Deque<T> {
  #slots: (T | undefined)[] = new Array(16);
  #head = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  first(): T | undefined {
    return this.#slots[this.#head];
  }

  last(): T | undefined {
    return this.#size === 0 ? undefined : this.#slots[(this.#head + this.#size - 1) & (this.#slots.length - 1)];
  }

  push(item: T): void {
    this.#makeRoom();
    this.#slots[(this.#head + this.#size) & (this.#slots.length - 1)] = item;
    this.#size++;
  }

  unshift(item: T): void {
    this.#makeRoom();
    this.#head = (this.#head - 1) & (this.#slots.length - 1);
    this.#slots[this.#head] = item;
    this.#size++;
  }

  shift(): T | undefined {
    if (this.#size === 0) return undefined;
    const item = this.#slots[this.#head];
    this.#slots[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#slots.length - 1);
    this.#size--;
    return item;
  }

  *[Symbol.iterator](): Generator<T> {
    // Slots between head and head + size are filled.
    for (let i = 0; i < this.#size; i++) yield this.#slots[(this.#head + i) & (this.#slots.length - 1)] as T;
  }

  /** The number of slots is a power of two, so that a position wraps by a mask. */
  #makeRoom(): void {
    if (this.#size < this.#slots.length) return;
    const old = this.#slots;
    const slots: (T | undefined)[] = new Array(old.length * 2);
    for (let i = 0; i < this.#size; i++) slots[i] = old[(this.#head + i) & (old.length - 1)];
    this.#slots = slots;
    this.#head = 0;
  }
}
