/**
 * The outbox: what a transaction wants done in another partition. It is a row in the causing transaction, so it is sent exactly
 * if that transaction is durable. The relay of the partition takes rows in their order and calls the target as the sending
 * service's principal, with aws:SourceArn and aws:SourceAccount, through the same authoriser as everybody. A crash between the
 * call and the removal of the row sends it again: the row's id goes along as the idempotency token.
 */
import { type Clock, hours, type Milliseconds, type TimerHandle } from '#platform/base/clock.ts';
import { type AccountId, newRequestId, type Region, uuid } from '#platform/base/ids.ts';
import type { Logger } from '#platform/base/log.ts';
import { ServiceError, ThrottlingError } from '#platform/error.ts';
import type { Input } from '#platform/service.ts';
import { jsonRows, table, u64 } from '#platform/store/keys.ts';
import type { MemorySlot, Partition, Transaction } from '#platform/store/store.ts';

export interface Message {
  readonly service: string;
  readonly operation: string;
  readonly input: Input;
  readonly region: Region;
  /** The resource that causes the call. */
  readonly sourceArn: string;
}

interface OutboxRow extends Message {
  readonly id: string;
  readonly at: Milliseconds;
}

export interface Delivery extends Message {
  readonly idempotencyToken: string;
  readonly requestId: string;
  readonly sourceAccount: AccountId;
  /** The service whose partition holds the outbox. */
  readonly from: string;
}

/** Throws when the target refuses or fails. */
export type Deliver = (delivery: Delivery) => Promise<void>;

const outboxRows = table('outbox', [u64], jsonRows<OutboxRow>(1));

interface Sequence {
  next: number;
}

const sequenceSlot: MemorySlot<Sequence> = {
  name: 'outbox',
  load: (partition) => {
    const [last] = partition.read((tx) => tx.range(outboxRows, { reverse: true, limit: 1 }));
    return { next: last === undefined ? 1 : outboxRows.parts(last.key)[0] + 1 };
  },
};

const relays = new WeakMap<Partition, Relay>();

/** Dropped with the memory of a partition whose commit failed: rows that were sent and removed are there again. */
const sentSlot: MemorySlot<Partition> = {
  name: 'relay',
  load: (partition) => partition,
  unload: (partition) => relays.get(partition)?.wakeLater(),
};

/** Sends `message` when the transaction is on disk. */
export function send(tx: Transaction, now: Milliseconds, message: Message): void {
  const sequence = tx.partition.memory(sequenceSlot);
  tx.put(outboxRows, outboxRows.key(sequence.next++), { ...message, id: uuid(), at: now });
  tx.onDurable(() => relays.get(tx.partition)?.wake());
}

const PAGE = 100;
const GIVE_UP_AFTER: Milliseconds = hours(24);
const FIRST_RETRY: Milliseconds = 1000;
const LONGEST_RETRY: Milliseconds = 60_000;

export interface RelayOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly deliver: Deliver;
}

export class Relay {
  readonly #partition: Partition;
  readonly #options: RelayOptions;
  #isRunning = false;
  #isWoken = false;
  #isStopped = false;
  #retry: TimerHandle | undefined;
  #delay: Milliseconds = FIRST_RETRY;

  constructor(partition: Partition, options: RelayOptions) {
    this.#partition = partition;
    this.#options = options;
    relays.set(partition, this);
    this.wake();
  }

  wake(): void {
    this.#isWoken = true;
    if (this.#isRunning || this.#isStopped || this.#retry !== undefined) return;
    this.#isRunning = true;
    void this.#run().finally(() => {
      this.#isRunning = false;
      if (this.#isWoken && this.#retry === undefined && !this.#isStopped) this.wake();
    });
  }

  stop(): void {
    this.#isStopped = true;
    this.#retry?.cancel();
  }

  async #run(): Promise<void> {
    this.#isWoken = false;
    try {
      for (;;) {
        this.#partition.memory(sentSlot);
        const page = this.#partition.read((tx) => tx.range(outboxRows, { limit: PAGE }));
        // A read shows rows that are not on disk yet; what a crash can take back must not be sent.
        await this.#partition.durable();
        for (const { key, row } of page) {
          if (this.#isStopped) return;
          await this.#deliver(row);
          this.#partition.transact((tx) => tx.delete(outboxRows, key));
          this.#delay = FIRST_RETRY;
        }
        if (page.length < PAGE) return;
      }
    } catch (error) {
      this.#options.log.log('warn', 'relay waits', { service: this.#partition.name.service, reason: String(error) });
      this.wakeLater();
    }
  }

  /** Returns when the message is delivered, or will never be. */
  async #deliver(row: OutboxRow): Promise<void> {
    const { clock, log, deliver } = this.#options;
    const { service, account } = this.#partition.name;
    const { id, at, ...message } = row;
    try {
      // Rows of the directory partitions (account `global`) send nothing.
      const sourceAccount = account as AccountId;
      await deliver({ ...message, idempotencyToken: id, requestId: newRequestId(), sourceAccount, from: service });
    } catch (error) {
      // A refusal stays one (the target is gone, its policy says no); a failure of ours, or too high a rate, may pass.
      const isFinal =
        error instanceof ServiceError && !(error instanceof ThrottlingError) && (error.status ?? 400) < 500;
      if (!isFinal && clock.now() - at < GIVE_UP_AFTER) throw error;
      log.log('warn', 'message dropped', { id, target: `${row.service}:${row.operation}`, reason: String(error) });
    }
  }

  /** After a pause that grows from failure to failure. */
  wakeLater(): void {
    if (this.#isStopped || this.#retry !== undefined) return;
    this.#retry = this.#options.clock.after(this.#delay, () => {
      this.#retry = undefined;
      this.wake();
    });
    this.#delay = Math.min(LONGEST_RETRY, this.#delay * 2);
  }
}
