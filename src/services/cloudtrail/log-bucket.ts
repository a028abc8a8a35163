/** Where log files go: a bucket of S3, by S3's own operation, as CloudTrail and for the trail. */
import type { AccountId, Region } from '#platform/base/ids.ts';
import { uuid } from '#platform/base/ids.ts';
import { ServiceError } from '#platform/error.ts';
import type { Deliver } from '#platform/jobs/relay.ts';
import type { Registry } from '#platform/registry.ts';

export interface LogObject {
  readonly bucket: string;
  readonly key: string;
  readonly body: Buffer;
  readonly contentType: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly kmsKey: string | undefined;
  /** The trail that puts it there: aws:SourceArn, aws:SourceAccount. */
  readonly trailArn: string;
  readonly account: AccountId;
  readonly region: Region;
}

export interface LogBucket {
  /** Rejects with S3's error: NoSuchBucket, AccessDenied … */
  put(object: LogObject): Promise<void>;
}

/** "bucket-owner-full-control" is what the bucket policy that CloudTrail asks for demands. */
const ACL = 'bucket-owner-full-control';

export const s3Bucket = (registry: () => Registry, deliver: Deliver): LogBucket => ({
  async put(object) {
    if (registry().service('s3') === undefined) {
      throw new ServiceError('NoSuchBucket', 'The specified bucket does not exist');
    }
    await deliver({
      service: 's3',
      operation: 'PutObject',
      target: object.trailArn,
      region: object.region,
      from: 'cloudtrail',
      requestId: uuid(),
      idempotencyToken: uuid(),
      sourceArn: object.trailArn,
      sourceAccount: object.account,
      input: {
        Bucket: object.bucket,
        Key: object.key,
        Body: object.body,
        ContentType: object.contentType,
        ACL,
        Metadata: object.metadata,
        ...(object.kmsKey !== undefined && { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: object.kmsKey }),
      },
    });
  },
});
