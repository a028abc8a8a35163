/**
 * What keeps a version from being deleted: a retention (governance, which a permission lifts; compliance, which nothing does) until
 * a date, and a legal hold. Pure: asks neither clock nor store.
 */
import { days } from '#platform/base/clock.ts';
import type { OpenBucket } from '#services/s3/buckets/open-bucket.ts';
import { fail, invalidArgument } from '#services/s3/errors.ts';
import type { DefaultRetentionRow, LockRow, RetentionMode } from '#services/s3/state.ts';

export interface LockHeaders {
  readonly ObjectLockMode?: string;
  readonly ObjectLockRetainUntilDate?: number;
  readonly ObjectLockLegalHoldStatus?: string;
}

const PROTECTED = 'Access Denied because object protected by object lock.';

export function requireLocking({ objectLock }: OpenBucket): void {
  if (objectLock === undefined) fail('InvalidRequest', { message: 'Bucket is missing Object Lock Configuration' });
}

/** The lock that a request asks for. */
export function askedLock(bucket: OpenBucket, given: LockHeaders, now: number): LockRow | undefined {
  const { ObjectLockMode: mode, ObjectLockRetainUntilDate: until, ObjectLockLegalHoldStatus: hold } = given;
  if (mode === undefined && until === undefined && hold === undefined) return undefined;
  requireLocking(bucket);
  if ((mode === undefined) !== (until === undefined)) {
    const message = 'x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied';
    return invalidArgument('x-amz-object-lock-mode', mode, message);
  }
  return {
    ...(mode !== undefined && until !== undefined && checkedRetention(mode, until, now)),
    ...(hold !== undefined && { legalHold: hold === 'ON' }),
  };
}

/** The lock of a version that comes into being now: what was asked for, with the bucket's default retention if it had none. */
export function newLock(
  { objectLock }: OpenBucket,
  asked: LockRow | undefined,
  now: number,
): { readonly lock?: LockRow } {
  const byDefault = objectLock?.retention;
  if (byDefault === undefined || asked?.mode !== undefined) return asked === undefined ? {} : { lock: asked };
  return { lock: { ...asked, mode: byDefault.mode, retainUntil: now + lengthOf(byDefault) } };
}

export function checkedRetention(
  mode: string,
  until: number,
  now: number,
): { mode: RetentionMode; retainUntil: number } {
  if (until <= now) {
    return invalidArgument(
      'x-amz-object-lock-retain-until-date',
      new Date(until).toISOString(),
      'The retain until date must be in the future!',
    );
  }
  // Validated: one of the model's two.
  return { mode: mode as RetentionMode, retainUntil: until };
}

/** A year has 365 days here. */
const lengthOf = ({ days: count = 0, years = 0 }: DefaultRetentionRow): number => days(count + years * 365);

export type MayBypass = () => boolean;

/** Throws while the version may not be deleted. `mayBypass`: the caller asks to lift governance, and may. */
export function checkDeletable(lock: LockRow | undefined, now: number, mayBypass: MayBypass): void {
  if (lock === undefined) return;
  const isRetained = lock.retainUntil !== undefined && lock.retainUntil > now;
  const isLifted = lock.mode === 'GOVERNANCE' && isRetained && !lock.legalHold && mayBypass();
  if (lock.legalHold || (isRetained && !isLifted)) fail('AccessDenied', { message: PROTECTED });
}

/**
 * Throws if the retention that is in force may not become the new one: it may be made longer. Another mode, even the stricter one, is
 * a change of it: "users can't overwrite or delete an object version or alter its lock settings unless they have special
 * permissions" (User Guide, "Governance mode").
 */
export function checkRetentionChange(
  lock: LockRow | undefined,
  next: Pick<LockRow, 'mode' | 'retainUntil'>,
  now: number,
  mayBypass: MayBypass,
): void {
  if (lock?.retainUntil === undefined || lock.retainUntil <= now) return;
  const isLonger = next.retainUntil !== undefined && next.retainUntil >= lock.retainUntil;
  if (isLonger && next.mode === lock.mode) return;
  if (lock.mode === 'COMPLIANCE' || !mayBypass()) fail('AccessDenied', { message: PROTECTED });
}
