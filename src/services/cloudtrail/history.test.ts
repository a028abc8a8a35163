import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { days, seconds } from '#platform/base/clock.ts';
import { timedId } from '#platform/base/ids.ts';
import { memoryDrivers } from '#platform/store/memory/drivers.ts';
import { openStore } from '#platform/store/open-store.ts';
import { OWN, REGION } from '#platform/tiny-cloud.fixture.ts';
import type { AnyRecord } from './event.ts';
import { addToHistory, type HistoryQuery, type HistoryRecord, lookUp, type Position, sweepHistory } from './history.ts';
import { attributes, segments } from './state.ts';

const NOW = Date.UTC(2026, 0, 31, 12);

const open = () =>
  openStore({ drivers: memoryDrivers() }).partition({ service: 'cloudtrail', account: OWN, region: REGION });

function event(time: number, eventName: string, userName: string): HistoryRecord {
  const record: AnyRecord = {
    eventID: timedId(time),
    eventTime: `${new Date(time).toISOString().slice(0, 19)}Z`,
    eventSource: 'sqs.amazonaws.com',
    eventName,
    userIdentity: { type: 'IAMUser', userName },
    readOnly: eventName.startsWith('Get'),
  };
  return { text: JSON.stringify(record), record, time };
}

/** All pages of a query, as ids. */
function all(partition: ReturnType<typeof open>, query: HistoryQuery, limit: number): string[] {
  const ids: string[] = [];
  let start: Position | undefined;
  for (;;) {
    const page = partition.read((tx) => lookUp(tx, query, limit, start));
    ids.push(...page.events.map(({ EventId = '' }) => EventId));
    assert.ok(page.events.length <= limit);
    if (page.next === undefined) return ids;
    start = page.next;
  }
}

const names = fc.constantFrom('CreateQueue', 'GetQueue', 'DeleteQueue');
const users = fc.constantFrom('alice', 'bob');
/** Seconds between events: within one, a few, or a day. */
const gap = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 5 }), fc.constant(86_400));

test('any page size, span and attribute gives what a search of all events gives, the newest first', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(gap, names, users), { minLength: 1, maxLength: 300 }),
      fc.integer({ min: 1, max: 70 }),
      fc.integer({ min: 1, max: 150 }),
      fc.option(fc.constantFrom('EventName', 'Username', 'ReadOnly', 'EventId'), { nil: undefined }),
      fc.tuple(fc.nat(), fc.nat(), fc.integer({ min: -1500, max: 1500 })),
      (drafts, limit, batch, key, [a, b, off]) => {
        const partition = open();
        let time = NOW;
        const events = drafts.map(([pause, name, user]) => {
          time += seconds(pause);
          return event(time, name, user);
        });
        for (let at = 0; at < events.length; at += batch) {
          partition.transact((tx) => addToHistory(tx, 'management', events.slice(at, at + batch)));
        }
        // Spans begin and end near events: within their second, just before, just after.
        const timeOf = (n: number): number => events[n % events.length]?.time ?? NOW;
        const [from = 0, to = 0] = [timeOf(a), timeOf(b) + off].sort((x, y) => x - y);
        const sample = events[a % events.length];
        const values: Record<string, string> = {
          EventName: 'CreateQueue',
          Username: 'alice',
          ReadOnly: 'true',
          EventId: sample?.record.eventID ?? '',
        };
        const value = key === undefined ? '' : (values[key] ?? '');
        const matches = ({ record }: HistoryRecord): boolean => {
          const at = Date.parse(record.eventTime);
          if (at < from || at > to) return false;
          if (key === 'EventName') return record.eventName === value;
          if (key === 'Username') return record.userIdentity?.['userName'] === value;
          if (key === 'ReadOnly') return String(record.readOnly) === value;
          return key === undefined || record.eventID === value;
        };
        const wanted = events.filter(matches).map(({ record }) => record.eventID);
        const query = { category: 'management', from, to, ...(key && { attribute: { key, value } }) } as HistoryQuery;
        assert.deepEqual(all(partition, query, limit), wanted.toReversed());
      },
    ),
    { numRuns: 60 },
  );
});

test('a day is swept with its index, a piece at a time', () => {
  const partition = open();
  const inDays = (day: number, count: number) =>
    partition.transact((tx) => {
      for (let n = 0; n < count; n++)
        addToHistory(tx, 'management', [event(NOW + days(day) + n, 'CreateQueue', 'alice')]);
    });
  inDays(0, 100);
  inDays(1, 1);
  const job = { account: OWN, region: REGION, now: NOW, partition } as Parameters<typeof sweepHistory>[2];
  const day = Math.floor(NOW / days(1));
  const left = () =>
    partition.read((tx) => [tx.range(segments).length, tx.range(attributes, { prefix: ['management'] }).length]);
  const sweep = () => partition.transact((tx) => sweepHistory(tx, { category: 'management', day }, job));
  sweep();
  assert.deepEqual(left(), [101 - 64, 101 * 4]);
  sweep();
  assert.deepEqual(left(), [1, 4]);
  const query: HistoryQuery = { category: 'management', from: 0, to: NOW + days(2) };
  assert.equal(all(partition, query, 50).length, 1);
});
