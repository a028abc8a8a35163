/** When a key is rotated by itself. Related multi-Region keys are rotated by their primary. */
import { cancelTimer, setTimer } from '#platform/jobs/timers.ts';
import type { Transaction } from '#platform/store/store.ts';
import { keys } from '#services/kms/state.ts';

const JOB = 'rotateKey';

/** Sets the timer that the row asks for. A rotation that fell due while the key was disabled is made up at once. */
export function armRotation(tx: Transaction, keyId: string, now: number): void {
  const row = tx.get(keys, keys.key(keyId));
  const isOurs = row?.related === undefined || row.related.primary === tx.partition.name.region;
  if (row?.rotation === undefined || row.state !== 'Enabled' || !isOurs) cancelTimer(tx, JOB, keyId);
  else setTimer(tx, { job: JOB, id: keyId, due: Math.max(now, row.rotation.nextAt), payload: { key: keyId } });
}
