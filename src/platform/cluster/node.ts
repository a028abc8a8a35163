/**
 * A process among those that share a cloud: it joins, renews, takes the slots that fall to it, hands over those that are another's
 * by right, and joins anew when it has been struck off. What it believes is membership.ts; what its parts must do when slots come and
 * go is told to them in `Duties`.
 */
import type { Clock, Milliseconds, TimerHandle } from '#platform/base/clock.ts';
import type { Logger } from '#platform/base/log.ts';
import type { Ledger, LiveNode, NodeEntry, Roll } from '#platform/cluster/ledger.ts';
import { LedgerTime } from '#platform/cluster/ledger-time.ts';
import { type Instant, isWithin, Membership, type Turnover } from '#platform/cluster/membership.ts';
import { slotOf } from '#platform/cluster/slots.ts';
import type { PartitionName } from '#platform/store/store.ts';

export interface Duties {
  /** These are ours: their work begins. */
  gained(slots: ReadonlySet<number>): void;
  /** Nothing of these begins any more; when it resolves, all is on disk and forgotten. */
  release(slots: ReadonlySet<number>): Promise<void>;
  /** Nothing is ours any more, and others may have it already. When it resolves, no commit is under way. */
  lost(): Promise<void>;
  /** The feed: these partitions have changed; without paths, anything may have. */
  changed(paths?: readonly string[]): void;
}

export interface NodeOptions {
  readonly ledger: Ledger;
  readonly id: string;
  readonly address: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly duties: Duties;
}

const RENEWED_EVERY: Milliseconds = 500;
/** How old the last mark of the feed may be for what is kept of others to count. */
const FEED_BELIEVED: Milliseconds = 1000;
/** Moved at a time: calls for them wait meanwhile. */
const HANDED_AT_ONCE = 32;

export class ClusterNode {
  readonly #options: NodeOptions;
  #membership: Membership | undefined;
  #isDraining = false;
  #isStopped = false;
  #timer: TimerHandle | undefined;
  /** Orders to the ledger, one after another. */
  #turn: Promise<void> = Promise.resolve();
  #handing: Promise<void> | undefined;
  #looking: Promise<void> | undefined;
  #marks = 0;
  readonly #sentMarks = new Map<string, Instant>();
  #feedAt: Instant | undefined;
  #unfollow: (() => Promise<void>) | undefined;
  readonly #time = new LedgerTime();
  /** Counts for the metrics. */
  moves = { gained: 0, handed: 0, lost: 0 };

  constructor(options: NodeOptions) {
    this.#options = options;
  }

