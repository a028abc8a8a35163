/** PutBucketLifecycleConfiguration of a directory bucket: objects expire and uploads are aborted there, and that is all. */
import type { LifecycleRule, PutBucketLifecycleConfigurationRequest } from '#platform/model/generated/s3.ts';
import type { Call } from '#platform/service.ts';
import { fail } from '#services/s3/errors.ts';
import { putBucketLifecycleConfiguration } from '#services/s3/lifecycle/settings.ts';
import type { S3Parts } from '#services/s3/parts.ts';

/** "S3 Lifecycle for directory buckets … doesn't support": transitions, versions, tags, dates. */
function isSupported({ Filter: filter, ...rule }: LifecycleRule): boolean {
  const { Transitions, NoncurrentVersionExpiration, NoncurrentVersionTransitions, Expiration } = rule;
  const others = [Transitions?.[0], NoncurrentVersionExpiration, NoncurrentVersionTransitions?.[0]];
  const ofExpiration = [Expiration?.Date, Expiration?.ExpiredObjectDeleteMarker];
  return [...others, ...ofExpiration, filter?.Tag, filter?.And?.Tags?.[0]].every((each) => each === undefined);
}

export const putDirectoryLifecycle =
  (parts: S3Parts) => (input: PutBucketLifecycleConfigurationRequest, call: Call) => {
    const { Rules = [] } = input.LifecycleConfiguration ?? {};
    if (!Rules.every(isSupported)) {
      const message =
        'Lifecycle rules of directory buckets have Expiration in days and AbortIncompleteMultipartUpload alone.';
      fail('InvalidRequest', { message });
    }
    const { TransitionDefaultMinimumObjectSize: _, ...plain } = input;
    putBucketLifecycleConfiguration(parts)(plain, call);
    return {};
  };
