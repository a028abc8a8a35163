import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AccountId, Region } from '#platform/base/ids.ts';
import type { BlobPlace } from '#platform/blobs/blobs.ts';
import { memoryDrivers } from '#platform/store/memory/drivers.ts';
import { openStore } from '#platform/store/open-store.ts';
import { blobOwners, objectOwner, partOwner } from '#services/s3/objects/owners.ts';
import { type BucketRow, objects, partitionOf, parts } from '#services/s3/state.ts';

const account = '123456789012' as AccountId;
const region = 'us-east-1' as Region;
const bucket = { id: 1, name: 'books', createdAt: 0, sealedKey: '' } satisfies BucketRow;
const [here, there] = ['here' as BlobPlace, 'there' as BlobPlace];
const piece = { place: here, bytes: 4, salt: '' };

test('a blob is wanted by the row that names it, and follows it when it moves', async (t) => {
  const store = openStore({ drivers: memoryDrivers(), onFault: () => {} });
  t.after(() => store.close());
  const partition = partitionOf(store, { account, region });
  const owners = blobOwners(store, region);
  partition.transact((tx) => {
    const version = { sequence: 1, modifiedAt: 0, etag: '', bytes: 4, piece };
    tx.put(objects, objects.key(bucket.id, 'k'), version);
    tx.put(parts, parts.key('upload', 1), { modifiedAt: 0, etag: '', piece });
  });
  for (const owner of [objectOwner(account, bucket, 'k'), partOwner(account, bucket, 'upload', 1)]) {
    assert.equal(await owners.isWanted(owner, here), true);
    assert.equal(await owners.moved(owner, here, there), true);
    assert.equal(await owners.moved(owner, here, there), false, 'no row names it any more');
    assert.deepEqual([await owners.isWanted(owner, here), await owners.isWanted(owner, there)], [false, true]);
  }
  assert.equal(await owners.isWanted(objectOwner(account, bucket, 'other'), here), false);
});
