/** A ledger in memory, for tests: several processes' worth of nodes in one. `now` is the database's clock. */
import type { Milliseconds } from '#platform/base/clock.ts';
import {
  type FeedListener,
  type Ledger,
  type LiveNode,
  type NodeEntry,
  ROLL_TIME,
  type Roll,
} from '#platform/cluster/ledger.ts';
import { SLOTS } from '#platform/cluster/slots.ts';

interface Row extends LiveNode {
  readonly endsAt: Milliseconds;
}

class LedgerUnreachable extends Error {
  override name = 'LedgerUnreachable';
}

export class MemoryLedger implements Ledger {
  readonly lasts: Milliseconds;
  readonly #now: () => Milliseconds;
  readonly #nodes = new Map<number, Row>();
  readonly #holders: number[] = new Array<number>(SLOTS).fill(0);
  readonly #listeners = new Set<FeedListener>();
  #incarnations = 0;
  /** Nothing answers while this is set; the feed says nothing while that is. */
  isDown = false;
  isFeedDown = false;

  constructor(now: () => Milliseconds, lasts = ROLL_TIME) {
    this.#now = now;
    this.lasts = lasts;
  }

  async join(node: NodeEntry): Promise<number> {
    this.#answer();
    const incarnation = ++this.#incarnations;
    this.#nodes.set(incarnation, { ...node, incarnation, endsAt: this.#now() + this.lasts });
    return incarnation;
  }

  async renew(incarnation: number, node: NodeEntry, mark: string): Promise<Roll | undefined> {
    this.#answer();
    const row = this.#nodes.get(incarnation);
    if (row === undefined) return undefined;
    const isDraining = row.isDraining || node.isDraining;
    this.#nodes.set(incarnation, { ...node, isDraining, incarnation, endsAt: this.#now() + this.lasts });
    for (const each of this.#nodes.values()) if (each.endsAt <= this.#now()) this.#nodes.delete(each.incarnation);
    this.#tell((listener) => listener.marked(mark));
    return this.#read();
  }

  async roll(): Promise<Roll> {
    this.#answer();
    return this.#read();
  }

  async take(incarnation: number, slots: readonly number[]): Promise<readonly number[]> {
    this.#answer();
    if (!this.#nodes.has(incarnation)) return [];
    const free = slots.filter((slot) => !this.#nodes.has(this.#holders[slot] ?? 0));
    for (const slot of free) this.#holders[slot] = incarnation;
    return free;
  }

  async hand(incarnation: number, slots: readonly number[], to: number): Promise<void> {
    this.#answer();
    for (const slot of slots) if (this.#holders[slot] === incarnation) this.#holders[slot] = to;
  }

  async setDraining(id: string, isDraining: boolean): Promise<boolean> {
    this.#answer();
    const rows = [...this.#nodes.values()].filter((row) => row.id === id);
    for (const row of rows) this.#nodes.set(row.incarnation, { ...row, isDraining });
    return rows.length > 0;
  }

  async leave(incarnation: number): Promise<void> {
    this.#answer();
    this.#nodes.delete(incarnation);
  }

  async follow(listener: FeedListener): Promise<() => Promise<void>> {
    this.#listeners.add(listener);
    return async () => void this.#listeners.delete(listener);
  }

  async close(): Promise<void> {}

  /** In the transaction of a commit. */
  isOnRoll(incarnation: number): boolean {
    return this.#nodes.has(incarnation);
  }

  holderOf(slot: number): number {
    return this.#holders[slot] ?? 0;
  }

  changed(paths: readonly string[]): void {
    this.#tell((listener) => listener.changed(paths));
  }

  /** As when the connection breaks: who follows is told, and hears no more until it is mended. */
  breakFeed(): void {
    this.isFeedDown = true;
    for (const listener of this.#listeners) listener.lost();
  }

  #tell(tell: (listener: FeedListener) => void): void {
    if (!this.isFeedDown) for (const listener of this.#listeners) tell(listener);
  }

  #read(): Roll {
    const nodes = [...this.#nodes.values()].map(({ endsAt: _, ...node }) => node);
    return { nodes, holders: [...this.#holders] };
  }

  #answer(): void {
    if (this.isDown) throw new LedgerUnreachable('the ledger does not answer');
  }
}
