/**
 * Brings the host to what the rows of an account's instances say. Takes no input: it looks at rows that were written and at what runs, and does
 * one step after another (next-step.ts) until both agree; each instance by itself, all at the same time. A step may be repeated and may
 * fail; whatever a process was doing when it died, the next one finds rows and machines, and goes on.
 */
import { type Milliseconds, minutes, seconds, type TimerHandle } from '#platform/base/clock.ts';
import { isAccountId } from '#platform/base/ids.ts';
import type { Host } from '#platform/compute/host.ts';
import { type Ending, MachineError } from '#platform/compute/machine.ts';
import type { JobCall, Reconciler } from '#platform/service.ts';
import { again } from '#platform/store/again.ts';
import { nextTouch, takeTouched, touchNow } from '#services/ec2/instances/changes.ts';
import { type Crew, newCrew } from '#services/ec2/instances/crew.ts';
import { NO_CAPACITY } from '#services/ec2/instances/lifecycle.ts';
import { type Attached, attachedTo } from '#services/ec2/instances/machine-spec.ts';
import { nextStep } from '#services/ec2/instances/next-step.ts';
import { type Notes, notesOf } from '#services/ec2/instances/noted.ts';
import { type InstanceRow, instances } from '#services/ec2/instances/state.ts';
import { type Stage, type Taken, takeStep } from '#services/ec2/instances/steps.ts';
import { upInstances } from '#services/ec2/instances/up.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';

export function instanceReconciler(parts: Ec2Parts, host: Host): Reconciler {
  let crew: Crew | undefined;
  return async (job, signal) => {
    if (!isAccountId(job.partition.name.account)) return undefined;
    crew ??= newCrew(parts, host);
    const keeper = new Keeper(parts, host, crew, job, signal);
    await keeper.run();
    return undefined;
  };
}

const SWEEP: Milliseconds = minutes(1);
const METER: Milliseconds = minutes(10);
const METERED_AT_ONCE = 200;
const CHECKED_AT_ONCE = 16;
/** A start is tried so often before it has failed. */
const MOST_TRIES = 4;
const FIRST_RETRY: Milliseconds = 250;
const LONGEST_RETRY: Milliseconds = minutes(1);
/** Checks that fail right after a start say nothing. */
const INITIALIZING: Milliseconds = minutes(2);

/** Looks after the instances of one partition, from the time it is opened until the process stops. */
class Keeper {
  readonly #parts: Ec2Parts;
  readonly #host: Host;
  readonly #crew: Crew;
  readonly #job: JobCall;
  readonly #signal: AbortSignal;
  readonly #notes: Notes;
  readonly #working = new Map<string, Promise<void>>();
  readonly #again = new Set<string>();
  readonly #timers = new Map<string, TimerHandle>();
  readonly #tries = new Map<string, number>();
  /** Guests that were asked to shut down, and for what. */
  readonly #asked = new Map<string, string>();
  #meteredAt: number;

  constructor(parts: Ec2Parts, host: Host, crew: Crew, job: JobCall, signal: AbortSignal) {
    this.#parts = parts;
    this.#host = host;
    this.#crew = crew;
    this.#job = job;
    this.#signal = signal;
    this.#notes = notesOf(parts, job.partition);
    this.#meteredAt = job.clock.now();
  }

