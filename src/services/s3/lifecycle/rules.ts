/**
 * What a bucket's lifecycle rules say of a version: when it expires, when it moves to which storage class. Pure. "S3 calculates the
 * time by adding the number of days … to the object creation time and rounding the resulting time to the next day midnight
 * UTC"; a day may be shorter, if the operator wants to see rules at work.
 */
import { type Milliseconds, days as wholeDays } from '#platform/base/clock.ts';
import type { LifecycleRule } from '#platform/model/generated/s3.ts';
import type { UploadRow, VersionRow } from '#services/s3/state.ts';

export interface Lifecycle {
  readonly rules: readonly LifecycleRule[];
  /** Of objects below 128 KiB: whether they may move to archives. */
  readonly smallObjectsMove: boolean;
}

export interface Due {
  readonly at: number;
  readonly ruleId: string;
}

export interface DueTransition extends Due {
  readonly storageClass: string;
}

const SMALL_BYTES = 128 * 1024;
/** Transitions go down this line only. */
const CLASSES = [
  'STANDARD',
  'REDUCED_REDUNDANCY',
  'STANDARD_IA',
  'INTELLIGENT_TIERING',
  'ONEZONE_IA',
  'GLACIER_IR',
  'GLACIER',
  'DEEP_ARCHIVE',
];
const ARCHIVES = new Set(['GLACIER', 'DEEP_ARCHIVE']);

/** The next midnight, or that moment if it is one. */
const midnightAfter = (time: number, day: Milliseconds): number => Math.ceil(time / day) * day;
export const nextMidnight = (now: number, day: Milliseconds): number => (Math.floor(now / day) + 1) * day;

const daysAfter = (start: number, count: number, day: Milliseconds): number => midnightAfter(start + count * day, day);

export interface Selection {
  readonly prefix: string;
  readonly tags: readonly { readonly Key: string; readonly Value: string }[];
  readonly largerThan: number | undefined;
  readonly smallerThan: number | undefined;
}

export function selectionOf({ Filter: filter, Prefix: prefix }: LifecycleRule): Selection {
  const all = filter?.And ?? filter;
  return {
    prefix: all?.Prefix ?? prefix ?? '',
    tags: filter?.And?.Tags ?? (filter?.Tag === undefined ? [] : [filter.Tag]),
    largerThan: all?.ObjectSizeGreaterThan,
    smallerThan: all?.ObjectSizeLessThan,
  };
}

function selects(rule: LifecycleRule, key: string, row: VersionRow): boolean {
  const { prefix, tags, largerThan, smallerThan } = selectionOf(rule);
  if (rule.Status !== 'Enabled' || !key.startsWith(prefix)) return false;
  if (row.isDeleteMarker) return tags.length === 0 && largerThan === undefined && smallerThan === undefined;
  return (
    tags.every(({ Key, Value }) => row.tags?.[Key] === Value) &&
    (largerThan === undefined || row.bytes > largerThan) &&
    (smallerThan === undefined || row.bytes < smallerThan)
  );
}

const earliest = <T extends Due>(found: readonly T[]): T | undefined =>
  found.reduce<T | undefined>((first, each) => (first === undefined || each.at < first.at ? each : first), undefined);

const dueOf = (rule: LifecycleRule, at: number): Due => ({ at, ruleId: rule.ID ?? '' });

/** When the newest version of a key expires. */
export function expirationOf({ rules }: Lifecycle, key: string, row: VersionRow, day: Milliseconds): Due | undefined {
  if (row.isDeleteMarker) return undefined;
  return earliest(
    rules.flatMap((rule) => {
      const { Days, Date: date } = rule.Expiration ?? {};
      if (!selects(rule, key, row)) return [];
      if (Days !== undefined) return dueOf(rule, daysAfter(row.modifiedAt, Days, day));
      return date === undefined ? [] : dueOf(rule, date);
    }),
  );
}

/** When a delete marker that hides nothing any more goes. */
export function markerRemovalOf(
  { rules }: Lifecycle,
  key: string,
  row: VersionRow,
  day: Milliseconds,
): Due | undefined {
  return earliest(
    rules.flatMap((rule) => {
      const { Days, ExpiredObjectDeleteMarker } = rule.Expiration ?? {};
      if (!selects(rule, key, row)) return [];
      if (ExpiredObjectDeleteMarker) return dueOf(rule, row.modifiedAt);
      return Days === undefined ? [] : dueOf(rule, daysAfter(row.modifiedAt, Days, day));
    }),
  );
}

