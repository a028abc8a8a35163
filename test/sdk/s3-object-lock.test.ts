import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectLegalHoldCommand,
  GetObjectLockConfigurationCommand,
  GetObjectRetentionCommand,
  HeadObjectCommand,
  type ObjectLockConfiguration,
  type ObjectLockRetention,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  PutObjectLegalHoldCommand,
  PutObjectLockConfigurationCommand,
  PutObjectRetentionCommand,
  type S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3';
import { days } from '#platform/base/clock.ts';
import { cloud } from '#test/sdk/cloud.ts';
import { PathStyleS3 } from '#test/sdk/path-style.ts';

const Bucket = 'locked-things';
const Key = 'record';
const PROTECTED = { name: 'AccessDenied', message: 'Access Denied because object protected by object lock.' };

class WithoutChecksums extends PathStyleS3 {
  constructor(config: S3ClientConfig) {
    super({ ...config, requestChecksumCalculation: 'WHEN_REQUIRED' });
  }
}

async function opened(t: TestContext) {
  const made = await cloud(t);
  const s3 = made.client(PathStyleS3);
  await s3.send(new CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: true }));
  const after = (count: number): Date => new Date(made.clock.now() + days(count));
  return { made, s3, after };
}

const put = (s3: S3Client, input: Partial<PutObjectCommandInput> = {}) =>
  s3.send(new PutObjectCommand({ Bucket, Key, Body: 'x', ...input }));

const retain = (s3: S3Client, VersionId: string | undefined, Retention: ObjectLockRetention, bypass = false) =>
  s3.send(
    new PutObjectRetentionCommand({
      Bucket,
      Key,
      VersionId,
      Retention,
      ...(bypass && { BypassGovernanceRetention: true }),
    }),
  );

const remove = (s3: S3Client, VersionId: string | undefined, bypass = false) =>
  s3.send(new DeleteObjectCommand({ Bucket, Key, VersionId, ...(bypass && { BypassGovernanceRetention: true }) }));

const configure = (s3: S3Client, configuration: ObjectLockConfiguration, bucket = Bucket) =>
  s3.send(new PutObjectLockConfigurationCommand({ Bucket: bucket, ObjectLockConfiguration: configuration }));

test('who locks an object sends a digest of it', async (t) => {
  const { made, s3, after } = await opened(t);
  const bare = made.client(WithoutChecksums);
  await put(bare);
  const lock = { ObjectLockMode: 'GOVERNANCE', ObjectLockRetainUntilDate: after(1) } as const;
  const message =
    'Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters';
  await assert.rejects(put(bare, lock), { name: 'InvalidRequest', message });
  await put(bare, { ...lock, ContentMD5: createHash('md5').update('x').digest('base64') });
  await configure(s3, { ObjectLockEnabled: 'Enabled', Rule: { DefaultRetention: { Mode: 'GOVERNANCE', Days: 1 } } });
  await assert.rejects(put(bare), { name: 'InvalidRequest' });
  await put(s3);
});

test('governance keeps a version until it is over, or lifted by who may', async (t) => {
  const { made, s3, after } = await opened(t);
  const lock = { ObjectLockMode: 'GOVERNANCE', ObjectLockRetainUntilDate: after(10) } as const;
  const { VersionId } = await put(s3, lock);
  const head = await s3.send(new HeadObjectCommand({ Bucket, Key }));
  assert.equal(head.ObjectLockMode, 'GOVERNANCE');
  assert.equal(head.ObjectLockRetainUntilDate?.getTime(), lock.ObjectLockRetainUntilDate.getTime());
  await assert.rejects(remove(s3, VersionId), PROTECTED);
  // A marker hides it; the version stays.
  assert.equal((await remove(s3, undefined)).DeleteMarker, true);
  await assert.rejects(retain(s3, VersionId, { Mode: 'GOVERNANCE', RetainUntilDate: after(5) }), PROTECTED);
  await retain(s3, VersionId, { Mode: 'GOVERNANCE', RetainUntilDate: after(20) });
  await retain(s3, VersionId, { Mode: 'GOVERNANCE', RetainUntilDate: after(5) }, true);
  const { Retention } = await s3.send(new GetObjectRetentionCommand({ Bucket, Key, VersionId }));
  assert.equal(Retention?.Mode, 'GOVERNANCE');
  const all = { Objects: [{ Key, VersionId }] };
  const refused = await s3.send(new DeleteObjectsCommand({ Bucket, Delete: all }));
  assert.equal(refused.Errors?.[0]?.Code, 'AccessDenied');
  await remove(s3, VersionId, true);

  const second = await put(s3, { ...lock, ObjectLockRetainUntilDate: after(1) });
  made.advance(days(1) + 1000);
  // Idle connections were closed by the jump.
  await remove(made.client(PathStyleS3), second.VersionId);
});

