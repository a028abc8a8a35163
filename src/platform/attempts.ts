/**
 * Failed attempts (at a password, at a one-time code) and how long the next one has to wait. A few are free; from then on each
 * failure locks twice as long as the one before, up to a bound, so that guessing stays hopeless and a person who mistypes
 * waits little. Pure: who counts keeps the record in a row of its own, which a restart does not forget.
 */
import type { Milliseconds } from '#platform/base/clock.ts';

export interface Failures {
  readonly count: number;
  readonly lastAt: Milliseconds;
  readonly lockedUntil: Milliseconds;
}

export interface LockRule {
  /** How many failures lock nothing. */
  readonly free: number;
  readonly firstLock: Milliseconds;
  readonly longestLock: Milliseconds;
  /** Failures count no more when there was none for this long. */
  readonly forgetAfter: Milliseconds;
}

export const isLocked = (failures: Failures | undefined, now: Milliseconds): failures is Failures =>
  failures !== undefined && failures.lockedUntil > now;

export const isForgotten = ({ lastAt, lockedUntil }: Failures, now: Milliseconds, rule: LockRule): boolean =>
  Math.max(lastAt + rule.forgetAfter, lockedUntil) <= now;

export function afterFailure(before: Failures | undefined, now: Milliseconds, rule: LockRule): Failures {
  const count = (before === undefined || isForgotten(before, now, rule) ? 0 : before.count) + 1;
  const over = count - rule.free;
  const lock = over <= 0 ? 0 : Math.min(rule.firstLock * 2 ** Math.min(over - 1, 30), rule.longestLock);
  return { count, lastAt: now, lockedUntil: now + lock };
}

/** For an attempt that was counted before it was judged, and turned out to be none. */
export const withoutLast = (failures: Failures): Failures | undefined =>
  failures.count <= 1 ? undefined : { ...failures, count: failures.count - 1, lockedUntil: 0 };
