import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketLifecycleCommand,
  DeleteObjectCommand,
  GetBucketLifecycleConfigurationCommand,
  GetObjectCommand,
  HeadObjectCommand,
  type LifecycleRule,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  ListPartsCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  RestoreObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { days, hours, minutes } from '#platform/base/clock.ts';
import type { AccountId, Region } from '#platform/base/ids.ts';
import { usageOf } from '#platform/metering/usage.ts';
import { cloud } from '#test/sdk/cloud.ts';
import { PathStyleS3 } from '#test/sdk/path-style.ts';
import { until } from '#test/until.ts';

const Bucket = 'passing-things';

async function opened(t: TestContext, options?: Parameters<typeof cloud>[1]) {
  const made = await cloud(t, options);
  const fresh = (): S3Client => made.client(PathStyleS3);
  const s3 = fresh();
  await s3.send(new CreateBucketCommand({ Bucket }));
  // Idle connections are closed by a jump.
  const after = (time: number): S3Client => {
    made.advance(time);
    return fresh();
  };
  return { made, s3, after };
}

const put = (s3: S3Client, Key: string, more: Partial<PutObjectCommandInput> = {}) =>
  s3.send(new PutObjectCommand({ Bucket, Key, Body: 'x', ...more }));

const rule = (more: Partial<LifecycleRule>): LifecycleRule => ({
  ID: 'a rule',
  Status: 'Enabled',
  Filter: { Prefix: '' },
  ...more,
});

const configure = (s3: S3Client, ...Rules: LifecycleRule[]) =>
  s3.send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration: { Rules } }));

async function keysOf(s3: S3Client): Promise<(string | undefined)[]> {
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket }));
  return Contents.map(({ Key }) => Key);
}

async function versionsOf(s3: S3Client): Promise<{ versions: number; markers: number }> {
  const { Versions = [], DeleteMarkers = [] } = await s3.send(new ListObjectVersionsCommand({ Bucket }));
  return { versions: Versions.length, markers: DeleteMarkers.length };
}

test('rules are kept, shown, replaced and deleted', async (t) => {
  const { s3 } = await opened(t);
  const get = () => s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket }));
  await assert.rejects(get(), { name: 'NoSuchLifecycleConfiguration' });
  await configure(s3, rule({ Expiration: { Days: 1 } }));
  const found = await get();
  assert.deepEqual(found.Rules, [rule({ Expiration: { Days: 1 } })]);
  assert.equal(found.TransitionDefaultMinimumObjectSize, 'all_storage_classes_128K');
  await assert.rejects(configure(s3, rule({})), { name: 'InvalidRequest' });
  await assert.rejects(configure(s3, rule({ Expiration: { Days: 0 } })), { name: 'InvalidArgument' });
  await assert.rejects(configure(s3, rule({ Expiration: {} })), { name: 'MalformedXML' });
  const NoncurrentVersionExpiration = { NoncurrentDays: 1, NewerNoncurrentVersions: 1 };
  const { Filter: _, ...old } = rule({ NoncurrentVersionExpiration });
  await assert.rejects(configure(s3, { ...old, Prefix: '' }), { name: 'InvalidRequest' });
  await s3.send(new DeleteBucketLifecycleCommand({ Bucket }));
  await assert.rejects(get(), { name: 'NoSuchLifecycleConfiguration' });
});

