/** `aws cloudtrail validate-logs` of both versions of the command line, end to end: trail, bucket and keys of a running cloud. */
import assert from 'node:assert/strict';
import { gunzipSync, gzipSync } from 'node:zlib';
import { CloudTrailClient, CreateTrailCommand, StartLoggingCommand } from '@aws-sdk/client-cloudtrail';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutBucketPolicyCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { hours } from '#platform/base/clock.ts';
import { type Client, commandLine, testClients } from '#test/clients/command-line.ts';
import type { TestCloud } from '#test/sdk/cloud.ts';
import { logPolicy } from '#test/sdk/log-bucket.ts';
import { passUntil } from '#test/sdk/pass-until.ts';
import { PathStyleS3 } from '#test/sdk/path-style.ts';

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
  let files = 0;
  for (const [index, isBusy] of [true, false, true].entries()) {
    if (isBusy) {
      await c.client(SQSClient).send(new CreateQueueCommand({ QueueName: `orders${index}` }));
      files++;
      await passUntil(c, async () => (await keys(c, 'CloudTrail')).length >= files, 'a log file', 10);
    }
    c.advance(hours(1));
    await passUntil(c, async () => (await keys(c, 'CloudTrail-Digest')).length > index, 'a digest', 10);
  }
  c.advance(-c.clock.offset);
}

/** Earlier ones of version 2 read no endpoint from a profile, which is where the validator's own clients of S3 find it. */
const readsProfile = ([major, minor]: Client['version']): boolean => major === 1 || minor >= 13;

testClients(
  'validate-logs accepts what a trail delivered, and finds what was altered or removed',
  async (t, client) => {
    if (!readsProfile(client.version)) return t.skip('it has to be version 2.13 or later');
    const { c, plain } = await commandLine(t, client);
    await loggedHours(c);
    const arn = `arn:aws:cloudtrail:us-east-1:${c.account}:trail/audit`;
    const start = new Date(c.clock.now() - hours(6)).toISOString();
    const command = ['--profile', 'admin', 'cloudtrail', 'validate-logs', '--trail-arn', arn, '--start-time', start];
    const validate = async () => {
      const { code, stdout, stderr } = await plain([...command, '--verbose']);
      return { code, text: stdout + stderr };
    };
    const { code, text } = await validate();
    // Three hours, and what came after them if it is there yet.
    assert.match(text, /([34])\/\1 digest files valid[\s\S]*2\/2 log files valid/);
    assert.equal(code, 0);
    const s3 = c.client(PathStyleS3);
    const [, ofIdleHour = ''] = await keys(c, 'CloudTrail-Digest');
    const { Body: bytes } = await s3.send(new GetObjectCommand({ Bucket: 'trail-logs', Key: ofIdleHour }));
    const { logFiles } = JSON.parse(gunzipSync((await bytes?.transformToByteArray()) ?? '').toString());
    assert.deepEqual(logFiles, []);

    const [removed = '', altered = ''] = await keys(c, 'CloudTrail');
    await s3.send(new DeleteObjectCommand({ Bucket: 'trail-logs', Key: removed }));
    const Body = gzipSync(JSON.stringify({ Records: [] }));
    await s3.send(new PutObjectCommand({ Bucket: 'trail-logs', Key: altered, Body }));
    const again = await validate();
    assert.match(again.text, new RegExp(`${removed}\\s+INVALID: not found`));
    assert.match(again.text, new RegExp(`${altered}\\s+INVALID: hash value doesn't match`));
    assert.match(again.text, /([34])\/\1 digest files valid[\s\S]*0\/2 log files valid, 2\/2 log files INVALID/);
    assert.notEqual(again.code, 0);

    await s3.send(new DeleteObjectCommand({ Bucket: 'trail-logs', Key: ofIdleHour }));
    assert.match((await validate()).text, new RegExp(`${ofIdleHour}\\s+INVALID: not found`));
  },
);
