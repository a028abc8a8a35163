/** What other services may ask of CloudTrail. */
import type { AuditRecord } from '#platform/audit/record.ts';
import type { AccountId } from '#platform/base/ids.ts';

export interface AuditHistory {
  /** The management events of an account, region by region, the newest first, up to the last one that had ended when it was asked. */
  recordsOf(account: AccountId): AsyncIterable<AuditRecord>;
}
