/** Looks at the minutes that have closed and writes the events of what is unusual in them: to the history and to the trails that want them. */
import { type Milliseconds, minutes } from '#platform/base/clock.ts';
import { type AccountId, type Region, timedId, uuid } from '#platform/base/ids.ts';
import type { ReadTransaction, Transaction } from '#platform/store/store.ts';
import { addToHistory, type HistoryRecord, lookUp } from './history.ts';
import { BASELINE, baselineOf, SHORTEST_BASELINE, step } from './insights.ts';
import { insightsOf, keepForDelivery } from './queues.ts';
import { countedSince, dropOldRates, type RateSubject, ratesOf, subjectsBetween } from './rates.ts';
import { type InsightRow, insightStates, insightsSeen } from './state.ts';
import { type LiveTrail, looksFor } from './trail-directory.ts';

const MINUTE = minutes(1);
/** Records of a minute have all been taken by then. */
const SETTLED_AFTER: Milliseconds = minutes(3);
/** After a time without a process only the newest minutes are looked at. */
const MOST_MINUTES = 60;
const MOST_ATTRIBUTED = 500;

export interface InsightPlace {
  readonly account: AccountId;
  readonly region: Region;
  readonly trails: readonly LiveTrail[];
}

interface Found {
  readonly subject: RateSubject;
  readonly state: InsightRow;
  readonly event: 'Start' | 'End';
  readonly minute: Milliseconds;
}

export function findInsights(tx: Transaction, now: Milliseconds, place: InsightPlace): void {
  dropOldRates(tx, now);
  const to = Math.floor((now - SETTLED_AFTER) / MINUTE) * MINUTE;
  const seen = tx.get(insightsSeen, insightsSeen.key())?.before ?? to - MINUTE;
  const from = Math.max(seen, to - MOST_MINUTES * MINUTE);
  if (from >= to) return;
  tx.put(insightsSeen, insightsSeen.key(), { before: to });
  const since = countedSince(tx);
  if (since === undefined) return;
  for (const subject of subjectsOf(tx, from, to)) {
    for (const found of stepsOf(tx, subject, from, to, since)) announce(tx, found, place);
  }
}

function subjectsOf(tx: ReadTransaction, from: Milliseconds, to: Milliseconds): RateSubject[] {
  const underWay = tx.range(insightStates).map(({ key }): RateSubject => {
    const [trail, source, name, errorCode] = insightStates.parts(key);
    return { trail, source, name, errorCode };
  });
  const idOf = ({ trail, source, name, errorCode }: RateSubject): string =>
    JSON.stringify([trail, source, name, errorCode]);
  const all = [...underWay, ...subjectsBetween(tx, from, to)].map((subject) => [idOf(subject), subject] as const);
  return [...new Map(all).values()];
}

function stepsOf(
  tx: Transaction,
  subject: RateSubject,
  from: Milliseconds,
  to: Milliseconds,
  since: Milliseconds,
): Found[] {
  const key = insightStates.key(subject.trail, subject.source, subject.name, subject.errorCode);
  const before = tx.get(insightStates, key);
  let state = before;
  const found: Found[] = [];
  for (const [at, rate] of ratesOf(tx, subject, from, to).entries()) {
    const minute = from + at * MINUTE;
    if (state === undefined && (rate === 0 || minute - since < SHORTEST_BASELINE)) continue;
    const baseline = () => baselineOf(ratesOf(tx, subject, Math.max(since, minute - BASELINE), minute));
    const next = step(state, minute, rate, baseline, uuid);
    state = next.event === 'End' ? undefined : next.state;
    if (next.event !== undefined && next.state !== undefined) {
      found.push({ subject, state: next.state, event: next.event, minute });
    }
  }
  if (state !== undefined) tx.put(insightStates, key, state);
  else if (before !== undefined) tx.delete(insightStates, key);
  return found;
}

