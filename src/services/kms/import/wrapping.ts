/**
 * How imported key material comes in: encrypted under an RSA key of ours, alone or by an AES key that it wraps (RFC 5649). The
 * import token is the private key itself, sealed for this key, the algorithm and a day: no state is kept for it.
 */
import {
  constants,
  createDecipheriv,
  createPrivateKey,
  generateKeyPair,
  type KeyObject,
  privateDecrypt,
} from 'node:crypto';
import { promisify } from 'node:util';
import { hours } from '#platform/base/clock.ts';
import type { AlgorithmSpec, GetParametersForImportRequest, WrappingKeySpec } from '#platform/model/generated/kms.ts';
import { fail } from '#services/kms/errors.ts';
import type { OpenKey } from '#services/kms/keys/open-key.ts';
import type { KmsParts } from '#services/kms/parts.ts';
import { specOf } from '#services/kms/specs.ts';

const generate = promisify(generateKeyPair);
const VALID_FOR = hours(24);
/** RFC 5649, section 3. */
const WRAP_WITH_PADDING = Buffer.from('a65959a6', 'hex');
const BITS: Readonly<Partial<Record<WrappingKeySpec, number>>> = { RSA_2048: 2048, RSA_3072: 3072, RSA_4096: 4096 };

interface Wrapping {
  readonly hash: 'sha1' | 'sha256';
  readonly byAes: boolean;
}

const WRAPPINGS: Readonly<Partial<Record<AlgorithmSpec, Wrapping>>> = {
  RSAES_OAEP_SHA_1: { hash: 'sha1', byAes: false },
  RSAES_OAEP_SHA_256: { hash: 'sha256', byAes: false },
  RSA_AES_KEY_WRAP_SHA_1: { hash: 'sha1', byAes: true },
  RSA_AES_KEY_WRAP_SHA_256: { hash: 'sha256', byAes: true },
};

interface Token {
  readonly algorithm: AlgorithmSpec;
  readonly validTo: number;
  /** PKCS #8 in base 64. */
  readonly key: string;
}

export interface ImportParameters {
  readonly publicKey: Buffer;
  readonly token: Buffer;
  readonly validTo: number;
}

export async function importParameters(
  { importTokens }: KmsParts,
  key: OpenKey,
  { WrappingAlgorithm: algorithm, WrappingKeySpec: spec }: GetParametersForImportRequest,
  now: number,
): Promise<ImportParameters> {
  const modulusLength = BITS[spec];
  const wrapping = WRAPPINGS[algorithm];
  if (modulusLength === undefined || wrapping === undefined) {
    return fail('Unsupported', `The wrapping algorithm ${algorithm} with ${spec} is not supported in this region.`);
  }
  checkFit(key, algorithm, wrapping, spec);
  const { publicKey, privateKey } = await generate('rsa', { modulusLength });
  const validTo = now + VALID_FOR;
  const token: Token = {
    algorithm,
    validTo,
    key: privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64'),
  };
  return {
    publicKey: publicKey.export({ type: 'spki', format: 'der' }),
    token: importTokens.seal(JSON.stringify(token), key.arn),
    validTo,
  };
}

/** What is longer than the RSA key can encrypt has to be wrapped by AES. */
function checkFit({ row }: OpenKey, algorithm: AlgorithmSpec, { byAes }: Wrapping, spec: WrappingKeySpec): void {
  const { kind } = specOf(row.spec).make;
  if (!byAes && (kind === 'rsa' || (row.spec === 'ECC_NIST_P521' && spec === 'RSA_2048'))) {
    fail('Validation', `The wrapping algorithm ${algorithm} with ${spec} can't wrap key material of ${row.spec}.`);
  }
}

/** The material that was wrapped. */
export function unwrapped(
  { importTokens }: KmsParts,
  key: OpenKey,
  token: Uint8Array,
  wrapped: Uint8Array,
  now: number,
): Buffer {
  const opened = importTokens.open(Buffer.from(token), key.arn) ?? fail('InvalidImportToken');
  // Sealed above.
  const { algorithm, validTo, key: der } = JSON.parse(opened.toString('utf8')) as Token;
  if (validTo <= now) fail('ExpiredImportToken');
  const wrapping = WRAPPINGS[algorithm] ?? fail('InvalidImportToken');
  const privateKey = createPrivateKey({ key: Buffer.from(der, 'base64'), type: 'pkcs8', format: 'der' });
  try {
    return wrapping.byAes
      ? unwrapByAes(privateKey, wrapping, Buffer.from(wrapped))
      : unwrapByRsa(privateKey, wrapping, wrapped);
  } catch {
    return fail('InvalidCiphertext');
  }
}

const unwrapByRsa = (key: KeyObject, { hash }: Wrapping, wrapped: Uint8Array): Buffer =>
  privateDecrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: hash }, wrapped);

function unwrapByAes(key: KeyObject, wrapping: Wrapping, wrapped: Buffer): Buffer {
  const rsaBytes = (key.asymmetricKeyDetails?.modulusLength ?? 0) / 8;
  const aesKey = unwrapByRsa(key, wrapping, wrapped.subarray(0, rsaBytes));
  const decipher = createDecipheriv('id-aes256-wrap-pad', aesKey, WRAP_WITH_PADDING);
  return Buffer.concat([decipher.update(wrapped.subarray(rsaBytes)), decipher.final()]);
}
