/**
 * Archived objects: their bytes are refused until a restore is over, and again when the restored copy expires. Nothing has to happen at
 * either moment, so both are times in the version's row. "Understanding archive retrieval options" has how long each takes.
 */
import { hours, type Milliseconds, minutes } from '#platform/base/clock.ts';
import type { RestoreObjectOutput, RestoreObjectRequest } from '#platform/model/generated/s3.ts';
import type { Call } from '#platform/service.ts';
import { fail, invalidArgument } from '#services/s3/errors.ts';
import { DAY } from '#services/s3/lifecycle/rules.ts';
import { findObject, type ReadTarget } from '#services/s3/objects/find.ts';
import { putVersion } from '#services/s3/objects/versions.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import type { VersionRow } from '#services/s3/state.ts';

/** The longest that each takes: who waits for that is never too early. */
const RETRIEVAL: Readonly<Record<string, Readonly<Record<string, Milliseconds>>>> = {
  GLACIER: { Expedited: minutes(5), Standard: hours(5), Bulk: hours(12) },
  DEEP_ARCHIVE: { Standard: hours(12), Bulk: hours(48) },
};

const isArchive = ({ storageClass = 'STANDARD' }: VersionRow): boolean => storageClass in RETRIEVAL;

/** Whether its bytes can't be read now. */
export function isArchived(row: VersionRow, now: number): boolean {
  if (!isArchive(row)) return false;
  const { restore } = row;
  return restore === undefined || now < restore.readyAt || now >= restore.expiresAt;
}

export function checkReadable(row: VersionRow, now: number): void {
  if (isArchived(row, now)) fail('InvalidObjectState', { about: row.storageClass ?? '' });
}

/** `x-amz-restore` */
export function shownRestore({ restore }: VersionRow, now: number) {
  if (restore === undefined || now >= restore.expiresAt) return {};
  if (now < restore.readyAt) return { Restore: 'ongoing-request="true"' };
  return { Restore: `ongoing-request="false", expiry-date="${new Date(restore.expiresAt).toUTCString()}"` };
}

const ACCEPTED = 202;

export const restoreObject =
  (parts: S3Parts) =>
  (input: RestoreObjectRequest, call: Call): RestoreObjectOutput => {
    const { row, bucket } = findObject(parts, input as ReadTarget, call);
    const request = input.RestoreRequest ?? fail('MalformedXML');
    const { Days: count, Type, SelectParameters, OutputLocation } = request;
    if (Type !== undefined || SelectParameters !== undefined || OutputLocation !== undefined) {
      fail('NotImplemented', { about: 'SELECT' });
    }
    if (!isArchive(row)) {
      const message = "Restore is not allowed for the object's current storage class";
      fail('InvalidObjectState', { message, about: row.storageClass ?? 'STANDARD' });
    }
    if (count === undefined) return fail('MalformedXML');
    if (count < 1) return invalidArgument('Days', String(count), 'restoration days should be at least 1');
    const tier = request.GlacierJobParameters?.Tier ?? request.Tier ?? 'Standard';
    const takes = RETRIEVAL[row.storageClass ?? '']?.[tier];
    if (takes === undefined) {
      return invalidArgument('Tier', tier, `Retrieval option ${tier} is not supported by this storage class`);
    }
    const { restored, isReady } = restoration(row, call.now, (takes * parts.day) / DAY, count, parts.day);
    putVersion(call.tx, bucket, input.Key, { ...row, restore: restored });
    // The status is a member of ours: 200 for a copy that is there already, whose period changes.
    return (isReady ? {} : { StatusCode: ACCEPTED }) as RestoreObjectOutput;
  };

function restoration({ restore }: VersionRow, now: number, takes: number, count: number, day: Milliseconds) {
  const isAlive = restore !== undefined && now < restore.expiresAt;
  const isReady = isAlive && now >= restore.readyAt;
  // A faster tier may be asked for while a slower one works.
  if (isAlive && !isReady && now + takes >= restore.readyAt) return fail('RestoreAlreadyInProgress');
  const readyAt = isReady ? restore.readyAt : now + takes;
  // "rounding the resulting time to the next day, midnight UTC"
  const expiresAt = Math.ceil((Math.max(now, readyAt) + count * day) / day) * day;
  return { restored: { readyAt, expiresAt }, isReady };
}
