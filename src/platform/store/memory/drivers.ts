/** A driver for tests of what stands above the store: the same batches, kept in sorted arrays, lost at the end. */
import { present } from '#platform/base/assert.ts';
import type { Region } from '#platform/base/ids.ts';
import { batchOwners, visitBatch } from '#platform/store/batch.ts';
import type {
  DriverRange,
  DriverRow,
  LaterReads,
  OwnedNumber,
  SharedDriver,
  StoreDrivers,
} from '#platform/store/driver.ts';
import type { Key } from '#platform/store/keys.ts';
import { RowCache } from '#platform/store/row-cache.ts';
import type { RowSeals } from '#platform/store/row-seals.ts';
import { StoreUnavailable } from '#platform/store/store.ts';

class SortedRows {
  readonly #rows = new Map<Key, Buffer>();
  #sorted: Key[] | undefined = [];

  get(key: Key): Buffer | undefined {
    return this.#rows.get(key);
  }

  put(key: Key, value: Buffer): void {
    if (!this.#rows.has(key)) this.#sorted = undefined;
    this.#rows.set(key, Buffer.from(value));
  }

  delete(key: Key): void {
    if (this.#rows.delete(key)) this.#sorted = undefined;
  }

  range({ from, before, limit, reverse }: DriverRange): DriverRow[] {
    this.#sorted ??= [...this.#rows.keys()].sort();
    const keys = this.#sorted.slice(this.#indexOf(from), this.#indexOf(before));
    if (reverse) keys.reverse();
    // Every sorted key has its row.
    return keys.slice(0, limit).map((key) => ({ key, value: this.#rows.get(key) as Buffer }));
  }

  #indexOf(key: Key): number {
    const sorted = this.#sorted ?? [];
    let low = 0;
    let high = sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      // Always within the array.
      if ((sorted[middle] as Key) < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** What survives a driver's close: the "disk". */
class MemoryRegion {
  readonly owners = new Map<string, OwnedNumber>();
  /** Of all drivers: a number is given to one partition. */
  lastNumber = 0;
  readonly partitions = new Map<number, SortedRows>();
}

/** What a commit has to do with other processes, in its own transaction. */
export interface Fence {
  /** Throws if it must not be. */
  check(): void;
  committed(announced: ReadonlySet<string>): void;
}

const NOTHING: ReadonlySet<string> = new Set();

export interface MemoryOptions {
  readonly seals?: RowSeals;
  /** As across a wire: reads are answered `later` too. */
  readonly isRemote?: boolean;
}

class MemoryDriver implements SharedDriver {
  readonly later?: LaterReads;
  readonly #region: MemoryRegion;
  readonly #seals: RowSeals | undefined;
  readonly #fence: Fence | undefined;

  constructor(region: MemoryRegion, { seals, isRemote = false }: MemoryOptions, fence: Fence | undefined) {
    this.#region = region;
    this.#seals = seals;
    this.#fence = fence;
    if (isRemote) this.later = this.#laterReads();
  }

  #laterReads(): LaterReads {
    /** Read at once or in the next turn: what is on the disk by then may have been written meanwhile, or not. */
    let isNextTurn = false;
    const later = async <T>(read: () => T): Promise<T> => {
      isNextTurn = !isNextTurn;
      if (isNextTurn) await new Promise((resolve) => setImmediate(resolve));
      const answer = read();
      if (!isNextTurn) await new Promise((resolve) => setImmediate(resolve));
      return answer;
    };
    return {
      cache: new RowCache(),
      own: (name) => later(() => this.own(name)),
      find: (name) => later(() => this.find(name)),
      names: () => later(() => this.names()),
      get: (partition, key) => later(() => this.get(partition, key)),
      rows: (partition, keys) => later(() => keys.map((key) => this.get(partition, key))),
      range: (partition, range) => later(() => this.range(partition, range)),
    };
  }

  own(name: string): OwnedNumber {
    const stored = this.#region.owners.get(name);
    return stored
      ? { number: stored.number, epoch: stored.epoch + 1 }
      : { number: ++this.#region.lastNumber, epoch: 1 };
  }

  find(name: string): number | undefined {
    return this.#region.owners.get(name)?.number;
  }

  names(): string[] {
    return [...this.#region.owners.keys()];
  }

  get(partition: number, key: Key): Buffer | undefined {
    const value = this.#region.partitions.get(partition)?.get(key);
    return value && Buffer.from(value);
  }

  range(partition: number, range: DriverRange): DriverRow[] {
    return this.#region.partitions.get(partition)?.range(range) ?? [];
  }

  async commit(batch: Uint8Array, announced = NOTHING): Promise<void> {
    const owners = batchOwners(batch);
    this.#fence?.check();
    for (const { number, epoch, path } of owners) {
      const stored = this.#region.owners.get(path);
      if (stored && stored.epoch > epoch) throw new StoreUnavailable(`${path} was taken over by another owner`);
      this.#region.owners.set(path, { number, epoch });
    }
    visitBatch(batch, {
      put: (partition, key, value) => this.#rows(partition).put(key.toString('latin1') as Key, value),
      putSealed: (partition, key, value, day) => {
        const place = key.toString('latin1') as Key;
        const owner = present(
          owners.find(({ number }) => number === partition),
          'a batch names its owners',
        );
        const seals = present(this.#seals, 'what is to be sealed has seals');
        this.#rows(partition).put(place, seals(owner.path).seal(value, place, day));
      },
      delete: (partition, key) => this.#rows(partition).delete(key.toString('latin1') as Key),
      deleteRange: (partition, from, before) => {
        const range = { from: from.toString('latin1') as Key, before: before.toString('latin1') as Key };
        const rows = this.#rows(partition);
        for (const { key } of rows.range({ ...range, limit: Number.POSITIVE_INFINITY, reverse: false }))
          rows.delete(key);
      },
    });
    this.#fence?.committed(announced);
  }

  async close(): Promise<void> {}

  #rows(partition: number): SortedRows {
    let rows = this.#region.partitions.get(partition);
    if (!rows) {
      rows = new SortedRows();
      this.#region.partitions.set(partition, rows);
    }
    return rows;
  }
}

export interface MemoryDisk {
  /** Drivers of one process on it. */
  drivers(fence?: Fence): StoreDrivers<SharedDriver>;
}

export function memoryDisk(options: MemoryOptions = {}): MemoryDisk {
  const regions = new Map<Region, MemoryRegion>();
  return {
    drivers: (fence) => ({
      regions: () => [...regions.keys()],
      ...(options.isRemote && { later: { regions: async () => [...regions.keys()] } }),
      open(region) {
        const kept = regions.get(region) ?? new MemoryRegion();
        regions.set(region, kept);
        return new MemoryDriver(kept, options, fence);
      },
      close: async () => {},
    }),
  };
}

export const memoryDrivers = (options?: MemoryOptions): StoreDrivers<SharedDriver> => memoryDisk(options).drivers();
