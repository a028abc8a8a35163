/**
 * KMS's condition keys (Developer Guide, "AWS KMS condition keys"), from a call's input, its caller and the key that it asks
 * for. They are computed when a policy has a condition. The kms:RecipientAttestation keys are never there: no recipient is
 * attested here, so a policy that asks for one does not allow.
 */
import { days } from '#platform/base/clock.ts';
import type { Region } from '#platform/base/ids.ts';
import type * as Model from '#platform/model/generated/kms.ts';
import type { CallScope, ConditionValues, Permission } from '#platform/service.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { aliasNamesOf } from '#services/kms/aliases/aliases.ts';
import type { EncryptionContext } from '#services/kms/ciphertext/ciphertext.ts';
import { reEncryptPermissions } from '#services/kms/crypto/encrypt.ts';
import { aliasIn } from '#services/kms/identify.ts';
import { findKey, keyMemory, type OpenKey } from '#services/kms/keys/open-key.ts';
import type { KmsParts } from '#services/kms/parts.ts';
import { lastUsages } from '#services/kms/state.ts';

/** What the inputs have between them. */
type AnyInput = Partial<
  Model.CreateKeyRequest &
    Model.CreateGrantRequest &
    Model.EncryptRequest &
    Model.SignRequest &
    Model.GenerateMacRequest &
    Model.DeriveSharedSecretRequest &
    Model.GenerateDataKeyPairRequest &
    Model.ReEncryptRequest &
    Model.ImportKeyMaterialRequest &
    Model.GetParametersForImportRequest &
    Model.EnableKeyRotationRequest &
    Model.ScheduleKeyDeletionRequest &
    Model.ReplicateKeyRequest &
    Model.UpdatePrimaryRegionRequest &
    Model.PutKeyPolicyRequest
>;

export const conditions =
  (parts: KmsParts) =>
  (input: object, scope: CallScope, { action, resource }: Permission): ConditionValues => {
    // Which members an input has, its model says; all of them are optional here.
    const given = input as AnyInput;
    return {
      'kms:calleraccount': scope.callerAccount,
      'kms:viaservice': viaService(scope),
      ...cryptographicKeys(given, action),
      ...reEncryptKeys(parts, input, scope, action),
      ...grantKeys(given, action, scope),
      ...managementKeys(given, action),
      ...(resource === '*' ? newKeyKeys(given, action) : keyKeys(parts, scope, resource)),
    };
  };

/** `sqs.us-east-1.amazonaws.com`: the service that passes the call on. */
const viaService = ({ calledVia, region }: CallScope): string | undefined =>
  calledVia.at(-1)?.replace(/^([^.]+)\.amazonaws\.com$/, `$1.${region}.amazonaws.com`);

const text = (value: boolean | number | undefined): string | undefined =>
  value === undefined ? undefined : String(value);

const ENCRYPTS = /^kms:(?:Encrypt|Decrypt|ReEncrypt|GenerateDataKey)/;

function cryptographicKeys(input: AnyInput, action: string): ConditionValues {
  const isFrom = action === 'kms:ReEncryptFrom';
  const isReEncrypt = isFrom || action === 'kms:ReEncryptTo';
  const algorithm = isReEncrypt
    ? isFrom
      ? input.SourceEncryptionAlgorithm
      : input.DestinationEncryptionAlgorithm
    : input.EncryptionAlgorithm;
  const keyId = isReEncrypt ? (isFrom ? input.SourceKeyId : input.DestinationKeyId) : input.KeyId;
  const context = isReEncrypt
    ? isFrom
      ? input.SourceEncryptionContext
      : input.DestinationEncryptionContext
    : input.EncryptionContext;
  return {
    'kms:requestalias': aliasIn(keyId),
    'kms:encryptionalgorithm': ENCRYPTS.test(action) ? (algorithm ?? 'SYMMETRIC_DEFAULT') : undefined,
    'kms:signingalgorithm': input.SigningAlgorithm,
    'kms:messagetype': /^kms:(?:Sign|Verify)$/.test(action) ? (input.MessageType ?? 'RAW') : undefined,
    'kms:macalgorithm': input.MacAlgorithm,
    'kms:keyagreementalgorithm': input.KeyAgreementAlgorithm,
    'kms:datakeypairspec': input.KeyPairSpec,
    ...contextKeys(context),
  };
}

/** The keys themselves are compared: one key has several names, and a ciphertext names its own where the call does not. */
function reEncryptKeys(parts: KmsParts, input: object, scope: CallScope, action: string): ConditionValues {
  if (action !== 'kms:ReEncryptFrom' && action !== 'kms:ReEncryptTo') return {};
  // Only ReEncrypt needs these permissions.
  const [from, to] = reEncryptPermissions(parts)(input as Model.ReEncryptRequest, scope);
  return { 'kms:reencryptonsamekey': String(from?.resource === to?.resource) };
}

function contextKeys(context: EncryptionContext | undefined): ConditionValues {
  const pairs = Object.entries(context ?? {});
  if (pairs.length === 0) return {};
  return {
    'kms:encryptioncontextkeys': pairs.map(([key]) => key),
    ...Object.fromEntries(pairs.map(([key, value]) => [`kms:encryptioncontext:${key}`, value])),
  };
}

