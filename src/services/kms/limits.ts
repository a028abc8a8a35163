/**
 * KMS's quotas, with AWS's codes ("Quotas" of the Developer Guide and the Service Quotas console). Request quotas are rates
 * of the calling account in a region; cryptographic operations share one for each type of key.
 */
import type { DataKeyPairSpec, KmsOperations } from '#platform/model/generated/kms.ts';
import type { QuotaDeclaration, ThrottleByQuota, ThrottleDeclaration } from '#platform/service.ts';
import type { Bucket } from '#services/kms/specs.ts';
import { counts } from '#services/kms/state.ts';

export const KEYS_QUOTA = 'L-C2F1777E';
export const ALIASES_QUOTA = 'L-340F62FB';
export const GRANTS_QUOTA = 'L-D594A657';
export const ON_DEMAND_ROTATIONS_QUOTA = 'L-0E66C9C0';

/** Not in Service Quotas. */
export const MAX_POLICY_BYTES = 32_768;
/** Of an encryption context, keys and values together ("Encryption context": 8,192 characters). */
export const MAX_CONTEXT_LENGTH = 8192;

const resource = (name: string, value: number, adjustable = true): QuotaDeclaration => ({
  name,
  description: `The maximum number of ${name}.`,
  value,
  unit: 'None',
  adjustable,
});

const rate = (name: string, value: number, regional?: Record<string, number>): QuotaDeclaration => ({
  name: `${name} request rate`,
  description: `The maximum number of requests per second: ${name}.`,
  value,
  unit: 'Count/Second',
  adjustable: true,
  ...(regional && { regional }),
});

const SYMMETRIC_RATES = {
  ...Object.fromEntries(['us-east-1', 'us-west-2', 'eu-west-1'].map((region) => [region, 100_000])),
  ...Object.fromEntries(
    ['us-east-2', 'ap-southeast-1', 'ap-southeast-2', 'ap-northeast-1', 'eu-central-1', 'eu-west-2'].map((region) => [
      region,
      20_000,
    ]),
  ),
};

const SHARED_RATES = {
  CryptographicSymmetric: 'L-6E3AF000',
  CryptographicRsa: 'L-2AC98190',
  CryptographicEcc: 'L-DC14942D',
} as const satisfies Partial<Record<Bucket, string>>;

export const quotas = {
  [KEYS_QUOTA]: {
    ...resource('KMS keys', 100_000),
    used: (tx) => tx.get(counts, counts.key('keys'))?.count ?? 0,
  },
  [ALIASES_QUOTA]: resource('aliases per KMS key', 50),
  [GRANTS_QUOTA]: resource('grants per KMS key', 50_000),
  [ON_DEMAND_ROTATIONS_QUOTA]: resource('on-demand rotations per KMS key', 25, false),
  'L-6E3AF000': rate('Cryptographic operations (symmetric)', 10_000, SYMMETRIC_RATES),
  'L-2AC98190': rate('Cryptographic operations (RSA)', 1000),
  'L-DC14942D': rate('Cryptographic operations (ECC)', 1000),
  'L-635264CC': rate('CancelKeyDeletion', 5),
  'L-F7504F73': rate('CreateAlias', 5),
  'L-0428A42E': rate('CreateGrant', 50),
  'L-32B67F4A': rate('CreateKey', 5),
  'L-1F75ADD1': rate('DeleteAlias', 15),
  'L-1233BF9B': rate('DeleteImportedKeyMaterial', 15),
  'L-FAE8F084': rate('DescribeKey', 2000),
  'L-6B8C93BD': rate('DisableKey', 5),
  'L-CE1DB614': rate('DisableKeyRotation', 5),
  'L-BD96F100': rate('EnableKey', 5),
  'L-BE799B67': rate('EnableKeyRotation', 15),
  'L-D2EEB5E0': rate('GenerateDataKeyPair (ECC_NIST_P256)', 25),
  'L-16B46EF0': rate('GenerateDataKeyPair (ECC_NIST_P384)', 10),
  'L-1D966DA0': rate('GenerateDataKeyPair (ECC_NIST_P521)', 5),
} as const satisfies Record<string, QuotaDeclaration>;

const fixed = (perSecond: number): ThrottleDeclaration => ({ perSecond, burst: Math.max(1, perSecond) });
const by = (quota: keyof typeof quotas): ThrottleByQuota => ({ quota });

type Throttled = keyof KmsOperations | Bucket | `GenerateDataKeyPair ${DataKeyPairSpec}`;

/** The rates whose codes we don't know can't be changed here. */
export const throttles: Partial<Record<Throttled, ThrottleDeclaration | ThrottleByQuota>> = {
  CryptographicSymmetric: by(SHARED_RATES.CryptographicSymmetric),
  CryptographicRsa: by(SHARED_RATES.CryptographicRsa),
  CryptographicEcc: by(SHARED_RATES.CryptographicEcc),
  CryptographicMlDsa: fixed(1000),
  CancelKeyDeletion: by('L-635264CC'),
  CreateAlias: by('L-F7504F73'),
  CreateGrant: by('L-0428A42E'),
  CreateKey: by('L-32B67F4A'),
  DeleteAlias: by('L-1F75ADD1'),
  DeleteImportedKeyMaterial: by('L-1233BF9B'),
  DescribeKey: by('L-FAE8F084'),
  DisableKey: by('L-6B8C93BD'),
  DisableKeyRotation: by('L-CE1DB614'),
  EnableKey: by('L-BD96F100'),
  EnableKeyRotation: by('L-BE799B67'),
  'GenerateDataKeyPair RSA_2048': fixed(1),
  'GenerateDataKeyPair RSA_3072': fixed(0.5),
  'GenerateDataKeyPair RSA_4096': fixed(0.1),
  'GenerateDataKeyPair ECC_NIST_P256': by('L-D2EEB5E0'),
  'GenerateDataKeyPair ECC_NIST_P384': by('L-16B46EF0'),
  'GenerateDataKeyPair ECC_NIST_P521': by('L-1D966DA0'),
  'GenerateDataKeyPair ECC_SECG_P256K1': fixed(25),
  'GenerateDataKeyPair ECC_NIST_EDWARDS25519': fixed(25),
  'GenerateDataKeyPair ML_KEM_512': fixed(25),
  'GenerateDataKeyPair ML_KEM_768': fixed(25),
  'GenerateDataKeyPair ML_KEM_1024': fixed(25),
  GetKeyPolicy: fixed(1000),
  GetKeyRotationStatus: fixed(1000),
  GetParametersForImport: fixed(0.25),
  GetPublicKey: fixed(2000),
  ImportKeyMaterial: fixed(15),
  ListAliases: fixed(500),
  ListGrants: fixed(100),
  ListKeyPolicies: fixed(100),
  ListKeyRotations: fixed(100),
  ListKeys: fixed(500),
  ListResourceTags: fixed(2000),
  ListRetirableGrants: fixed(100),
  PutKeyPolicy: fixed(15),
  ReplicateKey: fixed(5),
  RetireGrant: fixed(30),
  RevokeGrant: fixed(30),
  RotateKeyOnDemand: fixed(5),
  ScheduleKeyDeletion: fixed(15),
  TagResource: fixed(10),
  UntagResource: fixed(5),
  UpdateAlias: fixed(5),
  UpdateKeyDescription: fixed(5),
  UpdatePrimaryRegion: fixed(5),
};
