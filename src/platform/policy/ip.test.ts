import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contains, parseAddress, parseRange } from '#platform/policy/ip.ts';

const isIn = (address: string, range: string): boolean => {
  const parsed = parseAddress(address);
  const parsedRange = parseRange(range);
  return parsed !== undefined && parsedRange !== undefined && contains(parsedRange, parsed);
};

test('ranges of both families', () => {
  const table: readonly (readonly [address: string, range: string, expected: boolean])[] = [
    ['203.0.113.255', '203.0.113.0/24', true],
    ['203.0.114.0', '203.0.113.0/24', false],
    ['203.0.113.5', '203.0.113.5', true],
    ['203.0.113.5', '203.0.113.4/31', true],
    ['203.0.113.6', '203.0.113.4/31', false],
    ['8.8.8.8', '0.0.0.0/0', true],
    ['::1', '0.0.0.0/0', false],
    ['2001:db8:1234:5678::9', '2001:DB8:1234:5678::/64', true],
    ['2001:db8:1234:5679::9', '2001:DB8:1234:5678::/64', false],
    ['2001:db8::1', '2001:db8:0:0:0:0:0:1', true],
    ['::ffff:203.0.113.7', '203.0.113.0/24', true],
    ['203.0.113.7', '203.0.113.77/24', true],
  ];
  for (const [address, range, expected] of table)
    assert.equal(isIn(address, range), expected, `${address} in ${range}`);
});

test('what is no address or range', () => {
  for (const text of [
    '',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.256',
    '01.2.3.4',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    'g::',
    '::12345',
  ]) {
    assert.equal(parseAddress(text), undefined, text);
  }
  for (const text of ['1.2.3.4/33', '1.2.3.4/', '1.2.3.4/-1', '1.2.3.4/8/8', '::/129', '1.2.3.4/8x']) {
    assert.equal(parseRange(text), undefined, text);
  }
});
