/** All partitions of a cloud over the drivers of its regions. A region is opened when something asks for it. */

import type { Clock } from '#platform/base/clock.ts';
import { getOrInsert } from '#platform/base/get-or-insert.ts';
import type { AccountId, Region } from '#platform/base/ids.ts';
import { adopt, type KeepBooks } from '#platform/store/adopt.ts';
import { readNames, readRegions, waitUntil } from '#platform/store/again.ts';
import { Committer, DEFAULT_PENDING_LIMITS, type PendingLimits } from '#platform/store/commit.ts';
import type { LaterReads, SharedDriver, StoreDrivers, Taken } from '#platform/store/driver.ts';
import { FollowedPartition, type Proposal, type Propose } from '#platform/store/followed.ts';
import { OwnedPartition } from '#platform/store/partition.ts';
import { dayOf, type RowSeals, type Sealing } from '#platform/store/row-seals.ts';
import { type Partition, type PartitionName, type Store, StoreUnavailable } from '#platform/store/store.ts';

export interface StoreOptions {
  /** Shared ones where there is a sharing. */
  readonly drivers: StoreDrivers;
  readonly sharing?: Sharing | undefined;
  readonly limits?: Partial<PendingLimits>;
  /** The drivers have the same seals. Without them (in tests) sealed tables lie as others do. */
  readonly sealing?: { readonly seals: RowSeals; readonly clock: Clock };
  /** A fault in a callback of ours, which no request can be told about. By default it ends the process. */
  readonly onFault?: (error: unknown) => void;
  /** A partition was opened by its first use in this process, which owns it: its timers and outbox start. */
  readonly onOpen?: (partition: Partition) => void;
}

/** How a process shares the store with others (platform/cluster). Alone, it owns every partition for as long as it runs. */
export interface Sharing {
  /** Whether this process is to own the account's partitions that it opens. */
  readonly owns: (account: PartitionName['account']) => boolean;
  /** Whether it surely owns them now. */
  readonly holds: (account: PartitionName['account']) => boolean;
  /** Whether the feed tells of its changes. */
  readonly isAnnounced: (name: PartitionName) => boolean;
  /** Whether the feed has told all up to a moment ago. */
  readonly isFeedFresh: () => boolean;
  readonly propose: Propose;
  readonly keepBooks: KeepBooks;
  /** Another process has written to a partition that is owned here. */
  readonly onAdopted: (partition: Partition) => void;
  /** A partition is not owned here any more. */
  readonly onRetired: (partition: Partition) => void;
}

export interface SharedStore extends Store {
  /** The owner's side of `Sharing.propose`. */
  adopt(proposal: Proposal): Promise<void>;
  /** These accounts will be another process's soon: long polls end. */
  leave(isLeaving: (account: PartitionName['account']) => boolean): void;
  /** Of these accounts nothing begins here any more; when it resolves, all that had begun is on disk or lost. */
  retire(isRetired: (account: PartitionName['account']) => boolean): Promise<void>;
  /** All that waits counts as lost: another process may own it. When it resolves, no commit is under way. */
  abandon(): Promise<void>;
  /** Partitions of these accounts that were followed are owned from now on. */
  opens(isOpened: (account: PartitionName['account']) => boolean): void;
  /** Of all batches that are on disk. */
  readonly commitTimes: { readonly count: number; readonly milliseconds: number };
  /** Some disk takes no writes, and usage of calls that only read waits in memory. */
  readonly areCountsWaiting: boolean;
  /** The feed tells that these partitions have changed; without paths, that anything may have. */
  changed(paths?: readonly string[]): void;
}

const pathOf = ({ service, account, region }: PartitionName): string => `${service}/${account}/${region}`;

function nameOf(path: string): PartitionName {
  const [service = '', account = '', region = ''] = path.split('/');
  // Written by pathOf, so the parts are what they were.
  return { service, account: account as AccountId, region: region as Region };
}

const rethrow = (error: unknown): void => {
  queueMicrotask(() => {
    throw error;
  });
};

type Account = PartitionName['account'];

