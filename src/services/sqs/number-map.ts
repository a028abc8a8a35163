/**
 * A map from whole numbers above zero whose entries come and go: an open table with linear probing, at most half full. JavaScript's own
 * would hold on to what was in it: see platform/store/overlay.ts. A removed entry leaves no mark, those behind it move up.
 */
import { assert } from '#platform/base/assert.ts';

const LEAST_SLOTS = 16;

export class NumberMap<T> {
  /** 0: a free slot. */
  #keys = new Float64Array(LEAST_SLOTS);
  #values: (T | undefined)[] = new Array(LEAST_SLOTS).fill(undefined);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(key: number): T | undefined {
    return this.#values[this.#slotOf(key)];
  }

  set(key: number, value: T): void {
    assert(key > 0, 'a key is above zero');
    const slot = this.#slotOf(key);
    if (this.#keys[slot] === 0) this.#size++;
    this.#keys[slot] = key;
    this.#values[slot] = value;
    if (this.#size * 2 > this.#keys.length) this.#resize(this.#keys.length * 2);
  }

  delete(key: number): void {
    let free = this.#slotOf(key);
    if (this.#keys[free] === 0) return;
    const mask = this.#keys.length - 1;
    for (let slot = (free + 1) & mask; this.#keys[slot] !== 0; slot = (slot + 1) & mask) {
      const home = this.#homeOf(this.#keys[slot] as number);
      // It may move up unless that takes it before its home.
      if (((slot - home) & mask) < ((slot - free) & mask)) continue;
      this.#keys[free] = this.#keys[slot] as number;
      this.#values[free] = this.#values[slot];
      free = slot;
    }
    this.#keys[free] = 0;
    this.#values[free] = undefined;
    this.#size--;
    if (this.#keys.length > LEAST_SLOTS && this.#size * 8 < this.#keys.length) this.#resize(this.#keys.length / 2);
  }

  /** Where the key is, or would be. */
  #slotOf(key: number): number {
    const mask = this.#keys.length - 1;
    let slot = this.#homeOf(key);
    while (this.#keys[slot] !== 0 && this.#keys[slot] !== key) slot = (slot + 1) & mask;
    return slot;
  }

  #homeOf(key: number): number {
    // The upper bits of a product depend on all bits of the number.
    const mixed = Math.imul((key | 0) ^ Math.imul((key / 2 ** 32) | 0, 0x85ebca6b), 0x9e3779b1);
    return ((mixed >>> 16) ^ mixed) & (this.#keys.length - 1);
  }

  #resize(slots: number): void {
    const [keys, values] = [this.#keys, this.#values];
    this.#keys = new Float64Array(slots);
    this.#values = new Array(slots).fill(undefined);
    for (const [at, key] of keys.entries()) {
      if (key === 0) continue;
      const slot = this.#slotOf(key);
      this.#keys[slot] = key;
      this.#values[slot] = values[at];
    }
  }
}
