/**
 * Rotation gives a symmetric key new material for what is encrypted from now on; what was encrypted before names its own
 * material and still decrypts. It happens by a timer, yearly or as the key says, or on demand. Imported material is rotated on
 * demand only, to what was imported for it.
 */
import { days, minutes } from '#platform/base/clock.ts';
import type * as Model from '#platform/model/generated/kms.ts';
import type { Call, TimerJob } from '#platform/service.ts';
import type { Transaction } from '#platform/store/store.ts';
import { fail } from '#services/kms/errors.ts';
import { keyOf } from '#services/kms/identify.ts';
import { checkCustomerManaged, checkState } from '#services/kms/keys/key-states.ts';
import { findKey, type OpenKey, putKey } from '#services/kms/keys/open-key.ts';
import { ON_DEMAND_ROTATIONS_QUOTA } from '#services/kms/limits.ts';
import { generateMaterial } from '#services/kms/material/generate.ts';
import { nextSequence, putMaterial, sealMaterial } from '#services/kms/material/material.ts';
import { pageOf } from '#services/kms/paging.ts';
import type { KmsParts } from '#services/kms/parts.ts';
import { relatedRegions, tellRelated } from '#services/kms/replicas/related.ts';
import { armRotation } from '#services/kms/rotation/schedule.ts';
import { recordServiceEvent } from '#services/kms/service-events.ts';
import { SPECS } from '#services/kms/specs.ts';
import type { KeyRow, MaterialRow } from '#services/kms/state.ts';

export const DEFAULT_PERIOD_DAYS = 365;
/** "in progress or scheduled to begin within the next 20 minutes" */
const SOON = minutes(20);

function checkRotatable(key: OpenKey): void {
  if (key.row.spec !== 'SYMMETRIC_DEFAULT') fail('WrongSpec', key.arn, key.row.spec);
}

/** The key whose automatic rotation is to be changed: of related keys, the primary. */
function keyToSchedule(call: Call, keyId: string): OpenKey {
  const key = keyOf(call.tx, call, keyId);
  checkCustomerManaged(key);
  checkRotatable(key);
  if (key.row.origin === 'EXTERNAL') fail('WrongOrigin', key.arn, 'EXTERNAL');
  checkState(key, 'rotate');
  checkPrimary(call, key);
  return key;
}

function checkPrimary(call: Call, { row, arn }: OpenKey): void {
  if (row.related !== undefined && row.related.primary !== call.region) fail('NotPrimary', arn);
}

export function enableKeyRotation(parts: KmsParts, input: Model.EnableKeyRotationRequest, call: Call): void {
  const { row } = keyToSchedule(call, input.KeyId);
  const periodDays = input.RotationPeriodInDays ?? DEFAULT_PERIOD_DAYS;
  if (row.rotation?.periodDays === periodDays) return;
  schedule(parts, call, { ...row, rotation: { periodDays, nextAt: call.now + days(periodDays) } });
}

export function disableKeyRotation(parts: KmsParts, input: Model.DisableKeyRotationRequest, call: Call): void {
  const { rotation: _, ...row } = keyToSchedule(call, input.KeyId).row;
  schedule(parts, call, row);
}

function schedule(parts: KmsParts, { tx, now }: Call, row: KeyRow): void {
  putKey(tx, row);
  armRotation(tx, row.id, now);
  if (row.related) tellRelated(parts, tx, row.id, relatedRegions(row.related), now);
}

export function getKeyRotationStatus(
  input: Model.GetKeyRotationStatusRequest,
  call: Call,
): Model.GetKeyRotationStatusResponse {
  const key = keyOf(call.tx, call, input.KeyId);
  checkRotatable(key);
  const { id, rotation, state } = key.row;
  // "While a KMS key is pending deletion, its key rotation status is false."
  if (rotation === undefined || state.startsWith('Pending')) return { KeyRotationEnabled: false, KeyId: id };
  return {
    KeyRotationEnabled: true,
    KeyId: id,
    RotationPeriodInDays: rotation.periodDays,
    NextRotationDate: rotation.nextAt,
  };
}

export function rotateKeyOnDemand(
  parts: KmsParts,
  input: Model.RotateKeyOnDemandRequest,
  call: Call,
): Model.RotateKeyOnDemandResponse {
  const { tx, now } = call;
  const key = keyOf(tx, call, input.KeyId);
  checkCustomerManaged(key);
  checkRotatable(key);
  checkState(key, 'rotate');
  checkPrimary(call, key);
  const limit = call.quota(ON_DEMAND_ROTATIONS_QUOTA);
  const usage = key.row.onDemandRotations;
  if (usage >= limit) fail('QuotaExceeded', 'On-demand rotations per key', limit, usage);
  if (key.row.rotation && key.row.rotation.nextAt - SOON <= now) fail('RotationSoon');
  if (key.row.origin === 'EXTERNAL') promoteImported(tx, key, now);
  else addMaterial(parts, tx, key, 'ON_DEMAND', now);
  recordServiceEvent(tx, key, 'RotateKey', now, { rotationType: 'ON_DEMAND' });
  const { row } = findKey(tx, key.row.id) ?? key;
  putKey(tx, { ...row, onDemandRotations: row.onDemandRotations + 1 });
  if (row.related) tellRelated(parts, tx, row.id, relatedRegions(row.related), now);
  return { KeyId: row.id };
}

