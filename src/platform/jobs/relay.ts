/**
 * Delivers what lies in the outbox of a partition: it calls the target's operation as the sending service's principal, with
 * aws:SourceArn and aws:SourceAccount, through the same authoriser as everybody. A crash between the call and the removal of the row
 * sends it again: the row's id goes along as the idempotency token.
 *
 * A target is a lane of its own, with one call at a time. One that fails leaves memory: a durable timer says when it is tried again,
 * and until then its messages wait as rows. So a million messages for a thousand dead targets cost rows, and delay nobody.
 */
import { type Clock, hours, type Milliseconds, seconds, type TimerHandle } from '#platform/base/clock.ts';
import { type AccountId, newRequestId } from '#platform/base/ids.ts';
import type { Logger } from '#platform/base/log.ts';
import { ServiceError, ThrottlingError } from '#platform/error.ts';
import { type Delivery, listen, nextTarget, type OutboxRow, outboxRows } from '#platform/jobs/outbox.ts';
import { isTimerSet, setTimer } from '#platform/jobs/timers.ts';
import type { TimerJob } from '#platform/service.ts';
import { again } from '#platform/store/again.ts';
import type { Key } from '#platform/store/keys.ts';
import type { MemorySlot, Partition, ReadTransaction } from '#platform/store/store.ts';

/** Throws when the target refuses or fails. */
export type Deliver = (delivery: Delivery) => Promise<void>;

/** The timer job of targets that failed, beside those that the partition's service declares. */
export const RETRY_JOB = 'relay';

/** Calls under way at once. Each holds a page of its target's messages. */
const MOST_LANES = 64;
const PAGE = 16;
/** Targets that were told of and wait for a lane; beyond, they are looked for among the rows. */
const MOST_WAITING = 10_000;
const GIVE_UP_AFTER: Milliseconds = hours(24);
const FIRST_RETRY: Milliseconds = seconds(1);
const LONGEST_RETRY: Milliseconds = seconds(60);
/** When the store takes nothing. */
const STORE_RETRY: Milliseconds = seconds(1);
/** Targets that are looked at before those that were told of get their turn, and then other work. */
const SEARCHED_AT_ONCE = 100;

export interface RelayOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly deliver: Deliver;
}

const relays = new WeakMap<Partition, Relay>();

/** Runs in the transaction that removes the timer. */
export const retryTarget: TimerJob = (tx, { target, failures }) => {
  // Set by `#retryLater`.
  tx.onDurable(() => relays.get(tx.partition)?.run(target as string, failures as number));
};

/** Dropped with the memory of a partition whose commit failed: rows that were sent and removed are there again. */
const sentSlot: MemorySlot<Partition> = {
  name: 'relay',
  load: (partition) => partition,
  unload: (partition) => relays.get(partition)?.lookSoon(),
};

export class Relay {
  readonly #partition: Partition;
  readonly #options: RelayOptions;
  /** Targets with a call under way. */
  readonly #lanes = new Set<string>();
  /** Targets that have messages and want a lane, with their failures so far. */
  readonly #waiting = new Map<string, number>();
  /** Where the search among the rows is; undefined when it has been through. */
  #search: { readonly after: string | undefined } | undefined;
  #isSearchDue = true;
  #isFilling = false;
  #storeRetry: TimerHandle | undefined;
  #isStopped = false;

  constructor(partition: Partition, options: RelayOptions) {
    this.#partition = partition;
    this.#options = options;
    relays.set(partition, this);
    listen(partition, (target) => this.run(target, 0));
    void this.#fill();
  }

  stop(): void {
    this.#isStopped = true;
    this.#storeRetry?.cancel();
  }

