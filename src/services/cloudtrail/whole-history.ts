/** The event history of an account in all its regions, for who has to read it whole: IAM's access advisor. */
import type { AuditRecord } from '#platform/audit/record.ts';
import { type Clock, days } from '#platform/base/clock.ts';
import type { AccountId } from '#platform/base/ids.ts';
import type { Store } from '#platform/store/store.ts';
import type { AuditHistory } from './api.ts';
import { type Collector, homeOf } from './collector.ts';
import { HISTORY_DAYS, lookUp, type Position } from './history.ts';

const RECORDS_A_TURN = 500;
/** Of each region, the newest: a report must not read a busy account's whole past. */
const MOST_RECORDS = 100_000;

export const wholeHistory = (store: Store, collector: Collector, clock: Clock): AuditHistory => ({
  async *recordsOf(account: AccountId) {
    const to = clock.now();
    const regions = new Set(store.partitions({ account }).map(({ region }) => homeOf(region)));
    for (const region of regions) {
      await collector.take(account, region);
      const partition = store.partition({ service: 'cloudtrail', account, region });
      const query = { category: 'management', from: to - days(HISTORY_DAYS), to } as const;
      let start: Position | undefined;
      for (let read = 0; read < MOST_RECORDS; read += RECORDS_A_TURN) {
        const page = partition.read((tx) => lookUp(tx, query, RECORDS_A_TURN, start));
        // Written by the audit.
        for (const { CloudTrailEvent = '' } of page.events) yield JSON.parse(CloudTrailEvent) as AuditRecord;
        if (page.next === undefined) break;
        start = page.next;
        // Other requests go on in between.
        await new Promise<void>((resolve) => clock.after(0, resolve));
      }
    }
  },
});
