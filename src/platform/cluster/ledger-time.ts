/**
 * The time of a cloud of several processes is the ledger's. Clocks of machines may differ by half a minute; a message that one process hides
 * until some time must not come back early because another one holds its queue by then. It is heard with each renewal, and runs on by
 * the monotonic clock: what becomes of the machine's own wall clock does not matter.
 */
import type { Milliseconds } from '#platform/base/clock.ts';

interface Heard {
  /** What the ledger's time is ahead of the monotonic clock, and by how much that may be wrong. */
  readonly ahead: Milliseconds;
  readonly doubt: Milliseconds;
}

/** The answer that came fastest is the best one. */
const KEPT = 20;
/** Between the first and the last that are kept. */
const DRIFT: Milliseconds = 20;
/** A correction by less does not turn time back: it stands still. */
const STANDS_STILL: Milliseconds = 1000;

export class LedgerTime {
  #heard: readonly Heard[] = [];
  #ahead: Milliseconds | undefined;
  #last = Number.NEGATIVE_INFINITY;

  /** The ledger said so, some time between these two of the monotonic clock. */
  hear(at: Milliseconds, sent: Milliseconds, answered: Milliseconds): void {
    const next: Heard = { ahead: at - (sent + answered) / 2, doubt: (answered - sent) / 2 };
    // One of both clocks was moved, as when the machine was suspended: only what was heard since counts.
    const agrees = ({ ahead, doubt }: Heard): boolean => Math.abs(ahead - next.ahead) <= doubt + next.doubt + DRIFT;
    this.#heard = [...(this.#heard.every(agrees) ? this.#heard : []), next].slice(-KEPT);
    this.#ahead = this.#heard.reduce((best, each) => (each.doubt < best.doubt ? each : best), next).ahead;
  }

  /** Undefined: nothing was heard yet. */
  now(monotonic: Milliseconds): Milliseconds | undefined {
    if (this.#ahead === undefined) return undefined;
    const now = monotonic + this.#ahead;
    if (now > this.#last || now < this.#last - STANDS_STILL) this.#last = now;
    return this.#last;
  }
}
