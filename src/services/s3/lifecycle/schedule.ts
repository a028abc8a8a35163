/** The timer of a bucket's lifecycle: one for each bucket that has rules. */
import { cancelTimer, setTimer } from '#platform/jobs/timers.ts';
import type { Transaction } from '#platform/store/store.ts';
import type { BucketRow } from '#services/s3/state.ts';

export const LIFECYCLE_JOB = 'lifecycle';

export function scheduleLifecycle(
  tx: Transaction,
  { id, name }: Pick<BucketRow, 'id' | 'name'>,
  due: number,
  cursor?: object,
): void {
  setTimer(tx, { job: LIFECYCLE_JOB, id: String(id), due, payload: { bucket: name, id, ...(cursor && { cursor }) } });
}

export const cancelLifecycle = (tx: Transaction, { id }: Pick<BucketRow, 'id'>): void =>
  cancelTimer(tx, LIFECYCLE_JOB, String(id));
