/**
 * The store's contracts, from the driver up.
 *
 * A *driver* keeps ordered byte keys within numbered partitions: it reads, and applies packed batches of mutations, each
 * batch wholly or not at all, on disk before it says so. A *partition* (service x account x region) is what one
 * transaction writes. Its owner runs transactions one at a time, synchronously, over an overlay of writes that are not
 * yet on disk; so they are serial by construction and read what came before. Nothing that read or wrote such a write is
 * told to a client before the batch is on disk (`Partition.durable`).
 *
 * A transaction is a synchronous function. Where the data is across a wire, a read that memory can't answer throws `Suspend`; the
 * transaction is undone, the answer waited for, and it is run again (again.ts). So handlers read, decide, then write, and
 * touch the owner's memory last.
 */

import type { JournalRecord } from '#platform/audit/journal.ts';
import type { AccountId, Region } from '#platform/base/ids.ts';
import type { Key, PrefixOf, RowTable, Table } from '#platform/store/keys.ts';

/** Which partition: service x account x region; global things have the region `aws-global`. */
export interface PartitionName {
  readonly service: string;
  readonly account: AccountId | 'global';
  readonly region: Region;
}

/**
 * Thrown by a read that has to wait, or by a handler that first needs another service's answer: the transaction is undone, and
 * runs again when `ready` resolves. What `ready` rejects with is the call's error.
 */
export class Suspend extends Error {
  readonly ready: Promise<void>;
  constructor(ready: Promise<void>) {
    super('waiting');
    this.ready = ready;
    // Who catches it may have no use for it any more.
    ready.catch(() => {});
  }
}

/** More waits for the disk than may wait. Nothing was written; services answer their throttling error. */
export class StoreBusy extends Error {
  override name = 'StoreBusy';
}

/** The disk refused (full, failing, taken over by another owner). Nothing that waited was written for certain. */
export class StoreUnavailable extends Error {
  override name = 'StoreUnavailable';
}

export interface RangeOptions<Values extends readonly unknown[], Row = unknown> {
  /** The leading key parts that all rows share. */
  readonly prefix?: PrefixOf<Values>;
  /** Only rows with a key above this one (below it, when reversed). */
  readonly after?: Key;
  /** Only rows with a key of at least this. */
  readonly from?: Key;
  /** Only rows with a key below this. */
  readonly before?: Key;
  readonly limit?: number;
  readonly reverse?: boolean;
  /** Rows that the caller has from before, as they are now: they are not decoded again. */
  readonly known?: (key: Key) => Row | undefined;
}

export interface KeyedRow<Row> {
  readonly key: Key;
  readonly row: Row;
}

export interface ReadTransaction {
  readonly partition: Partition;
  get<Row>(table: RowTable<Row>, key: Key): Row | undefined;
  range<Row, Values extends readonly unknown[]>(
    table: Table<Row, Values>,
    options?: RangeOptions<Values, Row>,
  ): KeyedRow<Row>[];
  /** These will be asked for: where each would have to be waited for, all are fetched together. */
  expect(table: RowTable<unknown>, keys: readonly Key[]): void;
}

export interface Transaction extends ReadTransaction {
  put<Row>(table: RowTable<Row>, key: Key, row: Row): void;
  delete(table: RowTable<unknown>, key: Key): void;
  /** Deletes all rows whose leading key parts are these. */
  deleteRange<Values extends readonly unknown[]>(table: Table<unknown, Values>, prefix: PrefixOf<Values>): void;
  /** Runs when the transaction is undone: takes back what it did to the owner's memory. */
  onUndo(action: () => void): void;
  /** Runs when the transaction's batch is on disk (not when it fails). */
  onDurable(action: () => void): void;
  /** Runs when the disk takes no writes and those who wait are answered nevertheless: the batch holds nothing but counts (commit.ts). */
  onRefused(action: () => void): void;
}

/** A named place for what the owner keeps in memory about a partition; dropped when a commit fails. */
export interface MemorySlot<T> {
  readonly name: string;
  readonly load: (partition: Partition) => T;
  /** Cancels timers and the like before the value is dropped. */
  readonly unload?: (value: T) => void;
  /** Another process will own the partition soon: who waits in the value is woken, and finds that out. */
  readonly leave?: (value: T) => void;
}

/** What any process may add to the books of a partition, without a look at them. */
export type Entry =
  | { readonly kind: 'audit'; readonly record: JournalRecord }
  | {
      readonly kind: 'usage';
      readonly now: number;
      readonly dimension: { readonly usageType: string; readonly operation: string; readonly resource: string };
      readonly amount: number;
    };

export interface Partition {
  readonly name: PartitionName;
  /** Counts the owners of this partition: higher in every process that opens it. */
  readonly epoch: number;
  /**
   * Runs `action` as one transaction. If it throws, nothing of it remains. Inside a transaction of the same partition it
   * becomes a part of that one, undone alone when it alone throws; inside one of another partition it is refused.
   * Throws `StoreBusy` from the first write when too much waits for the disk.
   */
  transact<T>(action: (tx: Transaction) => T): T;
  /** Reads without writing; cheaper, and may run anywhere. */
  read<T>(action: (tx: ReadTransaction) => T): T;
  /**
   * What was read is on disk, and is as the owner has it: no crash takes it back. Throws `StoreUnavailable` when the owner can't say. Of
   * memory nothing is taken.
   */
  readDurably<T>(action: (tx: ReadTransaction) => T): Promise<T>;
  /**
   * Runs `action` once, as a transaction of its own, when the current batch is closed: for rows that many requests of a
   * turn touch and one write can cover (usage). What it reads may have to be waited for: it changes memory after that. `durable`
   * waits for it as for a write; the undoing of a transaction that asked for it doesn't take it back.
   */
  beforeCommit(action: (tx: Transaction) => void): void;
  /**
   * Undefined when nothing that was written so far still waits for the disk; else a promise that resolves when it is
   * there and rejects if it can't get there. The output gate of the pipeline. Ask in the turn of the transaction: writes
   * that were lost since then no longer wait (who has to ask later compares `losses`).
   */
  durable(): Promise<void> | undefined;
  /** How often writes of this partition were lost because the store failed. */
  readonly losses: number;
  /** Another process will own it soon, or does by now: who waits for something to happen to it throws `PartitionMoved`. */
  readonly isLeaving: boolean;
  memory<T>(slot: MemorySlot<T>): T;
  /** Of a partition that another process owns: its books are kept there. `durable` waits for it. */
  readonly enter?: (entry: Entry) => void;
}

/** All partitions of a cloud. */
export interface Store {
  partition(name: PartitionName): Partition;
  /** The partitions that were ever written to, for reconcilers, timers and the removal of an account. */
  partitions(filter: {
    readonly service?: string;
    readonly account?: AccountId;
    readonly region?: Region;
  }): PartitionName[];
  close(): Promise<void>;
}
