import assert from 'node:assert/strict';
import test from 'node:test';
import type { JobManifestGeneratorFilter } from '#platform/model/generated/s3control.ts';
import type { BatchVersion } from '#services/s3/api.ts';
import { isWanted } from './generator.ts';

const version = (more: Partial<BatchVersion> = {}): BatchVersion => ({
  key: 'logs/2026.txt',
  isDeleteMarker: false,
  modifiedAt: 1000,
  bytes: 50,
  storageClass: 'STANDARD',
  encryption: 'AES256',
  replicationStatus: 'NONE',
  isEligible: true,
  ...more,
});

const KEY = 'arn:aws:kms:us-east-1:123456789012:key/a';
const KMS = { encryption: 'aws:kms', keyArn: KEY, hasBucketKey: true } as const;

/** Filter, a version that it takes, one that it does not. */
const CASES: readonly [JobManifestGeneratorFilter, Partial<BatchVersion>, Partial<BatchVersion>][] = [
  [{}, {}, { isDeleteMarker: true }],
  [{ EligibleForReplication: true }, { isDeleteMarker: true }, { isEligible: false }],
  [{ EligibleForReplication: false }, { isEligible: false }, {}],
  [{ CreatedAfter: 999 }, {}, { modifiedAt: 999 }],
  [{ CreatedBefore: 1001 }, {}, { modifiedAt: 1001 }],
  [
    { ObjectReplicationStatuses: ['FAILED', 'NONE'] },
    { replicationStatus: 'FAILED' },
    { replicationStatus: 'REPLICA' },
  ],
  [{ ObjectSizeGreaterThanBytes: 49 }, {}, { bytes: 49 }],
  [{ ObjectSizeLessThanBytes: 51 }, {}, { bytes: 51 }],
  [{ MatchAnyStorageClass: ['GLACIER'] }, { storageClass: 'GLACIER' }, {}],
  [{ KeyNameConstraint: { MatchAnyPrefix: ['x', 'logs/'] } }, {}, { key: 'log' }],
  [{ KeyNameConstraint: { MatchAnySuffix: ['.txt'] } }, {}, { key: 'logs/2026' }],
  [{ KeyNameConstraint: { MatchAnySubstring: ['202'], MatchAnyPrefix: ['logs'] } }, {}, { key: '2026' }],
  [{ MatchAnyObjectEncryption: [{ SSES3: {} }] }, {}, KMS],
  [
    { MatchAnyObjectEncryption: [{ SSEKMS: { KmsKeyArn: KEY, BucketKeyEnabled: true } }] },
    KMS,
    { ...KMS, keyArn: 'b' },
  ],
  [{ MatchAnyObjectEncryption: [{ DSSEKMS: {} }] }, { ...KMS, encryption: 'aws:kms:dsse' }, KMS],
  [{ MatchAnyObjectEncryption: [{ SSEC: {} }] }, { encryption: 'SSE-C' }, {}],
];

test('a filter takes what it says, and nothing else', () => {
  for (const [filter, taken, left] of CASES) {
    assert.ok(isWanted(version(taken), filter), JSON.stringify(filter));
    assert.ok(!isWanted(version(left), filter), JSON.stringify(filter));
  }
  assert.ok(isWanted(version(), undefined));
});
