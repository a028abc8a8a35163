/** Encrypt, Decrypt and ReEncrypt, by symmetric keys and by RSA. */
import { constants, type KeyObject, publicEncrypt, subtle, type webcrypto } from 'node:crypto';
import type { AccountId } from '#platform/base/ids.ts';
import type * as Model from '#platform/model/generated/kms.ts';
import { nameOf } from '#platform/policy/denial.ts';
import type { Call, CallScope, Permission } from '#platform/service.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import {
  type CiphertextHead,
  decryptUnder,
  type EncryptionContext,
  encryptUnder,
  readHead,
} from '#services/kms/ciphertext/ciphertext.ts';
import { checkContext, checkUsable, noteUse, usableKey } from '#services/kms/crypto/use.ts';
import { fail } from '#services/kms/errors.ts';
import { accountNamed, type KeyScope, keyArn, keyOf } from '#services/kms/identify.ts';
import { findKey, type OpenKey } from '#services/kms/keys/open-key.ts';
import { currentMaterial, publicKeyOf, secretOf } from '#services/kms/material/material.ts';
import type { KmsParts } from '#services/kms/parts.ts';
import { specOf } from '#services/kms/specs.ts';

const SYMMETRIC = 'SYMMETRIC_DEFAULT';
type Algorithm = Model.EncryptionAlgorithmSpec;

export interface Encrypted {
  readonly blob: Buffer;
  readonly materialId: string | undefined;
}

/** Under the key's current material. */
export function encryptWith(
  parts: KmsParts,
  call: Pick<Call, 'account' | 'partition'>,
  key: OpenKey,
  algorithm: Algorithm,
  plaintext: Uint8Array,
  context: EncryptionContext | undefined,
): Encrypted {
  checkAlgorithm(key, algorithm, context);
  const material = currentMaterial(key);
  if (algorithm !== SYMMETRIC) {
    return { blob: encryptByRsa(publicKeyOf(key, material), algorithm, plaintext), materialId: undefined };
  }
  const head = { account: call.account, keyId: key.row.id, materialId: material.row.id };
  const secret = secretOf(parts.sealer, call.partition.name, key, material);
  return { blob: encryptUnder(secret, head, plaintext, context), materialId: material.row.id };
}

function checkAlgorithm({ row }: OpenKey, algorithm: Algorithm, context: EncryptionContext | undefined): void {
  if (!specOf(row.spec).encryption.includes(algorithm)) fail('Incompatible', algorithm, row.spec);
  checkContext(context);
  if (algorithm !== SYMMETRIC && context !== undefined && Object.keys(context).length > 0) {
    fail('Validation', 'EncryptionContext is not supported with asymmetric encryption algorithms.');
  }
}

const oaepHash = (algorithm: Algorithm): 'sha1' | 'sha256' => (algorithm === 'RSAES_OAEP_SHA_1' ? 'sha1' : 'sha256');

function encryptByRsa(key: KeyObject, algorithm: Algorithm, plaintext: Uint8Array): Buffer {
  const hash = oaepHash(algorithm);
  const most = (key.asymmetricKeyDetails?.modulusLength ?? 0) / 8 - 2 * (hash === 'sha1' ? 20 : 32) - 2;
  if (plaintext.length > most) {
    fail('Validation', `The plaintext is too long for ${algorithm} with this key: at most ${most} bytes.`);
  }
  return publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: hash }, plaintext);
}

/** Web Crypto decrypts off the engine's thread. */
async function decryptByRsa(key: KeyObject, algorithm: Algorithm, ciphertext: Uint8Array): Promise<Buffer> {
  const hash = oaepHash(algorithm) === 'sha1' ? 'SHA-1' : 'SHA-256';
  const importable: webcrypto.CryptoKey = key.toCryptoKey({ name: 'RSA-OAEP', hash }, false, ['decrypt']);
  try {
    // A copy: the request's bytes may lie in a pool.
    return Buffer.from(await subtle.decrypt({ name: 'RSA-OAEP' }, importable, new Uint8Array(ciphertext)));
  } catch {
    return fail('InvalidCiphertext');
  }
}

interface Opened {
  readonly plaintext: Buffer;
  readonly materialId: string | undefined;
}

