/** Sign and Verify: RSA, ECDSA, Ed25519 and ML-DSA, over messages and over digests. */
import { constants, type KeyObject, sign as signMessage, verify as verifyMessage } from 'node:crypto';
import { promisify } from 'node:util';
import type * as Model from '#platform/model/generated/kms.ts';
import type { Call } from '#platform/service.ts';
import { type CurveName, signDigest, verifyDigest } from '#services/kms/crypto/ecdsa-digest.ts';
import { type HashName, signPkcs1, signPss, verifyPkcs1, verifyPss } from '#services/kms/crypto/rsa-digest.ts';
import { usableKey } from '#services/kms/crypto/use.ts';
import { fail } from '#services/kms/errors.ts';
import type { OpenKey } from '#services/kms/keys/open-key.ts';
import { currentMaterial, publicKeyOf, secretOf } from '#services/kms/material/material.ts';
import type { KmsParts } from '#services/kms/parts.ts';
import { specOf } from '#services/kms/specs.ts';

type Algorithm = Model.SigningAlgorithmSpec;

interface Scheme {
  /** Undefined where the key decides (Ed25519, ML-DSA). */
  readonly hash: HashName | undefined;
  readonly digestBytes: number;
  readonly padding?: 'pss' | 'pkcs1';
}

const SCHEMES: Readonly<Partial<Record<Algorithm, Scheme>>> = {
  RSASSA_PSS_SHA_256: { hash: 'sha256', digestBytes: 32, padding: 'pss' },
  RSASSA_PSS_SHA_384: { hash: 'sha384', digestBytes: 48, padding: 'pss' },
  RSASSA_PSS_SHA_512: { hash: 'sha512', digestBytes: 64, padding: 'pss' },
  RSASSA_PKCS1_V1_5_SHA_256: { hash: 'sha256', digestBytes: 32, padding: 'pkcs1' },
  RSASSA_PKCS1_V1_5_SHA_384: { hash: 'sha384', digestBytes: 48, padding: 'pkcs1' },
  RSASSA_PKCS1_V1_5_SHA_512: { hash: 'sha512', digestBytes: 64, padding: 'pkcs1' },
  ECDSA_SHA_256: { hash: 'sha256', digestBytes: 32 },
  ECDSA_SHA_384: { hash: 'sha384', digestBytes: 48 },
  ECDSA_SHA_512: { hash: 'sha512', digestBytes: 64 },
  ED25519_SHA_512: { hash: undefined, digestBytes: 0 },
  ML_DSA_SHAKE_256: { hash: undefined, digestBytes: 0 },
};

interface Signing {
  readonly key: OpenKey;
  readonly scheme: Scheme;
  readonly isDigest: boolean;
}

function signingOf(input: Model.SignRequest | Model.VerifyRequest, call: Call): Signing {
  const { SigningAlgorithm: algorithm, MessageType: type = 'RAW', Message: message } = input;
  const key = usableKey(call, input.KeyId, 'SIGN_VERIFY');
  const scheme = SCHEMES[algorithm];
  if (scheme === undefined || !specOf(key.row.spec).signing.includes(algorithm)) {
    return fail('Incompatible', algorithm, key.row.spec);
  }
  // OpenSSL has the half of ML-DSA that is needed for it; node:crypto doesn't reach it.
  if (type === 'EXTERNAL_MU') fail('Validation', `MessageType EXTERNAL_MU is not supported with ${algorithm} here.`);
  if (type === 'DIGEST') {
    if (scheme.hash === undefined) fail('Validation', `MessageType DIGEST is not valid for algorithm ${algorithm}.`);
    if (message.length !== scheme.digestBytes)
      fail('Validation', `Digest is invalid length for algorithm ${algorithm}.`);
  }
  return { key, scheme, isDigest: type === 'DIGEST' };
}

export function sign(
  parts: KmsParts,
  input: Model.SignRequest,
  call: Call,
): Model.SignResponse | Promise<Model.SignResponse> {
  const { key, scheme, isDigest } = signingOf(input, call);
  const secret = secretOf(parts.sealer, call.partition.name, key, currentMaterial(key));
  const answer = (signature: Buffer): Model.SignResponse => ({
    KeyId: key.arn,
    Signature: signature,
    SigningAlgorithm: input.SigningAlgorithm,
  });
  const signature = isDigest
    ? signatureOfDigest(secret, scheme, input.Message)
    : signatureOf(secret, scheme, input.Message);
  return signature instanceof Promise ? signature.then(answer) : answer(signature);
}

const signAside = promisify<string | undefined, Uint8Array, Parameters<typeof signMessage>[2], Buffer>(signMessage);

/** RSA takes a millisecond and more: off the engine's thread. */
function signatureOf(key: KeyObject, scheme: Scheme, message: Uint8Array): Buffer | Promise<Buffer> {
  if (scheme.padding === undefined) return signMessage(scheme.hash, message, key);
  return signAside(scheme.hash, message, { key, ...paddingOf(scheme) });
}

const paddingOf = ({ padding }: Scheme) =>
  padding === 'pss'
    ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
    : { padding: constants.RSA_PKCS1_PADDING };

function signatureOfDigest(key: KeyObject, { hash, padding }: Scheme, digest: Uint8Array): Buffer {
  // Schemes without a hash take no digests.
  const name = hash as HashName;
  if (padding === 'pss') return signPss(key, name, digest);
  if (padding === 'pkcs1') return signPkcs1(key, name, digest);
  return signDigest(curveOf(key), key, digest);
}

/** Of an EC key. */
const curveOf = (key: KeyObject): CurveName => key.asymmetricKeyDetails?.namedCurve as CurveName;

export function verify(_parts: KmsParts, input: Model.VerifyRequest, call: Call): Model.VerifyResponse {
  const { key, scheme, isDigest } = signingOf(input, call);
  const publicKey = publicKeyOf(key, currentMaterial(key));
  const isValid = isDigest ? isOfDigest(publicKey, scheme, input) : isOf(publicKey, scheme, input);
  if (!isValid) fail('InvalidSignature');
  return { KeyId: key.arn, SignatureValid: true, SigningAlgorithm: input.SigningAlgorithm };
}

function isOf(
  key: KeyObject,
  scheme: Scheme,
  { Message: message, Signature: signature }: Model.VerifyRequest,
): boolean {
  const padding = scheme.padding === undefined ? {} : paddingOf(scheme);
  return verifyMessage(scheme.hash, message, { key, ...padding }, signature);
}

function isOfDigest(
  key: KeyObject,
  { hash, padding }: Scheme,
  { Message: digest, Signature }: Model.VerifyRequest,
): boolean {
  // Schemes without a hash take no digests.
  const name = hash as HashName;
  if (padding === 'pss') return verifyPss(key, name, digest, Signature);
  if (padding === 'pkcs1') return verifyPkcs1(key, name, digest, Signature);
  return verifyDigest(curveOf(key), key, digest, Signature);
}
