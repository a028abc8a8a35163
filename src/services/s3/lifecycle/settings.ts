/** A bucket's lifecycle configuration, and what headers tell of it. */
import { randomBytes } from '#platform/base/ids.ts';
import type {
  DeleteBucketLifecycleRequest,
  GetBucketLifecycleConfigurationOutput,
  GetBucketLifecycleConfigurationRequest,
  LifecycleRule,
  PutBucketLifecycleConfigurationOutput,
  PutBucketLifecycleConfigurationRequest,
  TransitionDefaultMinimumObjectSize,
} from '#platform/model/generated/s3.ts';
import type { Call } from '#platform/service.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { type OpenBucket, openBucket, putBucket, rowOf } from '#services/s3/buckets/open-bucket.ts';
import { fail } from '#services/s3/errors.ts';
import { checkRules } from '#services/s3/lifecycle/check.ts';
import { abortOf, expirationOf, type Lifecycle, nextMidnight } from '#services/s3/lifecycle/rules.ts';
import { cancelLifecycle, scheduleLifecycle } from '#services/s3/lifecycle/schedule.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { settings, type VersionRow } from '#services/s3/state.ts';

const SETTING = 'lifecycle';

interface Stored {
  readonly Rules: readonly LifecycleRule[];
  readonly TransitionDefaultMinimumObjectSize: TransitionDefaultMinimumObjectSize;
}

function storedOf(tx: ReadTransaction, bucket: OpenBucket): Stored | undefined {
  if (!bucket.hasLifecycle) return undefined;
  // Written below.
  return tx.get(settings, settings.key(bucket.id, SETTING)) as Stored | undefined;
}

export function lifecycleOf(tx: ReadTransaction, bucket: OpenBucket): Lifecycle | undefined {
  const stored = storedOf(tx, bucket);
  return (
    stored && {
      rules: stored.Rules,
      smallObjectsMove: stored.TransitionDefaultMinimumObjectSize === 'varies_by_storage_class',
    }
  );
}

export const getBucketLifecycleConfiguration =
  (parts: S3Parts) =>
  (input: GetBucketLifecycleConfigurationRequest, call: Call): GetBucketLifecycleConfigurationOutput => {
    const bucket = openBucket(call.tx, parts.sealer, input.Bucket);
    return storedOf(call.tx, bucket) ?? fail('NoSuchLifecycleConfiguration', { about: bucket.name });
  };

/** The whole set is replaced. Rules without an id get one. */
export const putBucketLifecycleConfiguration =
  (parts: S3Parts) =>
  (input: PutBucketLifecycleConfigurationRequest, call: Call): PutBucketLifecycleConfigurationOutput => {
    const bucket = openBucket(call.tx, parts.sealer, input.Bucket);
    const { Rules } = input.LifecycleConfiguration ?? fail('MalformedXML');
    checkRules(Rules);
    const { TransitionDefaultMinimumObjectSize = 'all_storage_classes_128K' } = input;
    call.tx.put(settings, settings.key(bucket.id, SETTING), {
      Rules: Rules.map((rule) => ({ ...rule, ID: rule.ID ?? randomBytes(36).toString('base64url') })),
      TransitionDefaultMinimumObjectSize,
    });
    putBucket(call.tx, { ...rowOf(bucket), hasLifecycle: true });
    scheduleLifecycle(call.tx, bucket, nextMidnight(call.now, parts.day));
    return { TransitionDefaultMinimumObjectSize };
  };

export const deleteBucketLifecycle =
  (parts: S3Parts) =>
  (input: DeleteBucketLifecycleRequest, call: Call): void => {
    const bucket = openBucket(call.tx, parts.sealer, input.Bucket);
    call.tx.delete(settings, settings.key(bucket.id, SETTING));
    const { hasLifecycle: _, ...row } = rowOf(bucket);
    putBucket(call.tx, row);
    cancelLifecycle(call.tx, bucket);
  };

const httpDate = (time: number): string => new Date(time).toUTCString();

/** `x-amz-expiration`, for a key's newest version. */
export function shownExpiration(parts: S3Parts, call: Call, bucket: OpenBucket, key: string, row: VersionRow) {
  const lifecycle = bucket.hasLifecycle && call.partition.read((tx) => lifecycleOf(tx, bucket));
  const due = lifecycle && expirationOf(lifecycle, key, row, parts.day);
  if (!due) return {};
  return { Expiration: `expiry-date="${httpDate(due.at)}", rule-id="${encodeURIComponent(due.ruleId)}"` };
}

/** `x-amz-abort-date` and the rule's id. */
export function shownAbort(parts: S3Parts, call: Call, bucket: OpenBucket, key: string, startedAt: number) {
  const lifecycle = bucket.hasLifecycle && call.partition.read((tx) => lifecycleOf(tx, bucket));
  const due = lifecycle && abortOf(lifecycle, key, { startedAt }, parts.day);
  return due ? { AbortDate: due.at, AbortRuleId: due.ruleId } : {};
}
