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

type Materials = Readonly<Partial<Record<keyof typeof MATERIALS, string>>>;

/**
 * "Always includes the encryptionAlgorithm … even if the encryption algorithm wasn't specified": `algorithms` are the members that name one.
 * A key is used again and again, and what is said of it is the same each time: it is put together once.
 */
export const usedMaterial = (...algorithms: readonly string[]) => {
  let last: { readonly materials: Materials; readonly named: number; readonly additions: AuditAdditions } | undefined;
  return (input: object, output: Output | undefined): AuditAdditions => {
    // Of the input nothing but these members is read, whatever the operation.
    const given = input as Readonly<Record<string, unknown>>;
    const materials: Materials = output ?? {};
    let named = 0;
    for (const member of algorithms) named = named * 2 + (given[member] === undefined ? 0 : 1);
    const isLast =
      last?.named === named &&
      last.materials.KeyMaterialId === materials.KeyMaterialId &&
      last.materials.SourceKeyMaterialId === materials.SourceKeyMaterialId &&
      last.materials.DestinationKeyMaterialId === materials.DestinationKeyMaterialId;
    if (last !== undefined && isLast) return last.additions;
    const additions = additionsOf(
      materials,
      algorithms.filter((member) => given[member] === undefined),
    );
    const { KeyMaterialId, SourceKeyMaterialId, DestinationKeyMaterialId } = materials;
    last = {
      materials: {
        ...(KeyMaterialId !== undefined && { KeyMaterialId }),
        ...(SourceKeyMaterialId !== undefined && { SourceKeyMaterialId }),
        ...(DestinationKeyMaterialId !== undefined && { DestinationKeyMaterialId }),
      },
      named,
      additions,
    };
    return additions;
  };
};

function additionsOf(output: Materials, unnamed: readonly string[]): AuditAdditions {
  const materials = Object.entries(MATERIALS).flatMap(([member, name]) => {
    const id = output[member as keyof typeof MATERIALS]; // its own keys
    return id === undefined ? [] : [[name, id] as const];
  });
  return {
    ...(materials.length > 0 && { additionalEventData: Object.fromEntries(materials) }),
    ...(unnamed.length > 0 && {
      requestParameters: Object.fromEntries(unnamed.map((member) => [smallFirst(member), 'SYMMETRIC_DEFAULT'])),
    }),
  };
}
