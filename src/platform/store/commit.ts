/**
 * The commit path. All writes of a turn of the event loop, of all partitions of one driver, go into one batch. At the end
 * of the turn the batch is closed and handed to the driver; while it is being synced the next one fills. When it is on
 * disk its layers of the overlay go and everybody who waited for it continues (the output gate). When it can't get there,
 * nothing that waits is told that it succeeded: this batch and the next, which may have read from it, are lost, and the
 * partitions that they touched forget what they had in memory. A batch that holds nothing but counts (usage) is different: who waits for it
 * has only read, and is answered; the counts wait in memory for a batch that the disk takes.
 *
 * What may wait is bounded in operations, bytes and time; beyond that `admit` throws `StoreBusy`.
 */
import { assert } from '#platform/base/assert.ts';
import { type Milliseconds, systemClock } from '#platform/base/clock.ts';
import { again } from '#platform/store/again.ts';
import { type BatchOwner, BatchWriter } from '#platform/store/batch.ts';
import type { StoreDriver } from '#platform/store/driver.ts';
import { HeldLayers, type Layer, withdrawLayer } from '#platform/store/overlay.ts';
import { RowCache } from '#platform/store/row-cache.ts';
import { StoreBusy, StoreUnavailable } from '#platform/store/store.ts';

export interface PendingLimits {
  readonly operations: number;
  readonly bytes: number;
  readonly age: Milliseconds;
}

export const DEFAULT_PENDING_LIMITS: PendingLimits = { operations: 200_000, bytes: 64 * 2 ** 20, age: 5_000 };

/** For rows that a driver has near: some 30,000 rows of objects, 10,000 that are asked for. */
const NEAR_ROOM_BYTES = 16 * 2 ** 20;

/** Memory larger than this is not kept for the next batch. */
const KEPT_BYTES = 4 * 2 ** 20;

/** A partition, as its batches see it. */
export interface BatchMember extends BatchOwner {
  /** Its unwritten changes are lost: forget them and all memory that they may have touched. */
  lose(): void;
}

export class Batch {
  readonly writer: BatchWriter;
  readonly members = new Set<BatchMember>();
  readonly layers: Layer[] = [];
  readonly whenDurable: (() => void)[] = [];
  readonly beforeCommit: (() => void)[] = [];
  /** What becomes of its counts if the disk takes no writes and there is nothing else in it. */
  readonly whenRefused: (() => void)[] = [];
  isMoreThanCounts = false;
  /** Partitions whose change other processes are told of. */
  announced: Set<string> | undefined;
  /** In real time: how slow a disk is has nothing to do with the clock that tests move. */
  closedAt: Milliseconds = 0;
  isSettled = false;
  #promise: Promise<void> | undefined;
  #resolve: () => void = () => {};
  #reject: (error: Error) => void = () => {};

  constructor(memory?: Buffer) {
    this.writer = new BatchWriter(memory);
  }

  get isEmpty(): boolean {
    return this.writer.operations === 0;
  }

  /** Whether closing it would do anything. */
  get hasWork(): boolean {
    return this.writer.operations > 0 || this.beforeCommit.length > 0 || this.whenDurable.length > 0;
  }

  /** One promise for all who wait for this batch. */
  durable(): Promise<void> {
    if (!this.#promise) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      // Whoever waits sees the rejection; that nobody does must not end the process.
      promise.catch(() => {});
      this.#promise = promise;
      this.#resolve = resolve;
      this.#reject = reject;
    }
    return this.#promise;
  }

  settle(error?: Error): void {
    this.isSettled = true;
    if (error) this.#reject(error);
    else this.#resolve();
  }
}

export class Committer {
  readonly driver: StoreDriver;
  /** For all partitions together: of a remote driver all rows, of a near one those of tables that say so. */
  readonly kept: RowCache;
  readonly held = new HeldLayers();
  /** The partition whose transaction is running: there is at most one. */
  active: BatchMember | undefined;
  readonly #limits: PendingLimits;
  readonly #onFault: (error: unknown) => void;
  #filling = new Batch();
  #flying: Batch | undefined;
  /** Of batches that are on disk: how many, and how long that took. */
  readonly times = { count: 0, milliseconds: 0 };
  /** The disk takes no writes, and calls that only read are answered. */
  areCountsWaiting = false;
  #isScheduled = false;
  /** Why what is under way counts as lost, whatever the driver will say. */
  #abandoned: Error | undefined;
  #spare: Buffer | undefined;

  constructor(driver: StoreDriver, limits: PendingLimits, onFault: (error: unknown) => void) {
    this.driver = driver;
    this.kept = driver.later?.cache ?? new RowCache(NEAR_ROOM_BYTES);
    this.#limits = limits;
    this.#onFault = onFault;
  }

  /** The batch that takes writes now. */
  get filling(): Batch {
    return this.#filling;
  }

  /** Throws `StoreBusy` when too much waits already. */
  admit(): void {
    const flying = this.#flying;
    const isWithin = flying
      ? this.#isWithin(flying.writer.operations, flying.writer.length) &&
        systemClock.monotonic() - flying.closedAt < this.#limits.age
      : // One endless turn is bounded too.
        this.#isWithin(0, 0);
    if (!isWithin) throw new StoreBusy('too many writes are waiting for the disk');
  }

