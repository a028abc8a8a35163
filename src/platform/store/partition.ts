/**
 * A partition in the hands of its owner. A transaction writes straight into the open batch and into the overlay, and keeps an undo log: when
 * it throws, the log is played backwards and the batch cut to where it was. So there is no copy, no merge and nothing to do at the end of
 * a transaction that succeeds.
 */
import { assert } from '#platform/base/assert.ts';
import { getOrInsert } from '#platform/base/get-or-insert.ts';
import { done, expectRows, readRange, readRow } from '#platform/store/again.ts';
import type { BatchSpan } from '#platform/store/batch.ts';
import { BOOKKEEPING, COUNTS } from '#platform/store/bookkeeping.ts';
import type { Batch, BatchMember, Committer } from '#platform/store/commit.ts';
import type { DriverRange, DriverRow, KnownTables, Taken } from '#platform/store/driver.ts';
import { afterPrefix, type Key, type PrefixOf, type RowTable, type Table } from '#platform/store/keys.ts';
import { PartitionMoved, refusedAsMoved } from '#platform/store/moved.ts';
import { OpenTransaction } from '#platform/store/open-transaction.ts';
import {
  addLayer,
  clearRange,
  hasPending,
  type Layer,
  mergedRange,
  newTableOverlay,
  pendingValue,
  type TableOverlay,
} from '#platform/store/overlay.ts';
import { PartitionMemory } from '#platform/store/partition-memory.ts';
import type { KeptTable } from '#platform/store/row-cache.ts';
import type { Sealing } from '#platform/store/row-seals.ts';
import type {
  KeyedRow,
  MemorySlot,
  Partition,
  PartitionName,
  RangeOptions,
  ReadTransaction,
  Transaction,
} from '#platform/store/store.ts';

/** Of a partition that other processes may own after this one. */
export interface Term {
  /** Whether it is surely owned here now: what an answer needs. */
  readonly isHeld: () => boolean;
  /** Others keep in memory what it says, and are told when that changes. */
  readonly isAnnounced: boolean;
}

export class OwnedPartition implements Partition, BatchMember {
  readonly name: PartitionName;
  readonly path: string;
  readonly number: number;
  readonly epoch: number;
  #losses = 0;
  readonly #committer: Committer;
  readonly #tables = new Map<string, TableOverlay>();
  readonly #memory = new PartitionMemory();
  readonly #reader: ReadTransaction;
  /** The last batch with writes of this partition. */
  #lastBatch: Batch | undefined;
  /** The last batch that this partition has something to do for when it closes. */
  #hookedBatch: Batch | undefined;
  /** How to undo the running transaction: played backwards. */
  readonly #undo: (() => void)[] = [];
  readonly #sealing: Sealing | undefined;
  readonly #term: Term | undefined;
  isLeaving = false;
  #isRetired = false;
  /** Tables that its owner was told whole and has not used yet. */
  #known: KnownTables | undefined;

