/** Dates of signatures: ISO 8601 in its basic form (`20150830T123600Z`), and what a plain `Date` header may hold. */
import type { Milliseconds } from '#platform/base/clock.ts';

const BASIC = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;
const EXTENDED = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.\d{1,9})?Z$/;
/** RFC 9110 5.6.7: IMF-fixdate, and the two obsolete forms that a recipient must take. */
const HTTP_DATE = [
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d (?:GMT|UTC|[+-]0000)$/,
  /^(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, \d\d-[A-Z][a-z]{2}-\d\d \d\d:\d\d:\d\d GMT$/,
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}$/,
];

/** Requests of one second share the work, and clients differ by some seconds. */
const recent = new Map<string, Milliseconds>();
const MAX_RECENT = 64;

/** Undefined unless `text` is a real date and time. */
export function parseBasicDate(text: string): Milliseconds | undefined {
  const known = recent.get(text);
  if (known !== undefined) return known;
  const time = fromParts(BASIC.exec(text));
  if (time === undefined) return undefined;
  if (recent.size >= MAX_RECENT) recent.clear();
  recent.set(text, time);
  return time;
}

/** The forms of an HTTP `Date` header, ISO 8601 among them. */
export function parseHttpDate(text: string): Milliseconds | undefined {
  const iso = parseBasicDate(text) ?? fromParts(EXTENDED.exec(text));
  if (iso !== undefined) return iso;
  if (!HTTP_DATE.some((form) => form.test(text))) return undefined;
  // asctime names no zone and means UTC; Date.parse would take it as local time.
  const time = Date.parse(/GMT$|UTC$|[+-]0000$/.test(text) ? text : `${text} GMT`);
  return Number.isNaN(time) ? undefined : time;
}

export const formatBasicDate = (time: Milliseconds): string =>
  `${new Date(time).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;

/** `2015-08-30T12:36:00Z`, as S3 words it. */
export const formatExtendedDate = (time: Milliseconds): string => `${new Date(time).toISOString().slice(0, 19)}Z`;

function fromParts(parts: RegExpExecArray | null): Milliseconds | undefined {
  if (parts === null) return undefined;
  const [year, month, day, hour, minute, second] = parts.slice(1).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]; // six groups, all digits
  const time = Date.UTC(year, month - 1, day, hour, minute, second);
  // Date.UTC carries 31 June over into July: such a date is refused, not moved.
  const date = new Date(time);
  const isReal =
    date.getUTCMonth() === month - 1 && date.getUTCDate() === day && hour < 24 && minute < 60 && second < 60;
  return isReal ? time : undefined;
}
