/**
 * Keys of encrypted volumes and snapshots (EBS User Guide, "How EBS encryption works"). For a new one KMS makes a data key without showing
 * it, as whoever asks for the volume, and gives EC2 a grant to decrypt it later, when a machine is to have it and nobody is there to
 * ask. Both are bound to the volume by the encryption context. In the clear the key is in this process only while it is used.
 *
 * Handlers are synchronous: one that needs a key throws Suspend, and finds the key when it runs again. A transaction that is undone
 * puts its keys back.
 */

import { getOrInsert } from '#platform/base/get-or-insert.ts';
import type { AccountId, Region } from '#platform/base/ids.ts';
import type { VolumeKey } from '#platform/compute/volume.ts';
import type { Call } from '#platform/service.ts';
import { type Partition, Suspend, type Transaction } from '#platform/store/store.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';
import { newId, resourceArn } from '#services/ec2/resources.ts';
import { storageSettings } from '#services/ec2/storage/state.ts';
import type { DataKeyRef } from '#services/ec2/volumes/state.ts';

const PRINCIPAL = 'ec2.amazonaws.com';
const MANAGED_KEY = 'alias/aws/ebs';

export type KeyedNoun = 'volume' | 'snapshot';
const PREFIX = { volume: 'vol', snapshot: 'snap' } as const;

/** A data key, and the id of the resource that it was made for. */
export interface NewDataKey extends DataKeyRef {
  readonly id: string;
}

/** Keys that were made for a call and not used yet, by what was asked for. */
const prepared = new WeakMap<Call, Map<string, NewDataKey[]>>();

/** Throws Suspend until there is one. */
function newDataKey(parts: Ec2Parts, tx: Transaction, call: Call, noun: KeyedNoun, keyId: string): NewDataKey {
  const pools = getOrInsert(prepared, call, () => new Map<string, NewDataKey[]>());
  const pool = getOrInsert(pools, `${noun} ${keyId}`, () => []);
  const found = pool.pop();
  if (found === undefined) {
    // Not now: a transaction is running, and KMS's is of another partition.
    const making = Promise.resolve().then(() => make(parts, call, noun, keyId));
    throw new Suspend(making.then((key) => void pool.push(key)));
  }
  tx.onUndo(() => pool.push(found));
  return found;
}

async function make({ envelopes }: Ec2Parts, call: Call, noun: KeyedNoun, keyId: string): Promise<NewDataKey> {
  const id = newId(PREFIX[noun]);
  const KeyId = await envelopes.keyArn(call, keyId);
  const EncryptionContext = contextOf(id);
  const { CiphertextBlob } = await call.invoke(
    'kms',
    'GenerateDataKeyWithoutPlaintext',
    { KeyId, KeySpec: 'AES_256', EncryptionContext },
    call.region,
  );
  const grant = {
    KeyId,
    GranteeServicePrincipal: PRINCIPAL,
    RetiringServicePrincipal: PRINCIPAL,
    Operations: ['Decrypt'],
    Constraints: { EncryptionContextEquals: EncryptionContext, SourceArn: arnOf(call, id) },
  };
  await call.invoke('kms', 'CreateGrant', grant, call.region);
  // KMS's outputs hold bytes as such.
  return { id, kmsKey: KeyId, dataKey: Buffer.from(CiphertextBlob as Uint8Array).toString('base64'), dataKeyFor: id };
}

const contextOf = (id: string) => ({ 'aws:ebs:id': id });

const arnOf = (place: { readonly account: string; readonly region: string }, id: string): string =>
  resourceArn(place, id.startsWith('vol-') ? 'volume' : 'snapshot', id);

/** In the clear; undefined where nothing is encrypted. What KMS refuses (a key that is disabled), this throws. */
export async function openDataKey(
  { callAsService }: Ec2Parts,
  partition: Partition,
  { kmsKey, dataKey, dataKeyFor }: Partial<DataKeyRef>,
): Promise<VolumeKey | undefined> {
  if (kmsKey === undefined || dataKey === undefined || dataKeyFor === undefined) return undefined;
  const { region } = partition.name;
  // The key's own account: a snapshot may have come from another one, and the grant was made there.
  const account = kmsKey.split(':')[4] as AccountId;
  const { Plaintext } = await callAsService({
    service: 'kms',
    operation: 'Decrypt',
    input: { KeyId: kmsKey, CiphertextBlob: Buffer.from(dataKey, 'base64'), EncryptionContext: contextOf(dataKeyFor) },
    region: (kmsKey.split(':')[3] ?? region) as Region,
    principal: PRINCIPAL,
    sourceArn: arnOf({ account, region }, dataKeyFor),
    sourceAccount: account,
  });
  return Plaintext as Uint8Array;
}

export interface EncryptionWish {
  readonly isEncrypted?: boolean | undefined;
  readonly keyId?: string | undefined;
}

interface Source extends Partial<DataKeyRef> {
  readonly isOwn: boolean;
}

/**
 * What becomes of something new ("Encryption outcomes"): what is made of the encrypted is encrypted, under the same data key where the
 * owner is the same and no other key is asked for. Undefined: not encrypted.
 */
export function encryptionOf(
  parts: Ec2Parts,
  tx: Transaction,
  call: Call,
  noun: KeyedNoun,
  wish: EncryptionWish,
  source?: Source,
): { readonly id: string; readonly key: DataKeyRef } | undefined {
  const { encryptsByDefault = false, defaultKey = MANAGED_KEY } = storageSettings(tx);
  const { kmsKey, dataKey, dataKeyFor } = source ?? {};
  const isEncrypted = wish.isEncrypted === true || encryptsByDefault || kmsKey !== undefined;
  if (!isEncrypted) return undefined;
  const isSame = source?.isOwn === true && (wish.keyId === undefined || wish.keyId === kmsKey);
  if (isSame && kmsKey !== undefined && dataKey !== undefined && dataKeyFor !== undefined) {
    return { id: newId(PREFIX[noun]), key: { kmsKey, dataKey, dataKeyFor } };
  }
  const { id, ...key } = newDataKey(parts, tx, call, noun, wish.keyId ?? defaultKey);
  return { id, key };
}