function decryptWith(
  parts: KmsParts,
  partition: Call['partition'],
  key: OpenKey,
  algorithm: Algorithm,
  blob: Uint8Array,
  context: EncryptionContext | undefined,
): Opened | Promise<Opened> {
  checkAlgorithm(key, algorithm, context);
  if (algorithm !== SYMMETRIC) {
    const secret = secretOf(parts.sealer, partition.name, key, currentMaterial(key));
    return decryptByRsa(secret, algorithm, blob).then((plaintext) => ({ plaintext, materialId: undefined }));
  }
  const bytes = bufferOf(blob);
  const head = readHead(bytes) ?? fail('InvalidCiphertext');
  if (head.keyId !== key.row.id || head.account !== partition.name.account) fail('IncorrectKey');
  const material = key.materials.find(({ row }) => row.id === head.materialId) ?? fail('InvalidCiphertext');
  const secret = secretOf(parts.sealer, partition.name, key, material);
  const plaintext = decryptUnder(secret, bytes, context) ?? fail('InvalidCiphertext');
  return { plaintext, materialId: head.materialId };
}

const bufferOf = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

export function encrypt(parts: KmsParts, input: Model.EncryptRequest, call: Call): Model.EncryptResponse {
  const { EncryptionAlgorithm: algorithm = SYMMETRIC } = input;
  const key = usableKey(call, input.KeyId, 'ENCRYPT_DECRYPT');
  const { blob } = encryptWith(parts, call, key, algorithm, input.Plaintext, input.EncryptionContext);
  return { CiphertextBlob: blob, KeyId: key.arn, EncryptionAlgorithm: algorithm };
}

/** The key that a ciphertext is to be opened with: as it is named, or as the ciphertext itself does. */
interface Sealed {
  readonly KeyId?: string | undefined;
  readonly CiphertextBlob?: Uint8Array | undefined;
  readonly isTrial: boolean;
}

const sealedBy = ({ KeyId, CiphertextBlob, DryRun, DryRunModifiers }: Model.DecryptRequest): Sealed => ({
  KeyId,
  CiphertextBlob,
  isTrial: DryRun === true && DryRunModifiers?.includes('IGNORE_CIPHERTEXT') === true,
});

/** An ARN decides; a bare id is looked for where the ciphertext says, as on AWS. */
function accountOfSealed({ KeyId, CiphertextBlob }: Sealed): { account?: AccountId } {
  if (KeyId?.startsWith('arn:')) return accountNamed(KeyId);
  if (KeyId?.startsWith('alias/')) return {};
  const head = CiphertextBlob && headIn(CiphertextBlob);
  return head ? { account: head.account } : {};
}

function keyIdOfSealed({ KeyId, CiphertextBlob, isTrial }: Sealed, keyMember: string): string {
  if (CiphertextBlob === undefined && !isTrial) missing('ciphertextBlob');
  if (KeyId !== undefined) return KeyId;
  if (CiphertextBlob === undefined) return missing(keyMember);
  return headOf(CiphertextBlob).keyId;
}

/** Where the call names no key, it is not told that the ciphertext's is not there; services are, of what they sealed (SQS's KmsNotFound). */
function keyToOpen(
  tx: ReadTransaction,
  place: Pick<Call, 'account' | 'region'>,
  sealed: Sealed,
  keyMember: 'keyId' | 'sourceKeyId',
  { principal, calledVia }: Pick<Call, 'principal' | 'calledVia'>,
): OpenKey {
  const keyId = keyIdOfSealed(sealed, keyMember);
  if (sealed.KeyId !== undefined || calledVia.length > 0) return keyOf(tx, place, keyId);
  const action = keyMember === 'keyId' ? 'kms:Decrypt' : 'kms:ReEncryptFrom';
  return findKey(tx, keyId) ?? fail('NoKeyOfCiphertext', nameOf(principal), action);
}

const headOf = (blob: Uint8Array): CiphertextHead => headIn(blob) ?? fail('InvalidCiphertext');

const headIn = (blob: Uint8Array): CiphertextHead | undefined => readHead(bufferOf(blob));

const missing = (member: string): never =>
  fail(
    'Validation',
    `1 validation error detected: Value null at '${member}' failed to satisfy constraint: Member must not be null`,
  );

export const ofCiphertext = {
  owner: (input: Model.DecryptRequest) => accountOfSealed(sealedBy(input)),
  resource: (input: Model.DecryptRequest, scope: CallScope) => keyArn(keyIdOfSealed(sealedBy(input), 'keyId'), scope),
} as const;

