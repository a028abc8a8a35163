/**
 * In which access tier an INTELLIGENT_TIERING object is. Pure. The three tiers that need no restore follow from the last access
 * alone, so nothing has to move and nothing can be late; an archive tier is entered by the daily run (run.ts) and left by a restore.
 * Source: S3 User Guide, "How S3 Intelligent-Tiering works".
 */
import type { Milliseconds } from '#platform/base/clock.ts';
import type { VersionRow } from '#services/s3/state.ts';

export const INTELLIGENT_TIERING = 'INTELLIGENT_TIERING';

export type ArchiveTier = 'ARCHIVE_ACCESS' | 'DEEP_ARCHIVE_ACCESS';
export type AccessTier = 'FREQUENT' | 'INFREQUENT' | 'ARCHIVE_INSTANT_ACCESS' | ArchiveTier;

export interface TieringRow {
  /** When its bytes were last asked for, as far as that is later than all else that counts: written once a day. */
  readonly accessedAt?: number;
  readonly archive?: ArchiveTier;
}

/** "If the size of an object is less than 128 KB, it is not monitored and is not eligible for automatic tiering." */
const LEAST_MONITORED_BYTES = 128 * 1024;
const INFREQUENT_AFTER = 30;
const ARCHIVE_INSTANT_AFTER = 90;

export const isMonitored = ({ storageClass, bytes, isDeleteMarker }: VersionRow): boolean =>
  storageClass === INTELLIGENT_TIERING && bytes >= LEAST_MONITORED_BYTES && isDeleteMarker === undefined;

export const lastAccess = ({ modifiedAt, classSince = 0, tiering, restore }: VersionRow, now: number): number =>
  Math.max(
    modifiedAt,
    classSince,
    tiering?.accessedAt ?? 0,
    restore !== undefined && restore.readyAt <= now ? restore.readyAt : 0,
  );

/** Undefined: it has to be restored from nowhere. */
export function archiveTierOf({ tiering, restore }: VersionRow, now: number): ArchiveTier | undefined {
  // "When you restore an object from the Archive Access tier … the object moves back into the Frequent Access tier."
  return restore !== undefined && restore.readyAt <= now ? undefined : tiering?.archive;
}

/** Undefined for other storage classes. */
export function accessTierOf(row: VersionRow, now: number, day: Milliseconds): AccessTier | undefined {
  if (row.storageClass !== INTELLIGENT_TIERING) return undefined;
  if (!isMonitored(row)) return 'FREQUENT';
  const archive = archiveTierOf(row, now);
  if (archive !== undefined) return archive;
  const idle = idleDays(row, now, day);
  if (idle < INFREQUENT_AFTER) return 'FREQUENT';
  return idle < ARCHIVE_INSTANT_AFTER ? 'INFREQUENT' : 'ARCHIVE_INSTANT_ACCESS';
}

export const idleDays = (row: VersionRow, now: number, day: Milliseconds): number =>
  Math.floor((now - lastAccess(row, now)) / day);
