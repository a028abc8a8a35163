/** Points in time: read, written by a pattern, moved and measured ("Date functions" of the SQL reference). */
import { refuse } from '#services/s3/select/errors.ts';
import type { DatePart } from '#services/s3/select/syntax.ts';
import { offsetText, orderOfTimes, type Timestamp, timestamp } from '#services/s3/select/values.ts';

const FORM = /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(?:(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(Z|[+-]\d\d:\d\d)?)?)?)?)?T?$/;

/** Undefined for text that is none: `2024T`, `2024-05T`, `2024-05-01`, `2024-05-01T10:00:00.5+02:00`. */
export function readTimestamp(text: string): Timestamp | undefined {
  const match = FORM.exec(text.trim());
  if (match === null) return undefined;
  const [, year, month = '01', day = '01', hour = '00', minute = '00', second = '00', fraction = '', zone = 'Z'] =
    match;
  const offsetMinutes = zone === 'Z' ? 0 : offsetOf(zone);
  const digits = fraction.padEnd(9, '0');
  const at = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}.${digits.slice(0, 3)}Z`);
  const isThere = !Number.isNaN(at) && new Date(at).getUTCDate() === Number(day);
  return isThere ? timestamp(at - offsetMinutes * 60_000, offsetMinutes, Number(digits.slice(3, 9))) : undefined;
}

function offsetOf(zone: string): number {
  const [hours = '0', minutes = '0'] = zone.slice(1).split(':');
  return (zone.startsWith('-') ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
}

const localOf = ({ milliseconds, offsetMinutes }: Timestamp): Date => new Date(milliseconds + offsetMinutes * 60_000);

const MILLISECONDS: Partial<Record<DatePart, number>> = {
  DAY: 86_400_000,
  HOUR: 3_600_000,
  MINUTE: 60_000,
  SECOND: 1000,
};

export function addTo(time: Timestamp, part: DatePart, count: number): Timestamp {
  const unit = MILLISECONDS[part];
  if (unit !== undefined) return checked({ ...time, milliseconds: time.milliseconds + count * unit });
  const local = localOf(time);
  const months = local.getUTCFullYear() * 12 + local.getUTCMonth() + (part === 'YEAR' ? count * 12 : count);
  const [year, month] = [Math.floor(months / 12), ((months % 12) + 12) % 12];
  // The 31st of a month that has none is its last day.
  const day = Math.min(local.getUTCDate(), new Date(Date.UTC(year, month + 1, 0)).getUTCDate());
  const moved = new Date(local);
  moved.setUTCFullYear(year, month, day);
  return checked({ ...time, milliseconds: moved.getTime() - time.offsetMinutes * 60_000 });
}

const checked = (time: Timestamp): Timestamp =>
  Number.isNaN(new Date(time.milliseconds).getTime()) ? refuse('IllegalSqlFunctionArgument') : time;

const nanosecondsOf = ({ milliseconds, nanoseconds }: Timestamp): bigint =>
  BigInt(milliseconds) * 1_000_000n + BigInt(nanoseconds);

export function ofNanoseconds(nanoseconds: bigint): Timestamp {
  const beyond = ((nanoseconds % 1_000_000n) + 1_000_000n) % 1_000_000n;
  return timestamp(Number((nanoseconds - beyond) / 1_000_000n), 0, Number(beyond));
}

/** Whole parts between the two. */
export function difference(part: DatePart, from: Timestamp, to: Timestamp): bigint {
  const unit = MILLISECONDS[part];
  if (unit !== undefined) return (nanosecondsOf(to) - nanosecondsOf(from)) / BigInt(unit * 1_000_000);
  const [first, last] = [localOf(from), localOf(to)];
  let months = (last.getUTCFullYear() - first.getUTCFullYear()) * 12 + last.getUTCMonth() - first.getUTCMonth();
  const isOver = orderOfTimes(to, from) >= 0;
  const beyond = orderOfTimes(addTo(from, 'MONTH', months), to);
  if (isOver && beyond > 0) months--;
  if (!isOver && beyond < 0) months++;
  return BigInt(part === 'YEAR' ? Math.trunc(months / 12) : months);
}

const READERS: Readonly<Record<DatePart, (local: Date, offset: number) => number>> = {
  YEAR: (local) => local.getUTCFullYear(),
  MONTH: (local) => local.getUTCMonth() + 1,
  DAY: (local) => local.getUTCDate(),
  HOUR: (local) => local.getUTCHours(),
  MINUTE: (local) => local.getUTCMinutes(),
  SECOND: (local) => local.getUTCSeconds(),
  TIMEZONE_HOUR: (_, offset) => Math.trunc(offset / 60),
  TIMEZONE_MINUTE: (_, offset) => offset % 60,
};

export const extract = (part: DatePart, time: Timestamp): bigint =>
  BigInt(READERS[part](localOf(time), time.offsetMinutes));

const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
const PATTERN = /'([^']*)'|y+|M+|d+|a|h+|H+|m+|s+|S+|n|X+|x+|[A-Za-z]/g;

const padded = (value: number, length: number): string => String(value).padStart(length, '0');

/** What a run of letters stands for; undefined for those that the reference does not have. */
function written(letters: string, local: Date, { nanoseconds, offsetMinutes: offset }: Timestamp): string | undefined {
  const { length } = letters;
  const month = MONTHS[local.getUTCMonth()] ?? '';
  const hour = local.getUTCHours();
  const fraction = local.getUTCMilliseconds() * 1_000_000 + nanoseconds;
  switch (letters[0]) {
    case 'y':
      return length === 2 ? padded(local.getUTCFullYear() % 100, 2) : padded(local.getUTCFullYear(), length);
    case 'M':
      return length < 3 ? padded(local.getUTCMonth() + 1, length) : month.slice(0, [3, month.length, 1][length - 3]);
    case 'd':
      return padded(local.getUTCDate(), length);
    case 'a':
      return hour < 12 ? 'AM' : 'PM';
    case 'h':
      return padded(hour % 12 || 12, length);
    case 'H':
      return padded(hour, length);
    case 'm':
      return padded(local.getUTCMinutes(), length);
    case 's':
      return padded(local.getUTCSeconds(), length);
    case 'S':
      return padded(fraction, 9).padEnd(length, '0').slice(0, length);
    case 'n':
      return String(fraction);
    case 'X':
    case 'x':
      return zoneText(letters, offset);
    default:
      return undefined;
  }
}

function zoneText(letters: string, offset: number): string {
  const whole = offset === 0 ? (letters.startsWith('X') ? 'Z' : '+00:00') : offsetText(offset);
  if (letters.length === 1) return whole.slice(0, whole === 'Z' ? 1 : 3);
  return letters.length % 2 === 0 ? whole.replace(':', '') : whole;
}

export function formatted(time: Timestamp, pattern: string): string {
  const local = localOf(time);
  return pattern.replace(PATTERN, (letters: string, quoted: string | undefined) => {
    if (quoted !== undefined) return quoted;
    return written(letters, local, time) ?? refuse('EvaluatorInvalidTimestampFormatPattern', letters);
  });
}