/** The timer's work. */
export const rotateKey =
  (parts: KmsParts): TimerJob =>
  (tx, { key: id }, { now }) => {
    const key = findKey(tx, String(id));
    const rotation = key?.row.rotation;
    // Disabled since: enabling it sets the timer again.
    if (key === undefined || rotation === undefined || key.row.state !== 'Enabled') return;
    addMaterial(parts, tx, key, 'AUTOMATIC', now);
    recordServiceEvent(tx, key, 'RotateKey', now, { rotationType: 'AUTOMATIC' });
    const { row } = findKey(tx, key.row.id) ?? key;
    putKey(tx, { ...row, rotation: { ...rotation, nextAt: now + days(rotation.periodDays) } });
    armRotation(tx, row.id, now);
    if (row.related) tellRelated(parts, tx, row.id, relatedRegions(row.related), now);
  };

function addMaterial(parts: KmsParts, tx: Transaction, key: OpenKey, type: Model.RotationType, now: number): void {
  const secret = generateMaterial(SPECS.SYMMETRIC_DEFAULT.make);
  if (secret instanceof Promise) throw new Error('symmetric material is made at once');
  const sealed = sealMaterial(parts.sealer, tx.partition.name, key.row.id, secret);
  retireCurrent(tx, key);
  putMaterial(tx, key.row.id, nextSequence(key), { ...sealed, state: 'CURRENT', rotatedAt: now, rotationType: type });
  putKey(tx, { ...key.row, currentMaterial: sealed.id });
}

function promoteImported(tx: Transaction, key: OpenKey, now: number): void {
  const pending =
    key.materials.find(({ row }) => row.state === 'PENDING_ROTATION') ?? fail('NotPendingRotation', key.arn);
  retireCurrent(tx, key);
  putMaterial(tx, key.row.id, pending.sequence, {
    ...pending.row,
    state: 'CURRENT',
    rotatedAt: now,
    rotationType: 'ON_DEMAND',
  });
  putKey(tx, { ...key.row, currentMaterial: pending.row.id });
}

function retireCurrent(tx: Transaction, key: OpenKey): void {
  const current = key.materials.find(({ row }) => row.id === key.row.currentMaterial);
  if (current) putMaterial(tx, key.row.id, current.sequence, { ...current.row, state: 'NON_CURRENT' });
}

export function listKeyRotations(
  { pages }: KmsParts,
  input: Model.ListKeyRotationsRequest,
  call: Call,
): Model.ListKeyRotationsResponse {
  const key = keyOf(call.tx, call, input.KeyId);
  checkRotatable(key);
  const shown = key.materials.filter(
    ({ row }) => input.IncludeKeyMaterial === 'ALL_KEY_MATERIAL' || row.rotatedAt !== undefined,
  );
  const { items, more } = pageOf(
    pages,
    call,
    input,
    { id: key.row.id, of: input.IncludeKeyMaterial },
    { usual: 100, most: 1000 },
    (after, count) => shown.filter(({ sequence }) => sequence > Number(after ?? 0)).slice(0, count),
    ({ sequence }) => String(sequence),
  );
  return { Rotations: items.map(({ row }) => rotationView(key.row, row)), ...more };
}

const rotationView = ({ id, origin }: KeyRow, material: MaterialRow): Model.RotationsListEntry => ({
  KeyId: id,
  KeyMaterialId: material.id,
  KeyMaterialState: material.state,
  ...(origin === 'EXTERNAL' && {
    ImportState: material.sealed === undefined ? 'PENDING_IMPORT' : 'IMPORTED',
    ...(material.description !== undefined && { KeyMaterialDescription: material.description }),
    ...(material.sealed !== undefined && {
      ExpirationModel: material.validTo === undefined ? 'KEY_MATERIAL_DOES_NOT_EXPIRE' : 'KEY_MATERIAL_EXPIRES',
    }),
    ...(material.validTo !== undefined && { ValidTo: material.validTo }),
  }),
  ...(material.rotatedAt !== undefined && { RotationDate: material.rotatedAt }),
  ...(material.rotationType !== undefined && { RotationType: material.rotationType }),
});
