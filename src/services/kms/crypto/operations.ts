/**
 * The cryptographic operations. They write nothing but the note of their use, so each is recorded as a read, as by CloudTrail;
 * what is encrypted, signed or made never is. Those of one type of key share a request quota.
 */
import type { KmsOperations } from '#platform/model/generated/kms.ts';
import type { CallScope, Handlers } from '#platform/service.ts';
import { usedMaterial } from '#services/kms/audit.ts';
import { decapsulate, deriveSharedSecret, encapsulate, getPublicKey } from '#services/kms/crypto/agreement.ts';
import {
  generateDataKey,
  generateDataKeyPair,
  generateDataKeyPairWithoutPlaintext,
  generateDataKeyWithoutPlaintext,
  generateRandom,
} from '#services/kms/crypto/data-keys.ts';
import { decrypt, encrypt, ofCiphertext, reEncrypt, reEncryptPermissions } from '#services/kms/crypto/encrypt.ts';
import { generateMac, verifyMac } from '#services/kms/crypto/mac.ts';
import { sign, verify } from '#services/kms/crypto/sign.ts';
import { cryptographic } from '#services/kms/crypto/use.ts';
import { grantsOn } from '#services/kms/grants/weigh.ts';
import { accountNamed, anyKey, keyArn } from '#services/kms/identify.ts';
import { findKey } from '#services/kms/keys/open-key.ts';
import type { notImplemented } from '#services/kms/not-implemented.ts';
import type { KmsParts } from '#services/kms/parts.ts';
import { type Bucket, specOf } from '#services/kms/specs.ts';

/** The quota that the key's type shares; a key that can't be found is nobody's. */
function bucketOf(arn: string, scope: CallScope): Bucket {
  const id = arn.slice(arn.lastIndexOf('/') + 1);
  const key = scope.read((tx) => findKey(tx, id));
  return key === undefined ? 'CryptographicSymmetric' : specOf(key.row.spec).bucket;
}

interface OfPair {
  readonly KeyPairSpec: string;
}

interface OnDestination {
  readonly DestinationKeyId: string;
}

const SECRETS = [
  'CiphertextBlob',
  'GrantTokens',
  'Mac',
  'Message',
  'Plaintext',
  'PrivateKeyCiphertextBlob',
  'PublicKey',
  'SharedSecret',
  'SharedSecretCiphertextBlob',
  'Signature',
];

export function cryptographicOperations(parts: KmsParts) {
  const all = { steps: true, access: 'read', grants: grantsOn, secret: SECRETS, audit: usedMaterial() } as const;
  const withKey = {
    ...{ ...all, ...anyKey },
    throttle: bucketOf,
  } as const;
  const pair = {
    ...{ ...all, ...anyKey },
    throttle: (_: string, __: CallScope, { KeyPairSpec }: OfPair) => `GenerateDataKeyPair ${KeyPairSpec}`,
  } as const;
  const symmetric = { ...all, ...anyKey, throttle: 'CryptographicSymmetric' } as const;
  return {
    Encrypt: { handler: cryptographic(parts, encrypt), ...withKey, audit: usedMaterial('EncryptionAlgorithm') },
    Decrypt: {
      handler: cryptographic(parts, decrypt),
      ...all,
      ...ofCiphertext,
      throttle: bucketOf,
      audit: usedMaterial('EncryptionAlgorithm'),
    },
    ReEncrypt: {
      handler: cryptographic(parts, reEncrypt),
      ...all,
      owner: ({ DestinationKeyId }: OnDestination) => accountNamed(DestinationKeyId),
      resource: ({ DestinationKeyId }: OnDestination, scope) => keyArn(DestinationKeyId, scope),
      permissions: reEncryptPermissions(parts),
      action: ['kms:ReEncryptFrom', 'kms:ReEncryptTo'],
      throttle: bucketOf,
      audit: usedMaterial('SourceEncryptionAlgorithm', 'DestinationEncryptionAlgorithm'),
    },
    GenerateDataKey: { handler: cryptographic(parts, generateDataKey), ...symmetric },
    GenerateDataKeyWithoutPlaintext: { handler: cryptographic(parts, generateDataKeyWithoutPlaintext), ...symmetric },
    GenerateDataKeyPair: { handler: cryptographic(parts, generateDataKeyPair), ...pair },
    GenerateDataKeyPairWithoutPlaintext: {
      handler: cryptographic(parts, generateDataKeyPairWithoutPlaintext),
      ...pair,
    },
    GenerateRandom: {
      handler: generateRandom,
      resource: () => '*',
      access: 'read',
      secret: SECRETS,
      throttle: 'CryptographicSymmetric',
    },
    Sign: { handler: cryptographic(parts, sign), ...withKey },
    Verify: { handler: cryptographic(parts, verify), ...withKey },
    GenerateMac: { handler: cryptographic(parts, generateMac), ...withKey },
    VerifyMac: { handler: cryptographic(parts, verifyMac), ...withKey },
    DeriveSharedSecret: { handler: cryptographic(parts, deriveSharedSecret), ...withKey },
    Encapsulate: { handler: cryptographic(parts, encapsulate), ...withKey },
    Decapsulate: { handler: cryptographic(parts, decapsulate), ...withKey },
    GetPublicKey: {
      handler: (input, call) => getPublicKey(parts, input, call),
      ...anyKey,
      grants: grantsOn,
      access: 'read',
      secret: ['GrantTokens'],
    },
  } satisfies Partial<Handlers<KmsOperations, typeof notImplemented>>;
}
