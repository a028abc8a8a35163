/** Where log files go: a bucket of S3, by S3's own operation, as CloudTrail and for the trail. */
import type { AccountId, Region } from '#platform/base/ids.ts';
import { uuid } from '#platform/base/ids.ts';
import { ServiceError } from '#platform/error.ts';
import type { Deliver } from '#platform/jobs/relay.ts';
import type { Registry } from '#platform/registry.ts';
import type { Input } from '#platform/service.ts';

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

export type LogOrigin = Pick<LogObject, 'bucket' | 'trailArn' | 'account' | 'region'>;

export interface LogBucket {
  /** Asks for the bucket's list, as CloudTrail does before it makes a trail: the documented policy allows s3:GetBucketAcl for that. */
  ask(origin: LogOrigin): Promise<void>;
  /** Rejects with S3's error: NoSuchBucket, AccessDenied … */
  put(object: LogObject): Promise<void>;
}

/** "bucket-owner-full-control" is what the bucket policy that CloudTrail asks for demands. */
const ACL = 'bucket-owner-full-control';

export function s3Bucket(registry: () => Registry, deliver: Deliver): LogBucket {
  const call = async (operation: string, { trailArn, account, region }: LogOrigin, input: Input): Promise<void> => {
    if (registry().service('s3') === undefined) {
      throw new ServiceError('NoSuchBucket', 'The specified bucket does not exist');
    }
    await deliver({
      service: 's3',
      operation,
      target: trailArn,
      region,
      from: 'cloudtrail',
      requestId: uuid(),
      idempotencyToken: uuid(),
      sourceArn: trailArn,
      sourceAccount: account,
      input,
    });
  };
  return {
    ask: (origin) => call('GetBucketAcl', origin, { Bucket: origin.bucket }),
    put: (object) =>
      call('PutObject', object, {
        Bucket: object.bucket,
        Key: object.key,
        Body: object.body,
        ContentType: object.contentType,
        ACL,
        Metadata: object.metadata,
        ...(object.kmsKey !== undefined && { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: object.kmsKey }),
      }),
  };
}