test('compliance is lifted by nobody and grows only', async (t) => {
  const { made, s3, after } = await opened(t);
  const { VersionId } = await put(s3);
  await assert.rejects(s3.send(new GetObjectRetentionCommand({ Bucket, Key })), {
    name: 'NoSuchObjectLockConfiguration',
  });
  await assert.rejects(retain(s3, VersionId, { Mode: 'COMPLIANCE', RetainUntilDate: after(-1) }), {
    name: 'InvalidArgument',
    message: 'The retain until date must be in the future!',
  });
  await assert.rejects(retain(s3, VersionId, { Mode: 'COMPLIANCE' }), { name: 'MalformedXML' });
  await retain(s3, VersionId, { Mode: 'GOVERNANCE', RetainUntilDate: after(2) });
  const stricter = { Mode: 'COMPLIANCE', RetainUntilDate: after(2) } as const;
  await assert.rejects(retain(s3, VersionId, stricter), PROTECTED);
  await retain(s3, VersionId, stricter, true);
  await assert.rejects(remove(s3, VersionId, true), PROTECTED);
  await assert.rejects(retain(s3, VersionId, { Mode: 'GOVERNANCE', RetainUntilDate: after(3) }, true), PROTECTED);
  await assert.rejects(retain(s3, VersionId, {}, true), PROTECTED);
  await retain(s3, VersionId, { Mode: 'COMPLIANCE', RetainUntilDate: after(3) });
  made.advance(days(4));
  await remove(made.client(PathStyleS3), VersionId);
});

test('a legal hold knows no date and no bypass', async (t) => {
  const { s3 } = await opened(t);
  const { VersionId } = await put(s3);
  await assert.rejects(s3.send(new GetObjectLegalHoldCommand({ Bucket, Key })), {
    name: 'NoSuchObjectLockConfiguration',
  });
  const hold = (Status: 'ON' | 'OFF') =>
    s3.send(new PutObjectLegalHoldCommand({ Bucket, Key, VersionId, LegalHold: { Status } }));
  await hold('ON');
  await assert.rejects(remove(s3, VersionId, true), PROTECTED);
  await hold('OFF');
  assert.deepEqual((await s3.send(new GetObjectLegalHoldCommand({ Bucket, Key }))).LegalHold, { Status: 'OFF' });
  const held = await put(s3, { ObjectLockLegalHoldStatus: 'ON' });
  await assert.rejects(remove(s3, held.VersionId), PROTECTED);
  await remove(s3, VersionId);
});

test('a bucket’s default, its rules, and buckets without', async (t) => {
  const { made, s3, after } = await opened(t);
  const first = await s3.send(new GetObjectLockConfigurationCommand({ Bucket }));
  assert.deepEqual(first.ObjectLockConfiguration, { ObjectLockEnabled: 'Enabled' });
  const rule = (DefaultRetention: object) => ({ ObjectLockEnabled: 'Enabled', Rule: { DefaultRetention } }) as const;
  await configure(s3, rule({ Mode: 'COMPLIANCE', Days: 30 }));
  const set = await s3.send(new GetObjectLockConfigurationCommand({ Bucket }));
  assert.deepEqual(set.ObjectLockConfiguration?.Rule?.DefaultRetention, { Mode: 'COMPLIANCE', Days: 30 });
  const { VersionId } = await put(s3);
  const { Retention } = await s3.send(new GetObjectRetentionCommand({ Bucket, Key, VersionId }));
  const left = after(30).getTime() - (Retention?.RetainUntilDate?.getTime() ?? 0);
  assert.ok(left >= 0 && left < 60_000);
  await assert.rejects(remove(s3, VersionId, true), PROTECTED);

  await assert.rejects(configure(s3, rule({ Mode: 'COMPLIANCE', Days: 1, Years: 1 })), { name: 'MalformedXML' });
  await assert.rejects(configure(s3, rule({ Days: 1 })), { name: 'MalformedXML' });
  await assert.rejects(configure(s3, rule({ Mode: 'COMPLIANCE', Days: 0 })), { name: 'InvalidArgument' });
  await assert.rejects(configure(s3, rule({ Mode: 'COMPLIANCE', Years: 101 })), { name: 'InvalidArgument' });
  const suspended = { Status: 'Suspended' } as const;
  await assert.rejects(s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: suspended })), {
    name: 'InvalidBucketState',
  });
  await assert.rejects(put(s3, { ObjectLockMode: 'COMPLIANCE' }), { name: 'InvalidArgument' });

  const other = 'not-locked-things';
  const plain = made.client(PathStyleS3);
  await plain.send(new CreateBucketCommand({ Bucket: other }));
  await plain.send(new PutObjectCommand({ Bucket: other, Key, Body: 'x' }));
  await assert.rejects(plain.send(new GetObjectLockConfigurationCommand({ Bucket: other })), {
    name: 'ObjectLockConfigurationNotFoundError',
  });
  await assert.rejects(configure(plain, { ObjectLockEnabled: 'Enabled' }, other), { name: 'InvalidBucketState' });
  await assert.rejects(plain.send(new GetObjectRetentionCommand({ Bucket: other, Key })), { name: 'InvalidRequest' });
  await assert.rejects(put(plain, { Bucket: other, ObjectLockLegalHoldStatus: 'ON' }), { name: 'InvalidRequest' });
  const enabled = { Status: 'Enabled' } as const;
  await plain.send(new PutBucketVersioningCommand({ Bucket: other, VersioningConfiguration: enabled }));
  await configure(plain, { ObjectLockEnabled: 'Enabled' }, other);
});
