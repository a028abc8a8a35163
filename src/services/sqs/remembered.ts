/**
 * What a queue remembers for five minutes: deduplication ids and ReceiveRequestAttemptIds. Rows carry the interval of five
 * minutes in which they were written: a look-up concerns the current interval and the one before, and whole intervals are
 * deleted at once when they are past.
 *
 * Most look-ups find nothing. So memory keeps a hash of each thing that was remembered in an interval: what has no hash
 * there needs no read. It speaks only for intervals that it saw from their beginning.
 */
import type { Transaction } from '#platform/store/store.ts';
import { DEDUPLICATION_INTERVAL } from './limits.ts';
import { countsOf, type OpenQueue } from './open-queue.ts';
import { type RememberedRow, remembered } from './state.ts';

export class RecentHashes {
  /** Intervals after this one were seen from their beginning. */
  readonly #since: number;
  readonly #byInterval = new Map<number, Set<number>>();

  constructor(since: number) {
    this.#since = since;
  }

  mayHave(interval: number, what: string): boolean {
    if (interval <= this.#since) return true;
    return this.#byInterval.get(interval)?.has(hashOf(what)) ?? false;
  }

  add(interval: number, what: string): void {
    let hashes = this.#byInterval.get(interval);
    if (hashes === undefined) {
      for (const old of this.#byInterval.keys()) if (old < interval - 1) this.#byInterval.delete(old);
      hashes = new Set();
      this.#byInterval.set(interval, hashes);
    }
    hashes.add(hashOf(what));
  }
}

/** 30 bits, which a Set keeps without a box. */
function hashOf(what: string): number {
  let hash = 0;
  for (let i = 0; i < what.length; i++) hash = (Math.imul(hash, 31) + what.charCodeAt(i)) | 0;
  return Math.imul(hash, 0x9e3779b1) >>> 2;
}

const intervalOf = (time: number): number => Math.floor(time / DEDUPLICATION_INTERVAL);

function hashesOf(tx: Transaction, queue: OpenQueue, interval: number): RecentHashes {
  // A queue that never had a message remembers nothing from before.
  queue.recent ??= new RecentHashes(countsOf(tx, queue).lastSequence === 0 ? -1 : interval);
  return queue.recent;
}

export function recall(tx: Transaction, queue: OpenQueue, what: string, now: number): RememberedRow | undefined {
  const current = intervalOf(now);
  const recent = hashesOf(tx, queue, current);
  for (const interval of [current, current - 1]) {
    if (!recent.mayHave(interval, what)) continue;
    const row = tx.get(remembered, remembered.key(queue.row.id, interval, what));
    if (row !== undefined) return row.at + DEDUPLICATION_INTERVAL > now ? row : undefined;
  }
  return undefined;
}

export function remember(tx: Transaction, queue: OpenQueue, what: string, row: RememberedRow): void {
  const interval = intervalOf(row.at);
  forgetBefore(tx, queue, interval - 1);
  hashesOf(tx, queue, interval).add(interval, what);
  tx.put(remembered, remembered.key(queue.row.id, interval, what), row);
}

function forgetBefore(tx: Transaction, queue: OpenQueue, interval: number): void {
  const before = queue.forgottenBefore;
  if (before >= interval) return;
  for (;;) {
    const [oldest] = tx.range(remembered, { prefix: [queue.row.id], limit: 1 });
    const found = oldest === undefined ? interval : remembered.parts(oldest.key)[1];
    if (found >= interval) break;
    tx.deleteRange(remembered, [queue.row.id, found]);
  }
  tx.onUndo(() => {
    queue.forgottenBefore = before;
  });
  queue.forgottenBefore = interval;
}
