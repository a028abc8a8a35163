/** A key as DescribeKey, CreateKey and ReplicateKey show it. */
import { formatArn } from '#platform/base/arn.ts';
import type { AccountId, Region } from '#platform/base/ids.ts';
import type * as Model from '#platform/model/generated/kms.ts';
import type { OpenKey } from '#services/kms/keys/open-key.ts';
import { specOf } from '#services/kms/specs.ts';
import type { Related } from '#services/kms/state.ts';

export function metadataOf(key: OpenKey, account: AccountId, region: Region): Model.KeyMetadata {
  const { row } = key;
  return {
    AWSAccountId: account,
    KeyId: row.id,
    Arn: key.arn,
    CreationDate: row.createdAt,
    Enabled: row.state === 'Enabled',
    Description: row.description,
    KeyUsage: row.usage,
    KeyState: row.state,
    ...(row.deletionAt !== undefined && { DeletionDate: row.deletionAt }),
    ...(row.state === 'PendingReplicaDeletion' && { PendingDeletionWindowInDays: row.pendingWindowDays }),
    ...expiry(key),
    Origin: row.origin,
    KeyManager: row.manager,
    // The old name of the same value; its type has not grown with the newer specs.
    CustomerMasterKeySpec: row.spec as Model.CustomerMasterKeySpec,
    KeySpec: row.spec,
    ...algorithmsOf(key),
    MultiRegion: row.related !== undefined,
    ...(row.related && { MultiRegionConfiguration: configurationOf(row.related, row.id, account, region) }),
    ...(row.spec === 'SYMMETRIC_DEFAULT' &&
      row.currentMaterial !== undefined && { CurrentKeyMaterialId: row.currentMaterial }),
  };
}

/** Of the usage that the key has. */
export function algorithmsOf({ row }: OpenKey): Partial<Model.GetPublicKeyResponse & Model.KeyMetadata> {
  const spec = specOf(row.spec);
  switch (row.usage) {
    case 'ENCRYPT_DECRYPT':
      return { EncryptionAlgorithms: spec.encryption };
    case 'SIGN_VERIFY':
      return { SigningAlgorithms: spec.signing };
    case 'GENERATE_VERIFY_MAC':
      return { MacAlgorithms: spec.mac };
    case 'KEY_AGREEMENT':
      return { KeyAgreementAlgorithms: ['ECDH'] };
    case 'ENCAPSULATE_DECAPSULATE':
      return { EncapsulationAlgorithms: ['ML_KEM'] };
  }
}

const IN_USE: ReadonlySet<Model.KeyMaterialState> = new Set(['CURRENT', 'NON_CURRENT']);

/** The earliest end of material that the key can't do without. */
function expiry({ row, materials }: OpenKey): Pick<Model.KeyMetadata, 'ExpirationModel' | 'ValidTo'> {
  const held = materials.filter(({ row: { sealed, state } }) => sealed && IN_USE.has(state));
  if (row.origin !== 'EXTERNAL' || held.length === 0) return {};
  const ends = held.flatMap(({ row: { validTo } }) => validTo ?? []);
  if (ends.length === 0) return { ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE' };
  return { ExpirationModel: 'KEY_MATERIAL_EXPIRES', ValidTo: Math.min(...ends) };
}

function configurationOf({ primary, replicas }: Related, id: string, account: AccountId, region: Region) {
  const keyIn = (where: Region) => ({ Arn: formatArn('kms', where, account, `key/${id}`), Region: where });
  return {
    MultiRegionKeyType: region === primary ? 'PRIMARY' : 'REPLICA',
    PrimaryKey: keyIn(primary),
    ReplicaKeys: replicas.map(keyIn),
  } as const;
}
