/** A cloud with an S3 client and a bucket, and the few things that every test of S3 does. */
import type { TestContext } from 'node:test';
import { CreateBucketCommand, PutObjectCommand, type PutObjectCommandInput, type S3Client } from '@aws-sdk/client-s3';
import { type Credentials, cloud, type TestCloud, type TestCloudOptions } from '#test/sdk/cloud.ts';
import { PathStyleS3 } from '#test/sdk/path-style.ts';

export interface BucketTest {
  readonly c: TestCloud;
  readonly s3: S3Client;
  readonly Bucket: string;
  /** The same bucket, as somebody else. */
  as(credentials: Credentials, region?: string): S3Client;
  put(Key: string, Body?: string, further?: Partial<PutObjectCommandInput>): Promise<string | undefined>;
}

export async function bucketTest(t: TestContext, options: TestCloudOptions = {}): Promise<BucketTest> {
  const c = await cloud(t, options);
  const s3 = c.client(PathStyleS3);
  const Bucket = 'books';
  await s3.send(new CreateBucketCommand({ Bucket }));
  return {
    c,
    s3,
    Bucket,
    as: (credentials, region = 'us-east-1') => c.client(PathStyleS3, { credentials, region }),
    async put(Key, Body = 'text', further = {}) {
      return (await s3.send(new PutObjectCommand({ Bucket, Key, Body, ...further }))).VersionId;
    },
  };
}

export const textOf = async (body: { transformToString(): Promise<string> } | undefined): Promise<string> =>
  (await body?.transformToString()) ?? '';

/** Of answers without a body, which SDKs have no name for. */
export const hasStatus =
  (status: number) =>
  (error: { readonly $metadata?: { readonly httpStatusCode?: number } }): boolean =>
    error.$metadata?.httpStatusCode === status;
