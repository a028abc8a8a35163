/** S3 Batch Operations: what is no job, what ends one, who comes first, and who may. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import {
  CreateJobCommand,
  type CreateJobCommandInput,
  DescribeJobCommand,
  type JobStatus,
  ListJobsCommand,
} from '@aws-sdk/client-s3-control';
import { days } from '#platform/base/clock.ts';
import { BATCH, counts, EVERYTHING, type Given, OFFICE, REPORT, startJobs, tagged } from '#test/sdk/jobs.ts';
import { newUser } from '#test/sdk/people.ts';
import { makeRole, SOURCE } from '#test/sdk/replication.ts';
import { controlClient } from '#test/sdk/s3control.ts';
import { until } from '#test/until.ts';

test('what is no job is refused, and a token makes one job', async (t) => {
  const { create, ends, manifest, put, control, AccountId } = await startJobs(t);
  const Manifest = await manifest(`${SOURCE},a\n`);
  const refused = (given: Given, name = 'BadRequestException') =>
    assert.rejects(create({ Manifest, ...given }), { name });
  await refused({ Operation: {} });
  await refused(
    { Operation: { LambdaInvoke: { FunctionArn: 'arn:aws:lambda:us-east-1:123456789012:function:f' } } },
    'NotImplemented',
  );
  await refused({ Operation: { S3InitiateRestoreObject: { ExpirationInDays: 0 } } });
  await refused({ Operation: { S3PutObjectCopy: {} } });
  await refused({ Operation: { S3PutObjectAcl: {} } });
  await refused({ Manifest: undefined });
  await refused({ Report: { Enabled: true } });
  await refused({ Manifest: await manifest(`${SOURCE},a\n`, ['Bucket']) });
  const token = { Manifest, ConfirmationRequired: true, ClientRequestToken: 'once' };
  assert.equal(await create(token), await create(token));
  await refused({ ...token, Priority: 2 }, 'IdempotencyException');
  const other = new ListJobsCommand({ AccountId: '999999999999' });
  await assert.rejects(control.send(other), { name: 'AccessDenied' });
  assert.equal((await control.send(new ListJobsCommand({ AccountId }))).Jobs?.length, 1);
  // Objects in archive tiers of INTELLIGENT_TIERING are restored for good, without days; for others S3 refuses that.
  await put('cold', { StorageClass: 'GLACIER' });
  const cold = await manifest(`${SOURCE},cold\n`);
  const withoutDays = await create({ Manifest: cold, Operation: { S3InitiateRestoreObject: {} } });
  assert.deepEqual(counts(await ends(withoutDays)), [1, 0, 1]);
});

test('manifests that can not be used, roles that may not, and too many failures end a job', async (t) => {
  const { c, s3, create, ends, manifest, put, RoleArn } = await startJobs(t);
  await put('a');
  const good = await manifest(`${SOURCE},a\n`);
  const reasonOf = async (given: Given) =>
    (await ends(await create(given), 'Failed')).FailureReasons?.[0]?.FailureReason;
  const Location = { ...good.Location, ETag: '0123' };
  assert.match((await reasonOf({ Manifest: { ...good, Location } })) ?? '', /ETag/);
  const weak = await makeRole(c, 'weak', [{ Effect: 'Allow', Action: 'sqs:*', Resource: '*' }], BATCH);
  assert.match((await reasonOf({ Manifest: good, RoleArn: weak })) ?? '', /forbidden: AccessDenied/);
  const others = await makeRole(c, 'others', EVERYTHING, 'ec2.amazonaws.com');
  assert.match((await reasonOf({ Manifest: good, RoleArn: others })) ?? '', /assumed/);
  assert.match((await reasonOf({ Manifest: await manifest(`${SOURCE}\n`) })) ?? '', /Line 1/);
  assert.match((await reasonOf({ Manifest: await manifest('\n') })) ?? '', /empty/);
  const versions = await manifest(`${SOURCE},a,\n`, ['Bucket', 'Key', 'VersionId']);
  const missing = await ends(await create({ Manifest: versions, Operation: tagged, RoleArn }));
  assert.deepEqual(counts(missing), [1, 0, 1]);
  const nothing = Array.from({ length: 1300 }, (_, index) => `${SOURCE},nothing-${index}\n`).join('');
  const Report = { ...REPORT, ReportScope: 'FailedTasksOnly' } as const;
  const id = await create({ Manifest: await manifest(nothing), Operation: tagged, Report });
  const failed = await ends(id, 'Failed');
  assert.deepEqual(counts(failed), [1300, 0, 1000]);
  assert.match(failed.FailureReasons?.[0]?.FailureReason ?? '', /50 percent/);
  const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket: OFFICE, Prefix: `reports/job-${id}/` }));
  assert.equal(Contents?.length, 3);
});

test('a job of a higher priority goes first, a restart goes on, and ninety days later all is forgotten', async (t) => {
  const { c, create, ends, manifest, put, AccountId, control } = await startJobs(t);
  await put('a');
  const long = await manifest(`${SOURCE},a\n`.repeat(900));
  const ids: string[] = [];
  for (let job = 0; job < 4; job++) ids.push(await create({ Manifest: long, Operation: tagged }));
  const having = async (...JobStatuses: JobStatus[]) =>
    (await control.send(new ListJobsCommand({ AccountId, JobStatuses }))).Jobs?.length ?? 0;
  await until(async () => (await having('Active')) === 4, 'four that run');
  const urgent = await create({ Manifest: long, Operation: tagged, Priority: 10 });
  await until(async () => (await having('Paused')) === 1, 'one that waits');
  await ends(urgent);
  const again = await c.restart();
  const client = controlClient(again);
  const statusOf = async (JobId: string) => (await client.send(new DescribeJobCommand({ AccountId, JobId }))).Job;
  for (const id of ids) {
    await until(async () => (await statusOf(id))?.Status === 'Complete', 'the end', 40);
    assert.deepEqual(counts((await statusOf(id)) ?? {}), [900, 900, 0]);
  }
  again.advance(days(90) + 1000);
  const fresh = controlClient(again);
  const gone = () =>
    fresh.send(new ListJobsCommand({ AccountId })).then(
      ({ Jobs = [] }) => Jobs.length === 0,
      () => false,
    );
  await until(gone, 'no jobs');
});

test('policies may ask for a job’s operation, priority and tags', async (t) => {
  const { c, create, manifest, AccountId, RoleArn, describe } = await startJobs(t);
  const Manifest = await manifest(`${SOURCE},a\n`);
  const { credentials, allow } = await newUser(c, 'ann');
  const ann = controlClient(c, { credentials });
  const job = {
    AccountId,
    Operation: tagged,
    Manifest,
    Report: { Enabled: false },
    Priority: 3,
    RoleArn,
    ConfirmationRequired: true,
  };
  const make = (more: object = {}) => ann.send(new CreateJobCommand({ ...job, ...more } as CreateJobCommandInput));
  await assert.rejects(make(), { name: 'AccessDenied', message: /s3:CreateJob/ });
  const Condition = {
    StringEquals: { 's3:RequestJobOperation': 'S3PutObjectTagging' },
    NumericLessThanEquals: { 's3:RequestJobPriority': '3' },
  };
  const jobs = { Effect: 'Allow', Action: 's3:CreateJob', Resource: '*', Condition };
  await allow(jobs);
  await assert.rejects(make(), { name: 'AccessDenied', message: /iam:PassRole/ });
  const pass = { Effect: 'Allow', Action: 'iam:PassRole', Resource: RoleArn };
  await allow(jobs, pass);
  await make();
  await assert.rejects(make({ Priority: 4 }), { name: 'AccessDenied' });
  await assert.rejects(make({ Tags: [{ Key: 'a', Value: 'b' }] }), { name: 'AccessDenied', message: /PutJobTagging/ });
  const JobId = await create({ Manifest, ConfirmationRequired: true, Tags: [{ Key: 'team', Value: 'ann' }] });
  const see = () => ann.send(new DescribeJobCommand({ AccountId, JobId }));
  const byTag = (team: string) => ({
    Effect: 'Allow',
    Action: 's3:DescribeJob',
    Resource: '*',
    Condition: { StringEquals: { 'aws:ResourceTag/team': team } },
  });
  await allow(byTag('bob'));
  await assert.rejects(see(), { name: 'AccessDenied' });
  await allow(byTag('ann'));
  assert.equal((await see()).Job?.JobId, JobId);
  assert.ok(await describe(JobId));
});
