import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ipName, publicName, readName, resourceName } from './dns-names.ts';

test('names are AWS’s, with the first region as it was before there were others', () => {
  assert.equal(ipName('us-east-1', '10.0.0.5'), 'ip-10-0-0-5.ec2.internal');
  assert.equal(ipName('eu-west-1', '10.0.0.5'), 'ip-10-0-0-5.eu-west-1.compute.internal');
  assert.equal(publicName('us-east-1', '203.0.113.9'), 'ec2-203-0-113-9.compute-1.amazonaws.com');
  assert.equal(publicName('eu-west-1', '203.0.113.9'), 'ec2-203-0-113-9.eu-west-1.compute.amazonaws.com');
  assert.equal(resourceName('eu-west-1', 'i-0abc'), 'i-0abc.eu-west-1.compute.internal');
});

test('what is named is read again', () => {
  fc.assert(
    fc.property(fc.constantFrom('us-east-1', 'eu-west-1'), fc.ipV4(), (region, ip) => {
      assert.deepEqual(readName(region, ipName(region, ip)), { privateIp: ip });
      assert.deepEqual(readName(region, `${publicName(region, ip).toUpperCase()}.`), { publicIp: ip });
    }),
  );
  assert.deepEqual(readName('us-east-1', 'i-0123456789abcdef0.ec2.internal'), { instance: 'i-0123456789abcdef0' });
});

test('other names are not', () => {
  for (const name of [
    '',
    'ec2.internal',
    'www.example.com',
    'ip-10-0-0.ec2.internal',
    'ip-10-0-0-256.ec2.internal',
    'ip-10-0-0-5.eu-west-1.compute.internal',
    'ec2-10-0-0-5.ec2.internal',
    'i-.ec2.internal',
  ]) {
    assert.equal(readName('us-east-1', name), undefined, name);
  }
});
