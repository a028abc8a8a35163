/**
 * What KMS's records say beyond a call's input and output (Developer Guide, "Logging AWS KMS API calls with AWS CloudTrail", with an
 * example of each operation): the key's ARN where nothing is answered, the material that was used, the algorithm where none was
 * named. What is encrypted, signed or wrapped is "omitted".
 */
import type { AuditAdditions, AuditedScope } from '#platform/audit/record.ts';
import { type AuditNames, smallFirst } from '#platform/audit/redact.ts';
import type { Output } from '#platform/service.ts';

const OMITTED: ReadonlySet<string> = new Set([
  'CiphertextBlob',
  'EncryptedKeyMaterial',
  'GrantToken',
  'GrantTokens',
  'ImportToken',
  'Mac',
  'Message',
  'Plaintext',
  'SharedSecretCiphertextBlob',
  'Signature',
]);

export const auditNames: AuditNames = (member) => (OMITTED.has(member) ? undefined : smallFirst(member));

/**
 * "The key ARN of the affected KMS key in the responseElements.keyId value, even though this operation does not return the key ARN": of
 * operations that answer nothing. An alias that is moved has two keys, the new one last.
 */
export function namedKey(
  _input: object,
  output: Output | undefined,
  { auditedResources }: AuditedScope,
): AuditAdditions {
  const key = auditedResources.findLast(({ ARN }) => ARN.includes(':key/'))?.ARN;
  return key === undefined || Object.keys(output ?? {}).length > 0 ? {} : { responseElements: { keyId: key } };
}

/** Of the answer, which is itself in no record. */
const MATERIALS = {
  KeyMaterialId: 'keyMaterialId',
  SourceKeyMaterialId: 'sourceKeyMaterialId',
  DestinationKeyMaterialId: 'destinationKeyMaterialId',
} as const;

/**
 * "Always includes the encryptionAlgorithm … even if the encryption algorithm wasn't specified": `algorithms` are the members that name one.
 * A key is used again and again, and what is said of it is the same each time: it is put together once.
 */
export const usedMaterial = (...algorithms: readonly string[]) => {
  const [materials, names] = [Object.keys(MATERIALS), Object.values(MATERIALS)];
  let ids: readonly unknown[] = [];
  let named: readonly boolean[] = [];
  let additions: AuditAdditions | undefined;
  return (input: object, output: Output | undefined): AuditAdditions => {
    // Of the input nothing but these members is read, whatever the operation.
    const given = input as Readonly<Record<string, unknown>>;
    const isKnown =
      materials.every((member, at) => output?.[member] === ids[at]) &&
      algorithms.every((member, at) => (given[member] !== undefined) === named[at]);
    if (additions !== undefined && isKnown) return additions;
    ids = materials.map((member) => output?.[member]);
    named = algorithms.map((member) => given[member] !== undefined);
    const used = names.flatMap((name, at) => (ids[at] === undefined ? [] : [[name, ids[at]] as const]));
    const unnamed = algorithms.filter((_, at) => !named[at]);
    additions = {
      ...(used.length > 0 && { additionalEventData: Object.fromEntries(used) }),
      ...(unnamed.length > 0 && {
        requestParameters: Object.fromEntries(unnamed.map((member) => [smallFirst(member), 'SYMMETRIC_DEFAULT'])),
      }),
    };
    return additions;
  };
};
