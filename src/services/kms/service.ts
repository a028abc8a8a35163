/**
 * AWS Key Management Service. A key lives in its account's partition of a region; its material is sealed under the master key
 * and opened only here. Key policies are the root of trust, grants are weighed beside them by the policy engine.
 *
 * Order of reading: state.ts, keys/open-key.ts, identify.ts, ciphertext/ciphertext.ts, crypto/use.ts, then a folder per noun.
 */
import type * as Model from '#platform/model/generated/kms.ts';
import { type Call, defineService, type Handlers, type OperationDeclaration } from '#platform/service.ts';
import { aliasPermissions, createAlias, deleteAlias, listAliases, updateAlias } from '#services/kms/aliases/aliases.ts';
import { auditNames, namedKey } from '#services/kms/audit.ts';
import { conditions } from '#services/kms/conditions.ts';
import { cryptographicOperations } from '#services/kms/crypto/operations.ts';
import { getKeyLastUsage } from '#services/kms/crypto/use.ts';
import { fail } from '#services/kms/errors.ts';
import { createGrant, listGrants, revokeGrant } from '#services/kms/grants/grants.ts';
import { listRetirableGrants, ofGrant, retiredGrant, retireGrant } from '#services/kms/grants/retire.ts';
import { grantsOn } from '#services/kms/grants/weigh.ts';
import { anyKey, keyItself, ownKey } from '#services/kms/identify.ts';
import {
  deleteImportedKeyMaterial,
  expireMaterial,
  getParametersForImport,
  importKeyMaterial,
} from '#services/kms/import/import.ts';
import { cancelKeyDeletion, deleteKey, scheduleKeyDeletion } from '#services/kms/keys/deletion.ts';
import { describeKey } from '#services/kms/keys/describe.ts';
import { createKey, disableKey, enableKey, listKeys, updateKeyDescription } from '#services/kms/keys/keys.ts';
import { listResourceTags, tagResource, untagResource } from '#services/kms/keys/tags.ts';
import { kinds } from '#services/kms/kinds.ts';
import { quotas, throttles } from '#services/kms/limits.ts';
import { notImplemented } from '#services/kms/not-implemented.ts';
import type { KmsParts } from '#services/kms/parts.ts';
import { getKeyPolicy, listKeyPolicies, putKeyPolicy } from '#services/kms/policies/policies.ts';
import { tellRelatedKeys } from '#services/kms/replicas/related.ts';
import {
  createdReplica,
  newPrimary,
  primaryPermissions,
  replicateKey,
  replicatePermissions,
  updatePrimaryRegion,
} from '#services/kms/replicas/replicas.ts';
import {
  disableKeyRotation,
  enableKeyRotation,
  getKeyRotationStatus,
  listKeyRotations,
  rotateKey,
  rotateKeyOnDemand,
} from '#services/kms/rotation/rotation.ts';

type WithParts<In, Out> = (parts: KmsParts, input: In, call: Call) => Out;

const anything = { resource: () => '*' } as const;

const inTwoRegions = { ...ownKey, steps: true } as const;
const ofReplica = { ...inTwoRegions, permissions: replicatePermissions, auditedElsewhere: createdReplica } as const;
const ofTwoPrimaries = { ...inTwoRegions, permissions: primaryPermissions, auditedElsewhere: newPrimary } as const;

