/** Secrets that two parties come to share: by ECDH, and by ML-KEM. And the public keys that the other party needs. */
import { createPublicKey, diffieHellman, type KeyObject, decapsulate as open, encapsulate as seal } from 'node:crypto';
import type * as Model from '#platform/model/generated/kms.ts';
import type { Call } from '#platform/service.ts';
import { usableKey } from '#services/kms/crypto/use.ts';
import { fail } from '#services/kms/errors.ts';
import { checkGrantTokens } from '#services/kms/grants/tokens.ts';
import { keyOf } from '#services/kms/identify.ts';
import { checkState } from '#services/kms/keys/key-states.ts';
import { algorithmsOf } from '#services/kms/keys/metadata.ts';
import { currentMaterial, publicKeyOf, secretOf } from '#services/kms/material/material.ts';
import type { KmsParts } from '#services/kms/parts.ts';
import { specOf } from '#services/kms/specs.ts';

export function deriveSharedSecret(
  parts: KmsParts,
  input: Model.DeriveSharedSecretRequest,
  call: Call,
): Model.DeriveSharedSecretResponse {
  const key = usableKey(call, input.KeyId, 'KEY_AGREEMENT');
  const privateKey = secretOf(parts.sealer, call.partition.name, key, currentMaterial(key));
  return {
    KeyId: key.arn,
    SharedSecret: agree(privateKey, input.PublicKey),
    KeyAgreementAlgorithm: input.KeyAgreementAlgorithm,
    KeyOrigin: key.row.origin,
  };
}

function agree(privateKey: KeyObject, theirs: Uint8Array): Buffer {
  try {
    const publicKey = createPublicKey({ key: Buffer.from(theirs), type: 'spki', format: 'der' });
    return diffieHellman({ privateKey, publicKey });
  } catch {
    return fail('Validation', 'The public key must be a DER-encoded X.509 public key on the curve of the KMS key.');
  }
}

export function encapsulate(_parts: KmsParts, input: Model.EncapsulateRequest, call: Call): Model.EncapsulateResponse {
  const key = usableKey(call, input.KeyId, 'ENCAPSULATE_DECAPSULATE');
  const { sharedKey, ciphertext } = seal(publicKeyOf(key, currentMaterial(key)));
  return {
    KeyId: key.arn,
    SharedSecret: sharedKey,
    SharedSecretCiphertextBlob: ciphertext,
    EncapsulationAlgorithm: input.EncapsulationAlgorithm,
  };
}

/** A ciphertext of another key gives another secret, and no error: "implicit rejection". */
export function decapsulate(parts: KmsParts, input: Model.DecapsulateRequest, call: Call): Model.DecapsulateResponse {
  const key = usableKey(call, input.KeyId, 'ENCAPSULATE_DECAPSULATE');
  const { make } = specOf(key.row.spec);
  const { SharedSecretCiphertextBlob: ciphertext } = input;
  if (make.kind === 'ml-kem' && ciphertext.length !== make.ciphertext) fail('InvalidCiphertext');
  const secret = secretOf(parts.sealer, call.partition.name, key, currentMaterial(key));
  return {
    KeyId: key.arn,
    SharedSecret: open(secret, ciphertext),
    EncapsulationAlgorithm: input.EncapsulationAlgorithm,
  };
}

export function getPublicKey(
  parts: KmsParts,
  input: Model.GetPublicKeyRequest,
  call: Call,
): Model.GetPublicKeyResponse {
  checkGrantTokens(parts, input.GrantTokens);
  const key = keyOf(call.tx, call, input.KeyId);
  if (specOf(key.row.spec).make.kind === 'bytes') fail('WrongSpec', key.arn, key.row.spec);
  checkState(key, 'use');
  return {
    KeyId: key.arn,
    PublicKey: Buffer.from(currentMaterial(key).row.publicKey ?? '', 'base64'),
    // The old name of the same value; its type has not grown with the newer specs.
    CustomerMasterKeySpec: key.row.spec as Model.CustomerMasterKeySpec,
    KeySpec: key.row.spec,
    KeyUsage: key.row.usage,
    ...algorithmsOf(key),
  };
}
