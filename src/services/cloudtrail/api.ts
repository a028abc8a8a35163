/** What other services may use of CloudTrail. */
import type { AuditRecord } from '#platform/audit/record.ts';
import type { Milliseconds } from '#platform/base/clock.ts';
import type { AccountId } from '#platform/base/ids.ts';

export interface EventHistoryApi {
  /** Management events of the account since `from`, of one region after another, the newest first; at most `most` of a region. */
  events(account: AccountId, from: Milliseconds, most: number): AsyncGenerator<AuditRecord>;
}
