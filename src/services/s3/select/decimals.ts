/**
 * Decimals: exact, "with a maximum precision of 38 (that is, the maximum number of significant digits)" (S3 User Guide, "Data types"). They
 * keep the digits that they came with: 1.50 is written as 1.50. What arithmetic makes longer is rounded, half to even.
 */
import { refuse } from '#services/s3/select/errors.ts';
import type { Arithmetic } from '#services/s3/select/syntax.ts';

const DECIMAL = Symbol('DECIMAL');

/** `digits` divided by 10 to the power of `scale`. */
export interface Decimal {
  /** No JSON can say it. */
  readonly kind: typeof DECIMAL;
  readonly digits: bigint;
  readonly scale: number;
}

const MOST_DIGITS = 38;
/** All that a double can say; AWS's range of 31 bits would let a query fill the memory with zeros. */
const MOST_SCALE = 400;

export const decimal = (digits: bigint, scale: number): Decimal => ({ kind: DECIMAL, digits, scale });

export const isDecimal = (value: unknown): value is Decimal =>
  typeof value === 'object' && value !== null && 'kind' in value && value.kind === DECIMAL;

const powerOfTen = (exponent: number): bigint => 10n ** BigInt(exponent);
const absolute = (value: bigint): bigint => (value < 0n ? -value : value);
const lengthOf = (digits: bigint): number => String(absolute(digits)).length;

const FORM = /^(?<sign>[+-]?)(?<whole>\d*)\.?(?<fraction>\d*)(?:[eE](?<exponent>[+-]?\d+))?$/;

/** Of text that is a number; undefined where it is longer or further from 1 than decimals go. */
export function decimalOf(text: string): Decimal | undefined {
  const { sign = '', whole = '', fraction = '', exponent = '0' } = FORM.exec(text)?.groups ?? {};
  const significant = `${whole}${fraction}`.replace(/^0+/, '');
  const scale = fraction.length - Number(exponent);
  if (significant.length > MOST_DIGITS || Math.abs(scale) > MOST_SCALE) return undefined;
  const digits = BigInt(significant || '0');
  return decimal(sign === '-' ? -digits : digits, scale);
}

/** Without an exponent. */
export function decimalText({ digits, scale }: Decimal): string {
  if (scale <= 0) return String(digits * powerOfTen(-scale));
  const text = String(absolute(digits)).padStart(scale + 1, '0');
  return `${digits < 0n ? '-' : ''}${text.slice(0, -scale)}.${text.slice(-scale)}`;
}

/** What stands before the point. */
export const wholePart = ({ digits, scale }: Decimal): bigint =>
  scale > 0 ? digits / powerOfTen(scale) : digits * powerOfTen(-scale);

/** The digits of both, counted in the same unit. */
function aligned(left: Decimal, right: Decimal): readonly [left: bigint, right: bigint, scale: number] {
  const scale = Math.max(left.scale, right.scale);
  return [left.digits * powerOfTen(scale - left.scale), right.digits * powerOfTen(scale - right.scale), scale];
}

export function compareDecimals(left: Decimal, right: Decimal): number {
  const [a, b] = aligned(left, right);
  return a < b ? -1 : a > b ? 1 : 0;
}

function rounded(digits: bigint, scale: number): Decimal {
  const excess = lengthOf(digits) - MOST_DIGITS;
  // Of 9…9 rounding makes one digit more, which is a zero.
  if (excess > 0) return rounded(halfToEven(digits, powerOfTen(excess)), scale - excess);
  return Math.abs(scale) > MOST_SCALE ? refuse('NumberFormatError', 'out of range') : decimal(digits, scale);
}

function halfToEven(digits: bigint, unit: bigint): bigint {
  const whole = digits / unit;
  const twice = 2n * absolute(digits % unit);
  const isAway = twice > unit || (twice === unit && whole % 2n !== 0n);
  return isAway ? whole + (digits < 0n ? -1n : 1n) : whole;
}

/** To 38 digits, without the zeros at its end that neither side brought. */
function quotient(left: Decimal, right: Decimal): Decimal {
  if (right.digits === 0n) refuse('NumberFormatError', 'division by zero');
  const wanted = left.scale - right.scale;
  if (left.digits === 0n) return rounded(0n, wanted);
  const more = MOST_DIGITS + lengthOf(right.digits);
  const dividend = left.digits * powerOfTen(more);
  const isNegative = left.digits < 0n !== right.digits < 0n;
  // One digit more, which tells a rest from none when it is rounded.
  const rest = dividend % right.digits === 0n ? 0n : isNegative ? -1n : 1n;
  let { digits, scale } = rounded((dividend / right.digits) * 10n + rest, wanted + more + 1);
  while (scale > wanted && digits % 10n === 0n) {
    digits /= 10n;
    scale--;
  }
  return decimal(digits, scale);
}

function remainder(left: Decimal, right: Decimal): Decimal {
  const [a, b, scale] = aligned(left, right);
  return b === 0n ? refuse('NumberFormatError', 'division by zero') : rounded(a % b, scale);
}

function sum(left: Decimal, right: Decimal, sign: 1n | -1n): Decimal {
  const [a, b, scale] = aligned(left, right);
  return rounded(a + sign * b, scale);
}

export const DECIMAL_ARITHMETIC: Readonly<Record<Arithmetic, (a: Decimal, b: Decimal) => Decimal>> = {
  '+': (a, b) => sum(a, b, 1n),
  '-': (a, b) => sum(a, b, -1n),
  '*': (a, b) => rounded(a.digits * b.digits, a.scale + b.scale),
  '/': quotient,
  '%': remainder,
};
