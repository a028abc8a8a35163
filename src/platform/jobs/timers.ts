/**
 * Timers that survive a restart. A timer is a row, ordered by its due time, written in the transaction that wants it; so it is
 * set exactly if that transaction is durable. The owner of a partition keeps only the earliest due time in memory and wakes
 * then, takes a page of due rows, and runs each as one transaction together with the removal of its row. Millions may be
 * pending at the cost of their rows.
 */
import { type Clock, hours, type Milliseconds, seconds, type TimerHandle } from '#platform/base/clock.ts';
import type { Logger } from '#platform/base/log.ts';
import type { Input, JobCall, TimerJob } from '#platform/service.ts';
import { again } from '#platform/store/again.ts';
import { jsonRows, type Key, table, text, u64 } from '#platform/store/keys.ts';
import {
  type KeyedRow,
  type MemorySlot,
  type Partition,
  type ReadTransaction,
  StoreBusy,
  StoreUnavailable,
  type Transaction,
} from '#platform/store/store.ts';

export interface Timer {
  readonly job: string;
  /** Unique among the job's timers of the partition: setting one again moves it. */
  readonly id: string;
  readonly due: Milliseconds;
  readonly payload?: Input;
}

interface TimerRow {
  readonly payload: Input;
  /** Failed runs so far: the next try waits longer each time. */
  readonly failures?: number;
}

/** Due time, job, id -> what to run. */
const timerRows = table('timer', [u64, text, text], jsonRows<TimerRow>(1));
/** Job, id -> due time: finds a timer to move or cancel. */
const timerIndex = table('timer-due', [text, text], jsonRows<{ due: Milliseconds }>(1));

const PAGE = 64;
/** When the store refuses. */
const STORE_RETRY: Milliseconds = seconds(1);
const LONGEST_RETRY: Milliseconds = hours(1);

export function setTimer(tx: Transaction, timer: Timer): void {
  cancelTimer(tx, timer.job, timer.id);
  const due = Math.max(0, Math.ceil(timer.due));
  tx.put(timerRows, timerRows.key(due, timer.job, timer.id), { payload: timer.payload ?? {} });
  tx.put(timerIndex, timerIndex.key(timer.job, timer.id), { due });
  runners.get(tx.partition)?.wakeAt(due);
}

export function cancelTimer(tx: Transaction, job: string, id: string): void {
  const key = timerIndex.key(job, id);
  const set = tx.get(timerIndex, key);
  if (set === undefined) return;
  tx.delete(timerRows, timerRows.key(set.due, job, id));
  tx.delete(timerIndex, key);
}

export const isTimerSet = (tx: ReadTransaction, job: string, id: string): boolean =>
  tx.get(timerIndex, timerIndex.key(job, id)) !== undefined;

/** Who waits for the earliest timer of a partition. It outlives the partition's memory: a wake too many does no harm. */
const runners = new WeakMap<Partition, TimerRunner>();

/** Dropped with the memory of a partition whose commit failed: the timers that had fired in it are there again. */
const firedSlot: MemorySlot<Partition> = {
  name: 'timers',
  load: (partition) => partition,
  unload: (partition) => runners.get(partition)?.lookSoon(),
};

export interface TimerRunnerOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** May throw `Suspend`: the job's service has to be loaded first. */
  readonly jobOf: (name: string) => TimerJob | undefined;
}

/** Runs the timers of one partition from the time it is opened until it is stopped. */
export class TimerRunner {
  readonly #partition: Partition;
  readonly #options: TimerRunnerOptions;
  #next: Milliseconds = Number.POSITIVE_INFINITY;
  #handle: TimerHandle | undefined;
  #isRunning = false;
  #isStopped = false;

  constructor(partition: Partition, options: TimerRunnerOptions) {
    this.#partition = partition;
    this.#options = options;
    runners.set(partition, this);
    void this.#run();
  }

  stop(): void {
    this.#isStopped = true;
    this.#handle?.cancel();
  }

