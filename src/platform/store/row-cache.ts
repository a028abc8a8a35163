/**
 * Rows of the disk, kept in memory by the owner of their partition: for drivers whose reads go across a wire, and of tables that
 * say so. Nobody else writes them, so what was read or committed last is what the disk has. They are kept as they were before they
 * were sealed, by table (the overlay's, with which they are forgotten when a commit fails), and bounded in all.
 *
 * Two generations stand for an order of use: what is asked for moves into the young one; when that has had half of the room, the
 * old one is dropped.
 */
import type { BatchSpan } from '#platform/store/batch.ts';
import type { Key } from '#platform/store/keys.ts';

const DEFAULT_ROOM_BYTES = 64 * 2 ** 20;
/** A longer value would push out many that are asked for more often. */
const LONGEST_VALUE = 16 * 1024;
/** What an entry takes beside its bytes. */
const ENTRY_BYTES = 150;

/** Null: the disk has no such row. */
type KeptValue = Buffer | null;

export class RowCache {
  readonly #room: number;
  #young = 0;
  #tables = new Set<KeptTable>();

  constructor(room = DEFAULT_ROOM_BYTES) {
    this.#room = room;
  }

  table(): KeptTable {
    return new KeptTable(this);
  }

  /** `table` has taken something in. */
  grown(table: KeptTable, bytes: number): void {
    this.#tables.add(table);
    this.#young += bytes;
    if (this.#young < this.#room / 2) return;
    this.#young = 0;
    for (const each of this.#tables) if (each.age()) this.#tables.delete(each);
  }
}

export class KeptTable {
  readonly #cache: RowCache;
  #young = new Map<Key, KeptValue>();
  #old = new Map<Key, KeptValue>();

  constructor(cache: RowCache) {
    this.#cache = cache;
  }

  /** Undefined when only the disk knows. */
  get(key: Key): KeptValue | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.#put(key, old);
    return old;
  }

  /** What was read just now. */
  keep(key: Key, value: KeptValue): void {
    if (value === null || value.length <= LONGEST_VALUE) this.#put(key, value);
  }

  /** What is on the disk now; the spans' memory is used again after this. */
  committed(writes: ReadonlyMap<Key, BatchSpan>, hasCleared: boolean): void {
    if (hasCleared) {
      this.#young = new Map();
      this.#old = new Map();
    }
    for (const [key, { bytes, start, end }] of writes) {
      if (end < 0) this.#put(key, null);
      else if (end - start <= LONGEST_VALUE) this.#put(key, Buffer.from(bytes.subarray(start, end)));
      else this.#forget(key);
    }
  }

  /** Whether nothing is left. */
  age(): boolean {
    this.#old = this.#young;
    this.#young = new Map();
    return this.#old.size === 0;
  }

  #put(key: Key, value: KeptValue): void {
    this.#young.set(key, value);
    this.#cache.grown(this, ENTRY_BYTES + key.length + (value?.length ?? 0));
  }

  #forget(key: Key): void {
    this.#young.delete(key);
    this.#old.delete(key);
  }
}
