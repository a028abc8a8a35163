/** What another process enters into the books of a partition that is held here. */
import { writeRecord } from '#platform/audit/journal.ts';
import { meterIn } from '#platform/metering/usage.ts';
import type { KeepBooks } from '#platform/store/adopt.ts';

export const keepBooks: KeepBooks = (tx, entry) => {
  if (entry.kind === 'audit') writeRecord(tx, entry.record);
  else meterIn(tx, entry.now, entry.dimension, entry.amount);
};
