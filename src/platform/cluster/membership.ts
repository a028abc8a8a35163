/**
 * What a process knows of its lease, without clocks and messages: the ledger's answers go in, what it may do comes out. `holds` is
 * true only while no other process can hold the slot: until 2.5 s after the last renewal that succeeded was *sent*, by durations
 * of its own clocks. The half second up to the ledger's 3 s is for clocks that run at different speeds.
 */
import type { Milliseconds } from '#platform/base/clock.ts';
import { type LiveNode, ROLL_TIME, type Roll } from './ledger.ts';
import { rightfulHolder, SLOTS } from './slots.ts';

/** The clocks of a process at one time. */
export interface Instant {
  readonly monotonic: Milliseconds;
  readonly wall: Milliseconds;
}

const MARGIN: Milliseconds = 500;

/**
 * Whether less than `time` has passed, for certain. The monotonic clock may have stood still with a suspended machine; the wall
 * clock may have been set back, which tells nothing, or forward, which costs a renewal.
 */
export const isWithin = (time: Milliseconds, since: Instant, now: Instant): boolean =>
  now.monotonic - since.monotonic < time && now.wall - since.wall < time;

export interface Turnover {
  readonly gained: readonly number[];
  readonly lost: readonly number[];
}

const NOBODY: Roll = { nodes: [], holders: [] };

export class Membership {
  readonly incarnation: number;
  #roll: Roll = NOBODY;
  #renewedAt: Instant;
  readonly #believed: Milliseconds;
  #isOver = false;
  readonly #held = new Set<number>();
  /** Held, but to be handed over: takes nothing new. */
  readonly #leaving = new Set<number>();

  constructor(incarnation: number, sentAt: Instant, lasts = ROLL_TIME) {
    this.incarnation = incarnation;
    this.#renewedAt = sentAt;
    this.#believed = lasts - MARGIN;
  }

  get roll(): Roll {
    return this.#roll;
  }

  get held(): ReadonlySet<number> {
    return this.#held;
  }

  /** The ledger has answered a renewal that was sent at `sentAt`. */
  renewed(sentAt: Instant, roll: Roll): Turnover {
    this.#renewedAt = sentAt;
    return this.saw(roll);
  }

  /** The ledger has shown the roll. */
  saw(roll: Roll): Turnover {
    this.#roll = roll;
    const gained: number[] = [];
    const lost: number[] = [];
    for (let slot = 0; slot < SLOTS; slot++) {
      const isOurs = roll.holders[slot] === this.incarnation;
      if (isOurs && !this.#held.has(slot)) gained.push(slot);
      if (!isOurs && this.#held.has(slot)) lost.push(slot);
    }
    for (const slot of gained) this.#held.add(slot);
    for (const slot of lost) this.#drop(slot);
    return { gained, lost };
  }

  /** The ledger has given us these. */
  taken(slots: readonly number[]): void {
    for (const slot of slots) {
      this.#held.add(slot);
      this.#note(slot, this.incarnation);
    }
  }

  leaves(slots: readonly number[]): void {
    for (const slot of slots) this.#leaving.add(slot);
  }

  /** From here on they may be the other's. */
  handed(slots: readonly number[], to: number): void {
    for (const slot of slots) {
      this.#drop(slot);
      this.#note(slot, to);
    }
  }

  /** It has been struck off the roll: it holds nothing, for ever. */
  over(): readonly number[] {
    const lost = [...this.#held];
    this.#isOver = true;
    this.#held.clear();
    this.#leaving.clear();
    return lost;
  }

  isSure(now: Instant): boolean {
    return !this.#isOver && isWithin(this.#believed, this.#renewedAt, now);
  }

  /** What an answer and a transaction need. */
  holds(slot: number, now: Instant): boolean {
    return this.#held.has(slot) && this.isSure(now);
  }

  /** Whether new calls for the slot begin here. */
  admits(slot: number): boolean {
    return this.#held.has(slot) && !this.#leaving.has(slot);
  }

  /** Undefined: nobody alive, as far as this process knows. */
  holderOf(slot: number): LiveNode | undefined {
    const incarnation = this.#roll.holders[slot];
    return this.#roll.nodes.find((node) => node.incarnation === incarnation);
  }

  /** Slots that fall to this process and that nobody alive holds. */
  toTake(): number[] {
    return slots().filter((slot) => {
      if (this.#held.has(slot) || this.holderOf(slot) !== undefined) return false;
      return rightfulHolder(slot, this.#roll.nodes)?.incarnation === this.incarnation;
    });
  }

  /** Slots that are another's by right: by whose. */
  toHand(): Map<number, number[]> {
    const byNode = new Map<number, number[]>();
    for (const slot of this.#held) {
      const right = rightfulHolder(slot, this.#roll.nodes);
      if (right === undefined || right.incarnation === this.incarnation) continue;
      byNode.set(right.incarnation, [...(byNode.get(right.incarnation) ?? []), slot]);
    }
    return byNode;
  }

  #drop(slot: number): void {
    this.#held.delete(slot);
    this.#leaving.delete(slot);
  }

  #note(slot: number, holder: number): void {
    this.#roll = { ...this.#roll, holders: this.#roll.holders.with(slot, holder) };
  }
}

const slots = (): number[] => Array.from({ length: SLOTS }, (_, slot) => slot);
