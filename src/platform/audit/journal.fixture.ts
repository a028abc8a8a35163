/** For tests: the records that wait in a partition, the newest first. */
import { packsAfter } from '#platform/audit/journal.ts';
import type { AuditRecord } from '#platform/audit/record.ts';
import type { ReadTransaction } from '#platform/store/store.ts';

export const waitingRecords = (tx: ReadTransaction): AuditRecord[] =>
  packsAfter(tx, undefined, Number.POSITIVE_INFINITY)
    .flatMap(({ records }) => records)
    // Written by record.ts.
    .map((text) => JSON.parse(text) as AuditRecord)
    .toReversed();
