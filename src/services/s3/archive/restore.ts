/**
 * Archived objects: their bytes are refused until a restore is over, and again when the restored copy expires. Both are times in the
 * version's row, and decide by themselves; the timers of schedule.ts only tell of them. "Understanding archive retrieval options" has
 * how long each takes.
 */
import { hours, type Milliseconds, minutes } from '#platform/base/clock.ts';
import type { RestoreObjectOutput, RestoreObjectRequest } from '#platform/model/generated/s3.ts';
import type { Call } from '#platform/service.ts';
import { scheduleRestore } from '#services/s3/archive/schedule.ts';
import { fail, invalidArgument } from '#services/s3/errors.ts';
import { DAY } from '#services/s3/lifecycle/rules.ts';
import { notify } from '#services/s3/notifications/notify.ts';
import { findObject, type ReadTarget } from '#services/s3/objects/find.ts';
import { putVersion } from '#services/s3/objects/versions.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import type { VersionRow } from '#services/s3/state.ts';
import { archiveTierOf, INTELLIGENT_TIERING } from '#services/s3/tiering/tiers.ts';
import type { ListedRow } from '#services/s3/version-rows.ts';

interface Retrieval {
  /** The longest that it takes: who waits for that is never too early. */
  readonly takes: Milliseconds;
  /** The usage types of the request and of the bytes. */
  readonly request?: string;
  readonly bytes?: string;
}

type Retrievals = Readonly<Record<string, Retrieval>>;

const EXPEDITED = { takes: minutes(5), request: 'Requests-Tier6', bytes: 'Expedited-Retrieval-Bytes' };
/** By storage class, or archive tier: "Standard and bulk retrievals for S3 Intelligent-Tiering are free of charge". */
const RETRIEVALS: Readonly<Record<string, Retrievals>> = {
  GLACIER: {
    Expedited: EXPEDITED,
    Standard: { takes: hours(5), request: 'Requests-Tier3', bytes: 'Standard-Retrieval-Bytes' },
    Bulk: { takes: hours(12), request: 'Requests-Tier5', bytes: 'Bulk-Retrieval-Bytes' },
  },
  DEEP_ARCHIVE: {
    Standard: { takes: hours(12), request: 'Requests-GDA-Tier3', bytes: 'Standard-Retrieval-Bytes' },
    Bulk: { takes: hours(48), request: 'Requests-GDA-Tier5', bytes: 'Bulk-Retrieval-Bytes' },
  },
  ARCHIVE_ACCESS: { Expedited: EXPEDITED, Standard: { takes: hours(5) }, Bulk: { takes: hours(12) } },
  DEEP_ARCHIVE_ACCESS: { Standard: { takes: hours(12) }, Bulk: { takes: hours(48) } },
};

/** How its bytes come back; undefined: they are not away. */
const retrievalsOf = (row: VersionRow, now: number): Retrievals | undefined =>
  RETRIEVALS[archiveTierOf(row, now) ?? row.storageClass ?? ''];

/** Whether its bytes can't be read now. */
export function isArchived(row: VersionRow, now: number): boolean {
  if (retrievalsOf(row, now) === undefined) return false;
  const { restore } = row;
  return restore === undefined || now < restore.readyAt || now >= restore.expiresAt;
}

export function checkReadable(row: VersionRow, now: number): void {
  if (!isArchived(row, now)) return;
  const tier = archiveTierOf(row, now);
  fail('InvalidObjectState', { about: row.storageClass ?? '', ...(tier && { fields: { AccessTier: tier } }) });
}

/** `x-amz-restore` and `x-amz-archive-status` */
export function shownRestore(row: VersionRow, now: number) {
  const tier = archiveTierOf(row, now);
  return { ...(tier && { ArchiveStatus: tier }), ...restoreHeader(row, now) };
}

