import assert from 'node:assert/strict';
import { test } from 'node:test';
import { networkOf } from '#platform/client-network.ts';

test('an IPv4 address counts for itself, an IPv6 one for its network of 64 bits', () => {
  assert.equal(networkOf('192.0.2.7'), '192.0.2.7');
  assert.equal(networkOf(''), '');
  const same = ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::1', '2001:db8:1:2::', '2001:db8:1:2:3::'];
  for (const address of same) assert.equal(networkOf(address), '2001:db8:1:2', address);
  assert.equal(networkOf('::1'), '0:0:0:0');
  assert.equal(networkOf('2001:db8::1'), '2001:db8:0:0');
  assert.notEqual(networkOf('2001:db8:1:3::1'), '2001:db8:1:2');
  assert.equal(networkOf('::ffff:192.0.2.7'), '192.0.2.7');
  assert.equal(networkOf('fe80::1%eth0'), 'fe80:0:0:0');
});
