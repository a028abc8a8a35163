/** Tells when a restore is over, and when the restored copy expires: a timer of each restore, at the one moment and then at the other. */
import { setTimer } from '#platform/jobs/timers.ts';
import type { TimerJob } from '#platform/service.ts';
import type { Transaction } from '#platform/store/store.ts';
import { findBucket } from '#services/s3/buckets/open-bucket.ts';
import { causeOfJob, notify } from '#services/s3/notifications/notify.ts';
import { findVersion, putVersion, shownVersionId } from '#services/s3/objects/versions.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import type { BucketRow, VersionRow } from '#services/s3/state.ts';
import { INTELLIGENT_TIERING } from '#services/s3/tiering/tiers.ts';

export const RESTORE_JOB = 'restore';

/** Nothing for a version that was not restored. */
export function scheduleRestore(
  tx: Transaction,
  { id, name }: Pick<BucketRow, 'id' | 'name'>,
  key: string,
  row: VersionRow,
  isReady: boolean,
): void {
  const { restore, sequence } = row;
  if (restore === undefined) return;
  setTimer(tx, {
    job: RESTORE_JOB,
    id: `${id}/${sequence}/${key}`,
    due: isReady ? restore.expiresAt : restore.readyAt,
    payload: { bucket: name, id, key, versionId: shownVersionId(row), sequence, isReady },
  });
}

export const tellRestore =
  (parts: S3Parts): TimerJob =>
  (tx, payload, job) => {
    const bucket = findBucket(tx, parts.sealer, String(payload['bucket']));
    if (bucket === undefined || bucket.id !== payload['id']) return;
    const key = String(payload['key']);
    const row = findVersion(tx, bucket, key, String(payload['versionId']));
    const { restore, tiering, ...rest } = row ?? {};
    // It may have been overwritten, or moved on, since.
    if (row === undefined || restore === undefined || row.sequence !== payload['sequence']) return;
    if (payload['isReady'] === true) {
      // As above: all of a version's row but its restore.
      const expired = { ...rest, ...(tiering && { tiering }) } as VersionRow;
      putVersion(tx, bucket, key, expired);
      notify(tx, bucket, { name: 'ObjectRestore:Delete', key, row: expired }, causeOfJob(job));
      return;
    }
    const isBack = row.storageClass === INTELLIGENT_TIERING;
    // It is in the Frequent Access tier from here on.
    if (isBack) putVersion(tx, bucket, key, { ...rest, tiering: { accessedAt: restore.readyAt } } as VersionRow);
    else scheduleRestore(tx, bucket, key, row, true);
    const restoreEventData = {
      ...(!isBack && { lifecycleRestorationExpiryTime: new Date(restore.expiresAt).toISOString() }),
      lifecycleRestoreStorageClass: row.storageClass,
    };
    const facts = { glacierEventData: { restoreEventData } };
    notify(tx, bucket, { name: 'ObjectRestore:Completed', key, row, facts }, causeOfJob(job));
  };
