import assert from 'node:assert/strict';
import { BlockList } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  blockOf,
  canonicalIpv6Block,
  contains,
  formatBlock,
  formatIp,
  isInBlock,
  lastOf,
  overlaps,
  parseBlock,
  parseIp,
  sizeOf,
} from './cidr.ts';

const blocks = fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 })).map(([ip, bits]) => `${ip}/${bits}`);

test('host bits are cut off', () => {
  assert.equal(formatBlock(blockOf('100.68.0.18/18')), '100.68.0.0/18');
  assert.equal(formatBlock(blockOf('255.255.255.255/1')), '128.0.0.0/1');
  assert.equal(formatBlock(blockOf('9.9.9.9/0')), '0.0.0.0/0');
});

test('what is no block', () => {
  for (const text of ['', '10.0.0.0', '10.0.0.0/33', '10.0.0/8', '10.0.0.0/8/8', '::/0', '10.0.0.0/-1', 'a/8']) {
    assert.equal(parseBlock(text), undefined, text);
  }
  for (const text of ['', '10.0.0', '10.0.0.256', '::1', '010.0.0.1']) assert.equal(parseIp(text), undefined, text);
  assert.throws(() => blockOf('nothing'), /nothing is no block/);
});

test('an address is read as it is written', () => {
  fc.assert(fc.property(fc.ipV4(), (ip) => formatIp(parseIp(ip) ?? 0) === ip));
});

test('a block holds what Node says that it holds', () => {
  fc.assert(
    fc.property(blocks, fc.ipV4(), (text, ip) => {
      const [address = '', bits] = text.split('/');
      const list = new BlockList();
      list.addSubnet(address, Number(bits), 'ipv4');
      for (const asked of [ip, address]) {
        assert.equal(isInBlock(blockOf(text), parseIp(asked) ?? 0), list.check(asked, 'ipv4'), asked);
      }
    }),
  );
});

test('one block holds or overlaps another as their addresses do', () => {
  fc.assert(
    fc.property(blocks, blocks, (one, other) => {
      const [a, b] = [blockOf(one), blockOf(other)];
      assert.equal(contains(a, b), isInBlock(a, b.first) && isInBlock(a, lastOf(b)));
      assert.equal(overlaps(a, b), a.first <= lastOf(b) && b.first <= lastOf(a));
      assert.equal(lastOf(a) - a.first + 1, sizeOf(a));
    }),
  );
});

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
