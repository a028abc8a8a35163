import assert from 'node:assert/strict';
import { BlockList } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
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

test("agrees with Node's own block list", () => {
  const families = [
    { family: 'ipv4', addresses: fc.ipV4(), bits: 32 },
    { family: 'ipv6', addresses: fc.ipV6(), bits: 128 },
  ] as const;
  for (const { family, addresses, bits } of families) {
    fc.assert(
      // A random address lies in a random range seldom, so the range's own is asked for too.
      fc.property(addresses, addresses, fc.nat(bits), (range, address, prefix) => {
        const list = new BlockList();
        list.addSubnet(range, prefix, family);
        for (const asked of [address, range]) {
          const isMapped = parseAddress(asked)?.length !== parseAddress(range)?.length;
          if (!isMapped) assert.equal(isIn(asked, `${range}/${prefix}`), list.check(asked, family), asked);
        }
      }),
      { numRuns: 500 },
    );
  }
});
