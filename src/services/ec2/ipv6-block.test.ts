import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonicalIpv6Block } from './ipv6-block.ts';

test('blocks of IPv6 have one text', () => {
  const table: readonly (readonly [string, string | undefined])[] = [
    ['::/0', '::/0'],
    ['0:0:0:0:0:0:0:0/0', '::/0'],
    ['2001:DB8:0:0:1:0:0:1/128', '2001:db8::1:0:0:1/128'],
    ['2001:db8:1234:5678::9/64', '2001:db8:1234:5678::/64'],
    ['2001:db8:ffff::/36', '2001:db8:f000::/36'],
    ['1:0:2:3:4:5:6:7/128', '1:0:2:3:4:5:6:7/128'],
    ['::1', undefined],
    ['10.0.0.0/8', undefined],
    ['::/129', undefined],
    ['g::/8', undefined],
  ];
  for (const [given, expected] of table) assert.equal(canonicalIpv6Block(given), expected, given);
  fc.assert(
    fc.property(fc.ipV6(), fc.nat(128), (ip, bits) => {
      const once = canonicalIpv6Block(`${ip}/${bits}`);
      // A mapped address is one of IPv4.
      if (once !== undefined) assert.equal(canonicalIpv6Block(once), once);
    }),
  );
});
