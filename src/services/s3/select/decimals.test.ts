import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { present } from '#platform/base/assert.ts';
import {
  compareDecimals,
  DECIMAL_ARITHMETIC,
  type Decimal,
  decimal,
  decimalOf,
  decimalText,
  wholePart,
} from '#services/s3/select/decimals.ts';
import { SelectError } from '#services/s3/select/errors.ts';
import type { Arithmetic } from '#services/s3/select/syntax.ts';

const parsed = (text: string): Decimal => present(decimalOf(text), text);
const result = (left: string, operator: Arithmetic, right: string): string =>
  decimalText(DECIMAL_ARITHMETIC[operator](parsed(left), parsed(right)));

const digits = fc.bigInt({ min: -(10n ** 38n) + 1n, max: 10n ** 38n - 1n });
const scale = fc.integer({ min: 0, max: 38 });
const anyDecimal = fc.tuple(digits, scale).map(([value, places]) => decimal(value, places));
/** Of sums and products that 38 digits hold. */
const shortDecimal = fc
  .tuple(fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n }), fc.integer({ min: 0, max: 15 }))
  .map(([value, places]) => decimal(value, places));

test('a decimal is written as it was read', () => {
  for (const text of ['0', '1.50', '-0.05', '0.000', `${'9'.repeat(38)}`, `-0.${'0'.repeat(37)}1`]) {
    assert.equal(decimalText(parsed(text)), text);
  }
  for (const [text, written] of [
    ['+.5', '0.5'],
    ['5.', '5'],
    ['007', '7'],
    ['-0', '0'],
    ['1.5e3', '1500'],
    ['25e-4', '0.0025'],
  ] as const) {
    assert.equal(decimalText(parsed(text)), written);
  }
  for (const text of ['9'.repeat(39), `1.${'1'.repeat(38)}`, '1e401', '1e-401'])
    assert.equal(decimalOf(text), undefined);
  fc.assert(fc.property(anyDecimal, (value) => compareDecimals(parsed(decimalText(value)), value) === 0));
});

test('order and whole parts are those of the numbers', () => {
  fc.assert(
    fc.property(anyDecimal, anyDecimal, (a, b) => {
      const [left, right] = [a.digits * 10n ** BigInt(b.scale), b.digits * 10n ** BigInt(a.scale)];
      assert.equal(compareDecimals(a, b), left < right ? -1 : left > right ? 1 : 0);
      assert.equal(wholePart(a), a.digits / 10n ** BigInt(a.scale));
    }),
  );
});

test('sums, differences, products and rests are exact', () => {
  const isSame = (found: Decimal, wanted: bigint, places: number): boolean =>
    compareDecimals(found, decimal(wanted, places)) === 0;
  fc.assert(
    fc.property(shortDecimal, shortDecimal, (a, b) => {
      const places = Math.max(a.scale, b.scale);
      const [left, right] = [a, b].map(({ digits, scale }) => digits * 10n ** BigInt(places - scale)) as [
        bigint,
        bigint,
      ];
      assert.ok(isSame(DECIMAL_ARITHMETIC['+'](a, b), left + right, places));
      assert.ok(isSame(DECIMAL_ARITHMETIC['-'](a, b), left - right, places));
      assert.ok(isSame(DECIMAL_ARITHMETIC['*'](a, b), a.digits * b.digits, a.scale + b.scale));
      if (right !== 0n) assert.ok(isSame(DECIMAL_ARITHMETIC['%'](a, b), left % right, places));
    }),
  );
});

test('a quotient is the nearest of 38 digits', () => {
  fc.assert(
    fc.property(shortDecimal, shortDecimal, (a, b) => {
      fc.pre(a.digits !== 0n && b.digits !== 0n);
      const found = DECIMAL_ARITHMETIC['/'](a, b);
      // |found - a / b| is at most half a unit of the last of 38 digits.
      const unit = found.scale + 38 - String(found.digits).replace('-', '').length;
      const power = BigInt(unit - a.scale + b.scale);
      const scaled = power < 0n ? a.digits : a.digits * 10n ** power;
      const by = power < 0n ? b.digits * 10n ** -power : b.digits;
      const gap = scaled - found.digits * 10n ** BigInt(unit - found.scale) * by;
      assert.ok(2n * (gap < 0n ? -gap : gap) <= (by < 0n ? -by : by));
    }),
  );
  assert.equal(result('1', '/', '3'), `0.${'3'.repeat(38)}`);
  assert.equal(result('2', '/', '-3'), `-0.${'6'.repeat(37)}7`);
  assert.equal(result('10.00', '/', '4'), '2.50');
  assert.equal(result('1', '/', '4'), '0.25');
  assert.equal(result('0.0', '/', '7'), '0.0');
});

test('what is longer than 38 digits is rounded, half to even', () => {
  const most = '9'.repeat(38);
  assert.equal(result(most, '+', '0.4'), most);
  assert.equal(result(most, '+', '1'), `1${'0'.repeat(38)}`);
  const [even, odd] = [`${'1'.repeat(37)}2`, '1'.repeat(38)];
  assert.equal(result(even, '+', '0.5'), even);
  assert.equal(result(odd, '+', '0.5'), even);
  assert.equal(result(odd, '+', '0.51'), even);
  assert.equal(result(`-${odd}`, '-', '0.5'), `-${even}`);
});

test('what can’t be reckoned is refused', () => {
  for (const [left, operator, right] of [
    ['1', '/', '0'],
    ['1', '%', '0.0'],
    ['1e300', '*', '1e300'],
  ] as const) {
    assert.throws(() => result(left, operator, right), SelectError);
  }
});
