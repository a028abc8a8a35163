/** What the three batch operations share: the rules for the list, and a failure of one entry that leaves the others alone. */
import { ServiceError } from '#platform/error.ts';
import type { BatchResultErrorEntry } from '#platform/model/generated/sqs.ts';
import { fail } from './errors.ts';
import { MAX_BATCH_ENTRIES } from './limits.ts';

interface BatchEntry {
  readonly Id: string;
}

const ENTRY_ID = /^[A-Za-z0-9_-]{1,80}$/;

export function checkBatch(entries: readonly BatchEntry[] | undefined, what: string): void {
  if (entries === undefined || entries.length === 0) fail('EmptyBatchRequest', what);
  if (entries.length > MAX_BATCH_ENTRIES) fail('TooManyEntriesInBatchRequest', entries.length);
  // So few that a set of them costs more.
  for (const [at, { Id }] of entries.entries()) {
    if (!ENTRY_ID.test(Id)) fail('InvalidBatchEntryId');
    for (let before = 0; before < at; before++) {
      if (entries[before]?.Id === Id) fail('BatchEntryIdsNotDistinct', Id);
    }
  }
}

/** An entry checks before it writes, so one that fails has left nothing behind. */
export function runBatch<Entry extends BatchEntry, Result>(
  entries: readonly Entry[],
  action: (entry: Entry) => Result,
): { Successful: Result[]; Failed: BatchResultErrorEntry[] } {
  const Successful: Result[] = [];
  const Failed: BatchResultErrorEntry[] = [];
  for (const entry of entries) {
    try {
      Successful.push(action(entry));
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      Failed.push({ Id: entry.Id, SenderFault: true, Code: error.code, Message: error.message });
    }
  }
  return { Successful, Failed };
}
