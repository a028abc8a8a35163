/** What each key spec is: the usages that a key of it may have, its algorithms, and what it is made of. */
import type {
  DataKeyPairSpec,
  EncryptionAlgorithmSpec,
  KeySpec,
  KeyUsageType,
  MacAlgorithmSpec,
  SigningAlgorithmSpec,
} from '#platform/model/generated/kms.ts';

/** `SM2` is for AWS's China Regions, which this cloud doesn't have. */
export type SupportedSpec = Exclude<KeySpec, 'SM2'>;

export type Make =
  | { readonly kind: 'bytes'; readonly length: number }
  | { readonly kind: 'rsa'; readonly bits: number }
  | { readonly kind: 'ec'; readonly curve: 'prime256v1' | 'secp384r1' | 'secp521r1' | 'secp256k1' }
  | { readonly kind: 'ed25519' }
  | { readonly kind: 'ml-dsa'; readonly name: 'ml-dsa-44' | 'ml-dsa-65' | 'ml-dsa-87' }
  | {
      readonly kind: 'ml-kem';
      readonly name: 'ml-kem-512' | 'ml-kem-768' | 'ml-kem-1024';
      readonly ciphertext: number;
    };

export interface Spec {
  readonly usages: readonly KeyUsageType[];
  readonly make: Make;
  readonly encryption: readonly EncryptionAlgorithmSpec[];
  readonly signing: readonly SigningAlgorithmSpec[];
  readonly mac: readonly MacAlgorithmSpec[];
  /** The request quota that cryptographic operations with such a key share. */
  readonly bucket: Bucket;
}

export type Bucket = 'CryptographicSymmetric' | 'CryptographicRsa' | 'CryptographicEcc' | 'CryptographicMlDsa';

const NOTHING = { encryption: [], signing: [], mac: [] } as const;
const RSA_SIGNING: readonly SigningAlgorithmSpec[] = [
  'RSASSA_PKCS1_V1_5_SHA_256',
  'RSASSA_PKCS1_V1_5_SHA_384',
  'RSASSA_PKCS1_V1_5_SHA_512',
  'RSASSA_PSS_SHA_256',
  'RSASSA_PSS_SHA_384',
  'RSASSA_PSS_SHA_512',
];

const rsa = (bits: number): Spec => ({
  ...NOTHING,
  usages: ['ENCRYPT_DECRYPT', 'SIGN_VERIFY'],
  make: { kind: 'rsa', bits },
  encryption: ['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256'],
  signing: RSA_SIGNING,
  bucket: 'CryptographicRsa',
});

const ec = (curve: Extract<Make, { kind: 'ec' }>['curve'], algorithm: SigningAlgorithmSpec): Spec => ({
  ...NOTHING,
  usages: curve === 'secp256k1' ? ['SIGN_VERIFY'] : ['SIGN_VERIFY', 'KEY_AGREEMENT'],
  make: { kind: 'ec', curve },
  signing: [algorithm],
  bucket: 'CryptographicEcc',
});

const hmac = (bits: number, algorithm: MacAlgorithmSpec): Spec => ({
  ...NOTHING,
  usages: ['GENERATE_VERIFY_MAC'],
  make: { kind: 'bytes', length: bits / 8 },
  mac: [algorithm],
  bucket: 'CryptographicSymmetric',
});

const mlDsa = (name: Extract<Make, { kind: 'ml-dsa' }>['name']): Spec => ({
  ...NOTHING,
  usages: ['SIGN_VERIFY'],
  make: { kind: 'ml-dsa', name },
  signing: ['ML_DSA_SHAKE_256'],
  bucket: 'CryptographicMlDsa',
});

const mlKem = (name: Extract<Make, { kind: 'ml-kem' }>['name'], ciphertext: number): Spec => ({
  ...NOTHING,
  usages: ['ENCAPSULATE_DECAPSULATE'],
  make: { kind: 'ml-kem', name, ciphertext },
  bucket: 'CryptographicEcc',
});

export const SPECS: Readonly<Record<SupportedSpec, Spec>> = {
  SYMMETRIC_DEFAULT: {
    ...NOTHING,
    usages: ['ENCRYPT_DECRYPT'],
    make: { kind: 'bytes', length: 32 },
    encryption: ['SYMMETRIC_DEFAULT'],
    bucket: 'CryptographicSymmetric',
  },
  RSA_2048: rsa(2048),
  RSA_3072: rsa(3072),
  RSA_4096: rsa(4096),
  ECC_NIST_P256: ec('prime256v1', 'ECDSA_SHA_256'),
  ECC_NIST_P384: ec('secp384r1', 'ECDSA_SHA_384'),
  ECC_NIST_P521: ec('secp521r1', 'ECDSA_SHA_512'),
  ECC_SECG_P256K1: ec('secp256k1', 'ECDSA_SHA_256'),
  ECC_NIST_EDWARDS25519: {
    ...NOTHING,
    usages: ['SIGN_VERIFY'],
    make: { kind: 'ed25519' },
    signing: ['ED25519_SHA_512'],
    bucket: 'CryptographicEcc',
  },
  HMAC_224: hmac(224, 'HMAC_SHA_224'),
  HMAC_256: hmac(256, 'HMAC_SHA_256'),
  HMAC_384: hmac(384, 'HMAC_SHA_384'),
  HMAC_512: hmac(512, 'HMAC_SHA_512'),
  ML_DSA_44: mlDsa('ml-dsa-44'),
  ML_DSA_65: mlDsa('ml-dsa-65'),
  ML_DSA_87: mlDsa('ml-dsa-87'),
  ML_KEM_512: mlKem('ml-kem-512', 768),
  ML_KEM_768: mlKem('ml-kem-768', 1088),
  ML_KEM_1024: mlKem('ml-kem-1024', 1568),
};

/** Keys are created with supported specs only. */
export const specOf = (spec: KeySpec | DataKeyPairSpec): Spec => SPECS[spec as SupportedSpec];
