import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AuditRecord } from '#platform/audit/record.ts';
import { minutes } from '#platform/base/clock.ts';
import { memoryDrivers } from '#platform/store/memory/drivers.ts';
import { openStore } from '#platform/store/open-store.ts';
import { OWN, REGION } from '#platform/tiny-cloud.fixture.ts';
import { closeWindows, countAggregates } from './aggregates.ts';
import type { TakenRecord } from './collector.ts';
import { aggregatesOf } from './queues.ts';
import { aggregates, waiting } from './state.ts';
import type { LiveTrail } from './trail-directory.ts';

const ARN = `arn:aws:cloudtrail:us-east-1:${OWN}:trail/audit`;
const NOON = Date.UTC(2026, 0, 31, 12);

function start() {
  const store = openStore({ drivers: memoryDrivers() });
  const partition = store.partition({ service: 'cloudtrail', account: OWN, region: REGION });
  return {
    count: (time: number, events: Partial<AuditRecord>[]) =>
      partition.transact((tx) => {
        const taken = events.map((event): TakenRecord => {
          // What aggregates look at.
          const record = { eventSource: 's3.amazonaws.com', userIdentity: {}, ...event } as AuditRecord;
          return { text: '', record, time, isGlobal: false };
        });
        countAggregates(tx, ARN, ['API_ACTIVITY', 'RESOURCE_ACCESS'], taken);
      }),
    close: (now: number, ...arns: string[]) => {
      const trails = arns.map((arn) => ({ arn }) as LiveTrail); // what it looks at
      const place = { account: OWN, region: REGION, trails };
      while (partition.transact((tx) => closeWindows(tx, now, place)));
      return partition.read((tx) => ({
        open: tx.range(aggregates).length,
        records: tx
          .range(waiting, { prefix: [aggregatesOf(ARN)] })
          .flatMap(({ row }) => row.map((text) => JSON.parse(text).summary)),
      }));
    },
  };
}

test('a window is closed when its records have been taken; what comes late makes another record of it', () => {
  const { count, close } = start();
  count(NOON, [{ eventName: 'GetObject' }, { eventName: 'GetObject' }]);
  count(NOON + minutes(5), [{ eventName: 'GetObject' }]);
  assert.equal(close(NOON + minutes(7), ARN).records.length, 0);
  const first = close(NOON + minutes(8), ARN);
  assert.deepEqual([first.open, first.records.length], [1, 1]);
  assert.deepEqual(first.records[0].primaryDimension.statistics, [{ name: 'GetObject', value: 2 }]);
  count(NOON + minutes(4), [{ eventName: 'GetObject' }]);
  assert.equal(close(NOON + minutes(13), ARN).records.length, 3);
});

test('an object counts for its bucket, and of a trail that is gone nothing is left', () => {
  const { count, close } = start();
  const resources = [{ ARN: 'arn:aws:s3:::books/novel' }, { ARN: 'arn:aws:s3:::books' }];
  count(NOON, [{ eventName: 'GetObject', resources }]);
  const { records } = close(NOON + minutes(8), ARN);
  assert.deepEqual(
    records.map(({ primaryDimension }) => primaryDimension.statistics[0].name),
    ['GetObject', 'arn:aws:s3:::books'],
  );
  count(NOON, [{ eventName: 'PutObject' }]);
  assert.deepEqual([close(NOON + minutes(8)).open, close(NOON + minutes(8)).records.length], [0, 2]);
});

test('names that clients choose are bounded in number and length', () => {
  const { count, close } = start();
  const agents = Array.from({ length: 150 }, (_, n) => `${n} ${'x'.repeat(300)}`);
  count(
    NOON,
    agents.slice(0, 90).map((userAgent) => ({ eventName: 'GetObject', userAgent })),
  );
  count(
    NOON,
    agents.map((userAgent) => ({ eventName: 'GetObject', userAgent })),
  );
  const [{ primaryDimension, details }] = close(NOON + minutes(8), ARN).records;
  assert.equal(primaryDimension.statistics[0].value, 240);
  const [{ dimension, statistics }] = details;
  assert.deepEqual([dimension, statistics.length, statistics[0].value], ['userAgent', 100, 2]);
  assert.ok(statistics.every(({ name }: { name: string }) => name.length <= 256));
});
