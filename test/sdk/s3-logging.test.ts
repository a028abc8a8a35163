/** Server access logs: what is written of requests, where it is delivered, and which targets are refused. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  type BucketLoggingStatus,
  CreateBucketCommand,
  DeleteBucketPolicyCommand,
  GetBucketLoggingCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutBucketLoggingCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { CreateAccessPointCommand } from '@aws-sdk/client-s3-control';
import { minutes } from '#platform/base/clock.ts';
import { cloud, type TestCloud } from '#test/sdk/cloud.ts';
import { PathStyleS3 } from '#test/sdk/path-style.ts';
import { sendRaw } from '#test/sdk/raw-request.ts';
import { controlClient } from '#test/sdk/s3control.ts';
import { until } from '#test/until.ts';

const policyOf = (account: string): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { Service: 'logging.s3.amazonaws.com' },
        Action: 's3:PutObject',
        Resource: 'arn:aws:s3:::the-logs/*',
        Condition: {
          ArnLike: { 'aws:SourceArn': 'arn:aws:s3:::watched' },
          StringEquals: { 'aws:SourceAccount': account },
        },
      },
    ],
  });

async function start(t: TestContext) {
  const c = await cloud(t);
  const s3 = c.client(PathStyleS3);
  for (const Bucket of ['watched', 'the-logs']) await s3.send(new CreateBucketCommand({ Bucket }));
  await s3.send(new PutBucketPolicyCommand({ Bucket: 'the-logs', Policy: policyOf(c.account) }));
  const log = (LoggingEnabled?: BucketLoggingStatus['LoggingEnabled'], Bucket = 'watched') =>
    s3.send(new PutBucketLoggingCommand({ Bucket, BucketLoggingStatus: { LoggingEnabled } }));
  return { c, s3, log };
}

async function delivered(c: TestCloud): Promise<string[]> {
  const { Contents = [] } = await c.client(PathStyleS3).send(new ListObjectsV2Command({ Bucket: 'the-logs' }));
  return Contents.map(({ Key = '' }) => Key);
}

async function linesOf(c: TestCloud, Key: string): Promise<string[]> {
  const { Body } = await c.client(PathStyleS3).send(new GetObjectCommand({ Bucket: 'the-logs', Key }));
  return ((await Body?.transformToString()) ?? '').trimEnd().split('\n');
}

const FIELD = /\[[^\]]*\]|"[^"]*"|\S+/g;

test('each request to a logged bucket is a line of an object in the target', async (t) => {
  const { c, s3, log } = await start(t);
  await log({ TargetBucket: 'the-logs', TargetPrefix: 'logs/' });
  await s3.send(new PutObjectCommand({ Bucket: 'watched', Key: 'a b/é', Body: 'five!' }));
  await s3.send(new GetObjectCommand({ Bucket: 'watched', Key: 'a b/é', Range: 'bytes=0-1' }));
  await s3.send(new ListObjectsV2Command({ Bucket: 'watched' }));
  const headers = { host: `localhost:${c.port}`, 'user-agent': 'a "quoted"\tagent', referer: 'http://from.example/' };
  await sendRaw(c, { method: 'GET', path: '/watched/secret', query: '', headers, body: Buffer.alloc(0) });
  await s3.send(new PutObjectCommand({ Bucket: 'the-logs', Key: 'not-logged', Body: '' }));
  c.advance(minutes(5) + 1);
  await until(async () => (await delivered(c)).some((key) => key.startsWith('logs/')), 'a log object');
  const key = (await delivered(c)).find((each) => each.startsWith('logs/')) ?? '';
  assert.match(key, /^logs\/\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d-[0-9A-F]{16}$/);
  const lines = (await linesOf(c, key)).map((line) => line.match(FIELD) ?? []);
  assert.deepEqual(
    lines.map((fields) => [fields[6], fields[7], fields[9], fields[10], fields[11], fields[12]]),
    [
      ['REST.PUT.LOGGING_STATUS', '-', '200', '-', '-', '-'],
      ['REST.PUT.OBJECT', 'a%20b/%C3%A9', '200', '-', '-', '5'],
      ['REST.GET.OBJECT', 'a%20b/%C3%A9', '206', '-', '2', '5'],
      ['REST.GET.BUCKET', '-', '200', '-', lines[3]?.[11], '-'],
      ['REST.GET.OBJECT', 'secret', '403', 'AccessDenied', lines[4]?.[11], '-'],
    ],
  );
  for (const fields of lines) assert.equal(fields.length, 27, fields.join(' '));
  const [put, stranger] = [lines[1] ?? [], lines[4] ?? []];
  assert.match(put[0] ?? '', /^[0-9a-f]{64}$/);
  assert.equal(put[1], 'watched');
  assert.match(put[2] ?? '', /^\[\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000\]$/);
  assert.match(put[4] ?? '', /^arn:aws:iam::\d{12}:user\//);
  assert.match(put[8] ?? '', /^"PUT \/watched\/a%20b\/%C3%A9\?x-id=PutObject HTTP\/1.1"$/);
  assert.deepEqual([put[19], put[21]], ['SigV4', 'AuthHeader']);
  assert.deepEqual([stranger[4], stranger[19], stranger[21]], ['-', '-', '-']);
  assert.deepEqual([stranger[15], stranger[16]], ['"http://from.example/"', '"a %22quoted%22%09agent"']);
});

test('a request through an access point is a line of its bucket that names it', async (t) => {
  const { c, s3, log } = await start(t);
  const point = { AccountId: c.account, Name: 'readers', Bucket: 'watched' };
  const { Alias, AccessPointArn = '' } = await controlClient(c).send(new CreateAccessPointCommand(point));
  await log({ TargetBucket: 'the-logs', TargetPrefix: '' });
  await s3.send(new PutObjectCommand({ Bucket: Alias, Key: 'novel', Body: '' }));
  c.advance(minutes(5) + 1);
  await until(async () => (await delivered(c)).length > 0, 'a log object');
  const [key = ''] = await delivered(c);
  const lines = (await linesOf(c, key)).map((line) => line.match(FIELD) ?? []);
  assert.deepEqual(
    lines.map((fields) => [fields[1], fields[7], fields[24]]),
    [
      ['watched', '-', '-'],
      ['watched', 'novel', AccessPointArn],
    ],
  );
});

test('keys may be partitioned by date; the settings are shown, and an empty status ends it', async (t) => {
  const { c, s3, log } = await start(t);
  const read = async () => (await s3.send(new GetBucketLoggingCommand({ Bucket: 'watched' }))).LoggingEnabled;
  assert.equal(await read(), undefined);
  const TargetObjectKeyFormat = { PartitionedPrefix: { PartitionDateSource: 'EventTime' as const } };
  const settings = { TargetBucket: 'the-logs', TargetPrefix: '', TargetObjectKeyFormat };
  await log(settings);
  assert.deepEqual(await read(), settings);
  c.advance(minutes(5) + 1);
  await until(async () => (await delivered(c)).length > 0, 'a log object');
  const day = new Date(c.clock.now()).toISOString().slice(0, 10).replaceAll('-', '/');
  const [key = ''] = await delivered(c);
  assert.ok(key.startsWith(`${c.account}/us-east-1/watched/${day}/`), key);
  await log();
  const { LoggingEnabled } = await c.client(PathStyleS3).send(new GetBucketLoggingCommand({ Bucket: 'watched' }));
  assert.equal(LoggingEnabled, undefined);
});

test('a target’s policy that lets nothing in holds up nothing that comes later', async (t) => {
  const { c, s3, log } = await start(t);
  await log({ TargetBucket: 'the-logs', TargetPrefix: 'one/' });
  await s3.send(new DeleteBucketPolicyCommand({ Bucket: 'the-logs' }));
  c.advance(minutes(5) + 1);
  assert.deepEqual(await delivered(c), []);
  const again = c.client(PathStyleS3);
  await again.send(new PutBucketPolicyCommand({ Bucket: 'the-logs', Policy: policyOf(c.account) }));
  await again.send(new PutObjectCommand({ Bucket: 'watched', Key: 'later', Body: 'x' }));
  c.advance(minutes(5) + 1);
  await until(async () => (await delivered(c)).length > 0, 'a log object');
  const [key = ''] = await delivered(c);
  const lines = await linesOf(c, key);
  assert.match(lines.at(-1) ?? '', /REST\.PUT\.OBJECT later/);
});

test('targets that are not there, another’s or elsewhere are refused', async (t) => {
  const { c, log } = await start(t);
  const none = log({ TargetBucket: 'nobodys', TargetPrefix: '' });
  await assert.rejects(none, { name: 'InvalidTargetBucketForLogging' });
  const elsewhere = c.client(PathStyleS3, { region: 'eu-west-1' });
  const CreateBucketConfiguration = { LocationConstraint: 'eu-west-1' as const };
  await elsewhere.send(new CreateBucketCommand({ Bucket: 'european', CreateBucketConfiguration }));
  const far = log({ TargetBucket: 'european', TargetPrefix: '' });
  await assert.rejects(far, { name: 'CrossLocationLoggingProhibitted' });
  const Grantee = { Type: 'Group' as const, URI: 'http://acs.amazonaws.com/groups/global/AllUsers' };
  const TargetGrants = [{ Grantee, Permission: 'READ' as const }];
  const grants = log({ TargetBucket: 'the-logs', TargetPrefix: '', TargetGrants });
  await assert.rejects(grants, { name: 'AccessControlListNotSupported' });
  await assert.rejects(log(undefined, 'nobodys'), { name: 'NoSuchBucket' });
});
