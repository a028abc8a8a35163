/** CloudTrail tries a bucket by an empty file of its own before it says that it will deliver there. */
import { ServiceError } from '#platform/error.ts';
import type { Call } from '#platform/service.ts';
import { refuse } from './errors.ts';
import type { LogFolder } from './files.ts';
import type { LogBucket } from './log-bucket.ts';
import type { TrailRow } from './state.ts';
import { trailArn } from './trail-names.ts';

type Target = Pick<TrailRow, 'name' | 'bucket' | 'prefix' | 'kmsKey'>;

export async function tryBucket(bucket: LogBucket, trail: Target, folder: LogFolder, call: Call): Promise<void> {
  const { account, region } = call;
  const origin = { bucket: trail.bucket, trailArn: trailArn(region, account, trail.name), account, region };
  try {
    await bucket.ask(origin);
    await bucket.put({
      ...origin,
      key: `${trail.prefix === undefined ? '' : `${trail.prefix}/`}AWSLogs/${account}/${folder}/`,
      body: Buffer.alloc(0),
      contentType: 'application/x-directory',
      metadata: {},
      kmsKey: trail.kmsKey,
    });
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    if (error.code === 'NoSuchBucket') refuse('S3BucketDoesNotExistException', trail.bucket);
    refuse('InsufficientS3BucketPolicyException', trail.bucket);
  }
}
