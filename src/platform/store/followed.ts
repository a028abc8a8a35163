/**
 * A partition that another process owns. It is read from the store as it is committed. What is kept of it in memory lasts as long as
 * the change feed vouches for it, else for a turn of the event loop. A transaction is decided here and sent to the owner,
 * with what it was decided on: `durable` says whether the owner has taken it.
 */
import { hash } from 'node:crypto';
import { findNumber, readRange, readRow } from '#platform/store/again.ts';
import { BatchWriter, visitBatch } from '#platform/store/batch.ts';
import { Committer, type PendingLimits } from '#platform/store/commit.ts';
import type { DriverRange, DriverRow, OwnedNumber, SharedDriver, StoreDriver } from '#platform/store/driver.ts';
import type { Key } from '#platform/store/keys.ts';
import { OwnedPartition } from '#platform/store/partition.ts';
import type { Sealing } from '#platform/store/row-seals.ts';
import {
  type Entry,
  type MemorySlot,
  type PartitionName,
  type ReadTransaction,
  StoreUnavailable,
  type Transaction,
} from '#platform/store/store.ts';

/** A row or a range that a transaction has read, and what it was. */
export type ReadMark =
  | { readonly key: Key; readonly digest: string }
  | { readonly range: DriverRange; readonly digest: string };

/** A transaction of somebody else's partition; its batch is empty when only entries are sent, or the owner's word is wanted on what was read. */
export interface Proposal {
  readonly path: string;
  readonly reads: readonly ReadMark[];
  readonly batch: Uint8Array;
  readonly entries: readonly Entry[];
}

/** Rejects with `StoreUnavailable` when the owner has not taken it, or it is unknown whether it has. */
export type Propose = (name: PartitionName, proposal: Proposal) => Promise<void>;

export interface FollowedParts {
  readonly driver: SharedDriver;
  readonly limits: PendingLimits;
  readonly onFault: (error: unknown) => void;
  readonly propose: Propose;
  /** Whether the feed tells of this partition's changes, and is up to date. */
  readonly isVouchedFor: () => boolean;
  readonly sealing: Sealing | undefined;
}

const ABSENT = '';
const NO_BATCH = new BatchWriter().finish([]);
/** A transaction that looks at more of another's partition is none for this. */
const MOST_READS = 10_000;

export const digestOf = (value: Buffer | undefined): string =>
  value === undefined ? ABSENT : hash('sha256', value, 'base64');

export function digestOfRows(rows: readonly DriverRow[]): string {
  const parts = rows.flatMap(({ key, value }) => [key.length, value.length, key, digestOf(value)]);
  return hash('sha256', parts.join(' '), 'base64');
}

/** What was read, where the batch has written since: plain rows are as it has them; the rest is then refused, and decided again. */
function afterWrites(reads: readonly ReadMark[], batch: Uint8Array): ReadMark[] {
  const written = new Map<string, string>();
  visitBatch(batch, {
    put: (_, key, value) => written.set(key.toString('latin1'), digestOf(value)),
    putSealed: () => {},
    delete: (_, key) => written.set(key.toString('latin1'), ABSENT),
    deleteRange: () => {},
  });
  return reads.map((mark) => ('key' in mark ? { key: mark.key, digest: written.get(mark.key) ?? mark.digest } : mark));
}

/** Reads what is committed, notes it down, and commits by way of the owner. */
class ProposingDriver implements StoreDriver {
  readonly #name: PartitionName;
  readonly #path: string;
  readonly #parts: FollowedParts;
  #reads: ReadMark[] | undefined;
  #number: number | undefined;

  constructor(name: PartitionName, path: string, parts: FollowedParts) {
    this.#name = name;
    this.#path = path;
    this.#parts = parts;
  }

  /** From here on what is read is what a transaction rests on. */
  begin(): void {
    this.#reads = [];
  }

  end(): void {
    this.#reads = undefined;
  }

  /** What an action that is no transaction has read. */
  noting<T>(action: () => T): { readonly found: T; readonly reads: readonly ReadMark[] } {
    const outer = this.#reads;
    const reads: ReadMark[] = [];
    this.#reads = reads;
    try {
      return { found: action(), reads };
    } finally {
      this.#reads = outer;
    }
  }

  /** Takes nothing over; the owner writes under its own number. */
  own(): OwnedNumber {
    return { number: 0, epoch: 0 };
  }

  names(): string[] {
    return this.#parts.driver.names();
  }

