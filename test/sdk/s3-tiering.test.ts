/** INTELLIGENT_TIERING: objects that move with the days since they were last read, and come back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CopyObjectCommand,
  DeleteBucketIntelligentTieringConfigurationCommand,
  GetBucketIntelligentTieringConfigurationCommand,
  GetObjectCommand,
  HeadObjectCommand,
  type IntelligentTieringConfiguration,
  ListBucketIntelligentTieringConfigurationsCommand,
  ListObjectsV2Command,
  PutBucketIntelligentTieringConfigurationCommand,
  RestoreObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { days, hours, minutes } from '#platform/base/clock.ts';
import { Bucket, inTime, toldOf } from '#test/sdk/s3-in-time.ts';
import { until } from '#test/until.ts';

const tiering = (Id: string, more: Partial<IntelligentTieringConfiguration> = {}): IntelligentTieringConfiguration => ({
  Id,
  Status: 'Enabled',
  Tierings: [
    { AccessTier: 'ARCHIVE_ACCESS', Days: 90 },
    { AccessTier: 'DEEP_ARCHIVE_ACCESS', Days: 180 },
  ],
  ...more,
});

const configure = (s3: S3Client, IntelligentTieringConfiguration: IntelligentTieringConfiguration) =>
  s3.send(
    new PutBucketIntelligentTieringConfigurationCommand({
      Bucket,
      Id: IntelligentTieringConfiguration.Id,
      IntelligentTieringConfiguration,
    }),
  );

const LARGE = 200_000;
const TIERED = { StorageClass: 'INTELLIGENT_TIERING' } as const;
const get = (client: S3Client, Key: string) => client.send(new GetObjectCommand({ Bucket, Key }));
const head = (client: S3Client, Key: string) => client.send(new HeadObjectCommand({ Bucket, Key }));

test('configurations are kept, shown, listed and deleted', async (t) => {
  const { s3 } = await inTime(t);
  const show = (Id: string) => s3.send(new GetBucketIntelligentTieringConfigurationCommand({ Bucket, Id }));
  const whole = tiering('one', { Filter: { Prefix: 'x/' } });
  await configure(s3, whole);
  assert.deepEqual((await show('one')).IntelligentTieringConfiguration, whole);
  const listed = await s3.send(new ListBucketIntelligentTieringConfigurationsCommand({ Bucket }));
  assert.deepEqual(listed.IntelligentTieringConfigurationList, [whole]);
  const refused = (name: string, ...Tierings: IntelligentTieringConfiguration['Tierings'] & object) =>
    assert.rejects(configure(s3, tiering('bad', { Tierings })), { name });
  await refused('InvalidArgument', { AccessTier: 'ARCHIVE_ACCESS', Days: 89 });
  await refused('InvalidArgument', { AccessTier: 'DEEP_ARCHIVE_ACCESS', Days: 179 });
  await refused('InvalidArgument', { AccessTier: 'ARCHIVE_ACCESS', Days: 731 });
  const archive = { AccessTier: 'ARCHIVE_ACCESS', Days: 200 } as const;
  await refused('InvalidArgument', archive, { AccessTier: 'DEEP_ARCHIVE_ACCESS', Days: 200 });
  await refused('MalformedXML', archive, archive);
  await s3.send(new DeleteBucketIntelligentTieringConfigurationCommand({ Bucket, Id: 'one' }));
  await assert.rejects(show('one'), { name: 'NoSuchConfiguration' });
});

test('objects that nobody reads are billed by colder tiers, and by the warm one when they are read', async (t) => {
  const { s3, after, put, usage } = await inTime(t);
  for (const Key of ['read', 'forgotten']) await put(s3, Key, LARGE, TIERED);
  await put(s3, 'small', 1000, TIERED);
  const types = ['FA', 'IA', 'AIA'].map((tier) => `TimedStorage-INT-${tier}-ByteHrs`);
  /** Byte-hours of the tiers, since the last time that it was asked. */
  let before: Record<string, number> = {};
  const billed = async (client: S3Client, what: string) => {
    const sums = () => usage(...types, 'Monitoring-Automation-INT');
    const monitored = before['Monitoring-Automation-INT'] ?? 0;
    await until(() => (sums()['Monitoring-Automation-INT'] ?? 0) >= monitored + 24, what);
    await head(client, 'read');
    const now = sums();
    const more = types.map((type) => ((now[type] ?? 0) - (before[type] ?? 0)) / 12);
    before = now;
    return more;
  };
  const first = after(hours(13));
  assert.deepEqual(await billed(first, 'the first count'), [2 * LARGE + 1000, 0, 0]);
  const second = after(days(31));
  assert.deepEqual(await billed(second, 'after a month'), [1000, 2 * LARGE, 0]);
  await (await get(second, 'read')).Body?.transformToByteArray();
  // Looking is no access.
  await head(second, 'forgotten');
  const third = after(hours(13));
  assert.deepEqual(await billed(third, 'one was read'), [LARGE + 1000, LARGE, 0]);
  const fourth = after(days(60));
  assert.deepEqual(await billed(fourth, 'after three months'), [1000, LARGE, LARGE]);
  const copy = { Bucket, Key: 'a copy', CopySource: `${Bucket}/forgotten` };
  await fourth.send(new CopyObjectCommand(copy));
  assert.deepEqual(await billed(after(hours(13)), 'the other was copied'), [LARGE + 1000, LARGE, 0]);
});

