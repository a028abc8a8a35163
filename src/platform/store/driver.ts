/**
 * What a store stands on: a driver per region keeps ordered byte keys within numbered partitions. Reads are answered at
 * once, while the thread sleeps if need be; a driver across a wire answers them `later` besides. A batch (batch.ts) is applied wholly or not at all, in order, and is on disk when `commit`
 * resolves; after a failed commit the driver trusts nothing it held open and starts afresh with the next batch. What a batch
 * says is to be sealed lies sealed (row-seals.ts), and is read as it lies.
 *
 * A partition's number is chosen by its first owner and becomes known with that owner's first batch, like its epoch: a
 * batch of an owner with a lower epoch than the stored one is refused.
 */
import type { Region } from '#platform/base/ids.ts';
import type { Key } from '#platform/store/keys.ts';
import type { RowCache } from '#platform/store/row-cache.ts';

export interface DriverRow {
  readonly key: Key;
  readonly value: Buffer;
}

export interface OwnedNumber {
  readonly number: number;
  readonly epoch: number;
}

/** Tables of a partition that its new owner was told whole, so that it need not ask. */
export interface KnownTables {
  /** Of all of them, in the order of their keys. */
  readonly rows: readonly DriverRow[];
  /** The prefixes of the tables that are not among them. */
  readonly others: ReadonlySet<string>;
}

export interface Taken extends OwnedNumber {
  readonly known?: KnownTables;
}

/** Keys from `from` up to, not including, `before`. */
export interface DriverRange {
  readonly from: Key;
  readonly before: Key;
  readonly limit: number;
  readonly reverse: boolean;
}

/** The reads of a driver across a wire, for who need not sleep. */
export interface LaterReads {
  /** Where its rows are kept in memory, which is worth it. */
  readonly cache: RowCache;
  own(name: string): Promise<Taken>;
  find(name: string): Promise<number | undefined>;
  names(): Promise<string[]>;
  get(partition: number, key: Key): Promise<Buffer | undefined>;
  /** In the order of the keys. */
  rows(partition: number, keys: readonly Key[]): Promise<(Buffer | undefined)[]>;
  range(partition: number, range: DriverRange): Promise<DriverRow[]>;
}

export interface StoreDriver {
  readonly later?: LaterReads;
  /** Takes a partition over, under a new epoch. `name` is `service/account/region`. */
  own(name: string): Taken;
  /** The names of all partitions that were written to. */
  names(): string[];
  get(partition: number, key: Key): Buffer | undefined;
  range(partition: number, range: DriverRange): DriverRow[];
  /**
   * Rejects with `StoreUnavailable` when the batch is not on disk; one at a time. A shared driver tells the feed, in the same
   * transaction, that the partitions `announced` have changed.
   */
  commit(batch: Uint8Array, announced?: ReadonlySet<string>): Promise<void>;
  close(): Promise<void>;
}

/** One whose data other processes write too (platform/cluster): a commit is refused once its process has been struck off the roll. */
export interface SharedDriver extends StoreDriver {
  /** The number of a partition, if anybody has written to it; takes nothing over. */
  find(name: string): number | undefined;
}

/** Opens the drivers of a cloud's regions; opening one must not create anything before its first commit. */
export interface StoreDrivers<Driver extends StoreDriver = StoreDriver> {
  /** Regions that hold data. */
  regions(): Region[];
  /** Of those across a wire, as above. */
  readonly later?: { regions(): Promise<Region[]> };
  open(region: Region): Driver;
  close(): Promise<void>;
}
