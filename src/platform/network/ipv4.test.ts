import assert from 'node:assert/strict';
import { BlockList } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  addressAt,
  blockOf,
  contains,
  formatBlock,
  formatIp,
  ipOf,
  isInBlock,
  lastOf,
  maskOf,
  overlaps,
  parseBlock,
  parseIp,
  sizeOf,
} from './ipv4.ts';

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

test('masks, and addresses of a block', () => {
  const masks = ['0.0.0.0/0', '10.0.0.0/8', '10.0.0.0/20', '10.0.0.1/32'].map((cidr) => maskOf(blockOf(cidr)));
  assert.deepEqual(masks, ['0.0.0.0', '255.0.0.0', '255.255.240.0', '255.255.255.255']);
  assert.deepEqual([addressAt('10.0.1.0/24', 1), addressAt('200.0.0.0/8', 256)], ['10.0.1.1', '200.0.1.0']);
  assert.equal(ipOf('255.255.255.255'), 2 ** 32 - 1);
  assert.throws(() => ipOf('::1'), /no address of IPv4/);
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
