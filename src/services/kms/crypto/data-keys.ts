/** Data keys and pairs: made here, used outside, kept there under a KMS key. And random bytes. */
import type { KeyObject } from 'node:crypto';
import { randomBytes } from '#platform/base/ids.ts';
import type * as Model from '#platform/model/generated/kms.ts';
import type { Call } from '#platform/service.ts';
import { encryptWith } from '#services/kms/crypto/encrypt.ts';
import { usableKey } from '#services/kms/crypto/use.ts';
import { fail } from '#services/kms/errors.ts';
import { exportMaterial, exportPublic, generateMaterial } from '#services/kms/material/generate.ts';
import type { KmsParts } from '#services/kms/parts.ts';
import { SPECS, type SupportedSpec } from '#services/kms/specs.ts';

type DataKeyInput = Model.GenerateDataKeyRequest | Model.GenerateDataKeyWithoutPlaintextRequest;

function dataKey(parts: KmsParts, input: DataKeyInput, call: Call) {
  const key = usableKey(call, input.KeyId, 'ENCRYPT_DECRYPT');
  const plaintext = randomBytes(lengthOf(input));
  const { blob, materialId } = encryptWith(parts, call, key, 'SYMMETRIC_DEFAULT', plaintext, input.EncryptionContext);
  const answer = {
    CiphertextBlob: blob,
    KeyId: key.arn,
    ...(materialId !== undefined && { KeyMaterialId: materialId }),
  };
  return { plaintext, answer };
}

function lengthOf({ KeySpec, NumberOfBytes }: DataKeyInput): number {
  if ((KeySpec === undefined) === (NumberOfBytes === undefined)) {
    fail('Validation', 'Please specify either number of bytes or key spec.');
  }
  return NumberOfBytes ?? (KeySpec === 'AES_128' ? 16 : 32);
}

export function generateDataKey(
  parts: KmsParts,
  input: Model.GenerateDataKeyRequest,
  call: Call,
): Model.GenerateDataKeyResponse {
  const { plaintext, answer } = dataKey(parts, input, call);
  return { ...answer, Plaintext: plaintext };
}

export const generateDataKeyWithoutPlaintext = (
  parts: KmsParts,
  input: Model.GenerateDataKeyWithoutPlaintextRequest,
  call: Call,
): Model.GenerateDataKeyWithoutPlaintextResponse => dataKey(parts, input, call).answer;

type PairInput = Model.GenerateDataKeyPairRequest | Model.GenerateDataKeyPairWithoutPlaintextRequest;

async function dataKeyPair(parts: KmsParts, input: PairInput, call: Call) {
  const key = usableKey(call, input.KeyId, 'ENCRYPT_DECRYPT');
  const { KeyPairSpec: spec } = input;
  if (!(spec in SPECS)) fail('Unsupported', `KeyPairSpec ${spec} is not supported in this region.`);
  const pair = await generateMaterial(SPECS[spec as SupportedSpec].make);
  const plaintext = privateKeyOf(pair);
  const { blob, materialId } = encryptWith(parts, call, key, 'SYMMETRIC_DEFAULT', plaintext, input.EncryptionContext);
  const answer = {
    PrivateKeyCiphertextBlob: blob,
    PublicKey: exportPublic(pair),
    KeyId: key.arn,
    KeyPairSpec: spec,
    ...(materialId !== undefined && { KeyMaterialId: materialId }),
  };
  return { plaintext, answer };
}

/** "For ML-KEM data key pairs, the PrivateKeyInfo contains the private key in seed format." */
function privateKeyOf(pair: KeyObject): Buffer {
  const pkcs8 = exportMaterial(pair);
  if (!pair.asymmetricKeyType?.startsWith('ml-kem')) return pkcs8;
  // PrivateKeyInfo: version and algorithm (16 bytes, the algorithm's last byte names the parameter set), then [0] seed.
  const algorithm = pkcs8.subarray(4, 20);
  const seed = pkcs8.subarray(30, 94);
  const privateKey = Buffer.concat([Buffer.from([0x04, 66, 0x80, 64]), seed]);
  return Buffer.concat([Buffer.from([0x30, algorithm.length + privateKey.length]), algorithm, privateKey]);
}

export async function generateDataKeyPair(
  parts: KmsParts,
  input: Model.GenerateDataKeyPairRequest,
  call: Call,
): Promise<Model.GenerateDataKeyPairResponse> {
  const { plaintext, answer } = await dataKeyPair(parts, input, call);
  return { ...answer, PrivateKeyPlaintext: plaintext };
}

export const generateDataKeyPairWithoutPlaintext = async (
  parts: KmsParts,
  input: Model.GenerateDataKeyPairWithoutPlaintextRequest,
  call: Call,
): Promise<Model.GenerateDataKeyPairWithoutPlaintextResponse> => (await dataKeyPair(parts, input, call)).answer;

export function generateRandom(input: Model.GenerateRandomRequest): Model.GenerateRandomResponse {
  if (input.CustomKeyStoreId !== undefined) fail('CustomKeyStoreNotFound');
  if (input.Recipient !== undefined) fail('Attestation');
  if (input.NumberOfBytes === undefined) return fail('Validation', 'NumberOfBytes is required.');
  return { Plaintext: randomBytes(input.NumberOfBytes) };
}
