/**
 * A cloud with a directory bucket. SDKs sign for S3 Express, and make sessions, when a bucket's name says what it is; it goes before
 * the endpoint's host, which not every system resolves below `localhost`: these clients do it themselves.
 */
import { Agent } from 'node:http';
import type { TestContext } from 'node:test';
import { CreateBucketCommand, S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { type Credentials, cloud, type TestCloud, type TestCloudOptions } from '#test/sdk/cloud.ts';

export const ZONE = 'use1-az4';

export const configurationOf = (zone = ZONE) =>
  ({
    Location: { Type: 'AvailabilityZone', Name: zone },
    Bucket: { Type: 'Directory', DataRedundancy: 'SingleAvailabilityZone' },
  }) as const;

/** Makes sessions for all that names a directory bucket. */
export class SessionS3 extends S3Client {
  constructor(config: S3ClientConfig) {
    const httpAgent = new Agent({ lookup: (_, __, found) => found(null, [{ address: '127.0.0.1', family: 4 }]) });
    super({ ...config, requestHandler: { httpAgent } });
  }
}

/** Signs with keys of IAM's: an SDK that is given an endpoint would make a session even to create the bucket. */
export class ControlS3 extends SessionS3 {
  constructor(config: S3ClientConfig) {
    super({ ...config, disableS3ExpressSessionAuth: true });
  }
}

export interface DirectoryTest {
  readonly c: TestCloud;
  readonly s3: S3Client;
  readonly control: S3Client;
  readonly Bucket: string;
  as(credentials: Credentials): S3Client;
  controlAs(credentials: Credentials): S3Client;
}

export async function directoryTest(t: TestContext, options: TestCloudOptions = {}): Promise<DirectoryTest> {
  const c = await cloud(t, options);
  const control = c.client(ControlS3);
  const Bucket = `fast--${ZONE}--x-s3`;
  await control.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration: configurationOf() }));
  return {
    c,
    control,
    s3: c.client(SessionS3),
    Bucket,
    as: (credentials) => c.client(SessionS3, { credentials }),
    controlAs: (credentials) => c.client(ControlS3, { credentials }),
  };
}