  /** Makes sure that the runner wakes at `due` at the latest. */
  wakeAt(due: Milliseconds): void {
    if (this.#isStopped || due >= this.#next) return;
    this.#next = due;
    this.#handle?.cancel();
    this.#handle = this.#options.clock.after(Math.max(0, due - this.#options.clock.now()), () => void this.#run());
  }

  lookSoon(): void {
    this.wakeAt(this.#options.clock.now() + STORE_RETRY);
  }

  /** One page, then the event loop gets its turn before the next. */
  async #run(): Promise<void> {
    this.#next = Number.POSITIVE_INFINITY;
    // Who runs looks at the rows once more before it ends.
    if (this.#isStopped || this.#isRunning) return;
    this.#isRunning = true;
    try {
      this.#partition.memory(firedSlot);
      const now = this.#options.clock.now();
      const reading = again(() => this.#due(now));
      for (const { key, row } of reading instanceof Promise ? await reading : reading) {
        const firing = this.#fire(key, row, now);
        if (firing !== undefined) await firing;
        if (this.#isStopped) return;
      }
      const looking = again(() => this.#readNext());
      if (looking !== undefined) await looking;
    } catch (error) {
      // The database may be away. The rows stay as they are.
      this.#options.log.log('error', 'timers wait for the store', { reason: String(error) });
      this.lookSoon();
    } finally {
      this.#isRunning = false;
    }
  }

  #due(now: Milliseconds): KeyedRow<TimerRow>[] {
    const before = timerRows.key(Math.floor(now) + 1, '', '');
    return this.#partition.read((tx) => tx.range(timerRows, { before, limit: PAGE }));
  }

  #readNext(): void {
    const [first] = this.#partition.read((tx) => tx.range(timerRows, { limit: 1 }));
    if (first !== undefined) this.wakeAt(timerRows.parts(first.key)[0]);
  }

  /** Fails when the store takes nothing. */
  #fire(key: Key, row: TimerRow, now: Milliseconds): void | Promise<void> {
    const failed = (error: unknown) => this.#failed(key, row, now, error);
    try {
      const firing = again(() => this.#partition.transact((tx) => this.#runIn(tx, key, row, now)));
      return firing?.catch(failed);
    } catch (error) {
      return failed(error);
    }
  }

  #runIn(tx: Transaction, key: Key, row: TimerRow, now: Milliseconds): void {
    const [, job, id] = timerRows.parts(key);
    const { log, clock, jobOf } = this.#options;
    const partition = this.#partition;
    const { account, region, service } = partition.name;
    if (tx.get(timerRows, key) === undefined) return;
    cancelTimer(tx, job, id);
    // Timers of the directory partitions (account `global`) work without an account.
    const call: JobCall = { account: account as JobCall['account'], region, now, partition, clock, log };
    const run = jobOf(job);
    if (run === undefined) throw new Error(`no job ${job} in service ${service}`);
    run(tx, row.payload, call);
  }

  #failed(key: Key, row: TimerRow, now: Milliseconds, error: unknown): void | Promise<void> {
    if (error instanceof StoreBusy || error instanceof StoreUnavailable) throw error;
    const [, job, id] = timerRows.parts(key);
    const failures = (row.failures ?? 0) + 1;
    const retryAt = Math.floor(now) + Math.min(LONGEST_RETRY, 1000 * 2 ** Math.min(failures, 20));
    this.#options.log.log('error', 'timer failed', { job, id, failures, reason: String(error) });
    return again(() => this.#partition.transact((tx) => postponeIn(tx, key, { ...row, failures }, retryAt)));
  }
}

function postponeIn(tx: Transaction, key: Key, row: TimerRow, due: Milliseconds): void {
  if (tx.get(timerRows, key) === undefined) return;
  const [, job, id] = timerRows.parts(key);
  tx.delete(timerRows, key);
  tx.put(timerRows, timerRows.key(due, job, id), row);
  tx.put(timerIndex, timerIndex.key(job, id), { due });
}
