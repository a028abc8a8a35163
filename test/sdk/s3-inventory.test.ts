/** Inventories: configurations, and the lists that are really delivered. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { CreateKeyCommand, KMSClient, PutKeyPolicyCommand } from '@aws-sdk/client-kms';
import {
  DeleteBucketInventoryConfigurationCommand,
  DeleteObjectCommand,
  GetBucketInventoryConfigurationCommand,
  HeadObjectCommand,
  type InventoryConfiguration,
  ListBucketInventoryConfigurationsCommand,
  PutBucketInventoryConfigurationCommand,
  PutBucketVersioningCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { parquetReadObjects } from 'hyparquet';
import { days, minutes } from '#platform/base/clock.ts';
import { newUser } from '#test/sdk/people.ts';
import { Bucket, bytesOf, inTime, letReportsIn, Reports, reportKeys } from '#test/sdk/s3-in-time.ts';
import { until } from '#test/until.ts';

const inventory = (Id: string, more: Partial<InventoryConfiguration> = {}): InventoryConfiguration => ({
  Id,
  IsEnabled: true,
  IncludedObjectVersions: 'Current',
  Schedule: { Frequency: 'Daily' },
  Destination: { S3BucketDestination: { Bucket: `arn:aws:s3:::${Reports}`, Format: 'CSV', Prefix: 'lists' } },
  ...more,
});

const configure = (s3: S3Client, configuration: InventoryConfiguration, Id = configuration.Id) =>
  s3.send(new PutBucketInventoryConfigurationCommand({ Bucket, Id, InventoryConfiguration: configuration }));

interface Manifest {
  readonly fileSchema: string;
  readonly fileFormat: string;
  readonly creationTimestamp: string;
  readonly files: readonly { readonly key: string; readonly size: number; readonly MD5checksum: string }[];
}

const md5 = (bytes: Buffer): string => createHash('md5').update(bytes).digest('hex');

async function delivered(s3: S3Client, id: string, count = 1): Promise<string[]> {
  let keys: string[] = [];
  const ends = (key: string): boolean => key.startsWith(`lists/${Bucket}/${id}/`) && key.endsWith('manifest.checksum');
  await until(async () => {
    keys = await reportKeys(s3);
    return keys.filter(ends).length === count;
  }, 'the inventory is delivered');
  return keys;
}

test('configurations are kept, listed by pages and deleted; what S3 does not take is refused', async (t) => {
  const { c, s3 } = await inTime(t);
  const get = (Id: string) => s3.send(new GetBucketInventoryConfigurationCommand({ Bucket, Id }));
  const list = (ContinuationToken?: string) =>
    s3.send(new ListBucketInventoryConfigurationsCommand({ Bucket, ContinuationToken }));
  await assert.rejects(get('none'), { name: 'NoSuchConfiguration' });
  assert.equal((await list()).InventoryConfigurationList, undefined);
  const whole = inventory('whole', { OptionalFields: ['Size', 'ETag'], Filter: { Prefix: 'a/' } });
  await configure(s3, whole);
  assert.deepEqual((await get('whole')).InventoryConfiguration, whole);
  const first = await list();
  assert.equal(first.IsTruncated, false);
  assert.deepEqual(first.InventoryConfigurationList, [whole]);

  const destination = (more: object) => ({
    Destination: { S3BucketDestination: { Bucket: `arn:aws:s3:::${Reports}`, Format: 'CSV' as const, ...more } },
  });
  await assert.rejects(configure(s3, inventory('a b')), { name: 'InvalidArgument' });
  await assert.rejects(configure(s3, inventory('x'.repeat(65))), { name: 'InvalidArgument' });
  await assert.rejects(configure(s3, inventory('a'), 'b'), { name: 'InvalidArgument' });
  await assert.rejects(configure(s3, inventory('a', { Filter: { Prefix: 'x'.repeat(1025) } })), {
    name: 'InvalidArgument',
  });
  await assert.rejects(configure(s3, inventory('a', { OptionalFields: ['Size', 'Size'] })), { name: 'MalformedXML' });
  for (const target of [Reports, 'arn:aws:s3:::nobody-has-this']) {
    await assert.rejects(configure(s3, inventory('a', destination({ Bucket: target }))), {
      name: 'InvalidS3DestinationBucket',
    });
  }
  await assert.rejects(configure(s3, inventory('a', destination({ Format: 'ORC' }))), { name: 'NotImplemented' });
  await assert.rejects(configure(s3, inventory('a', destination({ Encryption: {} }))), { name: 'MalformedXML' });

  const { credentials, allow } = await newUser(c, 'reader');
  const reader = c.client(s3.constructor as typeof S3Client, { credentials });
  const asReader = new GetBucketInventoryConfigurationCommand({ Bucket, Id: 'whole' });
  await assert.rejects(reader.send(asReader), { name: 'AccessDenied' });
  await allow({ Effect: 'Allow', Action: 's3:GetInventoryConfiguration', Resource: `arn:aws:s3:::${Bucket}` });
  await reader.send(asReader);
  // A policy may say which fields may be asked for.
  const fields = (OptionalFields: InventoryConfiguration['OptionalFields']) =>
    configure(reader, inventory('limited', { OptionalFields }));
  await allow({
    Effect: 'Allow',
    Action: 's3:PutInventoryConfiguration',
    Resource: `arn:aws:s3:::${Bucket}`,
    Condition: { 'ForAllValues:StringEquals': { 's3:InventoryAccessibleOptionalFields': ['Size', 'ETag'] } },
  });
  await fields(['Size']);
  await assert.rejects(fields(['Size', 'ObjectOwner']), { name: 'AccessDenied' });

  const remove = (Id: string) => s3.send(new DeleteBucketInventoryConfigurationCommand({ Bucket, Id }));
  await remove('whole');
  await assert.rejects(remove('whole'), { name: 'NoSuchConfiguration' });
});

test('a thousand configurations are listed by hundreds, and there is no more', async (t) => {
  const { s3 } = await inTime(t);
  for (let from = 0; from < 1000; from += 50) {
    const some = Array.from({ length: 50 }, (_, i) => `id-${String(from + i).padStart(4, '0')}`);
    await Promise.all(some.map((Id) => configure(s3, inventory(Id, { IsEnabled: false }))));
  }
  await assert.rejects(configure(s3, inventory('one-more')), { name: 'TooManyConfigurations' });
  await configure(s3, inventory('id-0000', { IsEnabled: false, OptionalFields: ['Size'] }));
  const seen: (string | undefined)[] = [];
  let token: string | undefined;
  do {
    const page = await s3.send(new ListBucketInventoryConfigurationsCommand({ Bucket, ContinuationToken: token }));
    assert.equal(page.InventoryConfigurationList?.length, 100);
    seen.push(...(page.InventoryConfigurationList ?? []).map(({ Id }) => Id));
    token = page.NextContinuationToken;
  } while (token !== undefined);
  assert.equal(new Set(seen).size, 1000);
  const wrong = new ListBucketInventoryConfigurationsCommand({ Bucket, ContinuationToken: 'made up' });
  await assert.rejects(s3.send(wrong), { name: 'InvalidArgument' });
});

test('a list of the current objects: data, manifest, its check sum, and a link for Hive', async (t) => {
  const { c, s3, afterReports, put, usage } = await inTime(t);
  await letReportsIn(s3, c.account);
  await put(s3, 'in/a "b" é', 10);
  await put(s3, 'in/second', 20, { StorageClass: 'INTELLIGENT_TIERING' });
  await put(s3, 'out/third', 30);
  const all = ['Size', 'LastModifiedDate', 'ETag', 'StorageClass', 'EncryptionStatus', 'ChecksumAlgorithm'] as const;
  await configure(
    s3,
    inventory('daily', {
      Filter: { Prefix: 'in/' },
      OptionalFields: ['IntelligentTieringAccessTier', 'ObjectAccessControlList', ...all],
    }),
  );
  const later = await afterReports(days(1));
  const keys = await delivered(later, 'daily');
  assert.equal(keys.length, 4, 'two manifests, one file, one link');
  const [data = '', manifestChecksum = '', manifestKey = '', link = ''] = [
    keys.find((key) => key.includes('/data/')),
    keys.find((key) => key.endsWith('.checksum')),
    keys.find((key) => key.endsWith('manifest.json')),
    keys.find((key) => key.includes('/hive/')),
  ];
  assert.match(manifestKey, new RegExp(`^lists/${Bucket}/daily/\\d{4}-\\d\\d-\\d\\dT\\d\\d-\\d\\dZ/manifest.json$`));
  assert.match(link, new RegExp(`^lists/${Bucket}/daily/hive/dt=\\d{4}-\\d\\d-\\d\\d-\\d\\d-\\d\\d/symlink.txt$`));
  const manifestBytes = await bytesOf(later, manifestKey);
  assert.equal((await bytesOf(later, manifestChecksum)).toString().trim(), md5(manifestBytes));
  const manifest = JSON.parse(manifestBytes.toString()) as Manifest;
  assert.equal(
    manifest.fileSchema,
    'Bucket, Key, Size, LastModifiedDate, ETag, StorageClass, EncryptionStatus, IntelligentTieringAccessTier, ChecksumAlgorithm, ObjectAccessControlList',
  );
  const file = await bytesOf(later, data);
  assert.deepEqual(manifest.files, [{ key: data, size: file.length, MD5checksum: md5(file) }]);
  assert.equal((await bytesOf(later, link)).toString(), `s3://${Reports}/${data}\n`);
  const lines = gunzipSync(file).toString().trimEnd().split('\n');
  assert.equal(lines.length, 2);
  const [one = [], two = []] = lines.map((line) => line.slice(1, -1).split('","'));
  assert.deepEqual([one[0], one[1], one[2]], [Bucket, 'in/a%20%22b%22%20%C3%A9', '10']);
  assert.match(one[3] ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.equal(one[4], md5(Buffer.alloc(10, 1)));
  assert.deepEqual(one.slice(5, 9), ['STANDARD', 'SSE-S3', '', 'CRC32']);
  assert.deepEqual([two[5], two[7]], ['INTELLIGENT_TIERING', 'FREQUENT']);
  const list = JSON.parse(Buffer.from(one[9] ?? '', 'base64').toString()) as { grants: { permission: string }[] };
  assert.equal(list.grants[0]?.permission, 'FULL_CONTROL');
  assert.deepEqual(usage('Inventory-ObjectsListed'), { 'Inventory-ObjectsListed': 2 });
});

test('a list as Parquet, with its schema', async (t) => {
  const { c, s3, afterReports, put } = await inTime(t);
  await letReportsIn(s3, c.account);
  await put(s3, 'a b', 3);
  const copies = Array.from({ length: 20 }, (_, i) => put(s3, `many/${i}`, i));
  await Promise.all(copies);
  await s3.send(new DeleteObjectCommand({ Bucket, Key: 'many/0' }));
  const target = { Bucket: `arn:aws:s3:::${Reports}`, Format: 'Parquet', Prefix: 'lists' } as const;
  const OptionalFields = ['Size', 'LastModifiedDate', 'ETag', 'IsMultipartUploaded', 'ObjectLockMode'] as const;
  await configure(
    s3,
    inventory('columns', { Destination: { S3BucketDestination: target }, OptionalFields: [...OptionalFields] }),
  );
  const later = await afterReports(days(1));
  const keys = await delivered(later, 'columns');
  const data = keys.find((key) => key.endsWith('.parquet')) ?? '';
  const manifestKey = keys.find((key) => key.endsWith('manifest.json')) ?? '';
  const manifest = JSON.parse((await bytesOf(later, manifestKey)).toString()) as Manifest;
  assert.equal(
    manifest.fileSchema,
    'message s3.inventory { required binary bucket (UTF8); required binary key (UTF8); optional int64 size; ' +
      'optional int64 last_modified_date (TIMESTAMP_MILLIS); optional binary e_tag (UTF8); ' +
      'optional boolean is_multipart_uploaded; optional binary object_lock_mode (UTF8); }',
  );
  assert.equal(manifest.fileFormat, 'Parquet');
  const rows = await parquetReadObjects({ file: new Uint8Array(await bytesOf(later, data)).buffer });
  assert.equal(rows.length, 20);
  const [first] = rows;
  assert.deepEqual([first?.['bucket'], first?.['key'], first?.['size']], [Bucket, 'a b', 3n]);
  assert.ok(first?.['last_modified_date'] instanceof Date);
  assert.deepEqual([first?.['is_multipart_uploaded'], first?.['object_lock_mode'] ?? undefined], [false, undefined]);
});

test('all versions are listed, with delete markers; weekly lists come on Sundays', async (t) => {
  const { c, s3, afterReports, put } = await inTime(t);
  await letReportsIn(s3, c.account);
  const enabled = { Status: 'Enabled' } as const;
  await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: enabled }));
  for (const bytes of [1, 2]) await put(s3, 'key', bytes);
  await s3.send(new DeleteObjectCommand({ Bucket, Key: 'key' }));
  await configure(
    s3,
    inventory('weekly', {
      IncludedObjectVersions: 'All',
      OptionalFields: ['Size'],
      Schedule: { Frequency: 'Weekly' },
    }),
  );
  const later = await afterReports(days(1));
  const [data = ''] = (await delivered(later, 'weekly')).filter((key) => key.includes('/data/'));
  const rows = gunzipSync(await bytesOf(later, data))
    .toString()
    .trimEnd()
    .split('\n');
  assert.deepEqual(
    rows.map((row) => row.slice(1, -1).split('","').slice(3)),
    [
      ['true', 'true', ''],
      ['false', 'false', '2'],
      ['false', 'false', '1'],
    ],
  );
  // A week later there was one Sunday, or that and the first day's.
  let last = later;
  for (let day = 0; day < 7; day++) last = await afterReports(days(1) - minutes(6));
  await until(async () => (await reportKeys(last)).filter((key) => key.endsWith('checksum')).length === 2, 'a Sunday');
  const made = (await reportKeys(last)).flatMap((key) => /(\d{4}-\d\d-\d\d)T.*checksum$/.exec(key)?.[1] ?? []);
  assert.equal(new Date(made[1] ?? '').getUTCDay(), 0, made.join());
});

test('a destination that does not let S3 in gets nothing; the next day it may', async (t) => {
  const { c, s3, afterReports, put } = await inTime(t);
  await put(s3, 'key', 1);
  await letReportsIn(s3, c.account, 'another-source');
  await configure(s3, inventory('daily'));
  const second = await afterReports(days(1));
  assert.deepEqual(await reportKeys(second), []);
  await letReportsIn(second, c.account);
  const fourth = await afterReports(days(1));
  await delivered(fourth, 'daily');
  await configure(fourth, inventory('daily', { IsEnabled: false }));
  await delivered(await afterReports(days(2)), 'daily');
});

test('lists are encrypted as the configuration asks, by a key that lets S3 in for the bucket', async (t) => {
  const { c, s3, afterReports, put } = await inTime(t);
  await letReportsIn(s3, c.account);
  await put(s3, 'key', 1);
  const kms = c.client(KMSClient);
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
  const KeyId = KeyMetadata?.Arn ?? '';
  const owner = {
    Effect: 'Allow',
    Principal: { AWS: `arn:aws:iam::${c.account}:root` },
    Action: 'kms:*',
    Resource: '*',
  };
  const policy = (source: string) =>
    new PutKeyPolicyCommand({
      KeyId,
      Policy: JSON.stringify({
        Version: '2012-10-17',
        Statement: [
          owner,
          {
            Effect: 'Allow',
            Principal: { Service: 's3.amazonaws.com' },
            Action: 'kms:GenerateDataKey',
            Resource: '*',
            Condition: {
              StringEquals: { 'aws:SourceAccount': c.account },
              ArnLike: { 'aws:SourceArn': `arn:aws:s3:::${source}` },
            },
          },
        ],
      }),
    });
  await kms.send(policy('another-source'));
  const target = { Bucket: `arn:aws:s3:::${Reports}`, Format: 'CSV', Prefix: 'lists' } as const;
  const sealed = { S3BucketDestination: { ...target, Encryption: { SSEKMS: { KeyId } } } };
  await configure(s3, inventory('sealed', { Destination: sealed }));
  const managed = { S3BucketDestination: { ...target, Encryption: { SSES3: {} } } };
  await configure(s3, inventory('managed', { Destination: managed }));
  const second = await afterReports(days(1));
  await delivered(second, 'managed');
  assert.ok(
    (await reportKeys(second)).every((key) => !key.includes('/sealed/')),
    'the key does not let S3 in',
  );
  await c.client(KMSClient).send(policy(Bucket));
  const third = await afterReports(days(1));
  const [data = ''] = (await delivered(third, 'sealed')).filter((key) => key.includes('/sealed/data/'));
  const head = await third.send(new HeadObjectCommand({ Bucket: Reports, Key: data }));
  assert.deepEqual([head.ServerSideEncryption, head.SSEKMSKeyId], ['aws:kms', KeyId]);
});
