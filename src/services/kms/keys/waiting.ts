/** The waiting period before a key is deleted. */
import { days } from '#platform/base/clock.ts';
import { setTimer } from '#platform/jobs/timers.ts';
import type { Transaction } from '#platform/store/store.ts';
import { putKey } from '#services/kms/keys/open-key.ts';
import type { KeyRow } from '#services/kms/state.ts';

const DEFAULT_DAYS = 30;

/** From now on, as long as the row says. */
export function startDeletion(tx: Transaction, row: KeyRow, now: number): KeyRow {
  const deletionAt = now + days(row.pendingWindowDays ?? DEFAULT_DAYS);
  const waiting: KeyRow = { ...row, state: 'PendingDeletion', deletionAt };
  putKey(tx, waiting);
  setTimer(tx, { job: 'deleteKey', id: row.id, due: deletionAt, payload: { key: row.id } });
  return waiting;
}