  /** When it resolves, this process is on the roll and has what fell to it at once. If it fails it may be called again. */
  async start(): Promise<void> {
    const { ledger, duties } = this.#options;
    this.#unfollow ??= await ledger.follow({
      changed: (paths) => duties.changed(paths),
      marked: (mark) => this.#marked(mark),
      lost: () => {
        this.#feedAt = undefined;
        this.#sentMarks.clear();
        duties.changed();
      },
    });
    await this.#inTurn(() => this.#join());
    await this.#inTurn(() => this.#renew());
    this.#arm();
  }

  get incarnation(): number {
    return this.#membership?.incarnation ?? 0;
  }

  get id(): string {
    return this.#options.id;
  }

  get roll(): Roll {
    return this.#membership?.roll ?? { nodes: [], holders: [] };
  }

  get held(): ReadonlySet<number> {
    return this.#membership?.held ?? NONE;
  }

  /** Whether new calls for the account begin here. */
  admits(account: PartitionName['account']): boolean {
    return this.#membership?.admits(slotOf(account)) ?? false;
  }

  /** Whether this process opens partitions of the account as theirs owner, leaving or not. */
  owns(account: PartitionName['account']): boolean {
    return this.held.has(slotOf(account));
  }

  /** Whether nobody else can own it now: an answer may leave. */
  holds(account: PartitionName['account']): boolean {
    return this.#membership?.holds(slotOf(account), this.#now()) ?? false;
  }

  holderOf(account: PartitionName['account']): LiveNode | undefined {
    return this.#membership?.holderOf(slotOf(account));
  }

  /** By the ledger's clock; undefined while that is not known. */
  time(): Milliseconds | undefined {
    return this.#time.now(this.#options.clock.monotonic());
  }

  get isFeedFresh(): boolean {
    return this.#feedAt !== undefined && isWithin(FEED_BELIEVED, this.#feedAt, this.#now());
  }

  /** Looks at the roll again; those who ask meanwhile wait for the same look. */
  look(): Promise<void> {
    this.#looking ??= this.#lookAnew().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  #lookAnew(): Promise<void> {
    return this.#inTurn(async () => {
      const membership = this.#membership;
      if (membership === undefined) return;
      this.#turnover(membership.saw(await this.#options.ledger.roll()));
    });
  }

  /** Whether it is on the roll, as far as this process can see. */
  async isAlive(incarnation: number): Promise<boolean> {
    if (!this.isListed(incarnation)) await this.look().catch(() => {});
    return this.isListed(incarnation);
  }

  /** The same, as it was at the last look. */
  isListed(incarnation: number): boolean {
    return this.roll.nodes.some((node) => node.incarnation === incarnation);
  }

  /** Of those that are off the roll by the time of the call, whose affairs fall to this process, as long as it holds their slots. */
  async inheritance(): Promise<(incarnation: number) => boolean> {
    await this.#lookAnew();
    const alive = new Set(this.roll.nodes.map(({ incarnation }) => incarnation));
    return (incarnation) =>
      !alive.has(incarnation) && (this.#membership?.holds(slotOf(`writer ${incarnation}`), this.#now()) ?? false);
  }

  /** Holds nothing when it resolves, unless nobody else is there to hold it. */
  async drain(): Promise<void> {
    this.#isDraining = true;
    await this.#inTurn(() => this.#renew());
    while (this.#membership !== undefined && this.#membership.toHand().size > 0) await this.#handOver();
  }

  async stop(): Promise<void> {
    await this.drain().catch((error: unknown) => this.#log('drain failed', error));
    this.#isStopped = true;
    this.#timer?.cancel();
    const membership = this.#membership;
    if (membership !== undefined) {
      await this.#options.duties.release(new Set(membership.held));
      membership.over();
      await this.#inTurn(() => this.#options.ledger.leave(membership.incarnation)).catch((error: unknown) =>
        this.#log('leave failed', error),
      );
    }
    await this.#unfollow?.();
    await this.#options.ledger.close();
  }

  #now(): Instant {
    const { clock } = this.#options;
    return { monotonic: clock.monotonic(), wall: clock.now() };
  }

  get #entry(): NodeEntry {
    const { id, address } = this.#options;
    return { id, address, isDraining: this.#isDraining };
  }

  #arm(): void {
    if (this.#isStopped) return;
    this.#timer = this.#options.clock.after(RENEWED_EVERY, () => {
      void this.#inTurn(() => this.#renew())
        .catch((error: unknown) => this.#log('renewal failed', error))
        .finally(() => this.#arm());
    });
  }

  async #join(): Promise<void> {
    const sentAt = this.#now();
    const incarnation = await this.#options.ledger.join(this.#entry);
    this.#membership = new Membership(incarnation, sentAt, this.#options.ledger.lasts);
    this.#options.log.log('info', 'joined', { node: this.id, incarnation });
  }

  async #renew(): Promise<void> {
    if (this.#isStopped) return;
    if (this.#membership === undefined) await this.#join();
    const membership = this.#membership;
    if (membership === undefined) return;
    const { ledger } = this.#options;
    const sentAt = this.#now();
    const mark = `${membership.incarnation}/${++this.#marks}`;
    this.#sentMarks.set(mark, sentAt);
    const roll = await ledger.renew(membership.incarnation, this.#entry, mark);
    if (roll === undefined) {
      await this.#struckOff(membership);
      return await this.#renew();
    }
    if (roll.at !== undefined) this.#time.hear(roll.at, sentAt.monotonic, this.#now().monotonic);
    this.#turnover(membership.renewed(sentAt, roll));
    const free = membership.toTake();
    if (free.length > 0) {
      const taken = await ledger.take(membership.incarnation, free);
      membership.taken(taken);
      this.#gained(taken);
    }
    if (membership.toHand().size > 0)
      void this.#handOver().catch((error: unknown) => this.#log('handing over failed', error));
  }

  async #struckOff(membership: Membership): Promise<void> {
    const lost = membership.over();
    this.moves.lost += lost.length;
    this.#membership = undefined;
    this.#options.log.log('warn', 'struck off the roll', { node: this.id, incarnation: membership.incarnation });
    await this.#options.duties.lost();
    await this.#join();
  }

  #turnover({ gained, lost }: Turnover): void {
    // Who holds a slot hands it over itself; that another has taken it means that this one was over.
    if (lost.length > 0) {
      this.moves.lost += lost.length;
      void this.#options.duties.release(new Set(lost)).catch((error: unknown) => this.#log('release failed', error));
    }
    this.#gained(gained);
  }

  #gained(slots: readonly number[]): void {
    if (slots.length === 0) return;
    this.moves.gained += slots.length;
    this.#options.duties.gained(new Set(slots));
  }

  #handOver(): Promise<void> {
    this.#handing ??= this.#handSome().finally(() => {
      this.#handing = undefined;
    });
    return this.#handing;
  }

  /** Renewals go on meanwhile. */
  async #handSome(): Promise<void> {
    const { ledger, duties } = this.#options;
    const membership = this.#membership;
    if (membership === undefined) return;
    for (const [to, all] of membership.toHand()) {
      const slots = all.slice(0, HANDED_AT_ONCE);
      membership.leaves(slots);
      await duties.release(new Set(slots));
      if (this.#membership !== membership) return;
      membership.handed(slots, to);
      this.moves.handed += slots.length;
      await this.#inTurn(() => ledger.hand(membership.incarnation, slots, to));
    }
  }

  #marked(mark: string): void {
    const sentAt = this.#sentMarks.get(mark);
    if (sentAt === undefined) return;
    this.#feedAt = sentAt;
    for (const sent of this.#sentMarks.keys()) {
      this.#sentMarks.delete(sent);
      if (sent === mark) return;
    }
  }

  #inTurn(action: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(action);
    this.#turn = done.catch(() => {});
    return done;
  }

  #log(what: string, error: unknown): void {
    this.#options.log.log('warn', what, { node: this.id, reason: String(error) });
  }
}

const NONE: ReadonlySet<number> = new Set();