function announce(tx: Transaction, found: Found, { account, region, trails }: InsightPlace): void {
  const { subject } = found;
  const type = subject.errorCode === '' ? 'ApiCallRateInsight' : 'ApiErrorRateInsight';
  const wanting =
    subject.trail === ''
      ? trails.filter((trail) => looksFor(trail, 'Management', type))
      : trails.filter((trail) => trail.arn === subject.trail && looksFor(trail, 'Data', type));
  if (wanting.length === 0) return;
  const time = found.event === 'Start' ? found.state.startedAt : found.state.lastUnusual + MINUTE;
  const record = insightRecord(tx, found, type, time, account, region);
  const text = JSON.stringify(record);
  const entry: HistoryRecord = { text, record, time: found.minute };
  addToHistory(tx, subject.trail === '' ? 'insight' : `insight ${subject.trail}`, [entry]);
  for (const { arn } of wanting) keepForDelivery(tx, insightsOf(arn), found.minute, [text]);
}

/** Source of the form: CloudTrail user guide, "CloudTrail Insights insightDetails element". */
function insightRecord(
  tx: ReadTransaction,
  { subject, state, event }: Found,
  insightType: string,
  time: Milliseconds,
  account: AccountId,
  region: Region,
) {
  return {
    eventVersion: '1.11',
    eventTime: `${new Date(time).toISOString().slice(0, 19)}Z`,
    awsRegion: region,
    eventID: timedId(time),
    eventType: 'AwsCloudTrailInsight',
    recipientAccountId: account,
    sharedEventID: state.sharedId,
    insightDetails: {
      state: event,
      eventSource: subject.source,
      eventName: subject.name,
      insightType,
      ...(subject.errorCode !== '' && { errorCode: subject.errorCode }),
      insightContext: {
        statistics: {
          baseline: { average: state.baseline },
          insight: { average: event === 'Start' ? state.rate : state.sum / state.minutes },
          ...(event === 'End' && { insightDuration: state.minutes }),
          baselineDuration: state.baselineMinutes,
        },
        attributions: attributionsOf(tx, subject, state),
      },
    },
    eventCategory: 'Insight',
  } as const;
}

type Fields = Readonly<Record<string, unknown>>;

/** Who called, with what, and with which errors, in the unusual minutes and in those before. */
function attributionsOf(tx: ReadTransaction, subject: RateSubject, state: InsightRow) {
  const { startedAt, lastUnusual, baselineMinutes } = state;
  const unusual = newestOf(tx, subject, startedAt, lastUnusual + MINUTE);
  const usual = newestOf(tx, subject, startedAt - baselineMinutes * MINUTE, startedAt);
  const attribution = (attribute: string, fieldOf: (record: Fields) => unknown) => ({
    attribute,
    insight: sharesOf(unusual.map(fieldOf), state.sum / state.minutes),
    baseline: sharesOf(usual.map(fieldOf), state.baseline),
  });
  return [
    attribution('userIdentityArn', ({ userIdentity }) => (userIdentity as { arn?: string } | undefined)?.arn),
    attribution('userAgent', ({ userAgent }) => userAgent),
    attribution('errorCode', (record) => record['errorCode']),
  ];
}

/** Of the calls from `from` until `to`, as many as a busy account can be asked for: their shares stand for those of all. */
function newestOf(
  tx: ReadTransaction,
  { name, errorCode }: RateSubject,
  from: Milliseconds,
  to: Milliseconds,
): readonly Fields[] {
  const attribute = { key: 'EventName', value: name } as const;
  const { events } = lookUp(tx, { category: 'management', from, to: to - 1, attribute }, MOST_ATTRIBUTED, undefined);
  // Written by the audit.
  const records = events.map(({ CloudTrailEvent }): Fields => JSON.parse(CloudTrailEvent ?? '{}'));
  return records.filter((record) => errorCode === '' || record['errorCode'] === errorCode);
}

/** The five values that most have, each with its part of the average. */
function sharesOf(values: readonly unknown[], average: number) {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(String(value ?? 'null'), (counts.get(String(value ?? 'null')) ?? 0) + 1);
  const most = [...counts].sort(([, a], [, b]) => b - a).slice(0, 5);
  return most.map(([value, count]) => ({ value, average: (count / values.length) * average }));
}
