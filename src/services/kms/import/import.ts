/**
 * Imported key material. A symmetric key may get several, the newest waiting for a rotation; every other key keeps what it got
 * first. Material that is deleted, or expires, is gone from the row at once, and the key waits until the same is imported again.
 */
import { createPrivateKey, createSecretKey, type KeyObject } from 'node:crypto';
import { days } from '#platform/base/clock.ts';
import type { Region } from '#platform/base/ids.ts';
import { cancelTimer, setTimer } from '#platform/jobs/timers.ts';
import type * as Model from '#platform/model/generated/kms.ts';
import type { Call, TimerJob } from '#platform/service.ts';
import type { Transaction } from '#platform/store/store.ts';
import { fail } from '#services/kms/errors.ts';
import { keyOf } from '#services/kms/identify.ts';
import { importParameters, unwrapped } from '#services/kms/import/wrapping.ts';
import { hasMaterial } from '#services/kms/keys/deletion.ts';
import { checkState } from '#services/kms/keys/key-states.ts';
import { findKey, keyChanged, type OpenKey, type OpenMaterial, putKey } from '#services/kms/keys/open-key.ts';
import { nextSequence, putMaterial, sealMaterial } from '#services/kms/material/material.ts';
import type { KmsParts } from '#services/kms/parts.ts';
import { relatedRegions, tellRelated } from '#services/kms/replicas/related.ts';
import { recordServiceEvent } from '#services/kms/service-events.ts';
import { specOf } from '#services/kms/specs.ts';
import { type KeyRow, type MaterialRow, materials } from '#services/kms/state.ts';

const LONGEST_VALIDITY = days(365);

function keyToImport(call: Call, keyId: string): OpenKey {
  const key = call.partition.read((tx) => keyOf(tx, call, keyId));
  if (key.row.origin !== 'EXTERNAL') fail('WrongOrigin', key.arn, key.row.origin);
  return key;
}

export async function getParametersForImport(
  parts: KmsParts,
  input: Model.GetParametersForImportRequest,
  call: Call,
): Promise<Model.GetParametersForImportResponse> {
  const key = keyToImport(call, input.KeyId);
  checkState(key, 'change');
  const { publicKey, token, validTo } = await importParameters(parts, key, input, call.now);
  return { KeyId: key.arn, ImportToken: token, PublicKey: publicKey, ParametersValidTo: validTo };
}

export function importKeyMaterial(
  parts: KmsParts,
  input: Model.ImportKeyMaterialRequest,
  call: Call,
): Model.ImportKeyMaterialResponse {
  const { tx, now } = call;
  const key = keyToImport(call, input.KeyId);
  checkState(key, 'change');
  const validTo = expiryOf(input, now);
  checkOptions(input, key);
  const secret = readMaterial(key, unwrapped(parts, key, input.ImportToken, input.EncryptedKeyMaterial, now));
  const sealed = sealMaterial(parts.sealer, tx.partition.name, key.row.id, secret);
  const known = key.materials.find(({ row }) => row.id === sealed.id);
  if (known === undefined) checkNew(input, key, call);
  else if (input.ImportType === 'NEW_KEY_MATERIAL') {
    fail('IncorrectKeyMaterial', `The key material is associated with ${key.arn} already.`);
  }
  const isFirst = key.row.currentMaterial === undefined && !hasReplicaRows(key);
  const { validTo: _, ...before } = known?.row ?? { state: isFirst ? 'CURRENT' : pendingState(key) };
  const row: MaterialRow = {
    ...before,
    ...sealed,
    ...(input.KeyMaterialDescription !== undefined && { description: input.KeyMaterialDescription }),
    ...(validTo !== undefined && { validTo }),
  };
  putMaterial(tx, key.row.id, known?.sequence ?? nextSequence(key), row);
  if (isFirst || (row.state === 'CURRENT' && key.row.currentMaterial === undefined)) {
    putKey(tx, { ...key.row, currentMaterial: row.id });
  }
  expire(tx, key.row.id, row);
  refreshState(tx, key.row.id);
  settleRelated(parts, tx, key.row, row, now);
  return { KeyId: key.arn, ...(key.row.spec === 'SYMMETRIC_DEFAULT' && { KeyMaterialId: row.id }) };
}