  async run(): Promise<void> {
    const { partition, clock } = this.#job;
    const stopped = new Promise<void>((resolve) =>
      this.#signal.addEventListener('abort', () => resolve(), { once: true }),
    );
    const member = this.#crew.join(partition, (id, ending) => this.#ended(id, ending));
    const orphans = this.#removeOrphans();
    let sweepAt = clock.monotonic() + SWEEP;
    // Whoever asks what a host has room for finds it in memory.
    await again(() => upInstances(partition));
    while (!this.#signal.aborted) {
      const touched = nextTouch(partition);
      const ids = takeTouched(partition);
      const all = (): string[] => partition.read((tx) => instances.ids(tx, undefined, Infinity));
      for (const id of ids === 'all' ? await again(all) : ids) this.#look(id);
      const tick = Promise.withResolvers<void>();
      const timer = clock.after(Math.max(0, sweepAt - clock.monotonic()), tick.resolve);
      await Promise.race([touched, stopped, tick.promise]);
      timer.cancel();
      if (this.#signal.aborted || clock.monotonic() < sweepAt) continue;
      sweepAt = clock.monotonic() + SWEEP;
      await this.#sweep().catch((error: unknown) => this.#complain('a look at all instances failed', '', error));
    }
    member.leave();
    for (const timer of this.#timers.values()) timer.cancel();
    await Promise.allSettled([orphans, ...this.#working.values()]);
  }

  /** Resolves when it is on disk that it has ended. */
  async #ended(id: string, ending: Ending): Promise<void> {
    try {
      await this.#notes.ended(id, ending === 'guest-shutdown');
      await this.#job.partition.durable();
    } catch (error) {
      this.#complain('the end of a machine is not noted', id, error);
    }
    touchNow(this.#job.partition, id);
  }

  #removeOrphans(): Promise<void> {
    return this.#crew.orphans
      .sweep()
      .catch((error: unknown) => this.#complain('what is nobody’s could not be removed', '', error));
  }

  #look(id: string): void {
    if (this.#working.has(id)) {
      this.#again.add(id);
      return;
    }
    const work = this.#keep(id).finally(() => {
      this.#working.delete(id);
      if (this.#again.delete(id) && !this.#signal.aborted) this.#look(id);
    });
    this.#working.set(id, work);
  }

  /** Step by step until there is none, or it has to wait. */
  async #keep(id: string): Promise<void> {
    this.#timers.get(id)?.cancel();
    while (!this.#signal.aborted) {
      try {
        if ((await this.#goOn(id)) === 'rest') return;
        this.#tries.delete(id);
      } catch (error) {
        if (!(await this.#failed(id, error))) return;
      }
    }
  }

  async #goOn(id: string): Promise<'on' | 'rest'> {
    const { partition, clock } = this.#job;
    // What is not on disk may never have been.
    await partition.durable();
    const runs = (await this.#crew.observe()).has(id);
    await this.#crew.noted(id);
    const found = await again(() =>
      partition.read((tx) => {
        const row = instances.find(tx, id);
        return row && { row, attached: attachedTo(tx, row) };
      }),
    );
    if (found === undefined) return 'rest';
    const { row, attached } = found;
    const wasAsked = this.#asked.get(id) === purposeOf(row);
    const step = nextStep(row, attached, { runs, now: clock.now(), wasAsked });
    if (step === undefined) return 'rest';
    if (step.kind === 'wait') {
      this.#lookAt(id, step.until - clock.now());
      return 'rest';
    }
    return step.kind === 'check' ? this.#check(row) : this.#take(step, row, attached);
  }

  async #check(row: InstanceRow): Promise<'on' | 'rest'> {
    const isPassed = await this.#host.machines.isResponsive(row.id);
    if (isPassed || this.#job.clock.now() >= row.launchedAt + INITIALIZING) {
      await this.#notes.check(row.id, isPassed);
      return 'on';
    }
    this.#lookAt(row.id, seconds(2));
    return 'rest';
  }

  async #take(step: Taken, row: InstanceRow, attached: Attached): Promise<'on'> {
    await takeStep(this.#stage, step, row, attached);
    if (step.kind === 'ask') this.#asked.set(row.id, purposeOf(row));
    else if (step.kind === 'boot' || step.kind === 'note-down') this.#asked.delete(row.id);
    return 'on';
  }

  get #stage(): Stage {
    return {
      parts: this.#parts,
      host: this.#host,
      gate: this.#crew.gate,
      notes: this.#notes,
      partition: this.#job.partition,
      signal: this.#signal,
    };
  }

  #lookAt(id: string, delay: Milliseconds): void {
    this.#timers.get(id)?.cancel();
    const timer = this.#job.clock.after(Math.max(0, delay), () => {
      this.#timers.delete(id);
      touchNow(this.#job.partition, id);
    });
    this.#timers.set(id, timer);
  }

  /** Whether to go on at once. */
  async #failed(id: string, error: unknown): Promise<boolean> {
    if (this.#signal.aborted) return false;
    const tries = (this.#tries.get(id) ?? 0) + 1;
    this.#tries.set(id, tries);
    this.#complain('a step of an instance failed', id, error);
    const row = await this.#find(id);
    const isStart = row?.state === 'pending' || (row?.state === 'running' && !row.isOnHost);
    const isFull = error instanceof MachineError && error.problem === 'no-capacity';
    if (row !== undefined && isStart && (isFull || tries >= MOST_TRIES)) {
      this.#tries.delete(id);
      await this.#notes.event(id, row.hasRun ? 'start-failed' : 'launch-failed', isFull ? NO_CAPACITY : undefined);
      return true;
    }
    this.#lookAt(id, Math.min(LONGEST_RETRY, FIRST_RETRY * 2 ** tries));
    return false;
  }

  #complain(event: string, instance: string, error: unknown): void {
    this.#job.log.log('error', event, { instance, reason: String(error) });
  }

  /** What nobody tells: machines that are gone or should be, guests that hang, time for the bill. */
  async #sweep(): Promise<void> {
    const { partition, clock } = this.#job;
    await this.#removeOrphans();
    const running = await this.#crew.observe();
    const up = [...(await again(() => upInstances(partition))).keys()];
    for (const id of up) if (!running.has(id)) this.#look(id);
    for (let at = 0; at < up.length && !this.#signal.aborted; at += CHECKED_AT_ONCE) {
      const some = up.slice(at, at + CHECKED_AT_ONCE).filter((id) => running.has(id));
      await Promise.all(some.map((id) => this.#recheck(id)));
    }
    if (clock.now() - this.#meteredAt < METER) return;
    this.#meteredAt = clock.now();
    for (let at = 0; at < up.length; at += METERED_AT_ONCE) {
      await this.#notes.metered(up.slice(at, at + METERED_AT_ONCE));
      await partition.durable();
    }
  }

  async #recheck(id: string): Promise<void> {
    const row = await this.#find(id);
    if (row?.check === undefined) return;
    await this.#notes.check(id, await this.#host.machines.isResponsive(id));
  }

  async #find(id: string): Promise<InstanceRow | undefined> {
    return again(() => this.#job.partition.read((tx) => instances.find(tx, id)));
  }
}

/** Why a guest would be asked: to reboot, or to go down by this deadline. */
const purposeOf = ({ state, reboot, down }: InstanceRow): string => `${state} ${reboot?.deadline ?? down?.deadline}`;