function restoreHeader({ restore }: VersionRow, now: number) {
  if (restore === undefined || now >= restore.expiresAt) return {};
  if (now < restore.readyAt) return { Restore: 'ongoing-request="true"' };
  return { Restore: `ongoing-request="false", expiry-date="${new Date(restore.expiresAt).toUTCString()}"` };
}

/** As lists tell it, to who asks. */
export function restoreStatus({ restore }: Pick<ListedRow, 'restore'>, now: number) {
  if (restore === undefined || now >= restore.expiresAt) return {};
  const IsRestoreInProgress = now < restore.readyAt;
  return {
    RestoreStatus: { IsRestoreInProgress, ...(!IsRestoreInProgress && { RestoreExpiryDate: restore.expiresAt }) },
  };
}

const ACCEPTED = 202;

export const restoreObject =
  (parts: S3Parts) =>
  (input: RestoreObjectRequest, call: Call): RestoreObjectOutput => {
    const { row, bucket } = findObject(parts, input as ReadTarget, call);
    const request = input.RestoreRequest ?? fail('MalformedXML');
    const { Type, SelectParameters, OutputLocation } = request;
    if (Type !== undefined || SelectParameters !== undefined || OutputLocation !== undefined) {
      fail('NotImplemented', { about: 'SELECT' });
    }
    const retrievals = retrievalsOf(row, call.now);
    if (retrievals === undefined) {
      const message = "Restore is not allowed for the object's current storage class";
      return fail('InvalidObjectState', { message, about: row.storageClass ?? 'STANDARD' });
    }
    const count = daysOf(request.Days, row);
    const tier = request.GlacierJobParameters?.Tier ?? request.Tier ?? 'Standard';
    const retrieval = retrievals[tier];
    if (retrieval === undefined) {
      return invalidArgument('Tier', tier, `Retrieval option ${tier} is not supported by this storage class`);
    }
    const takes = (retrieval.takes * parts.day) / DAY;
    const { restored, isReady } = restoration(row, call.now, takes, count, parts.day);
    putVersion(call.tx, bucket, input.Key, { ...row, restore: restored });
    scheduleRestore(call.tx, bucket, input.Key, { ...row, restore: restored }, isReady);
    // The status is a member of ours: 200 for a copy that is there already, whose period changes.
    if (isReady) return {};
    notify(call.tx, bucket, { name: 'ObjectRestore:Post', key: input.Key, row }, call);
    if (retrieval.request !== undefined) call.billAs(retrieval.request);
    if (retrieval.bytes !== undefined) call.meter(retrieval.bytes, row.bytes);
    return { StatusCode: ACCEPTED } as RestoreObjectOutput;
  };

/** "restore requests for S3 Intelligent-Tiering objects don't accept the Days value": they leave the archive for good. */
function daysOf(given: number | undefined, { storageClass }: VersionRow): number {
  if (storageClass === INTELLIGENT_TIERING) {
    const message = 'Days cannot be specified for the restore of an object in INTELLIGENT_TIERING';
    return given === undefined ? 0 : invalidArgument('Days', String(given), message);
  }
  if (given === undefined) return fail('MalformedXML');
  return given < 1 ? invalidArgument('Days', String(given), 'restoration days should be at least 1') : given;
}

function restoration(
  { restore, storageClass }: VersionRow,
  now: number,
  takes: number,
  count: number,
  day: Milliseconds,
) {
  const isAlive = restore !== undefined && now < restore.expiresAt;
  const isReady = isAlive && now >= restore.readyAt;
  // A faster tier may be asked for while a slower one works.
  if (isAlive && !isReady && now + takes >= restore.readyAt) return fail('RestoreAlreadyInProgress');
  const readyAt = isReady ? restore.readyAt : now + takes;
  if (storageClass === INTELLIGENT_TIERING) return { restored: { readyAt, expiresAt: readyAt }, isReady };
  // "rounding the resulting time to the next day, midnight UTC"
  const expiresAt = Math.ceil((Math.max(now, readyAt) + count * day) / day) * day;
  return { restored: { readyAt, expiresAt }, isReady };
}
