/**
 * Values of a query. Integers (bigint, of 64 bits) and decimals are exact, floats are doubles; what is not there is MISSING, which beside
 * null is the other unknown. Comparing a text with a number reads the text as one, since all that CSV has is text.
 */
import {
  compareDecimals,
  type Decimal,
  decimal,
  decimalOf,
  decimalText,
  isDecimal,
} from '#services/s3/select/decimals.ts';
import { refuse } from '#services/s3/select/errors.ts';
import type { Comparison } from '#services/s3/select/syntax.ts';

export const MISSING = Symbol('MISSING');

const TIMESTAMP = Symbol('TIMESTAMP');

export interface Timestamp {
  /** No JSON can say it. */
  readonly kind: typeof TIMESTAMP;
  /** Since 1970. */
  readonly milliseconds: number;
  /** Beyond them, below a million. */
  readonly nanoseconds: number;
  readonly offsetMinutes: number;
}

export interface Members {
  readonly [name: string]: Value;
}

export type Numeric = bigint | number | Decimal;

export type Value = null | typeof MISSING | boolean | Numeric | string | Timestamp | Members | readonly Value[];

export type Unknown = null | typeof MISSING;

export const isUnknown = (value: Value): value is Unknown => value === null || value === MISSING;

export const isNumber = (value: Value): value is Numeric =>
  typeof value === 'bigint' || typeof value === 'number' || isDecimal(value);

export const doubleOf = (value: Numeric): number => Number(isDecimal(value) ? decimalText(value) : value);

/** An integer is a decimal too. */
export const exactOf = (value: bigint | Decimal): Decimal => (isDecimal(value) ? value : decimal(value, 0));

export const timestamp = (milliseconds: number, offsetMinutes: number, nanoseconds = 0): Timestamp => ({
  kind: TIMESTAMP,
  milliseconds,
  nanoseconds,
  offsetMinutes,
});

export const isTimestamp = (value: unknown): value is Timestamp =>
  typeof value === 'object' && value !== null && 'kind' in value && value.kind === TIMESTAMP;

const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;
const [LEAST, MOST] = [-(2n ** 63n), 2n ** 63n - 1n];

export const checkedInteger = (value: bigint): bigint =>
  value < LEAST || value > MOST ? refuse('IntegerOverflow') : value;

const INTEGER = /^[+-]?\d+$/;

/** Undefined for text that is no number. Exact, unless it has an exponent or more digits than are kept. */
export function numberOf(text: string): Numeric | undefined {
  const trimmed = text.trim();
  if (!NUMBER.test(trimmed)) return undefined;
  if (/e/i.test(trimmed)) return Number(trimmed);
  const exact = INTEGER.test(trimmed) ? BigInt(trimmed.replace(/^\+/, '')) : undefined;
  return exact !== undefined && exact >= LEAST && exact <= MOST ? exact : (decimalOf(trimmed) ?? Number(trimmed));
}

/** Undefined: not to be compared. */
function order(left: Value, right: Value): number | undefined {
  if (isTimestamp(left) && isTimestamp(right)) return orderOfTimes(left, right);
  if (typeof left === 'string' && typeof right === 'string') return left === right ? 0 : left < right ? -1 : 1;
  if (typeof left === 'boolean' && typeof right === 'boolean') return Number(left) - Number(right);
  const [a, b] = [comparable(left, right), comparable(right, left)];
  if (a === undefined || b === undefined) return undefined;
  if (!isDecimal(a) && !isDecimal(b)) return orderOf(a, b);
  if (typeof a === 'number' || typeof b === 'number') return orderOf(doubleOf(a), doubleOf(b));
  return compareDecimals(exactOf(a), exactOf(b));
}

export const orderOfTimes = (left: Timestamp, right: Timestamp): number =>
  left.milliseconds - right.milliseconds || left.nanoseconds - right.nanoseconds;

/** Across the two kinds of numbers; NaN has no order. */
const orderOf = (a: bigint | number, b: bigint | number): number | undefined =>
  a < b ? -1 : a > b ? 1 : a >= b ? 0 : undefined;

const comparable = (value: Value, other: Value): Numeric | undefined =>
  isNumber(value) ? value : typeof value === 'string' && isNumber(other) ? numberOf(value) : undefined;

const HOLDS: Readonly<Record<Comparison, (order: number) => boolean>> = {
  '=': (order) => order === 0,
  '<>': (order) => order !== 0,
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
};

/** Null where one side is unknown, or they are of kinds that have no order. */
export function compare(operator: Comparison, left: Value, right: Value): boolean | null {
  if (isUnknown(left) || isUnknown(right)) return null;
  const found = order(left, right);
  if (found !== undefined) return HOLDS[operator](found);
  return operator === '=' ? false : operator === '<>' ? true : null;
}

/** As it is written in CSV, and by CAST to STRING. */
export function textOf(value: Value): string {
  if (isUnknown(value)) return '';
  if (isTimestamp(value)) return timestampText(value);
  if (isDecimal(value)) return decimalText(value);
  return typeof value === 'object' ? jsonOf(value) : String(value);
}

export function jsonOf(value: Value): string {
  if (isUnknown(value)) return 'null';
  if (isTimestamp(value)) return JSON.stringify(timestampText(value));
  if (typeof value === 'bigint') return String(value);
  if (isDecimal(value)) return decimalText(value);
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : JSON.stringify(String(value));
  if (typeof value !== 'object') return JSON.stringify(value);
  if (isList(value)) return `[${value.map(jsonOf).join(',')}]`;
  const members = Object.entries(value).filter(([, each]) => each !== MISSING);
  return `{${members.map(([name, each]) => `${JSON.stringify(name)}:${jsonOf(each)}`).join(',')}}`;
}

export const isList = (value: Value): value is readonly Value[] => Array.isArray(value);

export const isMembers = (value: Value): value is Members =>
  typeof value === 'object' && value !== null && !isList(value) && !isTimestamp(value) && !isDecimal(value);

/** ISO 8601, with the offset that it was given with, and as many digits of a second as say all: none, three, six or nine. */
function timestampText({ milliseconds, nanoseconds, offsetMinutes }: Timestamp): string {
  const local = new Date(milliseconds + offsetMinutes * 60_000).toISOString().slice(0, -1);
  const exact = `${local}${String(nanoseconds).padStart(6, '0')}`.replace(/(?:000)+$/, '').replace(/\.$/, '');
  return `${exact}${offsetText(offsetMinutes)}`;
}

export function offsetText(offsetMinutes: number): string {
  if (offsetMinutes === 0) return 'Z';
  const minutes = Math.abs(offsetMinutes);
  const [hour, minute] = [Math.floor(minutes / 60), minutes % 60].map((each) => String(each).padStart(2, '0'));
  return `${offsetMinutes < 0 ? '-' : '+'}${hour}:${minute}`;
}