/** A replica knows the materials of its primary before they are imported into it. */
const hasReplicaRows = ({ materials: held }: OpenKey): boolean => held.length > 0;

const pendingState = ({ row }: OpenKey): Model.KeyMaterialState =>
  row.related !== undefined && row.related.replicas.length > 0
    ? 'PENDING_MULTI_REGION_IMPORT_AND_ROTATION'
    : 'PENDING_ROTATION';

function expiryOf(
  { ExpirationModel = 'KEY_MATERIAL_EXPIRES', ValidTo: validTo }: Model.ImportKeyMaterialRequest,
  now: number,
) {
  if (ExpirationModel === 'KEY_MATERIAL_DOES_NOT_EXPIRE') {
    if (validTo !== undefined)
      fail('Validation', 'ValidTo is not valid with the expiration model KEY_MATERIAL_DOES_NOT_EXPIRE.');
    return undefined;
  }
  if (validTo === undefined)
    return fail('Validation', 'ValidTo is required with the expiration model KEY_MATERIAL_EXPIRES.');
  if (validTo <= now || validTo > now + LONGEST_VALIDITY) {
    fail('Validation', 'ValidTo must be in the future, and at most 365 days from now.');
  }
  return validTo;
}

function checkOptions(input: Model.ImportKeyMaterialRequest, { row, materials: held, arn }: OpenKey): void {
  const { ImportType, KeyMaterialDescription, KeyMaterialId } = input;
  if (row.spec !== 'SYMMETRIC_DEFAULT') {
    if (ImportType ?? KeyMaterialDescription ?? KeyMaterialId) {
      fail('Validation', 'ImportType, KeyMaterialDescription and KeyMaterialId are for symmetric encryption keys.');
    }
    return;
  }
  if (KeyMaterialId === undefined) return;
  if (ImportType === 'NEW_KEY_MATERIAL') fail('Validation', 'New key material has no KeyMaterialId yet.');
  if (!held.some(({ row: { id } }) => id === KeyMaterialId)) fail('MaterialNotFound', `${KeyMaterialId} of ${arn}`);
}

/** Whether material that the key has never had may be imported. */
function checkNew(input: Model.ImportKeyMaterialRequest, key: OpenKey, { region }: Call): void {
  const { row, materials: held, arn } = key;
  const isReplica = row.related !== undefined && row.related.primary !== region;
  if (held.length === 0 && !isReplica) return;
  if (row.spec !== 'SYMMETRIC_DEFAULT' || isReplica || input.ImportType !== 'NEW_KEY_MATERIAL') {
    fail('IncorrectKeyMaterial', `The key material is not the one that was imported into ${arn} before.`);
  }
  if (held.some(({ row: { state } }) => state.startsWith('PENDING'))) {
    fail('IncorrectKeyMaterial', `${arn} has key material that is pending rotation already.`);
  }
}

/** The bytes as a key of the right kind, or a refusal. */
function readMaterial({ row, arn }: OpenKey, bytes: Buffer): KeyObject {
  const { make } = specOf(row.spec);
  const wrong = (): never =>
    fail('IncorrectKeyMaterial', `The key material is not a valid ${row.spec} key for ${arn}.`);
  if (make.kind === 'bytes') return bytes.length === make.length ? createSecretKey(bytes) : wrong();
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: bytes, type: 'pkcs8', format: 'der' });
  } catch {
    return wrong();
  }
  const { modulusLength, namedCurve } = key.asymmetricKeyDetails ?? {};
  if (make.kind === 'rsa') return key.asymmetricKeyType === 'rsa' && modulusLength === make.bits ? key : wrong();
  if (make.kind === 'ec') return key.asymmetricKeyType === 'ec' && namedCurve === make.curve ? key : wrong();
  return key.asymmetricKeyType === (make.kind === 'ed25519' ? 'ed25519' : make.name) ? key : wrong();
}

