/** How often each API was called and failed, minute by minute: what insights are found in. Kept for 90 days, an hour to a row. */
import { days, hours, type Milliseconds, minutes } from '#platform/base/clock.ts';
import type { ReadTransaction, Transaction } from '#platform/store/store.ts';
import type { HistoryRecord } from './history.ts';
import { rates } from './state.ts';

const RATES_KEPT: Milliseconds = days(90);
const HOUR = hours(1);
const MINUTES = 60;

/** Calls of an API; or those that end with an error code. */
export interface RateSubject {
  /** The ARN of the trail whose data events are counted; empty for management events. */
  readonly trail: string;
  readonly source: string;
  readonly name: string;
  /** Empty for the rate of calls. */
  readonly errorCode: string;
}

/** Of management events the calls that change something are counted, of data events all; errors of either. */
export function countRates(tx: Transaction, trail: string, taken: readonly HistoryRecord[]): void {
  const added = new Map<string, { subject: RateSubject; hour: number; counts: number[] }>();
  for (const { record, time } of taken) {
    const { eventSource: source = '', eventName: name = '', errorCode } = record;
    const isCounted = trail !== '' || record.readOnly === false;
    const codes = [...(isCounted ? [''] : []), ...(errorCode ? [errorCode.slice(0, 128)] : [])];
    for (const code of codes) {
      const hour = Math.floor(time / HOUR);
      const id = JSON.stringify([hour, source, name, code]);
      const entry = added.get(id) ?? { subject: { trail, source, name, errorCode: code }, hour, counts: noCalls() };
      const minute = Math.floor((time % HOUR) / minutes(1));
      entry.counts[minute] = (entry.counts[minute] ?? 0) + 1;
      added.set(id, entry);
    }
  }
  for (const { subject, hour, counts } of added.values()) {
    const key = keyOf(hour, subject);
    const before = tx.get(rates, key)?.counts ?? [];
    tx.put(rates, key, { counts: counts.map((count, at) => count + (before[at] ?? 0)) });
  }
}

const noCalls = (): number[] => new Array<number>(MINUTES).fill(0);

const keyOf = (hour: number, { trail, source, name, errorCode }: RateSubject) =>
  rates.key(hour, trail, source, name, errorCode);

/** Counts of the minutes from `from` until `to`, which are whole minutes. */
export function ratesOf(tx: ReadTransaction, subject: RateSubject, from: Milliseconds, to: Milliseconds): number[] {
  const counts: number[] = [];
  for (let hour = Math.floor(from / HOUR); hour * HOUR < to; hour++) {
    const row = tx.get(rates, keyOf(hour, subject))?.counts ?? [];
    const first = Math.max(0, Math.ceil((from - hour * HOUR) / minutes(1)));
    const end = Math.min(MINUTES, Math.ceil((to - hour * HOUR) / minutes(1)));
    for (let minute = first; minute < end; minute++) counts.push(row[minute] ?? 0);
  }
  return counts;
}

/** What was counted in the hours that touch this time. */
export function subjectsBetween(tx: ReadTransaction, from: Milliseconds, to: Milliseconds): RateSubject[] {
  const found = new Map<string, RateSubject>();
  for (let hour = Math.floor(from / HOUR); hour * HOUR < to; hour++) {
    for (const { key } of tx.range(rates, { prefix: [hour] })) {
      const [, trail, source, name, errorCode] = rates.parts(key);
      found.set(JSON.stringify([trail, source, name, errorCode]), { trail, source, name, errorCode });
    }
  }
  return [...found.values()];
}

/** When counting began, as far as it is still known. */
export function countedSince(tx: ReadTransaction): Milliseconds | undefined {
  const [first] = tx.range(rates, { limit: 1 });
  return first && rates.parts(first.key)[0] * HOUR;
}

export function dropOldRates(tx: Transaction, now: Milliseconds): void {
  const [first] = tx.range(rates, { limit: 1 });
  const hour = first && rates.parts(first.key)[0];
  if (hour !== undefined && hour * HOUR < now - RATES_KEPT) tx.deleteRange(rates, [hour]);
}