  #isWithin(operations: number, bytes: number): boolean {
    const { writer } = this.#filling;
    return writer.operations + operations < this.#limits.operations && writer.length + bytes < this.#limits.bytes;
  }

  /** Closes the batch at the end of this turn, or when the one under way has settled. */
  schedule(): void {
    if (this.#isScheduled || this.#flying) return;
    this.#isScheduled = true;
    // The check phase follows the poll phase: all requests that this turn reads share the batch.
    setImmediate(() => this.#close());
  }

  /** Runs at once what waits for the batch to close: from here on memory is no more than the rows say. */
  runHooks(): void {
    for (const action of this.#filling.beforeCommit.splice(0)) action();
  }

  /** What waits must not be told that it succeeded: this process may have been replaced. */
  abandon(cause: StoreUnavailable): void {
    if (this.#flying === undefined) this.#lose(cause);
    else this.#abandoned = cause;
  }

  /** Resolves when nothing waits any more; rejects if something was lost meanwhile. */
  async drain(): Promise<void> {
    while (this.#flying || this.#filling.hasWork) {
      this.schedule();
      await (this.#filling.hasWork ? this.#filling : this.#flying)?.durable();
    }
  }

  #close(): void {
    const batch = this.#filling;
    assert(!this.#flying, 'one batch at a time is under way');
    try {
      const waiting = this.#runHooksOf(batch);
      if (waiting !== undefined) {
        waiting.then(
          () => this.#close(),
          (error: unknown) => this.#notClosed(batch, error),
        );
        return;
      }
    } catch (error) {
      this.#notClosed(batch, error);
      return;
    }
    const next = new Batch(this.#spare);
    this.#spare = undefined;
    this.#filling = next;
    this.#flying = batch;
    batch.closedAt = systemClock.monotonic();
    this.#isScheduled = false;
    const sent = batch.isEmpty
      ? Promise.resolve()
      : this.driver.commit(batch.writer.finish(batch.members), batch.announced);
    sent.then(
      () => (this.#abandoned ? this.#lose(this.#abandoned) : this.#settled(batch)),
      (error) => (this.#isLoss(batch) ? this.#lose(error) : this.#refused(batch, error)),
    );
  }

  /** What they write belongs to this batch: they schedule no other. It stays open while one of them waits for what it reads. */
  #runHooksOf(batch: Batch): Promise<unknown> | undefined {
    const { beforeCommit } = batch;
    for (let at = 0; at < beforeCommit.length; at++) {
      const action = beforeCommit[at];
      // What was asked for in a batch that was lost meanwhile is forgotten with it; `runHooks` may have run it.
      const isDue = (): boolean => this.#filling === batch && beforeCommit[at] === action;
      const ran = again(() => (isDue() ? action?.() : undefined));
      if (ran instanceof Promise) return ran.then(() => void (isDue() && beforeCommit.splice(0, at + 1)));
    }
    return undefined;
  }

  #notClosed(batch: Batch, error: unknown): void {
    this.#isScheduled = false;
    this.#onFault(error);
    if (this.#filling === batch) this.#lose(error);
    else if (this.#filling.hasWork) this.schedule();
  }

  /** Among several processes a batch is refused for other reasons than a full disk. */
  #isLoss({ isMoreThanCounts }: Batch): boolean {
    return isMoreThanCounts || this.driver.later !== undefined || this.#abandoned !== undefined;
  }

  /** A disk that takes no writes is no reason to refuse who only reads: nothing that is lost was seen by anybody. */
  #refused(batch: Batch, cause: unknown): void {
    this.#flying = undefined;
    if (!this.areCountsWaiting) this.#onFault(new StoreUnavailable('usage waits in memory for the disk', { cause }));
    this.areCountsWaiting = true;
    for (const layer of batch.layers) withdrawLayer(layer);
    for (const action of batch.whenRefused) this.#guarded(action);
    batch.settle();
    if (this.#filling.hasWork) this.schedule();
  }

  #settled(batch: Batch): void {
    this.#flying = undefined;
    this.areCountsWaiting = false;
    this.times.count++;
    this.times.milliseconds += systemClock.monotonic() - batch.closedAt;
    const areGone = this.held.settled(batch.layers);
    if (areGone && batch.writer.memory.length <= KEPT_BYTES) this.#spare = batch.writer.memory;
    for (const action of batch.whenDurable) this.#guarded(action);
    batch.settle();
    // Not at once: those who have just been woken may join.
    if (this.#filling.hasWork) this.schedule();
  }

  #lose(cause: unknown): void {
    const error =
      cause instanceof StoreUnavailable ? cause : new StoreUnavailable('the store failed to write', { cause });
    const lost = [this.#flying, this.#filling];
    this.#abandoned = undefined;
    this.#flying = undefined;
    this.#filling = new Batch();
    this.held.lost();
    const members = new Set(lost.flatMap((batch) => (batch ? [...batch.members] : [])));
    for (const member of members) this.#guarded(() => member.lose());
    for (const batch of lost) batch?.settle(error);
  }

  #guarded(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#onFault(error);
    }
  }
}
