/**
 * Takes the audit's records out of the partitions that they were written in (platform/audit/journal.ts) and gives them to the
 * event history, to the trails that ask for them and to the counts that insights are found in: soon after they were written, and
 * before each look-up. Records and the cursor of their journal are one transaction of CloudTrail's partition; the journal's rows
 * go when that is on disk. So a crash neither loses nor doubles an event.
 */
import { dropPacksBefore, listen, type Pack, packsAfter } from '#platform/audit/journal.ts';
import type { AuditRecord } from '#platform/audit/record.ts';
import { type Clock, type Milliseconds, seconds, type TimerHandle } from '#platform/base/clock.ts';
import { type AccountId, GLOBAL_REGION, isAccountId, type Region, timeOfId } from '#platform/base/ids.ts';
import type { AuditReader, DataEvent } from '#platform/cloud.ts';
import { again } from '#platform/store/again.ts';
import type { Key } from '#platform/store/keys.ts';
import type { Partition, Store, Transaction } from '#platform/store/store.ts';
import { countAggregates } from './aggregates.ts';
import { addToHistory, type HistoryRecord } from './history.ts';
import { keepForDelivery } from './queues.ts';
import { countRates } from './rates.ts';
import { cursors } from './state.ts';
import { looksFor, type TrailDirectory, takes } from './trail-directory.ts';

/** How long a record may wait before it is taken. */
const TAKEN_EVERY: Milliseconds = seconds(60);
/** A partition's packs that are taken at once: the rest after the requests that have come in between. */
const PACKS_AT_ONCE = 32;
/** AWS shows calls of global services in this region. */
const GLOBAL_EVENTS_REGION = 'us-east-1' as Region;

export interface CollectorDeps {
  readonly store: Store;
  readonly trails: TrailDirectory;
  readonly clock: Clock;
  readonly onFault: (error: unknown) => void;
}

export interface TakenRecord extends HistoryRecord {
  readonly record: AuditRecord;
  readonly isGlobal: boolean;
}

export class Collector implements AuditReader {
  readonly #deps: CollectorDeps;
  /** Partitions where records wait. */
  readonly #noted = new Set<Partition>();
  /** What is being taken, by account and region. */
  readonly #running = new Map<string, Promise<void>>();
  #timer: TimerHandle | undefined;
  #isStopped = false;

  constructor(deps: CollectorDeps) {
    this.#deps = deps;
  }

  #note(partition: Partition): void {
    this.#noted.add(partition);
    if (this.#timer !== undefined || this.#isStopped) return;
    this.#timer = this.#deps.clock.after(TAKEN_EVERY, () => void this.#takeAll().catch(this.#deps.onFault));
  }

  wantsData(account: AccountId, event: DataEvent): boolean {
    return this.#deps.trails.wantsData(account, event);
  }

