/** LookupEvents: the event history of the account in a region, by time and one attribute. */
import { days, type Milliseconds } from '#platform/base/clock.ts';
import type * as Model from '#platform/model/generated/cloudtrail.ts';
import type { PageTokens } from '#platform/page-token.ts';
import type { Call } from '#platform/service.ts';
import { again } from '#platform/store/again.ts';
import type { Collector } from './collector.ts';
import { refuse } from './errors.ts';
import { HISTORY_DAYS, type HistoryQuery, lookUp, type Position } from './history.ts';

const PAGE = 50;
/** What has not been taken is taken first, as far as that costs no more than a page. */
const STEPS_BEFORE = 4;
const MOST_VALUE_CHARACTERS = 2000;
const INSIGHT_ATTRIBUTES: ReadonlySet<string> = new Set(['EventId', 'EventName', 'EventSource']);

export interface LookupDeps {
  readonly pages: PageTokens;
  readonly collector: Collector;
}

export async function lookupEvents(
  { pages, collector }: LookupDeps,
  input: Model.LookupEventsRequest,
  call: Call,
): Promise<Model.LookupEventsResponse> {
  const query = queryOf(input, call.now);
  const { NextToken: token, MaxResults: limit = PAGE, ...asked } = input;
  const invalid = (): never => refuse('InvalidNextTokenException');
  const start = token === undefined ? undefined : readPosition(pages.open(call, asked, token, invalid), invalid);
  await collector.take(call.account, call.region, STEPS_BEFORE);
  const { events, next } = await again(() => call.partition.read((tx) => lookUp(tx, query, limit, start)));
  return { Events: events, ...(next && { NextToken: pages.seal(call, asked, `${next.number} ${next.at}`) }) };
}

/** A page token's position: `<chapter> <place>`. */
export function readPosition(text: string, invalid: () => never): Position {
  const [number, at] = text.split(' ').map(Number);
  return number === undefined || at === undefined ? invalid() : { number, at };
}

function queryOf(input: Model.LookupEventsRequest, now: Milliseconds): HistoryQuery {
  const from = Math.max(input.StartTime ?? 0, now - days(HISTORY_DAYS));
  const to = Math.min(input.EndTime ?? now, now);
  if ((input.StartTime ?? 0) > (input.EndTime ?? now)) refuse('InvalidTimeRangeException');
  const category = input.EventCategory === 'insight' ? 'insight' : 'management';
  const [attribute, ...more] = input.LookupAttributes ?? [];
  if (attribute === undefined) return { category, from, to };
  const { AttributeKey: key, AttributeValue: value } = attribute;
  if (more.length > 0) refuse('InvalidLookupAttributesException', 'You can use only one lookup attribute at a time.');
  if (category === 'insight' && !INSIGHT_ATTRIBUTES.has(key)) {
    refuse('InvalidLookupAttributesException', `The attribute ${key} can’t be used for Insights events.`);
  }
  // "The following characters ('_', ' ', ',', '\\n') count as two characters towards the 2000 character limit."
  const counted = value.length + (value.match(/[_ ,\n]/g)?.length ?? 0);
  if (counted > MOST_VALUE_CHARACTERS) {
    refuse(
      'InvalidLookupAttributesException',
      `The value of ${key} is longer than ${MOST_VALUE_CHARACTERS} characters.`,
    );
  }
  return { category, from, to, attribute: { key, value } };
}
