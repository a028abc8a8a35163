/**
 * A commit at each start, before anything is promised: it finds a disk that takes no writes, and it starts what commits while the
 * process can still read its own files (one that gives up root may not any more).
 */
import type { Milliseconds } from '#platform/base/clock.ts';
import { jsonRows, table, text } from '#platform/store/keys.ts';
import type { Partition } from '#platform/store/store.ts';

const starts = table('start', [text], jsonRows<{ readonly at: Milliseconds; readonly version: string }>(1));

/** Resolves when it is on disk. */
export async function commitStart(partition: Partition, at: Milliseconds, version: string): Promise<void> {
  partition.transact((tx) => tx.put(starts, starts.key('last'), { at, version }));
  await partition.durable();
}
