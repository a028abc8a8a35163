/**
 * Rows of the disk, kept in memory by the owner of their partition: for drivers whose reads go across a wire, and of tables that
 * say so. Nobody else writes them, so what was read or committed last is what the disk has. They are kept as they were before they
 * were sealed, by table (the overlay's, with which they are forgotten when a commit fails), and bounded in all.
 *
 * Two generations stand for an order of use: what is asked for moves into the young one; when that has had half of the room, the
 * old one is dropped. Of a small table all rows may be here: then memory knows what is not there, too, and answers ranges.
 */
import type { BatchSpan } from '#platform/store/batch.ts';
import type { DriverRange, DriverRow } from '#platform/store/driver.ts';
import type { Key } from '#platform/store/keys.ts';

const DEFAULT_ROOM_BYTES = 64 * 2 ** 20;
/** A longer value would push out many that are asked for more often. */
const LONGEST_VALUE = 16 * 1024;
/** What an entry takes beside its bytes. */
const ENTRY_BYTES = 150;

/** A table with more is not kept whole: its keys are sorted anew for a range after each new one. */
const MOST_WHOLE_ROWS = 512;

interface KeptRow {
  readonly bytes: Buffer;
  /** Once it was asked for, of tables that say that their rows are kept. */
  row?: unknown;
}

/** Null: the disk has no such row. */
type KeptValue = KeptRow | null;

/** What a row takes beside its bytes once it is decoded, in multiples of these. */
const DECODED = 3;

interface KeyRange {
  readonly from: Key;
  readonly before: Key;
}

export class RowCache {
  readonly #room: number;
  #young = 0;
  #tables = new Set<KeptTable>();

  constructor(room = DEFAULT_ROOM_BYTES) {
    this.#room = room;
  }

  /** `rows`: all that the disk has, as they were before they were sealed. */
  table(rows?: readonly DriverRow[]): KeptTable {
    const table = new KeptTable(this);
    if (rows !== undefined) table.keepAll(rows);
    return table;
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
  /** All rows of the table are here, and no deleted ones. */
  #isWhole = false;
  /** Of a whole one, the keys, once they were asked for. */
  #sorted: Key[] | undefined;

  constructor(cache: RowCache) {
    this.#cache = cache;
  }

  /** Undefined when only the disk knows. */
  get(key: Key): KeptValue | undefined {
    const value = this.#young.get(key);
    if (value !== undefined) return value;
    const old = this.#old.get(key);
    if (old !== undefined) this.#put(key, old);
    return old === undefined && this.#isWhole ? null : old;
  }

  /** As `get`, decoded: once, for all who ask. */
  row<Row>(key: Key, decode: (bytes: Buffer) => Row): Row | null | undefined {
    const kept = this.get(key);
    if (!kept) return kept;
    if (kept.row === undefined) {
      kept.row = decode(kept.bytes);
      this.#cache.grown(this, DECODED * kept.bytes.length);
    }
    // A key is of one table, and its rows are decoded in one way.
    return kept.row as Row;
  }

  /** As `row`, decoded for who asks alone: what decodes a row may keep a part of its bytes, and change it. */
  ownRow<Row>(key: Key, decode: (bytes: Buffer) => Row): Row | null | undefined {
    const kept = this.get(key);
    return kept && decode(Buffer.from(kept.bytes));
  }

  /** Undefined when only the disk knows. */
  range({ from, before, limit, reverse }: DriverRange): DriverRow[] | undefined {
    if (!this.#isWhole) return undefined;
    this.#sorted ??= [...this.#young.keys(), ...this.#old.keys()].sort();
    const sorted = this.#sorted;
    const keys = sorted.slice(firstFrom(sorted, from), firstFrom(sorted, before));
    if (reverse) keys.reverse();
    // A whole table has each of its keys, and no deleted rows. One that is whole no more by now was so when it was asked.
    const rows = keys.slice(0, limit).map((key) => ({ key, value: Buffer.from(this.#bytesOf(key)) }));
    for (const { key } of rows) this.get(key);
    return rows;
  }

  /** What was read just now. */
  keep(key: Key, bytes: Buffer | null): void {
    if (!this.#isWhole && (bytes === null || bytes.length <= LONGEST_VALUE)) this.#put(key, bytes && { bytes });
  }

  /** All rows of the table, as they were read just now. */
  keepAll(rows: readonly DriverRow[]): void {
    if (rows.length > MOST_WHOLE_ROWS || rows.some(({ value }) => value.length > LONGEST_VALUE)) return;
    this.#young = new Map();
    this.#old = new Map();
    this.#sorted = undefined;
    this.#isWhole = true;
    for (const { key, value } of rows) this.#put(key, { bytes: Buffer.from(value) });
  }

  /** What is on the disk now: these were deleted, then those written. The spans' memory is used again after this. */
  committed(writes: ReadonlyMap<Key, BatchSpan>, clears: readonly KeyRange[]): void {
    this.#sorted = undefined;
    for (const { from, before } of clears)
      for (const kept of [this.#young, this.#old])
        for (const key of kept.keys()) if (key >= from && key < before) kept.delete(key);
    for (const [key, { bytes, start, end }] of writes) {
      if (end >= 0 && end - start <= LONGEST_VALUE) this.#put(key, { bytes: Buffer.from(bytes.subarray(start, end)) });
      else if (end < 0 && !this.#isWhole) this.#put(key, null);
      else this.#forget(key, end < 0);
    }
    if (this.#young.size + this.#old.size > MOST_WHOLE_ROWS) this.#isWhole = false;
  }

  /** Whether nothing is left. */
  age(): boolean {
    if (this.#old.size > 0) this.#isWhole = false;
    this.#old = this.#young;
    this.#young = new Map();
    return this.#old.size === 0;
  }

  /** Of a row of a whole table. */
  #bytesOf(key: Key): Buffer {
    return (this.#young.get(key) ?? (this.#old.get(key) as KeptRow)).bytes;
  }

  #put(key: Key, value: KeptValue): void {
    this.#old.delete(key);
    this.#young.set(key, value);
    this.#cache.grown(this, ENTRY_BYTES + key.length + sizeOf(value));
  }

  #forget(key: Key, isGone: boolean): void {
    this.#young.delete(key);
    this.#old.delete(key);
    if (!isGone) this.#isWhole = false;
  }
}

const sizeOf = (value: KeptValue): number =>
  value === null ? 0 : value.bytes.length * (value.row === undefined ? 1 : 1 + DECODED);

/** The place of the first key of at least `from`. */
function firstFrom(sorted: readonly Key[], from: Key): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    // Within the array.
    if ((sorted[middle] as Key) < from) low = middle + 1;
    else high = middle;
  }
  return low;
}
