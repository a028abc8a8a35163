/** Trails deliver into real buckets, whose policies must let CloudTrail in; data events of S3 go where a trail asks for them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import {
  CloudTrailClient,
  CreateTrailCommand,
  GetTrailStatusCommand,
  PutEventSelectorsCommand,
  StartLoggingCommand,
  UpdateTrailCommand,
} from '@aws-sdk/client-cloudtrail';
import {
  CreateBucketCommand,
  DeleteBucketPolicyCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutBucketPolicyCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { cloud, type TestCloud } from '#test/sdk/cloud.ts';
import { logPolicy } from '#test/sdk/log-bucket.ts';
import { passUntil } from '#test/sdk/pass-until.ts';
import { PathStyleS3 } from '#test/sdk/path-style.ts';

const s3Of = (c: TestCloud): PathStyleS3 => c.client(PathStyleS3);

async function logFiles(c: TestCloud, bucket: string): Promise<string[]> {
  const { Contents = [] } = await s3Of(c).send(new ListObjectsV2Command({ Bucket: bucket }));
  return Contents.map(({ Key = '' }) => Key).filter((key) => key.endsWith('.json.gz'));
}

async function recordsOf(c: TestCloud, bucket: string): Promise<Record<string, unknown>[]> {
  const all = [];
  for (const Key of await logFiles(c, bucket)) {
    const { Body } = await s3Of(c).send(new GetObjectCommand({ Bucket: bucket, Key }));
    const bytes = (await Body?.transformToByteArray()) ?? new Uint8Array(0);
    all.push(...JSON.parse(gunzipSync(bytes).toString('utf8')).Records);
  }
  return all;
}

test('a trail needs a bucket that is there and lets CloudTrail in; then its files arrive', async (t) => {
  const c = await cloud(t);
  const client = c.client(CloudTrailClient);
  const s3 = s3Of(c);
  const create = (Name: string, S3BucketName: string) => client.send(new CreateTrailCommand({ Name, S3BucketName }));
  await assert.rejects(create('audit', 'no-such-bucket'), { name: 'S3BucketDoesNotExistException' });
  await s3.send(new CreateBucketCommand({ Bucket: 'trail-logs' }));
  await assert.rejects(create('audit', 'trail-logs'), { name: 'InsufficientS3BucketPolicyException' });
  const policyFor = (trail: string) =>
    new PutBucketPolicyCommand({ Bucket: 'trail-logs', Policy: logPolicy('trail-logs', c.account, trail) });
  await s3.send(policyFor('another'));
  await assert.rejects(create('audit', 'trail-logs'), { name: 'InsufficientS3BucketPolicyException' });
  // CloudTrail asks for the list first.
  const whole = JSON.parse(logPolicy('trail-logs', c.account, 'audit'));
  const Statement = whole.Statement.filter(({ Action }: { Action: string }) => Action !== 's3:GetBucketAcl');
  assert.equal(Statement.length, 1);
  const halved = JSON.stringify({ ...whole, Statement });
  await s3.send(new PutBucketPolicyCommand({ Bucket: 'trail-logs', Policy: halved }));
  await assert.rejects(create('audit', 'trail-logs'), { name: 'InsufficientS3BucketPolicyException' });
  await s3.send(policyFor('audit'));
  await create('audit', 'trail-logs');
  const moved = new UpdateTrailCommand({ Name: 'audit', S3BucketName: 'no-such-bucket' });
  await assert.rejects(client.send(moved), { name: 'S3BucketDoesNotExistException' });
  await client.send(new StartLoggingCommand({ Name: 'audit' }));

  await passUntil(c, async () => (await logFiles(c, 'trail-logs')).length > 0, 'a log file');
  const names = (await recordsOf(c, 'trail-logs')).map(({ eventName }) => eventName);
  assert.ok(names.includes('StartLogging'));

  await s3Of(c).send(new DeleteBucketPolicyCommand({ Bucket: 'trail-logs' }));
  const status = () => c.client(CloudTrailClient).send(new GetTrailStatusCommand({ Name: 'audit' }));
  await passUntil(c, async () => (await status()).LatestDeliveryError === 'AccessDenied', 'the error in the status');
});

test('data events of S3 are recorded where a trail’s selectors ask for them, without what is in the objects', async (t) => {
  const c = await cloud(t);
  const client = c.client(CloudTrailClient);
  const s3 = s3Of(c);
  for (const Bucket of ['trail-logs', 'orders', 'quiet']) await s3.send(new CreateBucketCommand({ Bucket }));
  const Policy = logPolicy('trail-logs', c.account, 'audit');
  await s3.send(new PutBucketPolicyCommand({ Bucket: 'trail-logs', Policy }));
  await client.send(new CreateTrailCommand({ Name: 'audit', S3BucketName: 'trail-logs' }));
  await client.send(new StartLoggingCommand({ Name: 'audit' }));
  const DataResources = [{ Type: 'AWS::S3::Object', Values: ['arn:aws:s3:::orders/'] }];
  await client.send(
    new PutEventSelectorsCommand({ TrailName: 'audit', EventSelectors: [{ ReadWriteType: 'All', DataResources }] }),
  );
  const Body = 'nobody else shall know';
  await s3.send(new PutObjectCommand({ Bucket: 'orders', Key: 'a b', Body }));
  await s3.send(new PutObjectCommand({ Bucket: 'quiet', Key: 'c', Body }));
  await assert.rejects(s3.send(new GetObjectCommand({ Bucket: 'orders', Key: 'none' })), { name: 'NoSuchKey' });
  const wanted = async () => (await recordsOf(c, 'trail-logs')).filter(({ eventCategory }) => eventCategory === 'Data');
  await passUntil(c, async () => (await wanted()).length > 1, 'data events');
  const records = await wanted();
  assert.ok(!JSON.stringify(records).includes(Body));
  assert.deepEqual(
    records.map(({ eventName, errorCode, readOnly }) => [eventName, errorCode, readOnly]),
    [
      ['PutObject', undefined, false],
      ['GetObject', 'NoSuchKey', true],
    ],
  );
  const { requestParameters, additionalEventData, responseElements } = records[0] ?? {};
  const { Host, ...parameters } = requestParameters as Record<string, unknown>;
  assert.match(String(Host), /:\d+$/);
  assert.equal(parameters['bucketName'], 'orders');
  assert.equal(parameters['key'], 'a b');
  assert.equal((responseElements as Record<string, unknown>)['x-amz-server-side-encryption'], 'AES256');
  const { SignatureVersion, AuthenticationMethod } = additionalEventData as Record<string, unknown>;
  assert.deepEqual([SignatureVersion, AuthenticationMethod], ['SigV4', 'AuthHeader']);
  assert.deepEqual(records[0]?.['resources'], [
    { type: 'AWS::S3::Object', ARN: 'arn:aws:s3:::orders/a b' },
    { accountId: c.account, type: 'AWS::S3::Bucket', ARN: 'arn:aws:s3:::orders' },
  ]);
});

test('a trail takes CloudTrail’s own deliveries too, unless it is told not to', async (t) => {
  const c = await cloud(t);
  const client = c.client(CloudTrailClient);
  const s3 = s3Of(c);
  const EventSelectors = [{ DataResources: [{ Type: 'AWS::S3::Object', Values: ['arn:aws:s3'] }] }];
  for (const [TrailName, RecursiveLogging] of [
    ['loud', true],
    ['quiet', false],
  ] as const) {
    const Bucket = `${TrailName}-logs`;
    await s3.send(new CreateBucketCommand({ Bucket }));
    await s3.send(new PutBucketPolicyCommand({ Bucket, Policy: logPolicy(Bucket, c.account, TrailName) }));
    await client.send(new CreateTrailCommand({ Name: TrailName, S3BucketName: Bucket, RecursiveLogging }));
    await client.send(new PutEventSelectorsCommand({ TrailName, EventSelectors }));
    await client.send(new StartLoggingCommand({ Name: TrailName }));
  }
  await s3.send(new PutObjectCommand({ Bucket: 'quiet-logs', Key: 'mine', Body: 'x' }));
  const puts = async (trail: string) =>
    (await recordsOf(c, `${trail}-logs`))
      .filter(({ eventName }) => eventName === 'PutObject')
      .map(({ sourceIPAddress }) => sourceIPAddress === 'cloudtrail.amazonaws.com');
  await passUntil(c, async () => (await puts('loud')).includes(true), 'a delivery that is recorded');
  assert.deepEqual(await puts('quiet'), [false]);
});