  /** A partition has been opened: what it held when the process ended is taken, and what will be written. */
  opened(partition: Partition): void {
    if (!isAccountId(partition.name.account)) return;
    listen(partition, () => this.#note(partition));
    // When the work that opens it is done.
    queueMicrotask(() => void this.#noteIfAny(partition).catch(this.#deps.onFault));
  }

  async #noteIfAny(partition: Partition): Promise<void> {
    const packs = await again(() => partition.read((tx) => packsAfter(tx, undefined, 1)));
    if (packs.length > 0) this.#note(partition);
  }

  /** Another process owns it by now, and takes its records. */
  closed(partition: Partition): void {
    this.#noted.delete(partition);
  }

  /**
   * When it resolves, the records that were on disk before have been taken; if there are too many for `steps`, the oldest. Each
   * step lets the requests that have come in go first.
   */
  async take(account: AccountId, region: Region, steps = Number.POSITIVE_INFINITY): Promise<void> {
    const place = `${account} ${region}`;
    const before = this.#running.get(place) ?? Promise.resolve();
    const taken = before.catch(() => {}).then(() => this.#take(account, region, steps));
    this.#running.set(place, taken);
    try {
      await taken;
    } finally {
      if (this.#running.get(place) === taken) this.#running.delete(place);
    }
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    await Promise.allSettled(this.#running.values());
  }

  async #takeAll(): Promise<void> {
    this.#timer = undefined;
    const places = new Map<string, [AccountId, Region]>();
    for (const { name } of this.#noted) {
      // Only accounts' partitions are noted.
      const account = name.account as AccountId;
      places.set(`${account} ${homeOf(name.region)}`, [account, homeOf(name.region)]);
    }
    for (const [account, region] of places.values()) {
      if (!this.#isStopped) await this.take(account, region);
    }
  }

  async #take(account: AccountId, region: Region, steps: number): Promise<void> {
    const sources = [...this.#noted].filter(({ name }) => name.account === account && homeOf(name.region) === region);
    if (sources.length === 0) return;
    try {
      for (const source of sources) {
        // Noted again from here on: nothing that is written while we wait is overlooked.
        this.#noted.delete(source);
        await source.durable();
      }
      const target = await again(() => this.#deps.store.partition({ service: 'cloudtrail', account, region }));
      let isMore = true;
      for (let step = 0; isMore && step < steps && !this.#isStopped; step++) {
        isMore = await this.#takeSome(target, sources, account, region);
        if (isMore) await turn();
      }
      if (isMore) for (const source of sources) this.#note(source);
    } catch (error) {
      for (const source of sources) this.#note(source);
      throw error;
    }
  }

  /** Whether there may be more. */
  async #takeSome(
    target: Partition,
    sources: readonly Partition[],
    account: AccountId,
    region: Region,
  ): Promise<boolean> {
    const journals: Journal[] = [];
    for (const source of sources) journals.push(await again(() => journalOf(target, source)));
    const taken = journals.flatMap(({ source, packs }) =>
      packs.flatMap(({ records }) => records.map((text) => takenRecord(text, source))),
    );
    if (taken.length === 0) return false;
    taken.sort((a, b) => a.time - b.time);
    const hand = (tx: Transaction): void => {
      this.#hand(tx, taken, account, region);
      for (const { cursor, packs } of journals) {
        const last = packs.at(-1);
        if (last !== undefined) tx.put(cursors, cursor, { after: last.key });
      }
    };
    await again(() => target.transact(hand));
    await target.durable();
    for (const { source, packs } of journals) {
      const last = packs.at(-1);
      if (last !== undefined) await again(() => source.transact((tx) => dropPacksBefore(tx, last.key)));
    }
    return journals.some(({ packs }) => packs.length === PACKS_AT_ONCE);
  }

  #hand(tx: Transaction, taken: readonly TakenRecord[], account: AccountId, region: Region): void {
    const management = taken.filter(({ record }) => record.managementEvent);
    if (management.length > 0) addToHistory(tx, 'management', management);
    const trails = this.#deps.trails.in(account, region);
    for (const trail of trails) {
      const wanted = taken.filter(({ record, time, isGlobal }) => takes(trail, record, time, isGlobal));
      const texts = wanted.map(({ text }) => text);
      if (texts.length > 0) keepForDelivery(tx, trail.arn, taken.at(-1)?.time ?? 0, texts);
      const data = wanted.filter(({ record }) => !record.managementEvent);
      if (looksFor(trail, 'Data')) countRates(tx, trail.arn, data);
      countAggregates(tx, trail.arn, trail.row.templates ?? [], data);
    }
    if (trails.some((trail) => looksFor(trail, 'Management'))) countRates(tx, '', management);
  }
}

export const homeOf = (region: Region): Region => (region === GLOBAL_REGION ? GLOBAL_EVENTS_REGION : region);

interface Journal {
  readonly source: Partition;
  readonly cursor: Key;
  readonly packs: readonly Pack[];
}

/** What was not taken from it yet. */
function journalOf(target: Partition, source: Partition): Journal {
  const cursor = cursorOf(source);
  const after = target.read((tx) => tx.get(cursors, cursor))?.after;
  return { source, cursor, packs: source.read((tx) => packsAfter(tx, after, PACKS_AT_ONCE)) };
}

const cursorOf = ({ name }: Partition) => cursors.key(name.service, name.region);

function takenRecord(text: string, { name }: Partition): TakenRecord {
  // Written by record.ts.
  const record = JSON.parse(text) as AuditRecord;
  const time = timeOfId(record.eventID) ?? Date.parse(record.eventTime);
  return { text, record, time, isGlobal: name.region === GLOBAL_REGION };
}

/** The requests that have come in go first. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