  /** `target` has messages on disk. */
  run(target: string, failures: number): void {
    if (this.#lanes.has(target)) return;
    const known = this.#waiting.get(target);
    if (known === undefined && this.#waiting.size >= MOST_WAITING) this.#isSearchDue = true;
    else this.#waiting.set(target, Math.max(known ?? 0, failures));
    void this.#fill();
  }

  /** The store has failed: what is in memory may be wrong. */
  lookSoon(): void {
    if (this.#isStopped || this.#storeRetry !== undefined) return;
    this.#storeRetry = this.#options.clock.after(STORE_RETRY, () => {
      this.#storeRetry = undefined;
      this.#search = undefined;
      this.#isSearchDue = true;
      void this.#fill();
    });
  }

  /** Gives a lane to as many targets as may have one. */
  async #fill(): Promise<void> {
    // Who fills sees what is new before it ends.
    if (this.#isFilling) return;
    this.#isFilling = true;
    try {
      for (let searched = 0; !this.#isStopped && this.#lanes.size < MOST_LANES; ) {
        if (this.#isSearching && searched++ < SEARCHED_AT_ONCE) {
          const searching = again(() => this.#searched());
          const target = searching instanceof Promise ? await searching : searching;
          if (target !== undefined) this.#open(target, 0);
          continue;
        }
        const [waiting] = this.#waiting;
        if (waiting === undefined) break;
        this.#open(...waiting);
      }
      if (this.#isSearching && this.#lanes.size < MOST_LANES) setImmediate(() => void this.#fill());
    } catch (error) {
      this.#waits(error);
    } finally {
      this.#isFilling = false;
    }
  }

  #open(target: string, failures: number): void {
    this.#waiting.delete(target);
    this.#lanes.add(target);
    void this.#drain(target, failures).then(() => this.#fill());
  }

  /** The database may be away, whatever is read. */
  #waits(error: unknown): void {
    const { service } = this.#partition.name;
    this.#options.log.log('warn', 'relay waits', { service, reason: String(error) });
    this.lookSoon();
  }

  get #isSearching(): boolean {
    return !this.#isStopped && (this.#search !== undefined || this.#isSearchDue);
  }

  /** The next target among the rows, if it is neither under way nor waiting for its timer. */
  #searched(): string | undefined {
    const target = this.#partition.read((tx) => nextTarget(tx, this.#search?.after));
    const isFree = target !== undefined && !this.#lanes.has(target) && !this.#isPostponed(target);
    if (this.#search === undefined) this.#isSearchDue = false;
    this.#search = target === undefined ? undefined : { after: target };
    return isFree ? target : undefined;
  }

  #isPostponed(target: string): boolean {
    return this.#partition.read((tx) => isTimerSet(tx, RETRY_JOB, target));
  }

  /** Delivers the messages of a target in their order, until there is none or one fails. */
  async #drain(target: string, failuresBefore: number): Promise<void> {
    const partition = this.#partition;
    let failures = failuresBefore;
    try {
      if (await again(() => this.#isPostponed(target))) return;
      for (let after: Key | undefined; ; ) {
        partition.memory(sentSlot);
        const from = after === undefined ? {} : { after };
        const pageFrom = (tx: ReadTransaction) => tx.range(outboxRows, { prefix: [target], limit: PAGE, ...from });
        const page = await again(() => partition.read(pageFrom));
        if (page.length === 0) return;
        // A read shows rows that are not on disk yet; what a crash can take back must not be sent.
        await partition.durable();
        for (const { key, row } of page) {
          if (this.#isStopped) return;
          const isDone = await this.#deliver(target, row);
          if (!isDone) return await again(() => this.#retryLater(target, failures));
          partition.transact((tx) => tx.delete(outboxRows, key));
          failures = 0;
          after = key;
        }
      }
    } catch (error) {
      this.#waits(error);
    } finally {
      // In the turn of the look that found nothing: who is told of the next message must find the lane free.
      this.#lanes.delete(target);
    }
  }

  /** Whether the message is delivered, or never will be. */
  async #deliver(target: string, row: OutboxRow): Promise<boolean> {
    const { clock, log, deliver } = this.#options;
    const { service, account } = this.#partition.name;
    const { id, at, ...message } = row;
    try {
      // Rows of the directory partitions (account `global`) send nothing.
      const sourceAccount = account as AccountId;
      const sender = { sourceAccount, from: service, requestId: newRequestId() };
      await deliver({ ...message, ...sender, target, idempotencyToken: id });
    } catch (error) {
      const call = `${row.service}:${row.operation}`;
      if (!isFinal(error) && clock.now() - at < GIVE_UP_AFTER) {
        log.log('warn', 'delivery failed', { id, target, call, reason: String(error) });
        return false;
      }
      log.log('warn', 'message dropped', { id, target, call, reason: String(error) });
    }
    return true;
  }

  /** After a pause that grows from failure to failure. */
  #retryLater(target: string, failures: number): void {
    const pause = Math.min(LONGEST_RETRY, FIRST_RETRY * 2 ** Math.min(failures, 20));
    const due = this.#options.clock.now() + pause;
    this.#partition.transact((tx) =>
      setTimer(tx, { job: RETRY_JOB, id: target, due, payload: { target, failures: failures + 1 } }),
    );
  }
}

/** A refusal stays one (the target is gone, its policy says no); a failure of ours, or too high a rate, may pass. */
const isFinal = (error: unknown): boolean =>
  error instanceof ServiceError && !(error instanceof ThrottlingError) && (error.status ?? 400) < 500;
