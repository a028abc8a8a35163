/** Keys themselves: created, described, listed, disabled and enabled. */
import type { KeyObject } from 'node:crypto';
import { uuid } from '#platform/base/ids.ts';
import type * as Model from '#platform/model/generated/kms.ts';
import type { Call } from '#platform/service.ts';
import { again } from '#platform/store/again.ts';
import type { Transaction } from '#platform/store/store.ts';
import { addToCount, countOf } from '#services/kms/counts.ts';
import { fail } from '#services/kms/errors.ts';
import { keyOf } from '#services/kms/identify.ts';
import { checkCustomerManaged, checkState } from '#services/kms/keys/key-states.ts';
import { metadataOf } from '#services/kms/keys/metadata.ts';
import { arnOf, type OpenKey, putKey } from '#services/kms/keys/open-key.ts';
import { addTags } from '#services/kms/keys/tags.ts';
import { KEYS_QUOTA } from '#services/kms/limits.ts';
import { generateMaterial } from '#services/kms/material/generate.ts';
import { putMaterial, sealMaterial } from '#services/kms/material/material.ts';
import { pageOf } from '#services/kms/paging.ts';
import type { KmsParts } from '#services/kms/parts.ts';
import { checkedPolicy, putPolicy } from '#services/kms/policies/policies.ts';
import { armRotation } from '#services/kms/rotation/schedule.ts';
import { SPECS, type SupportedSpec, specOf } from '#services/kms/specs.ts';
import { type KeyRow, keys } from '#services/kms/state.ts';

type Wanted = Pick<KeyRow, 'spec' | 'usage' | 'origin'>;

export function createKey(
  parts: KmsParts,
  input: Model.CreateKeyRequest,
  call: Call,
): Model.CreateKeyResponse | Promise<Model.CreateKeyResponse> {
  const wanted = wantedKey(input);
  const write = (secret: KeyObject | undefined): Model.CreateKeyResponse =>
    call.transact((tx) => {
      checkKeyQuota(tx, call);
      const key = writeKey(parts, tx, call, newRow(wanted, input, call), secret);
      const policy = checkedPolicy(parts, input, key.arn, call);
      putPolicy(tx, key.row.id, policy);
      addTags(tx, key.arn, input.Tags);
      return { KeyMetadata: metadataOf(keyOf(tx, call, key.row.id), call.account, call.region) };
    });
  if (wanted.origin === 'EXTERNAL') return write(undefined);
  const made = generateMaterial(specOf(wanted.spec).make);
  return made instanceof Promise ? made.then((secret) => again(() => write(secret))) : write(made);
}

function wantedKey(input: Model.CreateKeyRequest): Wanted {
  const { KeySpec, CustomerMasterKeySpec, Origin: origin = 'AWS_KMS', CustomKeyStoreId, XksKeyId } = input;
  if (KeySpec !== undefined && CustomerMasterKeySpec !== undefined) {
    fail(
      'Validation',
      'You cannot specify KeySpec and CustomerMasterKeySpec in the same request. CustomerMasterKeySpec is deprecated.',
    );
  }
  if (CustomKeyStoreId !== undefined) fail('CustomKeyStoreNotFound');
  if (XksKeyId !== undefined || (origin !== 'AWS_KMS' && origin !== 'EXTERNAL')) {
    return fail('Validation', `A key of origin ${origin} needs the CustomKeyStoreId of a custom key store.`);
  }
  const spec = KeySpec ?? CustomerMasterKeySpec ?? 'SYMMETRIC_DEFAULT';
  if (!(spec in SPECS)) fail('Unsupported', `KeySpec ${spec} is not supported in this region.`);
  const { usages } = SPECS[spec as SupportedSpec];
  const usage = input.KeyUsage ?? (spec === 'SYMMETRIC_DEFAULT' ? 'ENCRYPT_DECRYPT' : undefined);
  if (usage === undefined) {
    return fail(
      'Validation',
      'You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.',
    );
  }
  if (!usages.includes(usage)) fail('Validation', `KeyUsage ${usage} is not compatible with KeySpec ${spec}`);
  return { spec, usage, origin };
}

function newRow(wanted: Wanted, input: Model.CreateKeyRequest, { now, region }: Call): KeyRow {
  return {
    ...wanted,
    id: input.MultiRegion ? `mrk-${uuid().replaceAll('-', '')}` : uuid(),
    createdAt: now,
    description: input.Description ?? '',
    manager: 'CUSTOMER',
    state: wanted.origin === 'EXTERNAL' ? 'PendingImport' : 'Enabled',
    ...(input.MultiRegion && { related: { primary: region, replicas: [], version: 1 } }),
    onDemandRotations: 0,
  };
}

export function checkKeyQuota(tx: Transaction, call: Call): void {
  const limit = call.quota(KEYS_QUOTA);
  const usage = countOf(tx, 'keys');
  if (usage >= limit) fail('QuotaExceeded', 'Key', limit, usage);
}

/** Writes the rows of a new key but its policy and tags. */
export function writeKey(
  parts: KmsParts,
  tx: Transaction,
  { now }: Pick<Call, 'now'>,
  row: KeyRow,
  secret: KeyObject | undefined,
): Pick<OpenKey, 'row' | 'arn'> {
  if (row.manager === 'CUSTOMER') addToCount(tx, 'keys', 1);
  const sealed = secret && sealMaterial(parts.sealer, tx.partition.name, row.id, secret);
  const whole = sealed === undefined ? row : { ...row, currentMaterial: sealed.id };
  if (sealed) putMaterial(tx, row.id, 1, { ...sealed, state: 'CURRENT' });
  putKey(tx, whole);
  armRotation(tx, row.id, now);
  return { row: whole, arn: arnOf(tx, row.id) };
}

export function listKeys({ pages }: KmsParts, input: Model.ListKeysRequest, call: Call): Model.ListKeysResponse {
  const { tx } = call;
  const { ResourceOwners: owners = ['SELF'] } = input;
  // There is no Resource Access Manager: nothing is shared through it.
  const isOwn = owners.includes('SELF');
  const read = (after: string | undefined, limit: number): string[] =>
    isOwn
      ? tx
          .range(keys, { limit, ...(after !== undefined && { after: keys.key(after) }) })
          .map(({ key }) => keys.parts(key)[0])
      : [];
  const { items, more } = pageOf(pages, call, input, { owners }, { usual: 100, most: 1000 }, read, (id) => id);
  return { Keys: items.map((id) => ({ KeyId: id, KeyArn: arnOf(tx, id) })), ...more };
}

export function updateKeyDescription(input: Model.UpdateKeyDescriptionRequest, call: Call): void {
  const key = keyOf(call.tx, call, input.KeyId);
  checkCustomerManaged(key);
  checkState(key, 'change');
  putKey(call.tx, { ...key.row, description: input.Description });
}

export function enableKey(input: Model.EnableKeyRequest, call: Call): void {
  setState(input.KeyId, call, 'Enabled');
}

export function disableKey(input: Model.DisableKeyRequest, call: Call): void {
  setState(input.KeyId, call, 'Disabled');
}

function setState(keyId: string, call: Call, state: 'Enabled' | 'Disabled'): void {
  const key = keyOf(call.tx, call, keyId);
  checkCustomerManaged(key);
  checkState(key, 'toggle');
  putKey(call.tx, { ...key.row, state });
  armRotation(call.tx, key.row.id, call.now);
}