export interface Noncurrent {
  /** When the next version took its place. */
  readonly since: number;
  /** How many noncurrent versions of the key are newer. */
  readonly newer: number;
}

export function noncurrentExpirationOf(
  { rules }: Lifecycle,
  key: string,
  row: VersionRow,
  { since, newer }: Noncurrent,
  day: Milliseconds,
): Due | undefined {
  return earliest(
    rules.flatMap((rule) => {
      const { NoncurrentDays, NewerNoncurrentVersions = 0 } = rule.NoncurrentVersionExpiration ?? {};
      if (NoncurrentDays === undefined || newer < NewerNoncurrentVersions || !selects(rule, key, row)) return [];
      return dueOf(rule, daysAfter(since, NoncurrentDays, day));
    }),
  );
}

/** The transition that is due by `now`; of several the one that goes furthest down. */
export function transitionOf(
  lifecycle: Lifecycle,
  key: string,
  row: VersionRow,
  noncurrent: Noncurrent | undefined,
  now: number,
  day: Milliseconds,
): DueTransition | undefined {
  if (row.isDeleteMarker) return undefined;
  const found = lifecycle.rules
    .filter((rule) => selects(rule, key, row))
    .flatMap((rule) => (noncurrent ? noncurrentMoves(rule, noncurrent, day) : moves(rule, row, day)))
    .filter(({ at, storageClass, isOfAnySize }) => at <= now && mayMove(lifecycle, row, storageClass, isOfAnySize));
  return found.sort((a, b) => CLASSES.indexOf(b.storageClass) - CLASSES.indexOf(a.storageClass))[0];
}

interface Move extends DueTransition {
  /** "Custom filters always take precedence over the default transition behavior." */
  readonly isOfAnySize: boolean;
}

function moveOf(rule: LifecycleRule, at: number, storageClass: string): Move {
  const { largerThan, smallerThan } = selectionOf(rule);
  return { ...dueOf(rule, at), storageClass, isOfAnySize: largerThan !== undefined || smallerThan !== undefined };
}

const moves = (rule: LifecycleRule, row: VersionRow, day: Milliseconds): Move[] =>
  (rule.Transitions ?? []).map(({ Days, Date: date, StorageClass = '' }) =>
    moveOf(rule, date ?? daysAfter(row.modifiedAt, Days ?? 0, day), StorageClass),
  );

const noncurrentMoves = (rule: LifecycleRule, { since, newer }: Noncurrent, day: Milliseconds): Move[] =>
  (rule.NoncurrentVersionTransitions ?? [])
    .filter(({ NewerNoncurrentVersions = 0 }) => newer >= NewerNoncurrentVersions)
    .map(({ NoncurrentDays = 0, StorageClass = '' }) =>
      moveOf(rule, daysAfter(since, NoncurrentDays, day), StorageClass),
    );

function mayMove({ smallObjectsMove }: Lifecycle, row: VersionRow, to: string, isOfAnySize: boolean): boolean {
  const isDown = CLASSES.indexOf(to) > CLASSES.indexOf(row.storageClass ?? 'STANDARD');
  const isLarge = row.bytes >= SMALL_BYTES || isOfAnySize || (smallObjectsMove && ARCHIVES.has(to));
  return isDown && isLarge;
}

/** When an upload that nobody completes is given up. */
export function abortOf(
  { rules }: Lifecycle,
  key: string,
  { startedAt }: Pick<UploadRow, 'startedAt'>,
  day: Milliseconds,
): Due | undefined {
  return earliest(
    rules.flatMap((rule) => {
      const count = rule.AbortIncompleteMultipartUpload?.DaysAfterInitiation;
      if (count === undefined || rule.Status !== 'Enabled' || !key.startsWith(selectionOf(rule).prefix)) return [];
      return dueOf(rule, daysAfter(startedAt, count, day));
    }),
  );
}

export const DAY: Milliseconds = wholeDays(1);
