import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Reach, reachOf } from '#platform/egress/addresses.ts';

const CASES: Readonly<Record<string, Reach | undefined>> = {
  '93.184.216.34': 'public',
  '2606:2800:220:1::1': 'public',
  '127.0.0.1': 'loopback',
  '127.9.9.9': 'loopback',
  '::1': 'loopback',
  '::ffff:127.0.0.1': 'loopback',
  '::127.0.0.1': 'loopback',
  '2002:7f00:1::': 'loopback',
  '64:ff9b::7f00:1': 'loopback',
  '10.1.2.3': 'private',
  '172.31.255.255': 'private',
  '172.32.0.1': 'public',
  '192.168.0.1': 'private',
  '100.64.0.1': 'private',
  'fd12::1': 'private',
  '::ffff:10.0.0.1': 'private',
  '169.254.169.254': 'never',
  '::ffff:169.254.169.254': 'never',
  '64:ff9b::a9fe:a9fe': 'never',
  'fd00:ec2::254': 'never',
  '100.100.100.200': 'never',
  '0.0.0.0': 'never',
  '0.1.2.3': 'never',
  '::': 'never',
  'fe80::1': 'never',
  'ff02::1': 'never',
  '64:ff9b:1::a9fe:a9fe': 'never',
  '2001:0:4136:e378:8000:63bf:3fff:fdd2': 'never',
  '2001:4860:4860::8888': 'public',
  '224.0.0.1': 'never',
  '255.255.255.255': 'never',
  'fe80::1%eth0': undefined,
  '127.1': undefined,
  '0x7f000001': undefined,
  localhost: undefined,
};

for (const [address, expected] of Object.entries(CASES)) {
  test(`${address} is ${expected ?? 'no address'}`, () => assert.equal(reachOf(address), expected));
}
