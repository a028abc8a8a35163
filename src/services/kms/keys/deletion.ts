/** The end of a key: scheduled, called off, carried out when the waiting period is over. */
import { cancelTimer } from '#platform/jobs/timers.ts';
import type * as Model from '#platform/model/generated/kms.ts';
import type { Call, TimerJob } from '#platform/service.ts';
import type { Transaction } from '#platform/store/store.ts';
import { deleteTags } from '#platform/tags.ts';
import { dropAliasesOf } from '#services/kms/aliases/aliases.ts';
import { addToCount } from '#services/kms/counts.ts';
import { fail } from '#services/kms/errors.ts';
import { dropGrantsOf } from '#services/kms/grants/grants.ts';
import { keyOf } from '#services/kms/identify.ts';
import { checkCustomerManaged, checkState } from '#services/kms/keys/key-states.ts';
import { findKey, keyChanged, type OpenKey, putKey } from '#services/kms/keys/open-key.ts';
import { startDeletion } from '#services/kms/keys/waiting.ts';
import type { KmsParts } from '#services/kms/parts.ts';
import { relatedRegions, tellRelated } from '#services/kms/replicas/related.ts';
import { armRotation } from '#services/kms/rotation/schedule.ts';
import { recordServiceEvent } from '#services/kms/service-events.ts';
import { keys, lastUsages, materials, policies, policyPrincipals } from '#services/kms/state.ts';

const [FEWEST_DAYS, MOST_DAYS] = [7, 30];

export function scheduleKeyDeletion(
  input: Model.ScheduleKeyDeletionRequest,
  call: Call,
): Model.ScheduleKeyDeletionResponse {
  const { PendingWindowInDays: window = MOST_DAYS } = input;
  const { tx, now, region } = call;
  const key = keyOf(tx, call, input.KeyId);
  checkCustomerManaged(key);
  if (window < FEWEST_DAYS || window > MOST_DAYS) {
    fail('Validation', `PendingWindowInDays must be between ${FEWEST_DAYS} and ${MOST_DAYS}, inclusive.`);
  }
  checkState(key, 'change');
  const row = { ...key.row, pendingWindowDays: window };
  const answer = { KeyId: key.arn, PendingWindowInDays: window };
  // A primary is not deleted before its replicas are.
  if (row.related?.primary === region && row.related.replicas.length > 0) {
    putKey(tx, { ...row, state: 'PendingReplicaDeletion' });
    armRotation(tx, row.id, now);
    return { ...answer, KeyState: 'PendingReplicaDeletion' };
  }
  const { deletionAt } = startDeletion(tx, row, now);
  armRotation(tx, row.id, now);
  return { ...answer, KeyState: 'PendingDeletion', ...(deletionAt !== undefined && { DeletionDate: deletionAt }) };
}

export function cancelKeyDeletion(input: Model.CancelKeyDeletionRequest, call: Call): Model.CancelKeyDeletionResponse {
  const { tx } = call;
  const key = keyOf(tx, call, input.KeyId);
  checkState(key, 'cancel');
  const { deletionAt: _, pendingWindowDays: __, ...row } = key.row;
  putKey(tx, { ...row, state: hasMaterial(key) ? 'Disabled' : 'PendingImport' });
  cancelTimer(tx, 'deleteKey', row.id);
  return { KeyId: key.arn };
}

/** Of imported material all that the key ever used must be there. */
export const hasMaterial = ({ row, materials: all }: OpenKey): boolean =>
  row.currentMaterial !== undefined &&
  all.every(({ row: { state, sealed } }) => sealed !== undefined || state.startsWith('PENDING'));

/** The timer's work: what was encrypted under the key is lost. */
export const deleteKey =
  (parts: KmsParts): TimerJob =>
  (tx, { key: id }, { now }) => {
    const key = findKey(tx, String(id));
    if (key?.row.state !== 'PendingDeletion') return;
    eraseKey(parts, tx, key, now);
    recordServiceEvent(tx, key, 'DeleteKey', now);
  };

function eraseKey(parts: KmsParts, tx: Transaction, { row, arn, materials: held }: OpenKey, now: number): void {
  dropAliasesOf(tx, row.id);
  dropGrantsOf(tx, row.id);
  deleteTags(tx, arn);
  for (const { row: material } of held) cancelTimer(tx, 'expireMaterial', `${row.id} ${material.id}`);
  tx.deleteRange(materials, [row.id]);
  tx.delete(policies, policies.key(row.id));
  tx.delete(policyPrincipals, policyPrincipals.key(row.id));
  tx.delete(lastUsages, lastUsages.key(row.id));
  tx.delete(keys, keys.key(row.id));
  cancelTimer(tx, 'rotateKey', row.id);
  addToCount(tx, 'keys', -1);
  keyChanged(tx, row.id);
  if (row.related) tellRelated(parts, tx, row.id, relatedRegions(row.related), now);
}
