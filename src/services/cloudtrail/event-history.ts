/** The event history for other services: whole, some at a time, so that requests go on in between. */
import type { AuditRecord } from '#platform/audit/record.ts';
import type { Clock, Milliseconds } from '#platform/base/clock.ts';
import type { AccountId, Region } from '#platform/base/ids.ts';
import type { Store } from '#platform/store/store.ts';
import type { EventHistoryApi } from './api.ts';
import { type Collector, homeOf } from './collector.ts';
import { lookUp, type Position } from './history.ts';

const EVENTS_AT_ONCE = 500;

export const createEventHistory = (store: Store, collector: Collector, clock: Clock): EventHistoryApi => ({
  async *events(account, from, most) {
    for (const region of new Set(store.partitions({ account }).map((place) => homeOf(place.region)))) {
      await collector.take(account, region);
      yield* eventsOf(store, { account, region, from, to: clock.now() }, most);
    }
  },
});

interface Span {
  readonly account: AccountId;
  readonly region: Region;
  readonly from: Milliseconds;
  readonly to: Milliseconds;
}

async function* eventsOf(store: Store, span: Span, most: number): AsyncGenerator<AuditRecord> {
  const { account, region, from, to } = span;
  const partition = store.partition({ service: 'cloudtrail', account, region });
  let start: Position | undefined;
  for (let read = 0; read < most; read += EVENTS_AT_ONCE) {
    const page = partition.read((tx) => lookUp(tx, { category: 'management', from, to }, EVENTS_AT_ONCE, start));
    // Written by the audit.
    for (const { CloudTrailEvent: text } of page.events) if (text !== undefined) yield JSON.parse(text) as AuditRecord;
    start = page.next;
    if (start === undefined) return;
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}