test('objects expire at midnight, by prefix, and say so before', async (t) => {
  const { s3, after } = await opened(t);
  await configure(s3, rule({ Filter: { Prefix: 'old/' }, Expiration: { Days: 2 } }));
  const written = await put(s3, 'old/1');
  assert.match(written.Expiration ?? '', /^expiry-date="\w{3}, \d\d \w{3} \d{4} 00:00:00 GMT", rule-id="a%20rule"$/);
  await put(s3, 'kept');
  const copied = await s3.send(new CopyObjectCommand({ Bucket, Key: 'old/1', CopySource: `${Bucket}/kept` }));
  assert.equal(copied.Expiration, written.Expiration);
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'old/1' }));
  const target = { Bucket, Key: 'old/1', UploadId };
  const { ETag } = await s3.send(new UploadPartCommand({ ...target, PartNumber: 1, Body: 'x' }));
  const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
  const completed = await s3.send(new CompleteMultipartUploadCommand({ ...target, MultipartUpload }));
  assert.equal(completed.Expiration, written.Expiration);
  assert.equal((await s3.send(new HeadObjectCommand({ Bucket, Key: 'old/1' }))).Expiration, written.Expiration);
  assert.equal((await s3.send(new HeadObjectCommand({ Bucket, Key: 'kept' }))).Expiration, undefined);
  assert.deepEqual(await keysOf(after(days(1) + minutes(1))), ['kept', 'old/1']);
  const later = after(days(2));
  await until(async () => (await keysOf(later)).join() === 'kept', 'the object expired');
});

test('the days of an object of parts are counted from when its upload was begun', async (t) => {
  const { s3, after } = await opened(t);
  await configure(s3, rule({ Expiration: { Days: 3 } }));
  const target = { Bucket, Key: 'long on its way' };
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand(target));
  const later = after(days(2));
  const { ETag } = await later.send(new UploadPartCommand({ ...target, UploadId, PartNumber: 1, Body: 'x' }));
  const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
  await later.send(new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload }));
  await put(later, 'new');
  const fifth = after(days(2));
  await until(async () => (await keysOf(fifth)).join() === 'new', 'the older one expired');
});

test('versions: markers come, noncurrent versions go, then the markers', async (t) => {
  const { s3, after } = await opened(t);
  const enabled = { Status: 'Enabled' } as const;
  await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: enabled }));
  await configure(
    s3,
    rule({
      Expiration: { Days: 1 },
      NoncurrentVersionExpiration: { NoncurrentDays: 3, NewerNoncurrentVersions: 1 },
    }),
  );
  for (let i = 0; i < 3; i++) await put(s3, 'key');
  const second = after(days(2));
  await until(async () => (await versionsOf(second)).markers === 1, 'a marker hides the key');
  assert.deepEqual(await versionsOf(second), { versions: 3, markers: 1 });
  const fifth = after(days(4));
  await until(async () => (await versionsOf(fifth)).versions === 1, 'older versions are gone, less the newest');
  await configure(fifth, rule({ ID: 'all', NoncurrentVersionExpiration: { NoncurrentDays: 1 } }));
  const sixth = after(days(1));
  await until(async () => (await versionsOf(sixth)).versions === 0, 'all older versions are gone');
  await configure(sixth, rule({ ID: 'markers', Expiration: { ExpiredObjectDeleteMarker: true } }));
  const seventh = after(days(1));
  await until(async () => (await versionsOf(seventh)).markers === 0, 'the marker is gone');
});

test('uploads that nobody completes are given up', async (t) => {
  const { s3, after } = await opened(t);
  await configure(s3, rule({ AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 } }));
  const upload = { Bucket, Key: 'in parts' };
  const { UploadId, AbortDate, AbortRuleId } = await s3.send(new CreateMultipartUploadCommand(upload));
  assert.equal(AbortRuleId, 'a rule');
  assert.equal((AbortDate?.getTime() ?? 1) % days(1), 0);
  const listed = await s3.send(new ListPartsCommand({ ...upload, UploadId }));
  assert.equal(listed.AbortRuleId, 'a rule');
  const later = after(days(2));
  const uploads = () => later.send(new ListMultipartUploadsCommand({ Bucket }));
  await until(async () => ((await uploads()).Uploads ?? []).length === 0, 'the upload is given up');
});