  get(_number: number, key: Key): Buffer | undefined {
    const number = this.#stored();
    const value = number === undefined ? undefined : readRow(this.#parts.driver, undefined, number, key);
    this.#note({ key, digest: digestOf(value) });
    return value;
  }

  range(_number: number, range: DriverRange): DriverRow[] {
    const number = this.#stored();
    const rows = number === undefined ? [] : readRange(this.#parts.driver, undefined, number, range);
    this.#note({ range, digest: digestOfRows(rows) });
    return rows;
  }

  commit(batch: Uint8Array): Promise<void> {
    const reads = this.#reads ?? [];
    if (reads.length > MOST_READS) {
      return Promise.reject(new StoreUnavailable('a transaction of another’s partition read too much'));
    }
    // What is decided while this is under way rests on it as well.
    if (this.#reads !== undefined) this.#reads = afterWrites(reads, batch);
    // The batch's memory serves the next one as soon as this has settled.
    return this.#parts.propose(this.#name, { path: this.#path, reads, batch: Uint8Array.from(batch), entries: [] });
  }

  async close(): Promise<void> {}

  #note(mark: ReadMark): void {
    if (this.#reads !== undefined && this.#reads.length <= MOST_READS) this.#reads.push(mark);
  }

  /** Known once its first owner has written. */
  #stored(): number | undefined {
    this.#number ??= findNumber(this.#parts.driver, this.#path);
    return this.#number;
  }
}

export class FollowedPartition extends OwnedPartition {
  readonly #driver: ProposingDriver;
  readonly #isVouchedFor: () => boolean;
  readonly #propose: (proposal: Partial<Proposal>) => Promise<void>;
  #depth = 0;
  #isForgetting = false;
  #entries: Entry[] = [];
  /** Until the owner has taken what was entered. */
  #entering: Promise<void> | undefined;

  constructor(name: PartitionName, path: string, parts: FollowedParts) {
    const driver = new ProposingDriver(name, path, parts);
    super(name, path, driver.own(), new Committer(driver, parts.limits, parts.onFault), parts.sealing);
    this.#driver = driver;
    this.#isVouchedFor = parts.isVouchedFor;
    this.#propose = (proposal) => parts.propose(name, { path, reads: [], batch: NO_BATCH, entries: [], ...proposal });
  }

  enter(entry: Entry): void {
    this.#entries.push(entry);
    if (this.#entries.length > 1) return;
    const entering = new Promise<void>((resolve) => setImmediate(resolve)).then(() =>
      this.#propose({ entries: this.#entries.splice(0) }),
    );
    const both = Promise.all([this.#entering, entering]).then(() => {});
    both.catch(() => {});
    this.#entering = both;
    void both
      .finally(() => {
        if (this.#entering === both) this.#entering = undefined;
      })
      .catch(() => {});
  }

  /** Its rows are written by another process. */
  protected override isKept(): boolean {
    return false;
  }

  override async readDurably<T>(action: (tx: ReadTransaction) => T): Promise<T> {
    if (super.durable() !== undefined) throw new StoreUnavailable('a transaction of another’s partition is under way');
    const { found, reads } = this.#driver.noting(() => this.read(action));
    await this.#propose({ reads });
    return found;
  }

  override durable(): Promise<void> | undefined {
    const written = super.durable();
    if (this.#entering === undefined) return written;
    const both = Promise.all([written, this.#entering]).then(() => {});
    // Whoever waits sees the rejection; that nobody does must not end the process.
    both.catch(() => {});
    return both;
  }

  override transact<T>(action: (tx: Transaction) => T): T {
    this.#begin();
    this.#depth++;
    try {
      return super.transact(action);
    } finally {
      this.#depth--;
      if (this.#depth === 0 && super.durable() === undefined) this.#driver.end();
    }
  }

  override beforeCommit(action: (tx: Transaction) => void): void {
    this.#begin();
    super.beforeCommit(action);
  }

  override memory<T>(slot: MemorySlot<T>): T {
    if (!this.#isVouchedFor()) this.#forgetSoon();
    return super.memory(slot);
  }

  /** The feed, or its loss, says that memory may be out of date. What waits to be taken by the owner keeps what it rests on. */
  changed(): void {
    if (super.durable() === undefined) this.forget();
    else this.#forgetSoon();
  }

  /** What is decided from here on is decided on what is read from here on. */
  #begin(): void {
    if (this.#depth > 0 || super.durable() !== undefined) return;
    this.forget();
    this.#driver.begin();
  }

  #forgetSoon(): void {
    if (this.#isForgetting) return;
    this.#isForgetting = true;
    // In this turn nothing can have changed that was read in it.
    setImmediate(async () => {
      await this.durable()?.catch(() => {});
      this.#isForgetting = false;
      this.forget();
    });
  }
}
