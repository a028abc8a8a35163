import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codeOf, stepAt, stepOfCode, stepOfPair } from '#services/iam/mfa/totp.ts';

const SEED = Buffer.from('12345678901234567890');

test('the vectors of RFC 6238, appendix B (SHA-1)', () => {
  const vectors: Record<number, string> = {
    59: '94287082',
    1111111109: '07081804',
    1111111111: '14050471',
    1234567890: '89005924',
    2000000000: '69279037',
    20000000000: '65353130',
  };
  for (const [at, code] of Object.entries(vectors)) {
    assert.equal(codeOf(SEED, stepAt(Number(at) * 1000), 8), code);
    assert.equal(codeOf(SEED, stepAt(Number(at) * 1000)), code.slice(2));
  }
});

test('the vectors of RFC 4226, appendix D', () => {
  const codes = '755224 287082 359152 969429 338314 254676 287922 162583 399871 520489'.split(' ');
  for (const [counter, code] of codes.entries()) assert.equal(codeOf(SEED, counter), code);
});

test('a code is found in its window, a pair within its reach', () => {
  assert.equal(stepOfCode(SEED, '338314', 3, 5), 4);
  assert.equal(stepOfCode(SEED, '338314', 5, 9), undefined);
  assert.equal(stepOfCode(SEED, '755224', -1, 1), 0);
  assert.equal(stepOfCode(SEED, '33831', 3, 5), undefined);
  assert.equal(stepOfPair(SEED, ['338314', '254676'], 7, 2), 5);
  assert.equal(stepOfPair(SEED, ['338314', '254676'], 7, 1), undefined);
  assert.equal(stepOfPair(SEED, ['254676', '338314'], 5, 5), undefined, 'in this order only');
  assert.equal(stepOfPair(SEED, ['338314', '338314'], 5, 5), undefined);
});
