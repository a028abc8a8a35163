/**
 * When the keys that sign our web identity tokens come and go. Verifiers keep key sets for a while, so a key is shown a day before it
 * signs, and stays for two days after its successor took over: longer than any token lives. The first key signs at once, as there
 * is nothing that anybody could have kept.
 */
import { days, type Milliseconds } from '#platform/base/clock.ts';
import type { SigningAlgorithm } from '#services/iam/api.ts';

export interface KeyTimes {
  readonly algorithm: SigningAlgorithm;
  readonly createdAt: Milliseconds;
}

const LIFE: Milliseconds = days(30);
const AHEAD: Milliseconds = days(1);
const AFTERWARDS: Milliseconds = days(2);

const newestFirst = <Key extends KeyTimes>(keys: readonly Key[], algorithm: SigningAlgorithm): Key[] =>
  keys.filter((key) => key.algorithm === algorithm).sort((a, b) => b.createdAt - a.createdAt);

/** Undefined when there is none of the algorithm at all. */
export function signingKey<Key extends KeyTimes>(
  keys: readonly Key[],
  algorithm: SigningAlgorithm,
  now: Milliseconds,
): Key | undefined {
  const own = newestFirst(keys, algorithm);
  return own.find(({ createdAt }) => createdAt + AHEAD <= now) ?? own.at(-1);
}

export function needsNewKey(keys: readonly KeyTimes[], algorithm: SigningAlgorithm, now: Milliseconds): boolean {
  const [newest] = newestFirst(keys, algorithm);
  return newest === undefined || newest.createdAt + LIFE <= now;
}

/** Keys that nobody needs any more. */
export function outdatedKeys<Key extends KeyTimes>(keys: readonly Key[], now: Milliseconds): Key[] {
  return keys.filter(({ algorithm, createdAt }) => {
    const successors = newestFirst(keys, algorithm).filter((key) => key.createdAt > createdAt);
    return successors.some((key) => key.createdAt + AHEAD + AFTERWARDS <= now);
  });
}
