/**
 * Brings the bytes of an account's volumes, snapshots and images to what their rows say. What is to be done follows from the rows alone
 * (tasks.ts); each task may be repeated, and notes what it did in one transaction. So whatever a process was doing when it ended, the
 * next one finds the rows and goes on. A task that fails is tried again, a while later each time; one that makes something new is
 * given up in the end, and its row says so.
 */
import { type Milliseconds, minutes, type TimerHandle } from '#platform/base/clock.ts';
import { isAccountId } from '#platform/base/ids.ts';
import type { Host } from '#platform/compute/host.ts';
import type { JobCall, Reconciler } from '#platform/service.ts';
import { again } from '#platform/store/again.ts';
import { StoreBusy, StoreUnavailable } from '#platform/store/store.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';
import { meterStorage } from '#services/ec2/storage/metering.ts';
import { type StorageTask, tasksOf } from '#services/ec2/storage/tasks.ts';
import { wakeNow, woken } from '#services/ec2/wakes.ts';

const FIRST_RETRY: Milliseconds = 250;
const LONGEST_RETRY: Milliseconds = minutes(1);
const MOST_TRIES = 4;
const METER: Milliseconds = minutes(10);

export function storageReconciler(parts: Ec2Parts, host: Host): Reconciler {
  return async (job, signal) => {
    // Only accounts have volumes.
    if (isAccountId(job.partition.name.account)) await new Keeper(parts, host, job, signal).run();
    return undefined;
  };
}

class Keeper {
  readonly #parts: Ec2Parts;
  readonly #host: Host;
  readonly #job: JobCall;
  readonly #signal: AbortSignal;
  readonly #working = new Map<string, Promise<void>>();
  readonly #tries = new Map<string, number>();
  readonly #timers = new Map<string, TimerHandle>();

  constructor(parts: Ec2Parts, host: Host, job: JobCall, signal: AbortSignal) {
    this.#signal = signal;
    this.#parts = parts;
    this.#host = host;
    this.#job = job;
  }

  async run(): Promise<void> {
    const { partition } = this.#job;
    const signal = this.#signal;
    this.#meterLater();
    while (!signal.aborted) {
      await woken(partition, 'storage', signal);
      if (signal.aborted) break;
      for (const task of await again(() => partition.read(tasksOf))) this.#start(task);
    }
    for (const timer of this.#timers.values()) timer.cancel();
    await Promise.allSettled(this.#working.values());
  }

  #start(task: StorageTask): void {
    if (this.#working.has(task.id) || this.#timers.has(task.id)) return;
    const work = this.#carryOut(task).finally(() => {
      this.#working.delete(task.id);
      wakeNow(this.#job.partition, 'storage');
    });
    this.#working.set(task.id, work);
  }

  async #carryOut(task: StorageTask): Promise<void> {
    const { partition, log } = this.#job;
    try {
      await task.run({ parts: this.#parts, host: this.#host, partition, clock: this.#job.clock, signal: this.#signal });
      this.#tries.delete(task.id);
    } catch (error) {
      if (this.#signal.aborted) return;
      log.log('error', 'a task of storage failed', { task: task.id, reason: String(error) });
      const tries = (this.#tries.get(task.id) ?? 0) + 1;
      this.#tries.set(task.id, tries);
      if (tries >= MOST_TRIES && task.giveUp !== undefined) {
        const { giveUp } = task;
        this.#tries.delete(task.id);
        const reason = error instanceof Error ? error.message : String(error);
        await again(() => partition.transact((tx) => giveUp(tx, reason)));
      } else {
        this.#retryLater(task.id, Math.min(LONGEST_RETRY, FIRST_RETRY * 2 ** tries));
      }
    }
  }

  #retryLater(id: string, delay: Milliseconds): void {
    const timer = this.#job.clock.after(delay, () => {
      this.#timers.delete(id);
      wakeNow(this.#job.partition, 'storage');
    });
    this.#timers.set(id, timer);
  }

  #meterLater(): void {
    const { partition, clock } = this.#job;
    const timer = clock.after(METER, async () => {
      try {
        await again(() => partition.transact((tx) => meterStorage(tx, clock.now())));
      } catch (error) {
        // Another process has the account by now, and meters on; or the store takes nothing at present.
        if (!(error instanceof StoreUnavailable || error instanceof StoreBusy)) throw error;
      }
      this.#meterLater();
    });
    this.#timers.set('metering', timer);
  }
}