function managementOperations(parts: KmsParts) {
  const given =
    <In, Out>(handler: WithParts<In, Out>) =>
    (input: In, call: Call): Out =>
      handler(parts, input, call);
  return {
    CreateKey: {
      handler: given(createKey),
      ...anything,
      steps: true,
      action: ({ Tags }: Model.CreateKeyRequest) =>
        Tags?.length ? ['kms:CreateKey', 'kms:TagResource'] : ['kms:CreateKey'],
    },
    DescribeKey: { handler: given(describeKey), ...anyKey, grants: grantsOn, secret: ['GrantTokens'] },
    ListKeys: { handler: given(listKeys), ...anything },
    UpdateKeyDescription: { handler: updateKeyDescription, ...ownKey },
    EnableKey: { handler: enableKey, ...ownKey },
    DisableKey: { handler: disableKey, ...ownKey },
    ScheduleKeyDeletion: { handler: scheduleKeyDeletion, ...ownKey },
    CancelKeyDeletion: { handler: cancelKeyDeletion, ...ownKey },
    GetKeyLastUsage: { handler: getKeyLastUsage, ...ownKey },
    TagResource: { handler: tagResource, ...ownKey },
    UntagResource: { handler: untagResource, ...ownKey },
    ListResourceTags: { handler: given(listResourceTags), ...ownKey },

    CreateAlias: { handler: createAlias, ...anything, permissions: aliasPermissions('kms:CreateAlias') },
    UpdateAlias: { handler: updateAlias, ...anything, permissions: aliasPermissions('kms:UpdateAlias') },
    DeleteAlias: { handler: deleteAlias, ...anything, permissions: aliasPermissions('kms:DeleteAlias') },
    ListAliases: { handler: given(listAliases), ...anything },

    PutKeyPolicy: { handler: given(putKeyPolicy), ...ownKey },
    GetKeyPolicy: { handler: given(getKeyPolicy), ...ownKey },
    ListKeyPolicies: { handler: listKeyPolicies, ...ownKey },

    CreateGrant: { handler: given(createGrant), ...keyItself, grants: grantsOn, secret: ['GrantToken', 'GrantTokens'] },
    ListGrants: { handler: given(listGrants), ...keyItself },
    ListRetirableGrants: { handler: given(listRetirableGrants), ...anything, steps: true },
    RetireGrant: { handler: given(retireGrant), ...ofGrant(parts), secret: ['GrantToken'], audit: retiredGrant(parts) },
    RevokeGrant: { handler: revokeGrant, ...keyItself },

    EnableKeyRotation: { handler: given(enableKeyRotation), ...ownKey },
    DisableKeyRotation: { handler: given(disableKeyRotation), ...ownKey },
    GetKeyRotationStatus: { handler: getKeyRotationStatus, ...keyItself },
    RotateKeyOnDemand: { handler: given(rotateKeyOnDemand), ...ownKey },
    ListKeyRotations: { handler: given(listKeyRotations), ...ownKey },

    ReplicateKey: { handler: given(replicateKey), ...ofReplica },
    UpdatePrimaryRegion: { handler: given(updatePrimaryRegion), ...ofTwoPrimaries },

    GetParametersForImport: {
      handler: given(getParametersForImport),
      ...ownKey,
      steps: true,
      secret: ['ImportToken', 'PublicKey'],
    },
    ImportKeyMaterial: {
      handler: given(importKeyMaterial),
      ...ownKey,
      secret: ['ImportToken', 'EncryptedKeyMaterial'],
    },
    DeleteImportedKeyMaterial: { handler: given(deleteImportedKeyMaterial), ...ownKey },

    DescribeCustomKeyStores: { handler: describeCustomKeyStores, ...anything },
  } satisfies Partial<Handlers<Model.KmsOperations, typeof notImplemented>>;
}

/** There are none, as on AWS in an account that has made none. */
function describeCustomKeyStores(input: Model.DescribeCustomKeyStoresRequest): Model.DescribeCustomKeyStoresResponse {
  if (input.CustomKeyStoreId !== undefined || input.CustomKeyStoreName !== undefined) fail('CustomKeyStoreNotFound');
  // None was ever given out.
  if (input.Marker !== undefined) fail('InvalidMarker');
  return { CustomKeyStores: [], Truncated: false };
}

/** What is the same for each of these operations, unless it says otherwise. */
function all<Operations extends Record<string, OperationDeclaration>>(
  operations: Operations,
  shared: Pick<OperationDeclaration, 'conditions' | 'audit'>,
): Operations {
  const entries = Object.entries(operations).map(([name, operation]) => [name, { ...shared, ...operation }]);
  // The same names, each with what it had.
  return Object.fromEntries(entries) as Operations;
}

export const kms = (parts: KmsParts) =>
  defineService({
    defaults: { event: 'management', usage: 'KMS-Requests' },
    operations: all(
      {
        ...all(managementOperations(parts), { audit: namedKey }),
        ...cryptographicOperations(parts),
      } satisfies Handlers<Model.KmsOperations, typeof notImplemented>,
      { conditions: conditions(parts) },
    ),
    auditNames,
    notImplemented,
    kinds,
    quotas,
    throttles,
    throttlingMessage: 'You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.',
    timers: {
      deleteKey: deleteKey(parts),
      expireMaterial: expireMaterial(parts),
      rotateKey: rotateKey(parts),
      tellRelatedKeys: tellRelatedKeys(parts),
    },
  });
