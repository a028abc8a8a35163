import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AccountId } from '#platform/base/ids.ts';
import { fieldsOf } from '#services/s3/inventory/fields.ts';
import type { VersionRow } from '#services/s3/state.ts';

const [, , status] = fieldsOf({
  Id: 'all',
  IsEnabled: true,
  IncludedObjectVersions: 'Current',
  Schedule: { Frequency: 'Daily' },
  Destination: { S3BucketDestination: { Bucket: 'arn:aws:s3:::lists', Format: 'CSV' } },
  OptionalFields: ['ReplicationStatus'],
});

test('a list says how far the replicas of an object are', () => {
  const facts = { account: '000000000001' as AccountId, now: 0, day: 1, lifecycle: undefined };
  const row: VersionRow = { sequence: 1, modifiedAt: 0, etag: '', bytes: 0 };
  const shown = (replication: VersionRow['replication'], more: Partial<VersionRow> = {}) =>
    status?.of(
      { bucket: 'b', key: 'k', isLatest: true, row: { ...row, ...more, ...(replication && { replication }) } },
      facts,
    );
  const target = (state: 'PENDING' | 'COMPLETED' | 'FAILED') => ({
    targets: { t: { rule: 'r', status: state, since: 0 } },
  });
  assert.equal(status?.name, 'ReplicationStatus');
  assert.deepEqual(
    [shown(undefined), shown(target('PENDING')), shown(target('COMPLETED')), shown({ isReplica: true })],
    [undefined, 'PENDING', 'COMPLETED', 'REPLICA'],
  );
  assert.equal(shown(target('FAILED'), { isDeleteMarker: true }), undefined);
});
