/**
 * Insights: minutes in which an API is called, or fails, far more often than in the week before. Pure: a minute's rate and the
 * baseline before it go in, the state of the unusual activity and the events that begin and end it come out.
 *
 * AWS does not publish its measure. Ours: a rate is unusual when it is above the baseline's average by more than six standard
 * deviations, one deviation being at least one call a minute; five ordinary minutes end it.
 */
import { days, hours, type Milliseconds, minutes } from '#platform/base/clock.ts';
import type { InsightRow } from './state.ts';

export const BASELINE: Milliseconds = days(7);
/** "It can take up to 36 hours for CloudTrail to begin delivering Insights events." */
export const SHORTEST_BASELINE: Milliseconds = hours(36);
const DEVIATIONS = 6;
const ORDINARY_MINUTES_AT_END = 5;

export interface Baseline {
  readonly average: number;
  readonly deviation: number;
  readonly minutes: number;
}

export function baselineOf(counts: readonly number[]): Baseline {
  const average = counts.reduce((sum, count) => sum + count, 0) / Math.max(1, counts.length);
  const variance = counts.reduce((sum, count) => sum + (count - average) ** 2, 0) / Math.max(1, counts.length);
  return { average, deviation: Math.sqrt(variance), minutes: counts.length };
}

const isUnusual = (rate: number, { average, deviation }: Baseline): boolean =>
  rate > average + DEVIATIONS * Math.max(1, deviation);

export interface Step {
  readonly state: InsightRow | undefined;
  readonly event: 'Start' | 'End' | undefined;
}

/** One minute further. `baseline` is asked for only when nothing unusual is under way. */
export function step(
  state: InsightRow | undefined,
  minute: Milliseconds,
  rate: number,
  baseline: () => Baseline,
  newId: () => string,
): Step {
  if (state === undefined) {
    const before = baseline();
    if (!isUnusual(rate, before)) return { state: undefined, event: undefined };
    const begun: InsightRow = {
      sharedId: newId(),
      startedAt: minute,
      lastUnusual: minute,
      rate,
      sum: rate,
      minutes: 1,
      baseline: before.average,
      deviation: before.deviation,
      baselineMinutes: before.minutes,
    };
    return { state: begun, event: 'Start' };
  }
  const before = { average: state.baseline, deviation: state.deviation, minutes: state.baselineMinutes };
  const isOn = isUnusual(rate, before);
  if (!isOn && minute - state.lastUnusual >= minutes(ORDINARY_MINUTES_AT_END)) return { state, event: 'End' };
  const gone = (minute - state.startedAt) / minutes(1) + 1;
  const next = isOn ? { ...state, lastUnusual: minute, minutes: gone, sum: state.sum + rate } : state;
  return { state: next, event: undefined };
}
