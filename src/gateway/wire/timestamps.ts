/**
 * The three forms of a timestamp on the wire, from and to milliseconds since 1970. Reading is lenient in what AWS's own
 * clients send (offsets, fractions, a date alone) and strict otherwise: Date.parse by itself takes almost anything.
 */
import { malformed } from '#gateway/wire/shapes.ts';

export type TimestampFormat = 'iso8601' | 'iso8601Milliseconds' | 'rfc822' | 'unixTimestamp';

/** A second more and `Date` has no such day (ECMA-262 21.4.1.1). */
const LAST_MILLISECOND = 8.64e15;

const ISO =
  /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?([Zz]|[+-]\d\d:?\d\d)?)?$|^(\d{8})[Tt](\d{6})[Zz]$/;
const RFC822 =
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (\d\d) (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) (\d{4}) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))? (?:GMT|UTC|\+0000)$/;
const NUMBER = /^[+-]?\d{1,17}(?:\.\d{1,17})?(?:[eE][+-]?\d{1,3})?$/;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

export function parseTimestamp(text: string, format: TimestampFormat): number {
  const time =
    format === 'unixTimestamp' ? parseSeconds(text) : format === 'rfc822' ? parseRfc822(text) : parseIso(text);
  if (time === undefined) malformed(`${JSON.stringify(text.slice(0, 64))} is not a valid timestamp`);
  return time;
}

/** Seconds since 1970, as JSON and CBOR have them. */
export function timestampOfSeconds(seconds: number): number {
  const time = Math.round(seconds * 1000);
  if (!(Math.abs(time) <= LAST_MILLISECOND)) malformed('The timestamp is out of range');
  return time;
}

function parseSeconds(text: string): number | undefined {
  return NUMBER.test(text) ? timestampOfSeconds(Number(text)) : undefined;
}

function parseIso(text: string): number | undefined {
  const match = ISO.exec(text);
  if (!match) return undefined;
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '', zone = 'Z', date, time] = match;
  if (date && time) {
    return utc(
      [date.slice(0, 4), date.slice(4, 6), date.slice(6), time.slice(0, 2), time.slice(2, 4), time.slice(4)],
      '',
    );
  }
  // The pattern's first alternative matched, so these three are there.
  const local = utc([year as string, month as string, day as string, hour, minute, second], fraction);
  return local === undefined ? undefined : local - offsetOf(zone);
}

function parseRfc822(text: string): number | undefined {
  const match = RFC822.exec(text);
  if (!match) return undefined;
  // All groups but the fraction take part in every match.
  const [, day, month, year, hour, minute, second, fraction = ''] = match as unknown as string[];
  const number = String(MONTHS.indexOf(month as string) + 1);
  return utc([year as string, number, day as string, hour as string, minute as string, second as string], fraction);
}

/** Undefined for a day or an hour that does not exist; second 60 (a leap second) is second 59. */
function utc(fields: readonly string[], fraction: string): number | undefined {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = fields.map(Number);
  const time = Date.UTC(year, month - 1, day, hour, minute, Math.min(second, 59));
  const date = new Date(time);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day || hour > 23 || minute > 59 || second > 60) {
    return undefined;
  }
  // Date.UTC takes the years 0 to 99 for 1900 to 1999.
  if (year < 100) date.setUTCFullYear(year);
  return date.getTime() + (fraction ? Math.round(Number(`0.${fraction}`) * 1000) : 0);
}

function offsetOf(zone: string): number {
  if (zone === 'Z' || zone === 'z') return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2));
  return (zone.startsWith('-') ? -minutes : minutes) * 60_000;
}

export function formatTimestamp(time: number, format: TimestampFormat): string {
  if (format === 'unixTimestamp') return String(time / 1000);
  if (format === 'rfc822') return new Date(time).toUTCString();
  const text = isoText(Math.trunc(time));
  return format === 'iso8601' && text.endsWith(WHOLE_SECOND) ? `${text.slice(0, -WHOLE_SECOND.length)}Z` : text;
}

const WHOLE_SECOND = '.000Z';
const MINUTE = 60_000;
const padded = (length: number, count: number): readonly string[] =>
  Array.from({ length: count }, (_, number) => String(number).padStart(length, '0'));
const TWO = padded(2, 60);
const THREE = padded(3, 1000);

/** What is told together is mostly of one time or of one minute, which `Date` is asked for once: a list tells a thousand times. */
let lastMinute = { begin: Number.NaN, text: '' };
let last = { time: Number.NaN, text: '' };

function isoText(time: number): string {
  if (time === last.time) return last.text;
  const inMinute = ((time % MINUTE) + MINUTE) % MINUTE;
  const begin = time - inMinute;
  if (begin !== lastMinute.begin) {
    lastMinute = { begin, text: new Date(begin).toISOString().slice(0, -'00.000Z'.length) };
  }
  const rest = `${TWO[Math.floor(inMinute / 1000)]}.${THREE[inMinute % 1000]}Z`;
  last = { time, text: lastMinute.text + rest };
  return last.text;
}
