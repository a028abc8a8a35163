/**
 * What the processes of a cloud keep in their database beside the store: who is alive, who holds which slot, and the feed of what has
 * changed. Times are the database's. Every commit of a driver that is opened for an incarnation asserts, in its own transaction, that
 * the incarnation is on the roll; to strike one off waits for its commits under way (store/driver.ts, SharedDriver).
 */
import type { Milliseconds } from '#platform/base/clock.ts';

/** How long a process is on the roll after it renewed, by the database's clock. */
export const ROLL_TIME: Milliseconds = 3000;

export interface NodeEntry {
  /** Chosen by the operator or made up; the same after a restart. */
  readonly id: string;
  /** `host:port` where it takes calls of the others. */
  readonly address: string;
  /** It wants to hold nothing any more. */
  readonly isDraining: boolean;
}

export interface LiveNode extends NodeEntry {
  /** Given to one life of a process, higher each time, never again. */
  readonly incarnation: number;
}

export interface Roll {
  readonly nodes: readonly LiveNode[];
  /** By slot: the incarnation that holds it, alive or struck off; 0 for nobody. */
  readonly holders: readonly number[];
  /** The wall time by the ledger's clock, if it has one. */
  readonly at?: Milliseconds;
}

/** What one who follows is told, in the order of the commits. */
export interface FeedListener {
  /** These partitions (`service/account/region`) have changed. */
  changed(paths: readonly string[]): void;
  /** A mark that was sent into the feed: all that was committed before it has been told. */
  marked(mark: string): void;
  /** Something may have been missed. The feed goes on by itself if it can. */
  lost(): void;
}

export interface Ledger {
  /** `ROLL_TIME`, but for tests of something else. */
  readonly lasts: Milliseconds;
  join(node: NodeEntry): Promise<number>;
  /**
   * Stays on the roll for `lasts` from now on, strikes off who is over, sends `mark` into the feed. Undefined: this
   * incarnation has been struck off.
   */
  renew(incarnation: number, node: NodeEntry, mark: string): Promise<Roll | undefined>;
  roll(): Promise<Roll>;
  /** Of these slots, those that nobody on the roll held are this incarnation's now; answers them. */
  take(incarnation: number, slots: readonly number[]): Promise<readonly number[]>;
  /** Gives slots that it holds to another one. */
  hand(incarnation: number, slots: readonly number[], to: number): Promise<void>;
  /** By an operator: the process of this id shall hold nothing, or may again. */
  setDraining(id: string, isDraining: boolean): Promise<boolean>;
  leave(incarnation: number): Promise<void>;
  /** Answers how to stop following. */
  follow(listener: FeedListener): Promise<() => Promise<void>>;
  close(): Promise<void>;
}