function grantKeys(input: AnyInput, action: string, { calledVia }: CallScope): ConditionValues {
  const isForResource = /^kms:(?:CreateGrant|ListGrants|RevokeGrant)$/.test(action);
  const { Constraints: constraints } = input;
  const context = constraints?.EncryptionContextEquals ?? constraints?.EncryptionContextSubset;
  return {
    // True when a service that the caller uses asks on its behalf.
    'kms:grantisforawsresource': isForResource ? String(calledVia.length > 0) : undefined,
    'kms:granteeprincipal': input.GranteePrincipal,
    'kms:granteeserviceprincipal': input.GranteeServicePrincipal,
    'kms:retiringprincipal': input.RetiringPrincipal,
    'kms:retiringserviceprincipal': input.RetiringServicePrincipal,
    'kms:grantoperations': input.Operations,
    'kms:grantconstrainttype': constraints?.EncryptionContextEquals
      ? 'EncryptionContextEquals'
      : constraints?.EncryptionContextSubset && 'EncryptionContextSubset',
    'kms:grantconstraintsourcearn': constraints?.SourceArn,
    ...(action === 'kms:CreateGrant' ? contextKeys(context) : {}),
  };
}

function managementKeys(input: AnyInput, action: string): ConditionValues {
  const { ValidTo: validTo } = input;
  return {
    'kms:bypasspolicylockoutsafetycheck': /^kms:(?:CreateKey|PutKeyPolicy)$/.test(action)
      ? String(input.BypassPolicyLockoutSafetyCheck ?? false)
      : undefined,
    'kms:policyname': action === 'kms:PutKeyPolicy' ? (input.PolicyName ?? 'default') : undefined,
    'kms:expirationmodel': input.ExpirationModel,
    'kms:validto': validTo === undefined ? undefined : `${new Date(validTo).toISOString().slice(0, 19)}Z`,
    'kms:wrappingalgorithm': input.WrappingAlgorithm,
    'kms:wrappingkeyspec': input.WrappingKeySpec,
    'kms:rotationperiodindays': text(input.RotationPeriodInDays),
    'kms:schedulekeydeletionpendingwindowindays':
      action === 'kms:ScheduleKeyDeletion' ? String(input.PendingWindowInDays ?? 30) : undefined,
    'kms:replicaregion': input.ReplicaRegion,
    'kms:primaryregion': input.PrimaryRegion,
  };
}

/** Of a key that is to be made. */
function newKeyKeys(input: AnyInput, action: string): ConditionValues {
  if (action !== 'kms:CreateKey' || input.ReplicaRegion !== undefined) return {};
  const spec = input.KeySpec ?? input.CustomerMasterKeySpec ?? 'SYMMETRIC_DEFAULT';
  return {
    ...specKeys(spec, input.KeyUsage ?? 'ENCRYPT_DECRYPT', input.Origin ?? 'AWS_KMS'),
    'kms:multiregion': String(input.MultiRegion ?? false),
    'kms:multiregionkeytype': input.MultiRegion ? 'PRIMARY' : undefined,
  };
}

const specKeys = (spec: string, usage: string, origin: string): ConditionValues => ({
  'kms:keyspec': spec,
  'kms:customermasterkeyspec': spec,
  'kms:keyusage': usage,
  'kms:customermasterkeyusage': usage,
  'kms:keyorigin': origin,
});

/** Of the key that is asked for, in whichever account and region. */
function keyKeys(parts: KmsParts, scope: CallScope, arn: string): ConditionValues {
  const [, , , region = '', account = '', resource = ''] = arn.split(':');
  const id = resource.startsWith('key/') ? resource.slice('key/'.length) : undefined;
  if (id === undefined) return {};
  const read = (tx: ReadTransaction): ConditionValues => {
    const key = findKey(tx, id);
    return key === undefined ? {} : keyFacts(tx, key, scope.now);
  };
  if (account === scope.account && region === scope.region) return scope.read(read);
  // Resources are made by our own functions: the account is one, and so is the region.
  const other = account as CallScope['account'];
  if (!parts.isAccount(other) || !parts.regions.includes(region)) return {};
  return parts.partitionOf(other, region as Region).read(read);
}

function keyFacts(tx: ReadTransaction, { row, arn }: OpenKey, now: number): ConditionValues {
  const { related } = row;
  const use = tx.partition.memory(keyMemory).uses.get(arn) ?? tx.get(lastUsages, lastUsages.key(row.id));
  return {
    ...specKeys(row.spec, row.usage, row.origin),
    'kms:multiregion': String(related !== undefined),
    'kms:multiregionkeytype': related && (related.primary === tx.partition.name.region ? 'PRIMARY' : 'REPLICA'),
    'kms:resourcealiases': aliasNamesOf(tx, row.id),
    'kms:trailingdayswithoutkeyusage': String(Math.floor((now - (use?.at ?? row.createdAt)) / days(1))),
  };
}
