/** Object Lock's operations: of a bucket, and of a version its retention and its legal hold. */
import type {
  GetObjectLegalHoldOutput,
  GetObjectLegalHoldRequest,
  GetObjectLockConfigurationOutput,
  GetObjectLockConfigurationRequest,
  GetObjectRetentionOutput,
  GetObjectRetentionRequest,
  ObjectLockConfiguration,
  PutObjectLegalHoldRequest,
  PutObjectLockConfigurationRequest,
  PutObjectRetentionRequest,
} from '#platform/model/generated/s3.ts';
import type { Call } from '#platform/service.ts';
import { openBucket, putBucket, rowOf } from '#services/s3/buckets/open-bucket.ts';
import { policyInForce } from '#services/s3/buckets/policy.ts';
import { fail, invalidArgument } from '#services/s3/errors.ts';
import { may } from '#services/s3/may.ts';
import { checkedRetention, checkRetentionChange, requireLocking } from '#services/s3/object-lock/locks.ts';
import { type FoundObject, findObject, type ReadTarget } from '#services/s3/objects/find.ts';
import { putVersion } from '#services/s3/objects/versions.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { replicateChange } from '#services/s3/replication/queue.ts';
import type { DefaultRetentionRow, LockRow, RetentionMode } from '#services/s3/state.ts';

const MOST_DAYS = 36_500;
const MOST_YEARS = 100;

export const getObjectLockConfiguration =
  (parts: S3Parts) =>
  (input: GetObjectLockConfigurationRequest, call: Call): GetObjectLockConfigurationOutput => {
    const { objectLock, name } = openBucket(call.tx, parts.sealer, input.Bucket);
    if (objectLock === undefined) return fail('ObjectLockConfigurationNotFoundError', { about: name });
    const { retention } = objectLock;
    if (retention === undefined) return { ObjectLockConfiguration: { ObjectLockEnabled: 'Enabled' } };
    const { mode: Mode, days: Days, years: Years } = retention;
    const DefaultRetention = { Mode, ...(Days !== undefined && { Days }), ...(Years !== undefined && { Years }) };
    return { ObjectLockConfiguration: { ObjectLockEnabled: 'Enabled', Rule: { DefaultRetention } } };
  };

export const putObjectLockConfiguration =
  (parts: S3Parts) =>
  (input: PutObjectLockConfigurationRequest, call: Call): object => {
    const bucket = openBucket(call.tx, parts.sealer, input.Bucket);
    const configuration = input.ObjectLockConfiguration;
    if (configuration?.ObjectLockEnabled !== 'Enabled') fail('MalformedXML');
    if (bucket.versioning !== 'Enabled') {
      fail('InvalidBucketState', {
        message: "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration",
      });
    }
    const retention = defaultRetention(configuration);
    putBucket(call.tx, { ...rowOf(bucket), objectLock: retention === undefined ? {} : { retention } });
    return {};
  };

function defaultRetention({ Rule }: ObjectLockConfiguration): DefaultRetentionRow | undefined {
  if (Rule === undefined) return undefined;
  const { Mode: mode, Days: days, Years: years, DefaultEventHold } = Rule.DefaultRetention ?? {};
  if (DefaultEventHold !== undefined) fail('NotImplemented', { about: 'DefaultEventHold' });
  if (mode === undefined || (days === undefined) === (years === undefined)) return fail('MalformedXML');
  const period = days ?? years ?? 0;
  if (period <= 0) {
    return invalidArgument(
      'DefaultRetention',
      String(period),
      'Default retention period must be a positive integer value.',
    );
  }
  if (period > (days === undefined ? MOST_YEARS : MOST_DAYS)) {
    return invalidArgument('DefaultRetention', String(period), 'Default retention period is too large.');
  }
  // Validated: one of the model's two.
  return { mode: mode as RetentionMode, ...(days === undefined ? { years: period } : { days: period }) };
}

