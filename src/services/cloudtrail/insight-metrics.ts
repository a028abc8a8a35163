/** ListInsightsMetricData: the rates that insights are found in; ListInsightsData: insights on the data events of a trail. */
import { days, type Milliseconds, minutes, seconds } from '#platform/base/clock.ts';
import type * as Model from '#platform/model/generated/cloudtrail.ts';
import type { PageTokens } from '#platform/page-token.ts';
import type { Call } from '#platform/service.ts';
import { refuse } from './errors.ts';
import { HISTORY_DAYS, lookUp } from './history.ts';
import { readPosition } from './lookup-events.ts';
import { ratesOf } from './rates.ts';
import type { TrailDirectory } from './trail-directory.ts';
import { findTrail } from './trails.ts';

export interface InsightDeps {
  readonly trails: TrailDirectory;
  readonly pages: PageTokens;
}

/** "Data points with a period of 60 seconds are available for 15 days …" */
const AVAILABLE: Readonly<Record<number, Milliseconds>> = { 60: days(15), 300: days(63), 3600: days(90) };
const MOST_POINTS = 21_600;
const MOST_EVENTS = 50;

export function listInsightsMetricData(
  directory: TrailDirectory,
  input: Model.ListInsightsMetricDataRequest,
  call: Call,
): Model.ListInsightsMetricDataResponse {
  const { EventName, InsightType, ErrorCode, Period = 3600, MaxResults = MOST_POINTS } = input;
  const available = AVAILABLE[Period] ?? refuse('InvalidParameterException', 'Period must be 60, 300 or 3600.');
  const trail = input.TrailName === undefined ? '' : seenTrailArn(directory, input.TrailName, call);
  if (InsightType === 'ApiErrorRateInsight' && ErrorCode === undefined) {
    refuse('InvalidParameterException', 'ErrorCode is required for ApiErrorRateInsight.');
  }
  const step = seconds(Period);
  const start = startOf(input, call.now, available, step);
  const end = Math.min(input.EndTime ?? call.now, call.now);
  if ((input.StartTime ?? 0) > end) refuse('InvalidParameterException', 'StartTime must be before EndTime.');
  const subject = {
    trail,
    source: input.EventSource,
    name: EventName,
    errorCode: InsightType === 'ApiErrorRateInsight' ? (ErrorCode ?? '') : '',
  };
  const counts = ratesOf(call.tx, subject, start, end);
  const perPoint = step / minutes(1);
  const points: { time: Milliseconds; value: number }[] = [];
  for (let at = 0; at < counts.length; at += perPoint) {
    const value = counts.slice(at, at + perPoint).reduce((sum, count) => sum + count, 0);
    if (value > 0 || input.DataType === 'FillWithZeros') points.push({ time: start + at * minutes(1), value });
  }
  const page = points.slice(0, MaxResults);
  const rest = points[MaxResults];
  return {
    ...(trail !== '' && { TrailARN: trail }),
    EventSource: input.EventSource,
    EventName,
    InsightType,
    ...(InsightType === 'ApiErrorRateInsight' && ErrorCode !== undefined && { ErrorCode }),
    Timestamps: page.map(({ time }) => time),
    Values: page.map(({ value }) => value),
    ...(rest && { NextToken: String(rest.time) }),
  };
}

/** AWS has no error of its own here for a trail that is not there. */
const seenTrailArn = (directory: TrailDirectory, given: string, call: Call): string =>
  findTrail(directory, given, call)?.arn ?? refuse('InvalidParameterException', `There is no trail ${given}.`);

export function listInsightsData(
  { trails, pages }: InsightDeps,
  input: Model.ListInsightsDataRequest,
  call: Call,
): Model.ListInsightsDataResponse {
  const { NextToken: token, MaxResults: limit = MOST_EVENTS, ...asked } = input;
  const from = Math.max(input.StartTime ?? 0, call.now - days(HISTORY_DAYS));
  const to = Math.min(input.EndTime ?? call.now, call.now);
  if ((input.StartTime ?? 0) > to) refuse('InvalidParameterException', 'StartTime must be before EndTime.');
  // The model allows one dimension.
  const [[key, value] = []] = Object.entries(input.Dimensions ?? {});
  const attribute = key !== undefined && value !== undefined ? { attribute: { key: key as 'EventName', value } } : {};
  const query = {
    category: `insight ${seenTrailArn(trails, input.InsightSource, call)}`,
    from,
    to,
    ...attribute,
  } as const;
  const invalid = (): never => refuse('InvalidParameterException', 'The NextToken is not valid.');
  const start = token === undefined ? undefined : readPosition(pages.open(call, asked, token, invalid), invalid);
  const { events, next } = lookUp(call.tx, query, limit, start);
  return { Events: events, ...(next && { NextToken: pages.seal(call, asked, `${next.number} ${next.at}`) }) };
}

/** The token is the time of the next point: it tells nothing that a client may not ask for. */
function startOf(
  { StartTime = 0, NextToken }: Model.ListInsightsMetricDataRequest,
  now: Milliseconds,
  available: Milliseconds,
  step: Milliseconds,
): Milliseconds {
  const next = NextToken === undefined ? 0 : Number(NextToken);
  if (!Number.isSafeInteger(next) || next < 0) refuse('InvalidParameterException', 'The NextToken is not valid.');
  return Math.ceil(Math.max(StartTime, next, now - available) / step) * step;
}
