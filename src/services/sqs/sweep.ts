/**
 * All messages of a queue at once, for PurgeQueue and DeleteQueue. The rows of a large queue take the disk seconds to
 * delete, in which nobody else's write could commit; so the queue only stops using them, and a timer deletes them in
 * small pieces.
 */
import { setTimer } from '#platform/jobs/timers.ts';
import type { TimerJob } from '#platform/service.ts';
import type { Table } from '#platform/store/keys.ts';
import type { Transaction } from '#platform/store/store.ts';
import { bodies, chunks, counters, states } from './state.ts';

/** As many go in the calling transaction. */
const FEW = 1000;
const AT_ONCE = 500;

/** `id` is the queue's `messagesId`, which nothing refers to any more. */
export function dropMessages(tx: Transaction, id: number, count: number, now: number): void {
  tx.delete(counters, counters.key(id));
  if (count <= FEW) for (const table of [chunks, states, bodies]) tx.deleteRange(table, [id]);
  else sweepAt(tx, id, now);
}

const sweepAt = (tx: Transaction, id: number, due: number): void =>
  setTimer(tx, { job: 'sweepMessages', id: String(id), due, payload: { id } });

/** Answers whether there may be more. */
function sweepSome<Row>(tx: Transaction, table: Table<Row, [number, number]>, id: number): boolean {
  const page = tx.range(table, { prefix: [id], limit: AT_ONCE });
  for (const { key } of page) tx.delete(table, key);
  return page.length === AT_ONCE;
}

export const sweepMessages: TimerJob = (tx, payload, job) => {
  const id = Number(payload['id']);
  const hasMore = sweepSome(tx, chunks, id) || sweepSome(tx, states, id) || sweepSome(tx, bodies, id);
  if (hasMore) sweepAt(tx, id, job.now);
};