export function deleteImportedKeyMaterial(
  parts: KmsParts,
  input: Model.DeleteImportedKeyMaterialRequest,
  call: Call,
): Model.DeleteImportedKeyMaterialResponse {
  const { tx, now } = call;
  const key = keyToImport(call, input.KeyId);
  const id = input.KeyMaterialId ?? key.row.currentMaterial;
  const material = key.materials.find(({ row }) => row.id === id);
  if (material === undefined) {
    if (input.KeyMaterialId !== undefined) fail('MaterialNotFound', input.KeyMaterialId);
    // Nothing was imported yet: "No effect".
    return { KeyId: key.arn };
  }
  forgetMaterial(parts, tx, key, material, now);
  return { KeyId: key.arn, KeyMaterialId: material.row.id };
}

function forgetMaterial(
  parts: KmsParts,
  tx: Transaction,
  key: OpenKey,
  { sequence, row }: OpenMaterial,
  now: number,
): void {
  const { id } = key.row;
  cancelTimer(tx, 'expireMaterial', `${id} ${row.id}`);
  if (row.state.startsWith('PENDING')) {
    // It was never in use, so nothing is lost with it.
    tx.delete(materials, materials.key(id, sequence));
    keyChanged(tx, id);
    if (key.row.related) tellRelated(parts, tx, id, relatedRegions(key.row.related), now);
    return;
  }
  const { sealed: _, validTo: __, ...rest } = row;
  putMaterial(tx, id, sequence, rest);
  refreshState(tx, id);
}

function expire(tx: Transaction, keyId: string, { id, validTo }: MaterialRow): void {
  const timer = { job: 'expireMaterial', id: `${keyId} ${id}` };
  if (validTo === undefined) cancelTimer(tx, timer.job, timer.id);
  else setTimer(tx, { ...timer, due: validTo, payload: { key: keyId, material: id } });
}

/** The timer's work. */
export const expireMaterial =
  (parts: KmsParts): TimerJob =>
  (tx, { key: keyId, material: id }, { now }) => {
    const key = findKey(tx, String(keyId));
    const material = key?.materials.find(({ row }) => row.id === id);
    if (key && material?.row.validTo !== undefined && material.row.validTo <= now) {
      forgetMaterial(parts, tx, key, material, now);
      recordServiceEvent(tx, key, 'DeleteExpiredKeyMaterial', now, { keyMaterialId: material.row.id });
    }
  };

/** A key is enabled when its last missing material comes, and waits when one goes. */
function refreshState(tx: Transaction, keyId: string): void {
  const key = findKey(tx, keyId);
  if (key === undefined || key.row.state.endsWith('Deletion')) return;
  if (!hasMaterial(key)) putKey(tx, { ...key.row, state: 'PendingImport' });
  else if (key.row.state === 'PendingImport') putKey(tx, { ...key.row, state: 'Enabled' });
}

/**
 * Related keys: the primary tells its replicas of new material; when each has imported it, it is ready to be rotated to.
 */
function settleRelated(
  parts: KmsParts,
  tx: Transaction,
  { id, related }: KeyRow,
  material: MaterialRow,
  now: number,
): void {
  if (related === undefined) return;
  const regions = relatedRegions(related);
  if (material.state === 'PENDING_MULTI_REGION_IMPORT_AND_ROTATION') settleState(parts, tx, id, regions, material);
  tellRelated(parts, tx, id, regions, now);
}

function settleState(
  parts: KmsParts,
  tx: Transaction,
  id: string,
  regions: readonly Region[],
  material: MaterialRow,
): void {
  const own = tx.partition.name;
  const isEverywhere = regions
    .filter((region) => region !== own.region)
    .every((region) =>
      // An account's own partition, as the key's.
      parts
        .partitionOf(own.account as Call['account'], region)
        .read((other) =>
          findKey(other, id)?.materials.some(({ row }) => row.id === material.id && row.sealed !== undefined),
        ),
    );
  const held = findKey(tx, id)?.materials.find(({ row }) => row.id === material.id);
  if (isEverywhere && held) putMaterial(tx, id, held.sequence, { ...held.row, state: 'PENDING_ROTATION' });
}
