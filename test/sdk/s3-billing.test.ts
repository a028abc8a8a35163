/** What requests and parts are counted as, by storage class ("Understanding your AWS billing and usage reports for Amazon S3"). */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  RestoreObjectCommand,
  type S3Client,
  type StorageClass,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { hours } from '#platform/base/clock.ts';
import type { AccountId, Region } from '#platform/base/ids.ts';
import { usageOf } from '#platform/metering/usage.ts';
import { cloud } from '#test/sdk/cloud.ts';
import { PathStyleS3 } from '#test/sdk/path-style.ts';
import { until } from '#test/until.ts';

const Bucket = 'billed';

async function start(t: TestContext) {
  const c = await cloud(t);
  const s3 = c.client(PathStyleS3);
  await s3.send(new CreateBucketCommand({ Bucket }));
  const place = { service: 's3', account: c.account as AccountId, region: 'us-east-1' as Region };
  /** `Operation usage-type amount`. */
  const billed = (): string[] =>
    c.running.cloud.store
      .partition(place)
      .read((tx) => usageOf(tx, 0, c.clock.now() + hours(1)))
      .map(({ operation, usageType, amount }) => `${operation} ${usageType} ${amount}`);
  return { c, s3, billed };
}

async function upload(s3: S3Client, Key: string, StorageClass: StorageClass, isCompleted: boolean): Promise<void> {
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key, StorageClass }));
  const part = { Bucket, Key, UploadId, PartNumber: 1 };
  const { ETag } = await s3.send(new UploadPartCommand({ ...part, Body: 'x'.repeat(100) }));
  const MultipartUpload = { Parts: [{ ETag, PartNumber: 1 }] };
  if (isCompleted) await s3.send(new CompleteMultipartUploadCommand({ ...part, MultipartUpload }));
}

test('requests are counted in the tiers of the storage class', async (t) => {
  const { s3, billed } = await start(t);
  const expected: string[] = [];
  for (const [StorageClass, code] of [
    ['STANDARD_IA', 'SIA'],
    ['ONEZONE_IA', 'ZIA'],
    ['GLACIER_IR', 'GIR'],
    ['INTELLIGENT_TIERING', 'INT'],
  ] as const) {
    const at = { Bucket, Key: code };
    await s3.send(new PutObjectCommand({ ...at, StorageClass, Body: 'body' }));
    await s3.send(new HeadObjectCommand(at));
    const { Body } = await s3.send(new GetObjectCommand(at));
    await Body?.transformToByteArray();
    await upload(s3, `${code}-parts`, StorageClass, true);
    expected.push(`PutObject Requests-${code}-Tier1 1`, `HeadObject Requests-${code}-Tier2 1`);
    expected.push(`GetObject Requests-${code}-Tier2 1`, `CreateMultipartUpload Requests-${code}-Tier1 1`);
    expected.push(`UploadPart Requests-${code}-Tier1 1`, `CompleteMultipartUpload Requests-${code}-Tier1 1`);
  }
  await s3.send(new CopyObjectCommand({ Bucket, Key: 'plain', CopySource: `${Bucket}/SIA` }));
  expected.push('CopyObject Requests-Tier1 1');
  const found = new Set(billed());
  assert.deepEqual(
    expected.filter((each) => !found.has(each)),
    [],
    [...found].join('\n'),
  );
  assert.equal([...found].filter((each) => /^(Put|Get|Head)Object Requests-Tier/.test(each)).length, 0);
});

test('archives: parts are STANDARD’s until they are an object, a restore is a request of its own kind', async (t) => {
  const { s3, c, billed } = await start(t);
  await upload(s3, 'done', 'DEEP_ARCHIVE', true);
  await upload(s3, 'under way', 'GLACIER', false);
  await upload(s3, 'in parts', 'STANDARD_IA', false);
  const GlacierJobParameters = { Tier: 'Bulk' } as const;
  await s3.send(new RestoreObjectCommand({ Bucket, Key: 'done', RestoreRequest: { Days: 1, GlacierJobParameters } }));
  c.advance(hours(12));
  await until(() => billed().some((each) => each.startsWith('Storage ')), 'the count');
  const found = billed();
  for (const each of [
    'CreateMultipartUpload Requests-Tier1 2',
    'UploadPart Requests-Tier1 2',
    'CreateMultipartUpload Requests-SIA-Tier1 1',
    'CompleteMultipartUpload Requests-GDA-Tier1 1',
    'RestoreObject Requests-GDA-Tier5 1',
    'RestoreObject Bulk-Retrieval-Bytes 100',
    `Storage TimedStorage-GlacierStaging ${100 * 12}`,
    `Storage TimedStorage-SIA-ByteHrs ${100 * 12}`,
  ]) {
    assert.ok(found.includes(each), `${each}\n${found.join('\n')}`);
  }
  assert.ok(!found.some((each) => each.startsWith('RestoreObject Requests-Tier')));
});
