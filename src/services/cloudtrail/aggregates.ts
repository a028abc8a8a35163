/**
 * Aggregated events: what the data events of a trail come to in five minutes, counted by API, by resource or by who called. Each value
 * of a template's first dimension has a record, with the same calls counted by the others. Records are made when a window has
 * closed; what is taken later makes another one of the same window.
 *
 * Source: CloudTrail user guide, "Aggregating data events" and "CloudTrail record contents for aggregated events".
 */
import type { AuditRecord } from '#platform/audit/record.ts';
import { type Milliseconds, minutes } from '#platform/base/clock.ts';
import { type AccountId, type Region, uuid } from '#platform/base/ids.ts';
import type { Template } from '#platform/model/generated/cloudtrail.ts';
import type { Transaction } from '#platform/store/store.ts';
import type { TakenRecord } from './collector.ts';
import { aggregatesOf, keepForDelivery } from './queues.ts';
import { type AggregateRow, aggregates, type Counted } from './state.ts';
import type { LiveTrail } from './trail-directory.ts';

const WINDOW: Milliseconds = minutes(5);
/** Records of a window have all been taken by then. */
const SETTLED_AFTER: Milliseconds = minutes(3);
const ROWS_AT_ONCE = 1000;
/** Names are clients' to choose: what comes after these is in the sum alone. */
const MOST_NAMES = 100;
const LONGEST_NAME = 256;

/** Of an object's event the resources are object and bucket: the one that holds the other counts. */
const resourceOf = ({ resources = [] }: AuditRecord): string | undefined =>
  resources.map(({ ARN }) => ARN).reduce<string | undefined>(shorter, undefined);
const shorter = (a: string | undefined, b: string): string => (a !== undefined && a.length <= b.length ? a : b);

function callerOf({ userIdentity: who }: AuditRecord): string | undefined {
  const name = who['arn'] ?? who['principalId'] ?? who['invokedBy'];
  return typeof name === 'string' && name !== '' ? name : undefined;
}

const DIMENSIONS = {
  eventName: ({ eventName }) => eventName,
  resourceARN: resourceOf,
  userIdentity: callerOf,
  userAgent: ({ userAgent }) => userAgent,
  sourceIpAddress: ({ sourceIPAddress }) => sourceIPAddress,
  errorCodes: ({ errorCode }) => errorCode,
} as const satisfies Record<string, (record: AuditRecord) => string | undefined>;
type Dimension = keyof typeof DIMENSIONS;

const PRIMARY: Readonly<Record<Template, Dimension>> = {
  API_ACTIVITY: 'eventName',
  RESOURCE_ACCESS: 'resourceARN',
  USER_ACTIONS: 'userIdentity',
};

const nameIn = (dimension: Dimension, record: AuditRecord): string | undefined =>
  DIMENSIONS[dimension](record)?.slice(0, LONGEST_NAME);

export function countAggregates(
  tx: Transaction,
  arn: string,
  templates: readonly Template[],
  taken: readonly TakenRecord[],
): void {
  const groups = new Map<string, { key: ReturnType<typeof aggregates.key>; records: AuditRecord[] }>();
  for (const { record, time } of taken) {
    for (const template of templates) {
      const name = nameIn(PRIMARY[template], record);
      if (name === undefined) continue;
      const parts = [Math.floor(time / WINDOW), arn, template, record.eventSource, name] as const;
      const id = JSON.stringify(parts);
      const group = groups.get(id) ?? { key: aggregates.key(...parts), records: [] };
      group.records.push(record);
      groups.set(id, group);
    }
  }
  for (const { key, records } of groups.values()) tx.put(aggregates, key, added(tx.get(aggregates, key), records));
}

function added(row: AggregateRow | undefined, records: readonly AuditRecord[]): AggregateRow {
  const details = Object.fromEntries(
    Object.keys(DIMENSIONS).map((dimension) => {
      const counts = new Map(row?.details[dimension] ?? []);
      for (const record of records) {
        const name = nameIn(dimension as Dimension, record);
        if (name === undefined || (counts.size >= MOST_NAMES && !counts.has(name))) continue;
        counts.set(name, (counts.get(name) ?? 0) + 1);
      }
      return [dimension, [...counts]];
    }),
  );
  return { count: (row?.count ?? 0) + records.length, details };
}

export interface AggregatePlace {
  readonly account: AccountId;
  readonly region: Region;
  readonly trails: readonly LiveTrail[];
}

/** Makes records of what has closed. Whether there may be more. */
export function closeWindows(tx: Transaction, now: Milliseconds, place: AggregatePlace): boolean {
  const before = aggregates.key(Math.floor((now - SETTLED_AFTER) / WINDOW), '', '', '', '');
  const rows = tx.range(aggregates, { before, limit: ROWS_AT_ONCE });
  const known = new Set(place.trails.map(({ arn }) => arn));
  const texts = new Map<string, string[]>();
  for (const { key, row } of rows) {
    tx.delete(aggregates, key);
    const [window, arn, template, source, name] = aggregates.parts(key);
    if (!known.has(arn)) continue;
    // Written above.
    const primary = PRIMARY[template as Template];
    const record = aggregatedEvent({ window, source, primary, name, row }, place);
    texts.set(arn, [...(texts.get(arn) ?? []), JSON.stringify(record)]);
  }
  for (const [arn, records] of texts) keepForDelivery(tx, aggregatesOf(arn), now, records);
  return rows.length === ROWS_AT_ONCE;
}

interface Aggregate {
  readonly window: number;
  readonly source: string;
  readonly primary: Dimension;
  readonly name: string;
  readonly row: AggregateRow;
}

function aggregatedEvent({ window, source, primary, name, row }: Aggregate, { account, region }: AggregatePlace) {
  const counted = (dimension: string, counts: Counted) => ({
    dimension,
    statistics: counts.map(([each, value]) => ({ name: each, value })),
    aggregationType: 'Count',
  });
  const others = Object.entries(row.details).filter(
    ([dimension, counts]) => dimension !== primary && counts.length > 0,
  );
  return {
    eventVersion: '1.0',
    accountId: account,
    eventId: uuid(),
    eventCategory: 'Aggregated',
    eventType: 'AwsAggregatedEvent',
    awsRegion: region,
    eventSource: source,
    timeWindow: { windowStart: textOf(window), windowEnd: textOf(window + 1), windowSize: 'PT5M' },
    summary: {
      primaryDimension: counted(primary, [[name, row.count]]),
      details: others.map(([dimension, counts]) => counted(dimension, greatestFirst(counts))),
    },
  };
}

const greatestFirst = (counts: Counted): Counted => [...counts].sort(([, a], [, b]) => b - a);

/** `2026-01-31T12:00:00Z` */
const textOf = (window: number): string => `${new Date(window * WINDOW).toISOString().slice(0, 19)}Z`;
