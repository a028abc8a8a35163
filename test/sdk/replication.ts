/** Buckets that are replicated: a source and its destinations, roles of S3's, and what tests ask of versions. */

import { readFileSync } from 'node:fs';
import { Agent } from 'node:https';
import type { TestContext } from 'node:test';
import { CreateRoleCommand, IAMClient, type IAMClientConfig, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import {
  CreateBucketCommand,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  PutBucketReplicationCommand,
  PutBucketVersioningCommand,
  type ReplicationRule,
  type S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3';
import { type Credentials, cloud, type TestCloud, type TestCloudOptions } from '#test/sdk/cloud.ts';
import { PathStyleS3 } from '#test/sdk/path-style.ts';
import { until } from '#test/until.ts';

export const SOURCE = 'the-source';
export const TARGET = 'the-target';
export const arnOf = (bucket: string): string => `arn:aws:s3:::${bucket}`;

/** As AWS's guide has it ("Creating an IAM role"), for any destination. */
export const REPLICATION_STATEMENTS = [
  { Effect: 'Allow', Action: ['s3:GetReplicationConfiguration', 's3:ListBucket'], Resource: arnOf(SOURCE) },
  {
    Effect: 'Allow',
    Action: ['s3:GetObjectVersionForReplication', 's3:GetObjectVersionAcl', 's3:GetObjectVersionTagging'],
    Resource: `${arnOf(SOURCE)}/*`,
  },
  {
    Effect: 'Allow',
    Action: ['s3:ReplicateObject', 's3:ReplicateDelete', 's3:ReplicateTags'],
    Resource: `${arnOf(TARGET)}*/*`,
  },
];

const policy = (Statement: readonly object[]): string => JSON.stringify({ Version: '2012-10-17', Statement });

export async function makeRole(
  c: TestCloud,
  RoleName: string,
  statements: readonly object[],
  Service: string | string[] = 's3.amazonaws.com',
  iam = c.client(IAMClient),
): Promise<string> {
  const trust = policy([{ Effect: 'Allow', Principal: { Service }, Action: 'sts:AssumeRole' }]);
  const { Role } = await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: trust }));
  await grant(c, RoleName, statements, iam);
  return Role?.Arn ?? '';
}

export async function grant(
  c: TestCloud,
  RoleName: string,
  statements: readonly object[],
  iam = c.client(IAMClient),
): Promise<void> {
  await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'own', PolicyDocument: policy(statements) }));
}

export async function versionedBucket(s3: S3Client, Bucket: string, isLocked = false): Promise<void> {
  await s3.send(new CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: isLocked }));
  const VersioningConfiguration = { Status: 'Enabled' } as const;
  await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
}

/** The second version of the form. */
export const rule = (more: Partial<ReplicationRule> = {}): ReplicationRule => ({
  ID: 'all',
  Status: 'Enabled',
  Priority: 1,
  Filter: { Prefix: '' },
  DeleteMarkerReplication: { Status: 'Disabled' },
  Destination: { Bucket: arnOf(TARGET) },
  ...more,
});

export async function replicationTest(t: TestContext, options: TestCloudOptions = {}) {
  const c = await cloud(t, options);
  const requestHandler = options.tls ? { httpsAgent: new Agent({ ca: readFileSync(c.authorityFile) }) } : undefined;
  class TrustingS3 extends PathStyleS3 {
    constructor(config: S3ClientConfig) {
      super({ ...config, ...(requestHandler && { requestHandler }) });
    }
  }
  class TrustingIam extends IAMClient {
    constructor(config: IAMClientConfig) {
      super({ ...config, ...(requestHandler && { requestHandler }) });
    }
  }
  const s3 = c.client(TrustingS3);
  await versionedBucket(s3, SOURCE);
  await versionedBucket(s3, TARGET);
  const iam = c.client(TrustingIam);
  const role = await makeRole(c, 'replication', REPLICATION_STATEMENTS, 's3.amazonaws.com', iam);
  return {
    c,
    s3,
    role,
    as: (credentials: Credentials) => c.client(PathStyleS3, { credentials }),
    configure: (...Rules: ReplicationRule[]) => configure(s3, SOURCE, role, ...Rules),
    ...asking(s3),
  };
}

export const configure = (s3: S3Client, Bucket: string, Role: string, ...Rules: ReplicationRule[]) =>
  s3.send(new PutBucketReplicationCommand({ Bucket, ReplicationConfiguration: { Role, Rules } }));

export function asking(s3: S3Client) {
  const head = (Bucket: string, Key: string, VersionId?: string): Promise<HeadObjectCommandOutput> =>
    s3.send(new HeadObjectCommand({ Bucket, Key, VersionId, ChecksumMode: 'ENABLED' }));
  return {
    head,
    /** Waits until the source's version has the status. */
    async ends(Key: string, status: string, VersionId?: string, Bucket = SOURCE): Promise<HeadObjectCommandOutput> {
      const isThere = async () => (await head(Bucket, Key, VersionId)).ReplicationStatus === status;
      await until(isThere, `${Key} is ${status}`);
      return head(Bucket, Key, VersionId);
    },
  };
}
