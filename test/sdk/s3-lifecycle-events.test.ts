/** What a bucket's queue is told of lifecycle rules and restores, and what they are metered as. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  DeleteObjectCommand,
  DeletePublicAccessBlockCommand,
  type LifecycleRule,
  ListObjectsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketOwnershipControlsCommand,
  PutBucketVersioningCommand,
  PutObjectAclCommand,
  PutObjectTaggingCommand,
  RestoreObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { days, hours, minutes } from '#platform/base/clock.ts';
import { Bucket, inTime, toldOf } from '#test/sdk/s3-in-time.ts';
import { until } from '#test/until.ts';

const configure = (client: S3Client, ...Rules: LifecycleRule[]) =>
  client.send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration: { Rules } }));

const rule = (ID: string, more: Partial<LifecycleRule>): LifecycleRule => ({
  ID,
  Status: 'Enabled',
  Filter: { Prefix: '' },
  ...more,
});

test('transitions and expirations are told, as S3’s own doing', async (t) => {
  const all = await inTime(t);
  const { s3, after, put, usage } = all;
  const told = await toldOf(all, 's3:LifecycleExpiration:*', 's3:LifecycleTransition');
  await put(s3, 'key', 200_000);
  await configure(s3, rule('a', { Transitions: [{ Days: 1, StorageClass: 'GLACIER_IR' }], Expiration: { Days: 11 } }));
  after(days(2));
  const moved = await told();
  assert.equal(moved.eventName, 'LifecycleTransition');
  assert.deepEqual(moved.lifecycleEventData?.transitionEventData, { destinationStorageClass: 'GLACIER_IR' });
  assert.equal(moved.userIdentity.principalId, 's3.amazonaws.com');
  assert.equal(moved.requestParameters.sourceIPAddress, 's3.amazonaws.com');
  assert.deepEqual(usage('Requests-Tier4'), { 'Requests-Tier4': 1 });
  const later = after(days(10));
  const gone = await told();
  assert.deepEqual([gone.eventName, gone.s3.object.key], ['LifecycleExpiration:Delete', 'key']);
  // It has been ten days of ninety in its class.
  assert.deepEqual(usage('EarlyDelete-GIR'), { 'EarlyDelete-GIR': 200_000 * 80 * 24 });

  const enabled = { Status: 'Enabled' } as const;
  await later.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: enabled }));
  await put(later, 'versioned', 1);
  const noncurrent = { NoncurrentVersionExpiration: { NoncurrentDays: 2 } };
  await configure(later, rule('b', { Expiration: { Days: 1 }, ...noncurrent }));
  after(days(2));
  const marker = await told();
  assert.deepEqual([marker.eventName, marker.s3.object.key], ['LifecycleExpiration:DeleteMarkerCreated', 'versioned']);
  after(days(3));
  assert.equal((await told()).eventName, 'LifecycleExpiration:Delete');
});

test('restores are told three times, listed, and metered by their tier', async (t) => {
  const all = await inTime(t);
  const { s3, after, put, usage } = all;
  const told = await toldOf(all, 's3:ObjectRestore:*');
  const Key = 'cold';
  await put(s3, Key, 1000, { StorageClass: 'GLACIER' });
  const RestoreRequest = { Days: 1, GlacierJobParameters: { Tier: 'Expedited' } } as const;
  await s3.send(new RestoreObjectCommand({ Bucket, Key, RestoreRequest }));
  assert.equal((await told()).eventName, 'ObjectRestore:Post');
  assert.deepEqual(usage('Requests-Tier6', 'Expedited-Retrieval-Bytes'), {
    'Requests-Tier6': 1,
    'Expedited-Retrieval-Bytes': 1000,
  });
  const status = async (client: S3Client) => {
    const asked = { Bucket, OptionalObjectAttributes: ['RestoreStatus' as const] };
    const [old, current, versions] = await Promise.all([
      client.send(new ListObjectsCommand(asked)),
      client.send(new ListObjectsV2Command(asked)),
      client.send(new ListObjectVersionsCommand(asked)),
    ]);
    const found = [old.Contents?.[0], current.Contents?.[0], versions.Versions?.[0]].map((each) => each?.RestoreStatus);
    assert.deepEqual(found[0], found[1]);
    assert.deepEqual(found[1], found[2]);
    return found[0];
  };
  assert.deepEqual(await status(s3), { IsRestoreInProgress: true });
  assert.equal((await s3.send(new ListObjectsV2Command({ Bucket }))).Contents?.[0]?.RestoreStatus, undefined);
  const ready = after(minutes(6));
  const completed = await told();
  assert.equal(completed.eventName, 'ObjectRestore:Completed');
  const { lifecycleRestorationExpiryTime: expiry = '', lifecycleRestoreStorageClass } =
    completed.glacierEventData?.restoreEventData ?? {};
  assert.equal(lifecycleRestoreStorageClass, 'GLACIER');
  const shown = await status(ready);
  assert.equal(shown?.IsRestoreInProgress, false);
  assert.equal(shown?.RestoreExpiryDate?.toISOString(), expiry);
  const expired = after(days(2));
  assert.equal((await told()).eventName, 'ObjectRestore:Delete');
  assert.equal(await status(expired), undefined);
});

test('changes of lists and tags are told; a list that stays as it is is not', async (t) => {
  const all = await inTime(t);
  const { s3, put } = all;
  const told = await toldOf(all, 's3:ObjectAcl:Put', 's3:ObjectTagging:*');
  const OwnershipControls = { Rules: [{ ObjectOwnership: 'ObjectWriter' as const }] };
  await s3.send(new PutBucketOwnershipControlsCommand({ Bucket, OwnershipControls }));
  const Key = 'key';
  await put(s3, Key, 1);
  await s3.send(new DeletePublicAccessBlockCommand({ Bucket }));
  const acl = (ACL: 'private' | 'public-read') => s3.send(new PutObjectAclCommand({ Bucket, Key, ACL }));
  for (const list of ['private', 'public-read', 'public-read'] as const) await acl(list);
  assert.equal((await told()).eventName, 'ObjectAcl:Put');
  await s3.send(new PutObjectTaggingCommand({ Bucket, Key, Tagging: { TagSet: [{ Key: 'a', Value: 'b' }] } }));
  assert.equal((await told()).eventName, 'ObjectTagging:Put');
});

test('what leaves its class early, and what is too small, is metered', async (t) => {
  const { s3, after, put, usage } = await inTime(t);
  const early = () =>
    usage(
      'EarlyDelete-SIA',
      'EarlyDelete-SIA-SmObjects',
      'EarlyDelete-ZIA',
      'EarlyDelete-ByteHrs',
      'EarlyDelete-GDA',
      'Retrieval-SIA',
    );
  await put(s3, 'infrequent', 200_000, { StorageClass: 'STANDARD_IA' });
  await put(s3, 'small', 10, { StorageClass: 'STANDARD_IA' });
  await put(s3, 'overwritten', 200_000, { StorageClass: 'ONEZONE_IA' });
  await put(s3, 'archive', 1000, { StorageClass: 'GLACIER' });
  await put(s3, 'deep', 1000, { StorageClass: 'DEEP_ARCHIVE' });
  await put(s3, 'kept', 1000, { StorageClass: 'STANDARD_IA' });
  const later = after(days(10));
  for (const Key of ['infrequent', 'small', 'archive', 'deep']) {
    await later.send(new DeleteObjectCommand({ Bucket, Key }));
  }
  await put(later, 'overwritten', 1);
  await until(() => Object.keys(early()).length === 5, 'all is metered');
  const hour = (count: number) => count * 24;
  assert.deepEqual(early(), {
    'EarlyDelete-SIA': 200_000 * hour(20),
    'EarlyDelete-SIA-SmObjects': 131_072 * hour(20),
    'EarlyDelete-ZIA': 200_000 * hour(20),
    'EarlyDelete-ByteHrs': (1000 + 32_768) * hour(80),
    'EarlyDelete-GDA': (1000 + 32_768) * hour(170),
  });
  // After its thirty days nothing more is due.
  const last = after(days(21) + hours(1));
  await last.send(new DeleteObjectCommand({ Bucket, Key: 'kept' }));
  assert.equal(early()['EarlyDelete-SIA-SmObjects'], 131_072 * hour(20));
});
