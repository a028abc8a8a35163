/**
 * Guards the door against guessing: failures count for the account and name that were tried, whether there is such a user or
 * not, and for the address that they came from. An attempt counts before it is judged, so a hundred at once are a hundred;
 * it is taken back when it turns out to be none. Rows, because a restart must not open the door again.
 */
import { afterFailure, isForgotten, isLocked, type LockRule, withoutLast } from '#platform/attempts.ts';
import { type Milliseconds, minutes } from '#platform/base/clock.ts';
import { networkOf } from '#platform/client-network.ts';
import type { Key } from '#platform/store/keys.ts';
import type { MemorySlot, Partition, Transaction } from '#platform/store/store.ts';
import { failures } from '#services/signin/state.ts';

const USER_RULE: LockRule = { free: 5, firstLock: minutes(1), longestLock: minutes(15), forgetAfter: minutes(30) };
/** Many people may share an address. */
const SOURCE_RULE: LockRule = { free: 50, firstLock: minutes(1), longestLock: minutes(15), forgetAfter: minutes(30) };

export interface Attempt {
  /** Its number, where there is such an account: whoever could count for an alias of it as well had twice the guesses. */
  readonly account: string;
  readonly userName: string | undefined;
  readonly sourceAddress: string;
}

interface Counter {
  readonly key: Key;
  readonly rule: LockRule;
}

export interface Entry {
  /** Undefined: it may be judged. */
  readonly lockedUntil: Milliseconds | undefined;
  readonly counters: readonly Counter[];
}

const countersOf = ({ account, userName, sourceAddress }: Attempt): Counter[] => [
  { key: failures.key('user', `${account.toLowerCase()}/${userName?.toLowerCase() ?? ''}`), rule: USER_RULE },
  { key: failures.key('source', networkOf(sourceAddress)), rule: SOURCE_RULE },
];

/** Counts the attempt as failed, unless it is locked out. */
export function enter(partition: Partition, attempt: Attempt, now: Milliseconds): Entry {
  const counters = countersOf(attempt);
  return partition.transact((tx) => {
    const locks = counters.map(({ key }) => tx.get(failures, key)).filter((known) => isLocked(known, now));
    if (locks.length > 0) return { lockedUntil: Math.max(...locks.map(({ lockedUntil }) => lockedUntil)), counters };
    for (const { key, rule } of counters) tx.put(failures, key, afterFailure(tx.get(failures, key), now, rule));
    forgetOld(tx, now);
    return { lockedUntil: undefined, counters };
  });
}

/** It was no guess: the password was right and something else is wanted first. */
export function takeBack(partition: Partition, { counters }: Entry): void {
  partition.transact((tx) => {
    for (const { key } of counters) undoLast(tx, key);
  });
}

/** The person is in: guesses at its name are forgotten, those from its address are not. */
export function succeed(partition: Partition, { counters: [user, source] }: Entry): void {
  partition.transact((tx) => {
    if (user) tx.delete(failures, user.key);
    if (source) undoLast(tx, source.key);
  });
}

function undoLast(tx: Transaction, key: Key): void {
  const known = tx.get(failures, key);
  const left = known && withoutLast(known);
  if (left) tx.put(failures, key, left);
  else tx.delete(failures, key);
}

const LOOKED_AT = 16;
const cursor: MemorySlot<{ after: Key | undefined }> = { name: 'signin/forgotten', load: () => ({ after: undefined }) };

/** Anybody can make rows, two with each attempt; each attempt looks at more of them, in a circle, and drops what no longer counts. */
function forgetOld(tx: Transaction, now: Milliseconds): void {
  const last = tx.partition.memory(cursor);
  const rows = tx.range(failures, { ...(last.after !== undefined && { after: last.after }), limit: LOOKED_AT });
  for (const { key, row } of rows) if (isForgotten(row, now, USER_RULE)) tx.delete(failures, key);
  last.after = rows.length < LOOKED_AT ? undefined : rows.at(-1)?.key;
}