test('an object that moves to an archive must be restored to be read, for a while', async (t) => {
  const { s3, after } = await opened(t);
  await configure(s3, rule({ Transitions: [{ Days: 1, StorageClass: 'GLACIER' }] }));
  const Key = 'archived';
  const Body = Buffer.alloc(200_000, 7);
  await put(s3, Key, { Body });
  await put(s3, 'small');
  const restore = (client: S3Client, Days: number, Tier: 'Standard' | 'Expedited' | 'Bulk' = 'Standard') =>
    client.send(new RestoreObjectCommand({ Bucket, Key, RestoreRequest: { Days, GlacierJobParameters: { Tier } } }));
  await assert.rejects(restore(s3, 1), { name: 'InvalidObjectState' });
  const second = after(days(2));
  const head = (client: S3Client, key = Key) => client.send(new HeadObjectCommand({ Bucket, Key: key }));
  await until(async () => (await head(second)).StorageClass === 'GLACIER', 'the object moved');
  assert.equal((await head(second, 'small')).StorageClass, undefined);
  const get = (client: S3Client) => client.send(new GetObjectCommand({ Bucket, Key }));
  await assert.rejects(get(second), { name: 'InvalidObjectState' });
  const copy = new CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${Bucket}/${Key}` });
  await assert.rejects(second.send(copy), { name: 'ObjectNotInActiveTierError' });
  await assert.rejects(restore(second, 0), { name: 'InvalidArgument' });

  assert.equal((await restore(second, 1)).$metadata.httpStatusCode, 202);
  assert.equal((await head(second)).Restore, 'ongoing-request="true"');
  await assert.rejects(restore(second, 1, 'Bulk'), { name: 'RestoreAlreadyInProgress' });
  assert.equal((await restore(second, 1, 'Expedited')).$metadata.httpStatusCode, 202);
  const restored = after(minutes(6));
  assert.match((await head(restored)).Restore ?? '', /^ongoing-request="false", expiry-date="/);
  assert.equal((await (await get(restored)).Body?.transformToByteArray())?.length, Body.length);
  assert.equal((await restore(restored, 2)).$metadata.httpStatusCode, 200);
  const expired = after(days(3) + hours(1));
  await assert.rejects(get(expired), { name: 'InvalidObjectState' });
  await put(expired, 'deep', { StorageClass: 'DEEP_ARCHIVE' });
  const deep = { Days: 1, GlacierJobParameters: { Tier: 'Expedited' } } as const;
  await assert.rejects(expired.send(new RestoreObjectCommand({ Bucket, Key: 'deep', RestoreRequest: deep })), {
    name: 'InvalidArgument',
  });
  await expired.send(new DeleteObjectCommand({ Bucket, Key }));
});

test('an operator may shorten the day', async (t) => {
  const { s3, after } = await opened(t, { s3Day: minutes(1) });
  await configure(s3, rule({ Expiration: { Days: 1 } }));
  await put(s3, 'key');
  const later = after(minutes(3));
  await until(async () => (await keysOf(later)).length === 0, 'the object expired');
});

test('storage is metered twice a day, by class', async (t) => {
  const { made, s3, after } = await opened(t);
  await put(s3, 'standard', { Body: Buffer.alloc(1000) });
  await put(s3, 'infrequent', { Body: Buffer.alloc(10), StorageClass: 'STANDARD_IA' });
  await put(s3, 'archived', { Body: Buffer.alloc(5), StorageClass: 'GLACIER' });
  after(hours(13));
  const { store } = made.running.cloud;
  const account = made.account as AccountId;
  const partition = store.partition({ service: 's3', account, region: 'us-east-1' as Region });
  const stored = (): Record<string, number> => {
    const records = partition.read((tx) => usageOf(tx, 0, made.clock.now() + 1));
    return Object.fromEntries(
      records.filter(({ operation }) => operation === 'Storage').map(({ usageType, amount }) => [usageType, amount]),
    );
  };
  await until(() => Object.keys(stored()).length === 3, 'all classes are counted');
  assert.deepEqual(stored(), {
    'TimedStorage-ByteHrs': (1000 + 8192) * 12,
    'TimedStorage-SIA-SmObjects': 131_072 * 12,
    'TimedStorage-GlacierByteHrs': (5 + 32_768) * 12,
  });
});
