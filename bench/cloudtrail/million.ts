/**
 * The event history with many events: what taking one costs, what a page of LookupEvents takes, and how much room it all needs.
 * Run: node bench/cloudtrail/million.ts [events]
 */
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeRecord } from '#platform/audit/journal.ts';
import { recordOf } from '#platform/audit/record.ts';
import { asAudited } from '#platform/audit/resources.ts';
import { systemClock } from '#platform/base/clock.ts';
import { type AccountId, type Region, timedId } from '#platform/base/ids.ts';
import { openStore } from '#platform/store/open-store.ts';
import { sqliteDrivers } from '#platform/store/sqlite/drivers.ts';
import { Collector } from '#services/cloudtrail/collector.ts';
import { type HistoryQuery, lookUp } from '#services/cloudtrail/history.ts';
import { TrailDirectory } from '#services/cloudtrail/trail-directory.ts';

const [events = 1_000_000] = process.argv.slice(2).map(Number);
const ACCOUNT = '123456789012' as AccountId;
const REGION = 'us-east-1' as Region;
const SPAN_MILLISECONDS = 80 * 86_400_000;
const BATCH = 2000;

const folder = mkdtempSync(join(tmpdir(), 'makonis-history-'));
const store = openStore({ drivers: sqliteDrivers(folder) });
const source = store.partition({ service: 'sqs', account: ACCOUNT, region: REGION });
const target = store.partition({ service: 'cloudtrail', account: ACCOUNT, region: REGION });
const collector = new Collector({
  store,
  trails: new TrailDirectory(store),
  clock: systemClock,
  onFault: console.error,
});
const now = systemClock.now();

const timeOf = (n: number): number => now - SPAN_MILLISECONDS + Math.floor((n / events) * SPAN_MILLISECONDS);

const record = (n: number) =>
  recordOf({
    eventId: timedId(timeOf(n)),
    time: timeOf(n),
    source: 'sqs.amazonaws.com',
    operation: n % 1000 === 0 ? 'DeleteQueue' : 'GetQueueAttributes',
    region: REGION,
    account: ACCOUNT,
    sourceAddress: `10.0.0.${n % 200}`,
    userAgent: 'aws-sdk-js/3.1169.0 ua/2.1 os/linux#6.1 lang/js md/nodejs#24.1.0 api/sqs#3.1169.0',
    principal: {
      kind: 'user',
      account: ACCOUNT,
      arn: `arn:aws:iam::${ACCOUNT}:user/user${n % 500}`,
      userId: `AIDA${n % 500}`,
      userName: n === events >> 1 ? 'once' : `user${n % 500}`,
    },
    accessKeyId: `AKIA${n % 500}`,
    tls: undefined,
    invokedBy: undefined,
    requestId: '5b1e1b5c-7a1b-4c8e-9a55-000000000000',
    isReadOnly: n % 1000 !== 0,
    isManagement: true,
    resources: asAudited([
      { accountId: ACCOUNT, type: 'AWS::SQS::Queue', ARN: `arn:aws:sqs:${REGION}:${ACCOUNT}:queue${n % 50}` },
    ]),
    input: JSON.stringify({ queueUrl: `http://localhost:4566/${ACCOUNT}/queue${n % 50}`, attributeNames: ['All'] }),
    output: undefined,
    error: undefined,
    additions: undefined,
    sharedEventId: undefined,
  });

collector.opened(source);
let taking = 0;
for (let n = 0; n < events; n += BATCH) {
  source.transact((tx) => {
    for (let at = n; at < Math.min(events, n + BATCH); at++) writeRecord(tx, record(at));
  });
  await source.durable();
  const begin = process.cpuUsage();
  await collector.take(ACCOUNT, REGION);
  const { user, system } = process.cpuUsage(begin);
  taking += user + system;
}
const bytes = readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
console.log(
  `${events} events: taking one ${(taking / events).toFixed(1)} us CPU, ${(bytes / events).toFixed(0)} bytes each`,
);

const all: HistoryQuery = { category: 'management', from: now - 90 * 86_400_000, to: now };
const queries: [string, HistoryQuery][] = [
  ['no attribute', all],
  ['EventName, 1 in 1000', { ...all, attribute: { key: 'EventName', value: 'DeleteQueue' } }],
  ['Username, 1 in 500', { ...all, attribute: { key: 'Username', value: 'user7' } }],
  ['Username, one event', { ...all, attribute: { key: 'Username', value: 'once' } }],
  ['Username, none', { ...all, attribute: { key: 'Username', value: 'nobody' } }],
  ['an hour 40 days ago', { ...all, to: now - 40 * 86_400_000, from: now - 40 * 86_400_000 - 3_600_000 }],
];
const [first] = target.read((tx) => lookUp(tx, { ...all, to: now - 40 * 86_400_000 }, 1, undefined)).events;
queries.push(['EventId', { ...all, attribute: { key: 'EventId', value: first?.EventId ?? '' } }]);
for (const [what, query] of queries) {
  const times: number[] = [];
  let found = 0;
  for (let round = 0; round < 21; round++) {
    const begin = performance.now();
    found = target.read((tx) => lookUp(tx, query, 50, undefined)).events.length;
    times.push(performance.now() - begin);
  }
  times.sort((a, b) => a - b);
  console.log(`${what.padEnd(22)} ${found} events, ${times[10]?.toFixed(1)} ms (worst ${times.at(-1)?.toFixed(1)})`);
}
await collector.stop();
await store.close();
rmSync(folder, { recursive: true });
