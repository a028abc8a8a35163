/** A bucket in memory, in place of S3: holds log files, and refuses as a test wants it. */
import { gunzipSync } from 'node:zlib';
import { ServiceError } from '#platform/error.ts';
import type { LogBucket, LogObject } from '#services/cloudtrail/log-bucket.ts';

export interface TestBucket extends LogBucket {
  readonly objects: Map<string, LogObject>;
  /** S3's error code for all that comes. */
  error: string | undefined;
  /** Keys of the objects in a folder of an account: `CloudTrail`, `CloudTrail-Digest`. */
  keys(folder: string): string[];
  records(key: string): Record<string, unknown>[];
  digest(key: string): Digest;
}

/** What tests read of one. */
interface Digest {
  readonly digestStartTime: string;
  readonly previousDigestS3Object: string | null;
  readonly logFiles: readonly { readonly s3Object: string }[];
}

/** A bucket named `missing` does not exist, one named `closed` has no policy for CloudTrail. */
export function testBucket(): TestBucket {
  const objects = new Map<string, LogObject>();
  const contentOf = (key: string) => JSON.parse(gunzipSync(objects.get(key)?.body ?? '').toString('utf8'));
  const bucket: TestBucket = {
    objects,
    error: undefined,
    ask: async () => {},
    put: async (object) => {
      if (object.bucket === 'missing') throw new ServiceError('NoSuchBucket', 'The specified bucket does not exist');
      if (object.bucket === 'closed') throw new ServiceError('AccessDenied', 'Access Denied');
      if (bucket.error !== undefined) throw new ServiceError(bucket.error, bucket.error);
      objects.set(object.key, object);
    },
    keys: (folder) => [...objects.keys()].filter((key) => key.includes(`/${folder}/`) && key.endsWith('.gz')).sort(),
    records: (key) => contentOf(key).Records,
    digest: contentOf,
  };
  return bucket;
}

/** The policy that "Amazon S3 bucket policy for CloudTrail" asks for. */
export function logPolicy(bucket: string, account: string, trail: string): string {
  const Principal = { Service: 'cloudtrail.amazonaws.com' };
  const source = { 'aws:SourceArn': `arn:aws:cloudtrail:us-east-1:${account}:trail/${trail}` };
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal,
        Action: 's3:GetBucketAcl',
        Resource: `arn:aws:s3:::${bucket}`,
        Condition: { StringEquals: source },
      },
      {
        Effect: 'Allow',
        Principal,
        Action: 's3:PutObject',
        Resource: `arn:aws:s3:::${bucket}/AWSLogs/${account}/*`,
        Condition: { StringEquals: { 's3:x-amz-acl': 'bucket-owner-full-control', ...source } },
      },
    ],
  });
}
