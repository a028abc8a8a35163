/**
 * The work that no request waits for: each open partition that is owned here gets its timers, its relay and the reconcilers of its
 * service, from the time it is opened until another process owns it or this one stops. At start all partitions that hold rows are opened, in the background, so that what
 * was pending goes on.
 */
import type { Clock, Milliseconds, TimerHandle } from '#platform/base/clock.ts';
import { type AccountId, GLOBAL_REGION } from '#platform/base/ids.ts';
import type { LogFields, Logger } from '#platform/base/log.ts';
import { type Deliver, RETRY_JOB, Relay, retryTarget } from '#platform/jobs/relay.ts';
import { TimerRunner } from '#platform/jobs/timers.ts';
import type { RegisteredService, Registry } from '#platform/registry.ts';
import type { JobCall, Reconciler, TimerJob } from '#platform/service.ts';
import { again } from '#platform/store/again.ts';
import type { Partition, PartitionName, Store } from '#platform/store/store.ts';

export interface JobsOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly registry: Registry;
  readonly deliver: Deliver;
}

/** Work of the process itself, whichever partitions it has. */
export interface Chore {
  readonly name: string;
  /** After the start, or after it is known of. */
  readonly first: Milliseconds;
  readonly again: Milliseconds;
  readonly run: (log: Logger, signal: AbortSignal) => Promise<void>;
}

interface Runner {
  stop(): void;
  /** Rows may be there that it was not told of. */
  lookSoon(): void;
}

export class Jobs {
  readonly #options: JobsOptions;
  readonly #runners = new Map<Partition, Runner[]>();
  readonly #running = new Set<Promise<void>>();
  readonly #chores: TimerHandle[] = [];
  readonly #stopping = new AbortController();

  constructor(options: JobsOptions) {
    this.#options = options;
  }

  /** Called for each partition that is opened. Its work begins when the present one is done. That of others' partitions is theirs. */
  attach(partition: Partition): void {
    const service = this.#options.registry.service(partition.name.service);
    if (service === undefined || partition.enter !== undefined || this.#runners.has(partition)) return;
    this.#runners.set(partition, []);
    queueMicrotask(() => this.#start(partition, service));
  }

  /** Another process owns it by now. */
  detach(partition: Partition): void {
    for (const runner of this.#runners.get(partition) ?? []) runner.stop();
    this.#runners.delete(partition);
  }

  /** Another process has written to it. */
  wake(partition: Partition): void {
    for (const runner of this.#runners.get(partition) ?? []) runner.lookSoon();
  }

  /** Opens what holds rows and is owned here, a partition a turn. The directory was opened before there were jobs. */
  async resume(store: Store, isOwned: (name: PartitionName) => boolean = () => true): Promise<void> {
    for (const name of await again(() => store.partitions({}))) {
      if (!isOwned(name)) continue;
      if (this.#stopping.signal.aborted) return;
      if (this.#options.registry.service(name.service)) this.attach(await again(() => store.partition(name)));
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    for (const runner of [...this.#runners.values()].flat()) runner.stop();
    for (const end of this.#chores) end.cancel();
    await Promise.allSettled(this.#running);
  }

  #start(partition: Partition, service: RegisteredService): void {
    const runners = this.#runners.get(partition);
    if (this.#stopping.signal.aborted || runners === undefined) return;
    const { clock, log, deliver } = this.#options;
    const jobOf = (name: string): TimerJob | undefined =>
      name === RETRY_JOB ? retryTarget : service.declaration.timers?.[name];
    runners.push(new TimerRunner(partition, { clock, log, jobOf }));
    if (partition.name.region !== GLOBAL_REGION || service.entry.scope === 'global') {
      runners.push(new Relay(partition, { clock, log, deliver }));
    }
    if (service.entry.reconciles) this.#reconcile(partition, 'load', () => this.#startReconcilers(partition, service));
  }

  async #startReconcilers(partition: Partition, service: RegisteredService): Promise<undefined> {
    await service.load();
    for (const [name, reconcile] of Object.entries(service.declaration.reconcilers ?? {}))
      this.#reconcile(partition, name, reconcile);
  }

  #reconcile(partition: Partition, name: string, reconcile: Reconciler): void {
    const { service } = partition.name;
    const work = async (): Promise<Milliseconds | undefined> =>
      this.#runners.has(partition) ? await reconcile(this.#callFor(partition), this.#stopping.signal) : undefined;
    const waiting = this.#repeat({ name, service }, work);
    this.#runners.get(partition)?.push({ stop: () => waiting.cancel(), lookSoon: () => {} });
  }

  keep({ name, first, again, run }: Chore): void {
    let isFirst = true;
    const work = async (): Promise<Milliseconds> => {
      if (!isFirst) await run(this.#options.log, this.#stopping.signal);
      const next = isFirst ? first : again;
      isFirst = false;
      return next;
    };
    this.#chores.push(this.#repeat({ name }, work));
  }

  /** Runs again when it asks to, and a minute after a failure. */
  #repeat(about: LogFields, work: () => Promise<Milliseconds | undefined>): TimerHandle {
    const { clock, log } = this.#options;
    let waiting: TimerHandle | undefined;
    const run = async (): Promise<void> => {
      waiting = undefined;
      let again: Milliseconds | undefined;
      try {
        again = await work();
      } catch (error) {
        log.log('error', 'reconciler failed', { ...about, reason: String(error) });
        again = 60_000;
      }
      if (again !== undefined && !this.#stopping.signal.aborted) waiting = clock.after(again, () => this.#track(run()));
    };
    this.#track(run());
    return { cancel: () => waiting?.cancel() };
  }

  #track(work: Promise<void>): void {
    this.#running.add(work);
    void work.finally(() => this.#running.delete(work));
  }

  #callFor(partition: Partition): JobCall {
    const { clock, log } = this.#options;
    const { account, region } = partition.name;
    // Directory partitions (account `global`) belong to services that know it.
    return { account: account as AccountId, region, now: clock.now(), partition, clock, log };
  }
}