interface Taking {
  readonly account: Account;
  readonly ready: Promise<void>;
  taken?: Taken;
}

export const openStore = (options: StoreOptions): SharedStore => new OpenStore(options);

class OpenStore implements SharedStore {
  readonly #drivers: StoreDrivers;
  readonly #options: StoreOptions;
  readonly #sharing: Sharing | undefined;
  readonly #onFault: (error: unknown) => void;
  readonly #committers = new Map<Region, Committer>();
  /** Service, account, region: looked up several times a request, so no text is put together for it. */
  readonly #partitions = new Map<string, Map<Account, Map<Region, OwnedPartition>>>();
  /** Partitions that are being opened, by path: until who waits for them opens them. */
  readonly #taking = new Map<string, Taking>();

  constructor(options: StoreOptions) {
    this.#drivers = options.drivers;
    this.#options = options;
    this.#sharing = options.sharing;
    this.#onFault = options.onFault ?? rethrow;
  }

  partition(name: PartitionName): Partition {
    return this.#partitions.get(name.service)?.get(name.account)?.get(name.region) ?? this.#open(name);
  }

  partitions({ service, account, region }: Parameters<Store['partitions']>[0]): PartitionName[] {
    const regions = region ? [region] : new Set([...readRegions(this.#drivers), ...this.#committers.keys()]);
    return readNames([...regions].map((each) => this.#committerOf(each).driver))
      .map(nameOf)
      .filter((name) => (service ?? name.service) === name.service && (account ?? name.account) === name.account);
  }

  async close(): Promise<void> {
    const ends = [...this.#committers.values()].map(async (committer) => {
      try {
        await committer.drain();
      } finally {
        await committer.driver.close();
      }
    });
    const [failure] = (await Promise.allSettled(ends)).filter((end) => end.status === 'rejected');
    await this.#drivers.close();
    if (failure) throw failure.reason;
  }

  async adopt(proposal: Proposal): Promise<void> {
    const partition = this.partition(nameOf(proposal.path));
    const sharing = this.#sharing;
    if (sharing === undefined || !isOwned(partition)) throw new StoreUnavailable('the partition is not owned here');
    adopt(partition, proposal, sharing.keepBooks);
    sharing.onAdopted(partition);
    await partition.durable();
  }

  leave(isLeaving: (account: Account) => boolean): void {
    for (const partition of this.#all()) if (isLeaving(partition.name.account)) partition.leave();
  }

  async retire(isRetired: (account: Account) => boolean): Promise<void> {
    const retired = this.#retired(({ name }) => isRetired(name.account));
    // Who is given these accounts must not have them taken away by what was asked before.
    await this.#untaken(isRetired);
    await Promise.allSettled(retired.map((partition) => partition.written()));
    for (const partition of retired) partition.lose();
  }

  async abandon(): Promise<void> {
    const retired = this.#retired(() => true);
    const untaken = this.#untaken(() => true);
    for (const committer of this.#committers.values()) committer.abandon(new StoreUnavailable('the lease is over'));
    for (const partition of retired) partition.lose();
    await Promise.allSettled([untaken, ...[...this.#committers.values()].map((committer) => committer.drain())]);
  }

  opens(isOpened: (account: Account) => boolean): void {
    for (const followed of this.#remove(({ name }) => isOpened(name.account))) followed.forget();
  }

  changed(paths?: readonly string[]): void {
    const named = paths && new Set(paths);
    for (const partition of this.#all()) {
      if (partition instanceof FollowedPartition && (named?.has(partition.path) ?? true)) partition.changed();
    }
  }

  get commitTimes(): SharedStore['commitTimes'] {
    const sum = { count: 0, milliseconds: 0 };
    for (const { times } of this.#committers.values()) {
      sum.count += times.count;
      sum.milliseconds += times.milliseconds;
    }
    return sum;
  }

  get areCountsWaiting(): boolean {
    return [...this.#committers.values()].some(({ areCountsWaiting }) => areCountsWaiting);
  }

  #open(name: PartitionName): Partition {
    const sharing = this.#sharing;
    const partition =
      sharing === undefined || sharing.owns(name.account) ? this.#own(name) : this.#follow(name, sharing);
    const accounts = getOrInsert(this.#partitions, name.service, () => new Map<Account, Map<Region, OwnedPartition>>());
    getOrInsert(accounts, name.account, () => new Map<Region, OwnedPartition>()).set(name.region, partition);
    if (isOwned(partition)) this.#options.onOpen?.(partition);
    return partition;
  }

  #own(name: PartitionName): OwnedPartition {
    const path = pathOf(name);
    const sharing = this.#sharing;
    const term = sharing && { isHeld: () => sharing.holds(name.account), isAnnounced: sharing.isAnnounced(name) };
    const committer = this.#committerOf(name.region);
    return new OwnedPartition(name, path, this.#take(name, path, committer), committer, this.#sealingOf(path), term);
  }

  #take(name: PartitionName, path: string, { driver }: Committer): Taken {
    const { later } = driver;
    const known = this.#taking.get(path);
    if (later !== undefined && known?.taken === undefined) {
      waitUntil(() => (known ?? this.#takeLater(name, path, later)).ready);
    }
    this.#taking.delete(path);
    return known?.taken ?? driver.own(path);
  }

  /** What was waited for counts if nothing has happened to the partition meanwhile. */
  #takeLater({ account }: PartitionName, path: string, later: LaterReads): Taking {
    const taking: Taking = {
      account,
      ready: later.own(path).then((taken) => {
        taking.taken = taken;
      }),
    };
    this.#taking.set(path, taking);
    // Who asks next asks anew.
    taking.ready.catch(() => {
      if (this.#taking.get(path) === taking) this.#taking.delete(path);
    });
    return taking;
  }

  #follow(name: PartitionName, { propose, isAnnounced, isFeedFresh }: Sharing): FollowedPartition {
    const path = pathOf(name);
    const isVouchedFor = isAnnounced(name) ? isFeedFresh : () => false;
    // Where there is a sharing, all drivers are shared ones.
    const driver = this.#committerOf(name.region).driver as SharedDriver;
    const parts = { driver, limits: this.#limits, onFault: this.#onFault, propose, isVouchedFor };
    return new FollowedPartition(name, path, { ...parts, sealing: this.#sealingOf(path) });
  }

  #sealingOf(path: string): Sealing | undefined {
    const { sealing } = this.#options;
    return sealing && { open: sealing.seals(path).open, today: () => dayOf(sealing.clock) };
  }

  #committerOf(region: Region): Committer {
    return getOrInsert(
      this.#committers,
      region,
      () => new Committer(this.#drivers.open(region), this.#limits, this.#onFault),
    );
  }

  get #limits(): PendingLimits {
    return { ...DEFAULT_PENDING_LIMITS, ...this.#options.limits };
  }

  #all(): OwnedPartition[] {
    return [...this.#partitions.values()].flatMap((accounts) =>
      [...accounts.values()].flatMap((regions) => [...regions.values()]),
    );
  }

  /** They are opened anew when they are asked for. */
  #remove(isGone: (partition: OwnedPartition) => boolean): OwnedPartition[] {
    const gone = this.#all().filter(isGone);
    for (const { name } of gone) this.#partitions.get(name.service)?.get(name.account)?.delete(name.region);
    return gone;
  }

  /** When nobody is taking a partition of these accounts over any more. */
  async #untaken(isRetired: (account: Account) => boolean): Promise<void> {
    const taking = [...this.#taking].filter(([, { account }]) => isRetired(account));
    for (const [path] of taking) this.#taking.delete(path);
    await Promise.allSettled(taking.map(([, { ready }]) => ready));
  }

  #retired(isRetired: (partition: OwnedPartition) => boolean): OwnedPartition[] {
    const retired = this.#remove((partition) => isOwned(partition) && isRetired(partition));
    for (const partition of retired) {
      partition.retire();
      this.#sharing?.onRetired(partition);
    }
    return retired;
  }
}

const isOwned = (partition: Partition): partition is OwnedPartition =>
  partition instanceof OwnedPartition && !(partition instanceof FollowedPartition);
