/** Kills a cloud while a batch job runs: it goes on where it was, and counts every task once. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { CreateBucketCommand, GetObjectTaggingCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { CreateJobCommand, DescribeJobCommand, S3ControlClient } from '@aws-sdk/client-s3-control';
import { newServer } from '#test/crash/killed-server.ts';
import { PathStyleS3 } from '#test/sdk/path-style.ts';
import { reaching } from '#test/sdk/reaching.ts';
import { until } from '#test/until.ts';

const KILLS = 4;
const TASKS = 2000;
const OBJECTS = 20;
const Bucket = 'crash-jobs';

const statement = (more: object): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', ...more }] });

test(`${KILLS} kills: a job does all of its tasks`, { timeout: 300_000 }, async (t) => {
  const server = newServer(t);
  const { port, ...credentials } = await server.start(0);
  const config = { region: 'us-east-1', credentials, maxAttempts: 1, endpoint: `http://127.0.0.1:${port}` };
  const s3 = new PathStyleS3(config);
  const iam = new IAMClient(config);
  const control = new S3ControlClient({ ...config, endpoint: `http://s3-control.localhost:${port}` });
  control.middlewareStack.add(reaching, { step: 'finalizeRequest', priority: 'low' });
  t.after(() => [s3, iam, control].forEach((client) => void client.destroy()));

  await s3.send(new CreateBucketCommand({ Bucket }));
  for (let count = 0; count < OBJECTS; count++)
    await s3.send(new PutObjectCommand({ Bucket, Key: `k${count}`, Body: 'x' }));
  const Body = Array.from({ length: TASKS }, (_, task) => `${Bucket},k${task % OBJECTS}\n`).join('');
  const { ETag = '' } = await s3.send(new PutObjectCommand({ Bucket, Key: 'manifest.csv', Body }));
  const AssumeRolePolicyDocument = statement({
    Principal: { Service: 'batchoperations.s3.amazonaws.com' },
    Action: 'sts:AssumeRole',
  });
  const { Role } = await iam.send(new CreateRoleCommand({ RoleName: 'batch', AssumeRolePolicyDocument }));
  const PolicyDocument = statement({ Action: 's3:*', Resource: '*' });
  await iam.send(new PutRolePolicyCommand({ RoleName: 'batch', PolicyName: 'all', PolicyDocument }));
  const RoleArn = Role?.Arn ?? '';
  const AccountId = RoleArn.split(':')[4] ?? '';
  const { JobId = '' } = await control.send(
    new CreateJobCommand({
      AccountId,
      RoleArn,
      Priority: 1,
      ConfirmationRequired: false,
      ClientRequestToken: 'once',
      Operation: { S3PutObjectTagging: { TagSet: [{ Key: 'done', Value: 'yes' }] } },
      Report: { Enabled: false },
      Manifest: {
        Spec: { Format: 'S3BatchOperations_CSV_20180820', Fields: ['Bucket', 'Key'] },
        Location: { ObjectArn: `arn:aws:s3:::${Bucket}/manifest.csv`, ETag },
      },
    }),
  );
  const job = async () => (await control.send(new DescribeJobCommand({ AccountId, JobId }))).Job;
  const done = async () => (await job())?.ProgressSummary?.NumberOfTasksSucceeded ?? 0;
  const seen = [0];
  for (let kill = 0; kill < KILLS; kill++) {
    await until(async () => (await done()) > (seen.at(-1) ?? 0), 'progress', 60);
    seen.push(await done());
    await server.kill();
    await server.start(port);
  }
  await until(async () => (await job())?.Status === 'Complete', 'the end of the job', 120);
  const { ProgressSummary: progress } = (await job()) ?? {};
  t.diagnostic(`killed after ${seen} tasks`);
  assert.deepEqual([progress?.NumberOfTasksSucceeded, progress?.NumberOfTasksFailed], [TASKS, 0]);
  for (let count = 0; count < OBJECTS; count++) {
    const { TagSet } = await s3.send(new GetObjectTaggingCommand({ Bucket, Key: `k${count}` }));
    assert.deepEqual(TagSet, [{ Key: 'done', Value: 'yes' }]);
  }
});
