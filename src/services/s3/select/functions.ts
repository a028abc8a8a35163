/** The scalar functions and CAST. All but COALESCE answer null where an argument is unknown. */
import { decimalOf, isDecimal, wholePart } from '#services/s3/select/decimals.ts';
import { refuse } from '#services/s3/select/errors.ts';
import type { DatePart, TypeName } from '#services/s3/select/syntax.ts';
import { addTo, difference, extract, formatted, readTimestamp } from '#services/s3/select/timestamps.ts';
import {
  checkedInteger,
  compare,
  doubleOf,
  exactOf,
  isNumber,
  isTimestamp,
  isUnknown,
  type Numeric,
  numberOf,
  type Timestamp,
  textOf,
  timestamp,
  type Value,
} from '#services/s3/select/values.ts';

export interface Circumstances {
  /** Of the query's beginning. */
  readonly now: number;
}

interface ScalarFunction {
  readonly least: number;
  readonly most: number;
  readonly apply: (args: readonly Value[], part: DatePart, circumstances: Circumstances) => Value;
}

const text = (value: Value): string =>
  typeof value === 'string' ? value : refuse('IncorrectSqlFunctionArgumentType', textOf(value));

const integer = (value: Value): number => {
  const number = typeof value === 'string' ? (numberOf(value) ?? null) : value;
  const double = isNumber(number) ? doubleOf(number) : Number.NaN;
  return Number.isInteger(double) ? double : refuse('IncorrectSqlFunctionArgumentType', textOf(value));
};

const time = (value: Value): Timestamp =>
  isTimestamp(value) ? value : refuse('IncorrectSqlFunctionArgumentType', textOf(value));

/** One argument is text, the answer is too. */
const ofText = (apply: (text: string) => Value): ScalarFunction => ({
  least: 1,
  most: 1,
  apply: ([value = null]) => apply(text(value)),
});

const length = ofText((value) => BigInt([...value].length));

/** Positions count from 1, and may begin before it. */
function substring(value: string, from: number, count: number | undefined): string {
  if (count !== undefined && count < 0) refuse('IllegalSqlFunctionArgument', 'SUBSTRING');
  const letters = [...value];
  const end = count === undefined ? letters.length : from - 1 + count;
  return letters.slice(Math.max(from - 1, 0), Math.max(end, 0)).join('');
}

function trimmed(letters: string, value: string, sides: { leading: boolean; trailing: boolean }): string {
  const [set, all] = [new Set([...letters]), [...value]];
  let [start, end] = [0, all.length];
  while (sides.leading && start < end && set.has(all[start] ?? '')) start++;
  while (sides.trailing && start < end && set.has(all[end - 1] ?? '')) end--;
  return all.slice(start, end).join('');
}

const trim = (leading: boolean, trailing: boolean): ScalarFunction => ({
  least: 2,
  most: 2,
  apply: ([letters = null, value = null]) => trimmed(text(letters), text(value), { leading, trailing }),
});

const FUNCTIONS: Readonly<Record<string, ScalarFunction>> = {
  CHAR_LENGTH: length,
  CHARACTER_LENGTH: length,
  LOWER: ofText((value) => value.toLowerCase()),
  UPPER: ofText((value) => value.toUpperCase()),
  SUBSTRING: {
    least: 2,
    most: 3,
    apply: ([value = null, from = null, count]) =>
      substring(text(value), integer(from), count === undefined ? undefined : integer(count)),
  },
  TRIM_BOTH: trim(true, true),
  TRIM_LEADING: trim(true, false),
  TRIM_TRAILING: trim(false, true),
  DATE_ADD: {
    least: 2,
    most: 2,
    apply: ([count = null, at = null], part) => addTo(time(at), part, integer(count)),
  },
  DATE_DIFF: {
    least: 2,
    most: 2,
    apply: ([from = null, to = null], part) => difference(part, time(from), time(to)),
  },
  EXTRACT: { least: 1, most: 1, apply: ([at = null], part) => extract(part, time(at)) },
  TO_STRING: { least: 2, most: 2, apply: ([at = null, pattern = null]) => formatted(time(at), text(pattern)) },
  TO_TIMESTAMP: {
    least: 1,
    most: 1,
    apply: ([value = null]) => readTimestamp(text(value)) ?? refuse('ValueParseFailure', textOf(value)),
  },
  UTCNOW: { least: 0, most: 0, apply: (_, __, { now }) => timestamp(now, 0) },
  NULLIF: {
    least: 2,
    most: 2,
    apply: ([first = null, second = null]) => (compare('=', first, second) === true ? null : first),
  },
};

type Applied = (args: readonly Value[], circumstances: Circumstances) => Value;

/** Throws for functions that the dialect does not have, and for a wrong number of arguments. */
export function scalarFunction(name: string, count: number, part: DatePart = 'DAY'): Applied {
  if (name === 'COALESCE') return (args) => args.find((each) => !isUnknown(each)) ?? null;
  const found = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
  if (found === undefined) return refuse('UnsupportedFunction', name);
  if (count < found.least || count > found.most) refuse('EvaluatorInvalidArguments', name);
  if (name === 'NULLIF') return (args, circumstances) => found.apply(args, part, circumstances);
  return (args, circumstances) => (args.some(isUnknown) ? null : found.apply(args, part, circumstances));
}

const failed = (value: Value, type: TypeName): never => refuse('CastFailed', `${textOf(value)} to ${type}`);

function toInteger(value: Value): Value {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'boolean') return value ? 1n : 0n;
  const number = typeof value === 'string' ? (numberOf(value) ?? null) : value;
  if (typeof number === 'bigint') return number;
  if (isDecimal(number)) return checkedInteger(wholePart(number));
  if (typeof number !== 'number' || !Number.isFinite(number)) return failed(value, 'INT');
  return checkedInteger(BigInt(Math.trunc(number)));
}

const numeric = (value: Value): Numeric | undefined =>
  typeof value === 'boolean'
    ? BigInt(value)
    : typeof value === 'string'
      ? numberOf(value)
      : isNumber(value)
        ? value
        : undefined;

function toDouble(value: Value): Value {
  const number = numeric(value);
  return number === undefined ? failed(value, 'FLOAT') : doubleOf(number);
}

/** Of a double, what it is written as. "Amazon S3 Select ignores scale and precision when you provide both at the same time." */
function toDecimal(value: Value): Value {
  const number = numeric(value);
  if (typeof number === 'bigint') return exactOf(number);
  return (isDecimal(number) ? number : decimalOf(String(number))) ?? failed(value, 'DECIMAL');
}

function toBoolean(value: Value): Value {
  if (typeof value === 'boolean') return value;
  if (isNumber(value)) return doubleOf(value) !== 0;
  const word = typeof value === 'string' ? value.trim().toLowerCase() : '';
  return word === 'true' ? true : word === 'false' ? false : failed(value, 'BOOL');
}

export function castTo(type: TypeName, value: Value): Value {
  if (isUnknown(value)) return value;
  switch (type) {
    case 'INT':
      return toInteger(value);
    case 'FLOAT':
      return toDouble(value);
    case 'DECIMAL':
      return toDecimal(value);
    case 'BOOL':
      return toBoolean(value);
    case 'STRING':
      return textOf(value);
    case 'TIMESTAMP':
      return isTimestamp(value) ? value : (readTimestamp(textOf(value)) ?? failed(value, type));
  }
}