  constructor(name: PartitionName, path: string, taken: Taken, committer: Committer, sealing?: Sealing, term?: Term) {
    const { number, epoch, known } = taken;
    this.name = name;
    this.path = path;
    this.number = number;
    this.epoch = epoch;
    this.#committer = committer;
    this.#sealing = sealing;
    this.#term = term;
    this.#known = known;
    this.#reader = {
      partition: this,
      get: (table, key) => this.get(table, key),
      range: (table, options) => this.range(table, options),
      expect: (table, keys) => this.expect(table, keys),
    };
  }

  get losses(): number {
    return this.#losses;
  }

  get committer(): Committer {
    return this.#committer;
  }

  transact<T>(action: (tx: Transaction) => T): T {
    if (this.#isRetired) throw new PartitionMoved();
    return this.#transact(action, true);
  }

  read<T>(action: (tx: ReadTransaction) => T): T {
    return action(this.#reader);
  }

  async readDurably<T>(action: (tx: ReadTransaction) => T): Promise<T> {
    const found = this.read(action);
    await this.durable();
    return found;
  }

  beforeCommit(action: (tx: Transaction) => void): void {
    // A member from now on, even when a transaction that asked is undone: `durable` waits for it, and a loss is told.
    const batch = this.#open();
    this.#hookedBatch = batch;
    batch.beforeCommit.push(() => this.#transact(action, false));
    this.#committer.schedule();
  }

  durable(): Promise<void> | undefined {
    if (this.#term !== undefined && (this.#isRetired || !this.#term.isHeld())) return refusedAsMoved();
    return this.written();
  }

  memory<T>(slot: MemorySlot<T>): T {
    const known = this.#memory.get(slot);
    if (known !== undefined || this.#memory.has(slot)) return known as T;
    const value = this.#memory.load(slot, this);
    // Loaded from what a running transaction wrote, it must not outlive it.
    if (this.#committer.active === this) this.#undo.push(() => this.#memory.drop(slot));
    return value;
  }

  lose(): void {
    this.#losses++;
    this.#lastBatch = undefined;
    this.#hookedBatch = undefined;
    this.#known = undefined;
    this.#tables.clear();
    this.forget();
  }

  /** Drops what is in memory: the rows say the same. */
  forget(): void {
    this.#memory.clear();
  }

  /** Another process will own it when what runs has ended. */
  leave(): void {
    this.isLeaving = true;
    this.#memory.leave();
  }

  /** Another process may own it from now on: no transaction begins, nothing is answered. Its batches go on. */
  retire(): void {
    this.leave();
    this.#isRetired = true;
  }

  /** Undefined when nothing waits for the disk, whoever owns it by now; else when it is there or lost. */
  written(): Promise<void> | undefined {
    if (this.#lastBatch?.isSettled) this.#lastBatch = undefined;
    return this.#lastBatch?.durable();
  }

  /** Whether writes between these keys of a table wait for the disk. */
  isPending(prefix: string, from: Key, before: Key): boolean {
    const overlay = this.#tables.get(prefix);
    return overlay !== undefined && hasPending(overlay, { from, before });
  }

  get<Row>(table: RowTable<Row>, key: Key): Row | undefined {
    const overlay = this.#tables.get(table.prefix);
    const pending = overlay && pendingValue(overlay, key);
    if (pending !== undefined) return pending ? table.codec.decode(pending) : undefined;
    if (this.isKept(table)) return this.#kept(table, key);
    const stored = this.#read(table, key);
    return stored && table.codec.decode(stored);
  }

  protected isKept(table: RowTable<unknown>): boolean {
    return table.isKept || this.#committer.driver.later !== undefined;
  }

  #kept<Row>(table: RowTable<Row>, key: Key): Row | undefined {
    const { kept } = this.#overlayOf(table);
    const { codec } = table;
    const known = table.isKept ? kept?.row(key, codec.decode) : kept?.ownRow(key, codec.decode);
    if (known !== undefined) return known === null ? undefined : known;
    const stored = this.#read(table, key);
    kept?.keep(key, stored ? Buffer.from(stored) : null);
    return stored && codec.decode(stored);
  }

  #read(table: RowTable<unknown>, key: Key): Buffer | undefined {
    const { driver, held } = this.#committer;
    const stored = readRow(driver, held, this.number, key);
    return stored && this.#opened(table, key, stored);
  }

  range<Row, Values extends readonly unknown[]>(
    table: Table<Row, Values>,
    options: RangeOptions<Values, Row> = {},
  ): KeyedRow<Row>[] {
    const prefix = options.prefix ? table.keyPrefix(...options.prefix) : table.prefix;
    const reverse = options.reverse ?? false;
    let from = prefix as Key;
    let before = afterPrefix(prefix);
    if (options.from !== undefined && options.from > from) from = options.from;
    if (options.before !== undefined && options.before < before) before = options.before;
    if (options.after !== undefined) {
      const next = `${options.after}\0` as Key;
      if (reverse && options.after < before) before = options.after;
      if (!reverse && next > from) from = next;
    }
    const range = { from, before, limit: options.limit ?? Number.POSITIVE_INFINITY, reverse };
    const rows = mergedRange(this.#tables.get(table.prefix), range, (part) => this.#stored(table, part));
    return rows.map(({ key, value }) => ({ key, row: options.known?.(key) ?? table.codec.decode(value) }));
  }

  #stored(table: RowTable<unknown>, range: DriverRange): DriverRow[] {
    const { driver, held } = this.#committer;
    if (driver.later === undefined) return this.#openedRows(table, driver.range(this.number, range));
    const ofTable = this.#overlayOf(table).kept;
    const known = ofTable?.range(range);
    if (known !== undefined) return known;
    const rows = this.#openedRows(table, readRange(driver, held, this.number, range));
    const isAll =
      range.from === table.prefix && range.before === afterPrefix(table.prefix) && rows.length < range.limit;
    if (isAll) ofTable?.keepAll(rows);
    return rows;
  }

  #openedRows(table: RowTable<unknown>, rows: DriverRow[]): DriverRow[] {
    if (!table.isSealed) return rows;
    return rows.map(({ key, value }) => ({ key, value: this.#opened(table, key, value) }));
  }

  /** As it was before it went to the disk. */
  #opened({ isSealed }: RowTable<unknown>, key: Key, stored: Buffer): Buffer {
    return isSealed && this.#sealing ? this.#sealing.open(stored, key) : stored;
  }

  expect(table: RowTable<unknown>, keys: readonly Key[]): void {
    const { driver, held } = this.#committer;
    if (driver.later === undefined) return;
    const overlay = this.#overlayOf(table);
    const unknown = keys.filter(
      (key) => pendingValue(overlay, key) === undefined && overlay.kept?.get(key) === undefined,
    );
    expectRows(driver, held, this.number, unknown);
  }

  put<Row>(table: RowTable<Row>, key: Key, row: Row): void {
    const day = table.isSealed ? this.#sealing?.today() : undefined;
    this.#write(table, key, this.#open().writer.put(this.number, key, table.codec.encode(row), day));
  }

  delete(table: RowTable<unknown>, key: Key): void {
    this.#write(table, key, this.#open().writer.delete(this.number, key));
  }

  deleteRange<Values extends readonly unknown[]>(table: Table<unknown, Values>, prefix: PrefixOf<Values>): void {
    const from = table.keyPrefix(...prefix) as Key;
    this.clear(table, from, afterPrefix(from));
  }

  /** Deletes the rows from one key up to another. */
  clear(table: RowTable<unknown>, from: Key, before: Key): void {
    if (this.#isChange(table)) this.#announce();
    this.#open().isMoreThanCounts = true;
    this.#open().writer.deleteRange(this.number, from, before);
    this.#undo.push(clearRange(this.#layerOf(table), { from, before }));
  }

  /** Called by the open transaction before each write: the first one has to be let in. */
  admit(): void {
    if (!this.#isAdmitted) this.#committer.admit();
    this.#isAdmitted = true;
  }
  #isAdmitted = false;

  onUndo(action: () => void): void {
    this.#undo.push(action);
  }

  onDurable(action: () => void): void {
    const { whenDurable } = this.#open();
    whenDurable.push(action);
    this.#undo.push(() => whenDurable.pop());
  }

  onRefused(action: () => void): void {
    const { whenRefused } = this.#open();
    whenRefused.push(action);
    this.#undo.push(() => whenRefused.pop());
  }

  #transact<T>(action: (tx: Transaction) => T, isBounded: boolean): T {
    const committer = this.#committer;
    const outer = committer.active;
    assert(outer === undefined || outer === this, 'a transaction writes one partition');
    const { writer } = committer.filling;
    const { length, operations } = writer;
    const undoFrom = this.#undo.length;
    const lastBatch = this.#lastBatch;
    if (!outer) this.#isAdmitted = !isBounded;
    committer.active = this;
    const tx = new OpenTransaction(this);
    try {
      const result = action(tx);
      assert(!(result instanceof Promise), 'a transaction is synchronous');
      if (!outer && (writer.operations !== operations || this.#undo.length > 0)) done();
      return result;
    } catch (error) {
      this.#playUndo(undoFrom);
      writer.truncate(length, operations);
      if (this.#hookedBatch !== committer.filling) this.#lastBatch = lastBatch;
      throw error;
    } finally {
      tx.close();
      committer.active = outer;
      if (!outer) {
        this.#undo.length = 0;
        if (committer.filling.hasWork) committer.schedule();
      }
    }
  }

  #playUndo(from: number): void {
    let isMemoryTrusted = true;
    while (this.#undo.length > from) {
      try {
        this.#undo.pop()?.();
      } catch {
        isMemoryTrusted = false;
      }
    }
    if (!isMemoryTrusted) this.forget();
  }

  #open(): Batch {
    const batch = this.#committer.filling;
    if (this.#lastBatch !== batch) {
      this.#lastBatch = batch;
      batch.members.add(this);
    }
    return batch;
  }

  /** Of the open batch. */
  #layerOf(table: RowTable<unknown>): Layer {
    const overlay = this.#overlayOf(table);
    const batch = this.#committer.filling;
    const last = overlay.layers.at(-1);
    if (last?.batch === batch) return last;
    const layer = addLayer(overlay, batch);
    batch.layers.push(layer);
    return layer;
  }

  /** Counting and recording tells nobody anything new. */
  #isChange(table: RowTable<unknown>): boolean {
    return this.#term?.isAnnounced === true && !BOOKKEEPING.has(table.name);
  }

  #announce(): void {
    const batch = this.#open();
    batch.announced ??= new Set();
    batch.announced.add(this.path);
  }

  #overlayOf(table: RowTable<unknown>): TableOverlay {
    return getOrInsert(this.#tables, table.prefix, () => newTableOverlay(this.#newKept(table)));
  }

  #newKept(table: RowTable<unknown>): KeptTable | undefined {
    if (!this.isKept(table)) return undefined;
    const { kept } = this.#committer;
    const known = this.#known;
    if (known === undefined || known.others.has(table.prefix)) return kept.table();
    const rows = known.rows.filter(({ key }) => key.startsWith(table.prefix));
    return kept.table(this.#openedRows(table, rows));
  }

  #write(table: RowTable<unknown>, key: Key, span: BatchSpan): void {
    if (!COUNTS.has(table.name)) this.#open().isMoreThanCounts = true;
    if (this.#isChange(table)) this.#announce();
    const { writes } = this.#layerOf(table);
    const previous = writes.get(key);
    writes.set(key, span);
    this.#undo.push(() => {
      if (previous) writes.set(key, previous);
      else writes.delete(key);
    });
  }
}
