/**
 * Key material at rest. It is sealed under the master key, bound to its account, region, key and own id: a row that is moved,
 * altered or read by another cloud does not open. The id comes from the key's id and the material, as on AWS, so the same
 * material imported again, or replicated to another region, has the same one.
 */
import { createHash, createPrivateKey, createPublicKey, createSecretKey, type KeyObject } from 'node:crypto';
import type { SealedPlace, Sealer } from '#platform/secrets/sealer.ts';
import type { PartitionName, Transaction } from '#platform/store/store.ts';
import { fail } from '#services/kms/errors.ts';
import { keyChanged, type OpenKey, type OpenMaterial } from '#services/kms/keys/open-key.ts';
import { exportMaterial, exportPublic } from '#services/kms/material/generate.ts';
import { type MaterialRow, materials } from '#services/kms/state.ts';

const materialId = (keyId: string, bytes: Buffer): string =>
  createHash('sha256').update('makonis/kms/material\0').update(keyId).update('\0').update(bytes).digest('hex');

const placeOf = ({ account, region }: PartitionName, keyId: string, id: string): SealedPlace => ({
  account,
  record: `kms/${region}/${keyId}/${id}`,
  version: 1,
});

/** What a row holds of material. */
export function sealMaterial(
  sealer: Sealer,
  partition: PartitionName,
  keyId: string,
  key: KeyObject,
): Pick<MaterialRow, 'id' | 'sealed' | 'publicKey'> & { readonly sealed: string } {
  const bytes = exportMaterial(key);
  const id = materialId(keyId, bytes);
  return {
    id,
    sealed: sealer.seal(bytes, placeOf(partition, keyId, id)),
    ...(key.type === 'private' && { publicKey: exportPublic(key).toString('base64') }),
  };
}

/** The secret or private key. It is kept with the open key, and dropped with it. */
export function secretOf(sealer: Sealer, partition: PartitionName, key: OpenKey, material: OpenMaterial): KeyObject {
  if (material.secret !== undefined) return material.secret;
  const { row } = material;
  const sealed = row.sealed ?? fail('PendingImport', key.arn);
  const bytes = sealer.open(sealed, placeOf(partition, key.row.id, row.id));
  material.secret =
    row.publicKey === undefined
      ? createSecretKey(bytes)
      : createPrivateKey({ key: bytes, type: 'pkcs8', format: 'der' });
  return material.secret;
}

export function publicKeyOf(key: OpenKey, material: OpenMaterial): KeyObject {
  const { publicKey } = material.row;
  if (publicKey === undefined) return fail('PendingImport', key.arn);
  material.publicKey ??= createPublicKey({ key: Buffer.from(publicKey, 'base64'), type: 'spki', format: 'der' });
  return material.publicKey;
}

export const currentMaterial = (key: OpenKey): OpenMaterial =>
  key.materials.find(({ row }) => row.id === key.row.currentMaterial) ?? fail('PendingImport', key.arn);

export function putMaterial(tx: Transaction, keyId: string, sequence: number, row: MaterialRow): void {
  tx.put(materials, materials.key(keyId, sequence), row);
  keyChanged(tx, keyId);
}

export const nextSequence = (key: OpenKey): number => (key.materials.at(-1)?.sequence ?? 0) + 1;