export function decrypt(
  parts: KmsParts,
  input: Model.DecryptRequest,
  call: Call,
): Model.DecryptResponse | Promise<Model.DecryptResponse> {
  const { EncryptionAlgorithm: algorithm = SYMMETRIC, CiphertextBlob: blob } = input;
  const sealed = sealedBy(input);
  const key = call.partition.read((tx) => keyToOpen(tx, call, sealed, 'keyId', call));
  checkUsable(key, 'ENCRYPT_DECRYPT', 'Decrypt');
  // Only a trial comes without.
  if (blob === undefined || sealed.isTrial) return {};
  const answer = ({ plaintext, materialId }: Opened): Model.DecryptResponse => ({
    KeyId: key.arn,
    Plaintext: plaintext,
    EncryptionAlgorithm: algorithm,
    ...(materialId !== undefined && { KeyMaterialId: materialId }),
  });
  const opened = decryptWith(parts, call.partition, key, algorithm, blob, input.EncryptionContext);
  return opened instanceof Promise ? opened.then(answer) : answer(opened);
}

const sourceOf = (input: Model.ReEncryptRequest): Sealed =>
  sealedBy({
    ...(input.SourceKeyId !== undefined && { KeyId: input.SourceKeyId }),
    ...(input.CiphertextBlob !== undefined && { CiphertextBlob: input.CiphertextBlob }),
    ...(input.DryRun !== undefined && { DryRun: input.DryRun }),
    ...(input.DryRunModifiers !== undefined && { DryRunModifiers: input.DryRunModifiers }),
  });

/** The source key's account and region; its partition only if there is such an account. */
function sourcePlace(
  parts: KmsParts,
  input: Model.ReEncryptRequest,
  scope: Pick<CallScope, 'account' | 'region' | 'principal'>,
) {
  const { principal, region } = scope;
  const callerAccount = 'account' in principal ? principal.account : scope.account;
  const account = accountOfSealed(sourceOf(input)).account ?? callerAccount;
  // Also of the destination's account: both are names of the caller's choice.
  if (account !== callerAccount && !parts.isAccount(account)) fail('InvalidCiphertext');
  return { account, region, partition: parts.partitionOf(account, region) };
}

/** ReEncryptFrom the source key, ReEncryptTo the destination key. */
export const reEncryptPermissions =
  (parts: KmsParts) =>
  (input: Model.ReEncryptRequest, scope: CallScope): Permission[] => {
    const { account, partition } = sourcePlace(parts, input, scope);
    const source: KeyScope = { account, region: scope.region, read: (action) => partition.read(action) };
    return [
      { action: 'kms:ReEncryptFrom', resource: keyArn(keyIdOfSealed(sourceOf(input), 'sourceKeyId'), source) },
      { action: 'kms:ReEncryptTo', resource: keyArn(input.DestinationKeyId, scope) },
    ];
  };

export async function reEncrypt(
  parts: KmsParts,
  input: Model.ReEncryptRequest,
  call: Call,
): Promise<Model.ReEncryptResponse> {
  const { SourceEncryptionAlgorithm: from = SYMMETRIC, DestinationEncryptionAlgorithm: to = SYMMETRIC } = input;
  const place = sourcePlace(parts, input, call);
  const source = place.partition.read((tx) => keyToOpen(tx, place, sourceOf(input), 'sourceKeyId', call));
  checkUsable(source, 'ENCRYPT_DECRYPT', 'ReEncryptFrom');
  const destination = usableKey(call, input.DestinationKeyId, 'ENCRYPT_DECRYPT', 'ReEncryptTo');
  const { CiphertextBlob: blob } = input;
  if (blob === undefined || sourceOf(input).isTrial) return {};
  const opened = await decryptWith(parts, place.partition, source, from, blob, input.SourceEncryptionContext);
  const sealed = encryptWith(parts, call, destination, to, opened.plaintext, input.DestinationEncryptionContext);
  if (!input.DryRun) noteUse(place.partition, source.arn, call);
  await place.partition.durable();
  return {
    CiphertextBlob: sealed.blob,
    SourceKeyId: source.arn,
    KeyId: destination.arn,
    SourceEncryptionAlgorithm: from,
    DestinationEncryptionAlgorithm: to,
    ...(opened.materialId !== undefined && { SourceKeyMaterialId: opened.materialId }),
    ...(sealed.materialId !== undefined && { DestinationKeyMaterialId: sealed.materialId }),
  };
}