export const mayBypass =
  (parts: S3Parts, bucket: FoundObject['bucket'], key: string, asks: boolean | undefined, call: Call) => () =>
    asks === true &&
    may(parts, call, 's3:BypassGovernanceRetention', {
      bucket,
      key,
      policy: policyInForce(parts, bucket, call),
    });

function findLocked(parts: S3Parts, target: ReadTarget, call: Call): FoundObject {
  const found = findObject(parts, target, call);
  requireLocking(found.bucket);
  return found;
}

const NO_LOCK = 'NoSuchObjectLockConfiguration';

export const getObjectRetention =
  (parts: S3Parts) =>
  (input: GetObjectRetentionRequest, call: Call): GetObjectRetentionOutput => {
    const { row } = findLocked(parts, input as ReadTarget, call);
    const { mode: Mode, retainUntil: RetainUntilDate } = row.lock ?? {};
    if (Mode === undefined || RetainUntilDate === undefined) return fail(NO_LOCK, { about: input.Key });
    return { Retention: { Mode, RetainUntilDate } };
  };

/** An empty retention takes it away. */
export const putObjectRetention =
  (parts: S3Parts) =>
  (input: PutObjectRetentionRequest, call: Call): object => {
    const { row, bucket } = findLocked(parts, input as ReadTarget, call);
    const { Mode: mode, RetainUntilDate: until, EventHold } = input.Retention ?? fail('MalformedXML');
    if (EventHold !== undefined) fail('NotImplemented', { about: 'EventHold' });
    if ((mode === undefined) !== (until === undefined)) fail('MalformedXML');
    const next = mode === undefined || until === undefined ? {} : checkedRetention(mode, until, call.now);
    checkRetentionChange(
      row.lock,
      next,
      call.now,
      mayBypass(parts, bucket, input.Key, input.BypassGovernanceRetention, call),
    );
    const lock: LockRow = { ...next, ...(row.lock?.legalHold && { legalHold: true }) };
    changeLock({ row, bucket }, input.Key, lock, call);
    return {};
  };

function changeLock({ row, bucket }: FoundObject, key: string, lock: LockRow, call: Call): void {
  putVersion(call.tx, bucket, key, replicateChange(call.tx, bucket, key, { ...row, lock }, call.now));
}

export const getObjectLegalHold =
  (parts: S3Parts) =>
  (input: GetObjectLegalHoldRequest, call: Call): GetObjectLegalHoldOutput => {
    const { row } = findLocked(parts, input as ReadTarget, call);
    // Once it was set it can be asked for.
    if (row.lock?.legalHold === undefined) return fail(NO_LOCK, { about: input.Key });
    return { LegalHold: { Status: row.lock.legalHold ? 'ON' : 'OFF' } };
  };

export const putObjectLegalHold =
  (parts: S3Parts) =>
  (input: PutObjectLegalHoldRequest, call: Call): object => {
    const { row, bucket } = findLocked(parts, input as ReadTarget, call);
    const status = input.LegalHold?.Status ?? fail('MalformedXML');
    changeLock({ row, bucket }, input.Key, { ...row.lock, legalHold: status === 'ON' }, call);
    return {};
  };

/** What answers say of a lock, to those who may ask for it. */
export function shownLock(parts: S3Parts, { row, bucket }: FoundObject, key: string, call: Call) {
  const { lock } = row;
  if (lock === undefined) return {};
  const mayDo = (action: string): boolean =>
    may(parts, call, action, { bucket, key, policy: policyInForce(parts, bucket, call) });
  return {
    ...(lock.mode !== undefined &&
      mayDo('s3:GetObjectRetention') && { ObjectLockMode: lock.mode, ObjectLockRetainUntilDate: lock.retainUntil }),
    ...(lock.legalHold !== undefined &&
      mayDo('s3:GetObjectLegalHold') && { ObjectLockLegalHoldStatus: lock.legalHold ? 'ON' : 'OFF' }),
  };
}
