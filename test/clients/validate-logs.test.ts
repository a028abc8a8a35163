/** `aws cloudtrail validate-logs` of the installed command line, end to end: trail, bucket and keys of a running cloud. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { CloudTrailClient, CreateTrailCommand, StartLoggingCommand } from '@aws-sdk/client-cloudtrail';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  ListObjectsV2Command,
  PutBucketPolicyCommand,
} from '@aws-sdk/client-s3';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { hours } from '#platform/base/clock.ts';
import { findExecutable, NOT_FOUND, run } from '#test/clients/executables.ts';
import { cloud, type TestCloud } from '#test/sdk/cloud.ts';
import { logPolicy } from '#test/sdk/log-bucket.ts';
import { passUntil } from '#test/sdk/pass-until.ts';
import { PathStyleS3 } from '#test/sdk/path-style.ts';

const aws = findExecutable('aws') ?? '';
const skip = aws === '' && `aws ${NOT_FOUND}`;

async function keys(c: TestCloud, folder: string): Promise<string[]> {
  const { Contents = [] } = await c.client(PathStyleS3).send(new ListObjectsV2Command({ Bucket: 'trail-logs' }));
  return Contents.map(({ Key = '' }) => Key).filter((key) => key.includes(`/${folder}/`) && key.endsWith('.gz'));
}

/** The command line reads the real clock: what is to be validated happens in the past, up to now. */
async function loggedHours(c: TestCloud): Promise<void> {
  c.advance(-hours(5));
  const s3 = c.client(PathStyleS3);
  await s3.send(new CreateBucketCommand({ Bucket: 'trail-logs' }));
  const Policy = logPolicy('trail-logs', c.account, 'audit');
  await s3.send(new PutBucketPolicyCommand({ Bucket: 'trail-logs', Policy }));
  const trail = { Name: 'audit', S3BucketName: 'trail-logs', EnableLogFileValidation: true };
  await c.client(CloudTrailClient).send(new CreateTrailCommand(trail));
  await c.client(CloudTrailClient).send(new StartLoggingCommand({ Name: 'audit' }));
  for (let hour = 1; hour <= 2; hour++) {
    await c.client(SQSClient).send(new CreateQueueCommand({ QueueName: `orders${hour}` }));
    await passUntil(c, async () => (await keys(c, 'CloudTrail')).length >= hour, 'a log file', 10);
    c.advance(hours(1));
    await passUntil(c, async () => (await keys(c, 'CloudTrail-Digest')).length >= hour, 'a digest', 10);
  }
  c.advance(-c.clock.offset);
}

function commandLine(t: TestContext, c: TestCloud) {
  const home = mkdtempSync(join(tmpdir(), 'makonis-home-'));
  t.after(() => rmSync(home, { recursive: true }));
  mkdirSync(join(home, '.aws'));
  // The validator makes its clients of S3 itself: the endpoint is the profile's.
  const { accessKeyId, secretAccessKey } = c.administrator;
  const secrets = `aws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`;
  writeFileSync(join(home, '.aws', 'credentials'), `[default]\n${secrets}`);
  writeFileSync(join(home, '.aws', 'config'), `[default]\nregion = us-east-1\nendpoint_url = ${c.url}\n`);
  return (...args: readonly string[]) => run(aws, args, { HOME: home, AWS_EC2_METADATA_DISABLED: 'true' });
}

test('validate-logs accepts what a trail delivered, and finds what is missing', {
  skip,
  timeout: 120_000,
}, async (t) => {
  const c = await cloud(t);
  await loggedHours(c);
  const ask = commandLine(t, c);
  const arn = `arn:aws:cloudtrail:us-east-1:${c.account}:trail/audit`;
  const start = new Date(c.clock.now() - hours(6)).toISOString();
  const validate = () => ask('cloudtrail', 'validate-logs', '--trail-arn', arn, '--start-time', start, '--verbose');
  const { code, stdout, stderr } = await validate();
  assert.match(stdout, /(\d)\/\1 digest files valid[\s\S]*2\/2 log files valid/, stderr);
  assert.equal(code, 0);
  const [Key = ''] = await keys(c, 'CloudTrail');
  await c.client(PathStyleS3).send(new DeleteObjectCommand({ Bucket: 'trail-logs', Key }));
  const again = await validate();
  assert.match(again.stderr + again.stdout, /INVALID: not found[\s\S]*1\/2 log files valid, 1\/2 log files INVALID/);
});
