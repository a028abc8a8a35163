/** A cloud with batch jobs: buckets, a role that may do everything, and the few things that every test of jobs does. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { GetObjectCommand, PutObjectCommand, type PutObjectCommandInput } from '@aws-sdk/client-s3';
import {
  CreateJobCommand,
  type CreateJobCommandInput,
  DescribeJobCommand,
  type JobDescriptor,
} from '@aws-sdk/client-s3-control';
import { cloud, type TestCloudOptions } from '#test/sdk/cloud.ts';
import { PathStyleS3 } from '#test/sdk/path-style.ts';
import { arnOf, makeRole, SOURCE, TARGET, versionedBucket } from '#test/sdk/replication.ts';
import { textOf } from '#test/sdk/s3.ts';
import { controlClient } from '#test/sdk/s3control.ts';
import { until } from '#test/until.ts';

export const BATCH = 'batchoperations.s3.amazonaws.com';
export const EVERYTHING = [{ Effect: 'Allow', Action: '*', Resource: '*' }];
export const OFFICE = 'the-office';

export type Given = Partial<Omit<CreateJobCommandInput, 'AccountId'>>;

export async function startJobs(t: TestContext, options: TestCloudOptions = {}) {
  const c = await cloud(t, options);
  const s3 = c.client(PathStyleS3);
  const control = controlClient(c);
  for (const Bucket of [SOURCE, TARGET]) await versionedBucket(s3, Bucket);
  await versionedBucket(s3, OFFICE);
  const RoleArn = await makeRole(c, 'batch', EVERYTHING, BATCH);
  const AccountId = c.account;
  const describe = async (JobId = ''): Promise<JobDescriptor> =>
    (await control.send(new DescribeJobCommand({ AccountId, JobId }))).Job ?? {};
  const manifest = async (lines: string, Fields: ('Bucket' | 'Key' | 'VersionId' | 'Ignore')[] = ['Bucket', 'Key']) => {
    const { ETag = '' } = await s3.send(new PutObjectCommand({ Bucket: OFFICE, Key: 'manifest.csv', Body: lines }));
    const Location = { ObjectArn: `${arnOf(OFFICE)}/manifest.csv`, ETag };
    return { Spec: { Format: 'S3BatchOperations_CSV_20180820' as const, Fields }, Location };
  };
  const create = async (given: Given): Promise<string> => {
    const job = {
      AccountId,
      Operation: { S3DeleteObjectTagging: {} },
      Report: { Enabled: false },
      Priority: 1,
      RoleArn,
      ConfirmationRequired: false,
      ...given,
    };
    return (await control.send(new CreateJobCommand(job as CreateJobCommandInput))).JobId ?? '';
  };
  const ends = async (JobId: string, ...statuses: string[]): Promise<JobDescriptor> => {
    const wanted = statuses.length > 0 ? statuses : ['Complete'];
    let last: JobDescriptor = {};
    const isThere = async () => {
      last = await describe(JobId);
      return wanted.includes(last.Status ?? '');
    };
    await until(isThere, wanted.join(' or ')).catch((error) => assert.fail(`${error} ${JSON.stringify(last)}`));
    return describe(JobId);
  };
  const put = (Key: string, more: Partial<PutObjectCommandInput> = {}) =>
    s3.send(new PutObjectCommand({ Bucket: SOURCE, Key, Body: `of ${Key}`, ...more }));
  const read = async (Key: string) => textOf((await s3.send(new GetObjectCommand({ Bucket: OFFICE, Key }))).Body);
  return { c, s3, control, AccountId, RoleArn, describe, manifest, create, ends, put, read };
}

export const counts = ({ ProgressSummary: p }: JobDescriptor) => [
  p?.TotalNumberOfTasks,
  p?.NumberOfTasksSucceeded,
  p?.NumberOfTasksFailed,
];
export const REPORT = {
  Enabled: true,
  Bucket: arnOf(OFFICE),
  Prefix: 'reports',
  Format: 'Report_CSV_20180820',
  ReportScope: 'AllTasks',
} as const;
export const tagged = { S3PutObjectTagging: { TagSet: [{ Key: 'k', Value: 'v' }] } };
