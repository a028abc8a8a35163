/** GenerateMac and VerifyMac. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type * as Model from '#platform/model/generated/kms.ts';
import type { Call } from '#platform/service.ts';
import { usableKey } from '#services/kms/crypto/use.ts';
import { fail } from '#services/kms/errors.ts';
import { currentMaterial, secretOf } from '#services/kms/material/material.ts';
import type { KmsParts } from '#services/kms/parts.ts';
import { specOf } from '#services/kms/specs.ts';

const HASHES: Readonly<Record<Model.MacAlgorithmSpec, string>> = {
  HMAC_SHA_224: 'sha224',
  HMAC_SHA_256: 'sha256',
  HMAC_SHA_384: 'sha384',
  HMAC_SHA_512: 'sha512',
};

function macOf(parts: KmsParts, input: Model.GenerateMacRequest, call: Call) {
  const { MacAlgorithm: algorithm } = input;
  const key = usableKey(call, input.KeyId, 'GENERATE_VERIFY_MAC');
  if (!specOf(key.row.spec).mac.includes(algorithm)) fail('Incompatible', algorithm, key.row.spec);
  const secret = secretOf(parts.sealer, call.partition.name, key, currentMaterial(key));
  return { mac: createHmac(HASHES[algorithm], secret).update(input.Message).digest(), arn: key.arn };
}

export function generateMac(parts: KmsParts, input: Model.GenerateMacRequest, call: Call): Model.GenerateMacResponse {
  const { mac, arn } = macOf(parts, input, call);
  return { Mac: mac, MacAlgorithm: input.MacAlgorithm, KeyId: arn };
}

export function verifyMac(parts: KmsParts, input: Model.VerifyMacRequest, call: Call): Model.VerifyMacResponse {
  const { mac, arn } = macOf(parts, input, call);
  if (mac.length !== input.Mac.length || !timingSafeEqual(mac, input.Mac)) fail('InvalidMac');
  return { KeyId: arn, MacValid: true, MacAlgorithm: input.MacAlgorithm };
}
