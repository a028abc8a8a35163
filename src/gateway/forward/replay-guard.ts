/** Takes each number of a sender once. Numbers come nearly in order: who is far behind the newest is taken for a repetition. */
const WINDOW = 65_536;
/** Incarnations that call at the same time, and some that have ended. */
const MOST_SENDERS = 1024;

interface Seen {
  newest: number;
  readonly numbers: Set<number>;
}

export class ReplayGuard {
  readonly #senders = new Map<number, Seen>();

  admit(sender: number, number: number): boolean {
    const seen = this.#senders.get(sender) ?? this.#begin(sender);
    if (number <= seen.newest - WINDOW || seen.numbers.has(number)) return false;
    seen.numbers.add(number);
    seen.newest = Math.max(seen.newest, number);
    if (seen.numbers.size > 2 * WINDOW)
      for (const old of seen.numbers) if (old <= seen.newest - WINDOW) seen.numbers.delete(old);
    return true;
  }

  #begin(sender: number): Seen {
    // Incarnations only grow: a lower one has ended long ago, and its calls were for an earlier life of this process.
    if (this.#senders.size >= MOST_SENDERS) this.#senders.delete(Math.min(...this.#senders.keys()));
    const seen: Seen = { newest: 0, numbers: new Set() };
    this.#senders.set(sender, seen);
    return seen;
  }
}