test('opted-in archive tiers: moved by the day, told, refused, restored for good', async (t) => {
  const all = await inTime(t);
  const { s3, after, put, usage } = all;
  const told = await toldOf(all, 's3:IntelligentTiering', 's3:ObjectRestore:*');
  await configure(
    s3,
    tiering('archive', { Filter: { And: { Prefix: 'old/', Tags: [{ Key: 'keep', Value: 'yes' }] } } }),
  );
  const Key = 'old/tagged';
  await put(s3, Key, LARGE, { ...TIERED, Tagging: 'keep=yes' });
  await put(s3, 'old/plain', LARGE, TIERED);
  await put(s3, 'old/small', 1000, { ...TIERED, Tagging: 'keep=yes' });
  assert.equal((await head(s3, Key)).ArchiveStatus, undefined);

  const archived = after(days(92));
  await until(async () => (await head(archived, Key)).ArchiveStatus === 'ARCHIVE_ACCESS', 'the object is archived');
  for (const other of ['old/plain', 'old/small']) assert.equal((await head(archived, other)).ArchiveStatus, undefined);
  const event = await told();
  assert.equal(event.eventName, 'IntelligentTiering');
  assert.equal(event.s3.object.key, Key);
  assert.deepEqual(event.intelligentTieringEventData, { destinationAccessTier: 'ARCHIVE_ACCESS' });
  assert.equal(event.userIdentity.principalId, 's3.amazonaws.com');
  await assert.rejects(get(archived, Key), {
    name: 'InvalidObjectState',
    StorageClass: 'INTELLIGENT_TIERING',
    AccessTier: 'ARCHIVE_ACCESS',
  });

  const deep = after(days(90));
  await until(async () => (await head(deep, Key)).ArchiveStatus === 'DEEP_ARCHIVE_ACCESS', 'it lies deeper');
  assert.deepEqual((await told()).intelligentTieringEventData, { destinationAccessTier: 'DEEP_ARCHIVE_ACCESS' });
  const restore = (client: S3Client, RestoreRequest: object, key = Key) =>
    client.send(new RestoreObjectCommand({ Bucket, Key: key, RestoreRequest }));
  await assert.rejects(restore(deep, { Days: 1 }), { name: 'InvalidArgument' });
  const expedited = { GlacierJobParameters: { Tier: 'Expedited' } };
  await assert.rejects(restore(deep, expedited), { name: 'InvalidArgument' });
  await assert.rejects(restore(deep, {}, 'old/plain'), { name: 'InvalidObjectState' });
  assert.equal((await restore(deep, {})).$metadata.httpStatusCode, 202);
  assert.equal((await told()).eventName, 'ObjectRestore:Post');
  const during = await head(deep, Key);
  assert.deepEqual([during.ArchiveStatus, during.Restore], ['DEEP_ARCHIVE_ACCESS', 'ongoing-request="true"']);
  const listed = new ListObjectsV2Command({ Bucket, Prefix: Key, OptionalObjectAttributes: ['RestoreStatus'] });
  assert.deepEqual((await deep.send(listed)).Contents?.[0]?.RestoreStatus, { IsRestoreInProgress: true });

  const back = after(hours(12) + minutes(1));
  const completed = await told();
  assert.equal(completed.eventName, 'ObjectRestore:Completed');
  assert.deepEqual(completed.glacierEventData?.restoreEventData, {
    lifecycleRestoreStorageClass: 'INTELLIGENT_TIERING',
  });
  assert.equal((await (await get(back, Key)).Body?.transformToByteArray())?.length, LARGE);
  const after1 = await head(back, Key);
  assert.deepEqual([after1.ArchiveStatus, after1.Restore], [undefined, undefined]);
  assert.deepEqual(usage('Standard-Retrieval-Bytes'), {}, 'retrievals are free');
  // It is as if it were new: a month later it can be read at once.
  assert.equal((await (await get(after(days(40)), Key)).Body?.transformToByteArray())?.length, LARGE);
});
