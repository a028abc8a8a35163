import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import type { AccountId, Region } from '#platform/base/ids.ts';
import { memoryDrivers } from '#platform/store/memory/drivers.ts';
import { openStore } from '#platform/store/open-store.ts';
import type { OpenBucket } from '#services/s3/buckets/open-bucket.ts';
import type { VersionRow } from '#services/s3/state.ts';
import { addVersion, findVersion, insertVersion, newest, removeVersion, shownVersionId } from './versions.ts';

const BUCKET: OpenBucket = {
  id: 1,
  name: 'books',
  arn: 'arn:aws:s3:::books',
  createdAt: 0,
  versioning: 'Enabled',
  sealedKey: '',
  key: new Uint8Array(32),
  policyById: undefined,
};
const blobs = { discard: () => {} };
const place = { service: 's3', account: '123456789012' as AccountId, region: 'us-east-1' as Region };
const partition = () => openStore({ drivers: memoryDrivers() }).partition(place);

/** As another bucket gave it its id. */
function replica(sequence: number, salt: number): VersionRow {
  const id = Buffer.alloc(24, salt);
  id.writeBigUInt64BE(BigInt(sequence));
  return { versionId: id.toString('base64url'), sequence, modifiedAt: 0, etag: '', bytes: 0 };
}

test('versions of other buckets stand in the order of their sequences, even if two have the same', () => {
  const sequences = fc.array(fc.integer({ min: 10, max: 16 }), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(sequences, (given) => {
      const rows = given.map((sequence, index) => replica(sequence, index));
      partition().transact((tx) => {
        for (const row of rows) insertVersion(tx, blobs, BUCKET, 'k', row, 0);
        for (const row of rows) {
          const found = findVersion(tx, BUCKET, 'k', shownVersionId(row));
          assert.equal(found?.versionId, row.versionId);
        }
        assert.equal(newest(tx, BUCKET, 'k')?.sequence, Math.max(...given));
        for (const row of rows) {
          const found = findVersion(tx, BUCKET, 'k', shownVersionId(row));
          if (found) removeVersion(tx, blobs, BUCKET, 'k', found, 0);
        }
        assert.equal(newest(tx, BUCKET, 'k'), undefined);
      });
    }),
  );
});

test('what is older goes behind what is there, and there is one null version', () => {
  partition().transact((tx) => {
    const own = addVersion(tx, blobs, BUCKET, 'k', { modifiedAt: 1000, etag: '', bytes: 0 });
    insertVersion(tx, blobs, BUCKET, 'k', replica(5, 1), 0);
    assert.equal(newest(tx, BUCKET, 'k')?.versionId, own.versionId);
    const old = { sequence: 7, modifiedAt: 0, etag: 'first', bytes: 0 };
    insertVersion(tx, blobs, BUCKET, 'k', old, 0);
    insertVersion(tx, blobs, BUCKET, 'k', { ...old, sequence: 9, etag: 'second' }, 0);
    assert.equal(findVersion(tx, BUCKET, 'k', 'null')?.etag, 'second');
    assert.equal(newest(tx, BUCKET, 'k')?.versionId, own.versionId);
  });
});
