/** What a partition keeps in memory of what its rows say: a value for each slot, made at its first use. */
import type { MemorySlot, Partition } from '#platform/store/store.ts';

export class PartitionMemory {
  // A slot's value is of the slot's type, which a map of many slots can't say.
  readonly #values = new Map<MemorySlot<unknown>, unknown>();

  /** Undefined where nothing is kept, or nothing was found to be kept: `has` tells. */
  get<T>(slot: MemorySlot<T>): T | undefined {
    return this.#values.get(slot as MemorySlot<unknown>) as T | undefined;
  }

  has<T>(slot: MemorySlot<T>): boolean {
    return this.#values.has(slot as MemorySlot<unknown>);
  }

  load<T>(slot: MemorySlot<T>, partition: Partition): T {
    const value = slot.load(partition);
    this.#values.set(slot as MemorySlot<unknown>, value);
    return value;
  }

  drop<T>(slot: MemorySlot<T>): void {
    if (!this.has(slot)) return;
    const value = this.get(slot) as T;
    this.#values.delete(slot as MemorySlot<unknown>);
    slot.unload?.(value);
  }

  leave(): void {
    for (const [slot, value] of this.#values) slot.leave?.(value);
  }

  clear(): void {
    for (const slot of [...this.#values.keys()]) this.drop(slot);
  }
}
