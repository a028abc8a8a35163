import assert from 'node:assert/strict';
import test from 'node:test';
import type { ReplicationRule } from '#platform/model/generated/s3.ts';
import { rulesFor } from './rules.ts';
import { statusOf } from './state.ts';

const rule = (more: Partial<ReplicationRule>): ReplicationRule => ({
  ID: 'r',
  Status: 'Enabled',
  Priority: 1,
  Filter: {},
  DeleteMarkerReplication: { Status: 'Disabled' },
  Destination: { Bucket: 'arn:aws:s3:::there' },
  ...more,
});
const old: ReplicationRule = {
  ID: 'old',
  Prefix: 'a',
  Status: 'Enabled',
  Destination: { Bucket: 'arn:aws:s3:::there' },
};
const ids = (rules: readonly ReplicationRule[], key: string, version: Parameters<typeof rulesFor>[2] = {}) =>
  rulesFor(rules, key, version).map(({ ID }) => ID);
const marker = { isDeleteMarker: true } as const;

test('of the rules of a destination the highest priority counts, even if it takes less', () => {
  const all = [rule({ ID: 'low' }), rule({ ID: 'high', Priority: 2, Filter: { Prefix: 'a' } })];
  assert.deepEqual([ids(all, 'a'), ids(all, 'b')], [['high'], ['low']]);
  const elsewhere = rule({ ID: 'else', Priority: 3, Destination: { Bucket: 'arn:aws:s3:::else' } });
  assert.deepEqual(ids([...all, elsewhere], 'a').sort(), ['else', 'high']);
  assert.deepEqual(ids([rule({ Status: 'Disabled' })], 'a'), []);
});

test('markers: the old form takes them, the new one where it says so', () => {
  assert.deepEqual(ids([old], 'a', marker), ['old']);
  assert.deepEqual(ids([old], 'b', marker), []);
  assert.deepEqual(ids([rule({})], 'a', marker), []);
  assert.deepEqual(ids([rule({ DeleteMarkerReplication: { Status: 'Enabled' } })], 'a', marker), ['r']);
});

test('keys of KMS are for rules that have one, archives for none', () => {
  const encryption = { kind: 'aws:kms', keyArn: '', object: '', dataKey: '', sealed: '' } as const;
  assert.deepEqual(ids([rule({})], 'a', { encryption }), []);
  const kms = rule({ SourceSelectionCriteria: { SseKmsEncryptedObjects: { Status: 'Enabled' } } });
  assert.deepEqual(ids([kms], 'a', { encryption }), ['r']);
  assert.deepEqual(ids([rule({})], 'a', { encryption: { kind: 'SSE-C', verifier: '' } }), ['r']);
  assert.deepEqual(ids([rule({})], 'a', { storageClass: 'DEEP_ARCHIVE' }), []);
});

test('a status tells of all destinations', () => {
  const at = (...statuses: ('PENDING' | 'COMPLETED' | 'FAILED')[]) =>
    Object.fromEntries(statuses.map((status, index) => [`b${index}`, { rule: 'r', status, since: 1 }]));
  assert.equal(statusOf(undefined), undefined);
  assert.equal(statusOf({ targets: at('COMPLETED', 'PENDING') }), 'PENDING');
  assert.equal(statusOf({ targets: at('PENDING', 'FAILED') }), 'FAILED');
  assert.equal(statusOf({ targets: at('COMPLETED', 'COMPLETED') }), 'COMPLETED');
  assert.equal(statusOf({ isReplica: true, targets: at('COMPLETED') }), 'REPLICA');
  assert.equal(statusOf({ isReplica: true, targets: at('PENDING') }), 'PENDING');
});
