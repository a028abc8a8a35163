/**
 * Envelope encryption for other services (api.ts). A data key is asked for as the caller; it may be used again for a bounded
 * time by the same principal for the same key and context, as SQS's KmsDataKeyReusePeriodSeconds has it: until then a principal
 * that has lost its permission may go on, as on AWS. The plain data keys are in memory only, and few.
 */
import { createCipheriv, createDecipheriv, createSecretKey, hash, type KeyObject } from 'node:crypto';
import { formatArn, parseArn } from '#platform/base/arn.ts';
import { pooledRandom, randomBytes } from '#platform/base/ids.ts';
import { ServiceError } from '#platform/error.ts';
import type { Principal, SessionFacts } from '#platform/principal.ts';
import type { Call, Output } from '#platform/service.ts';
import { again } from '#platform/store/again.ts';
import type { DataKey, EnvelopeKey, Envelopes } from '#services/kms/api.ts';
import { ensureManagedKey } from '#services/kms/managed/managed-keys.ts';
import { managedService } from '#services/kms/managed/services.ts';
import type { KmsParts } from '#services/kms/parts.ts';

const MOST_KEPT = 10_000;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const DATA_KEY_BYTES = 32;

export function envelopes(parts: KmsParts): Envelopes {
  const kept = new KeptKeys();
  const sealingKey = (call: Call, key: EnvelopeKey) => {
    const keyId = inAccountOf(call, key.keyId);
    return kept.get(call, key, keyId, () => newDataKey(parts, call, { ...key, keyId }));
  };
  const openingKey = (call: Call, key: OpeningKey, encrypted: string) =>
    kept.get(call, key, encrypted, () => openedDataKey(call, key, encrypted));
  return {
    async keyArn(call, keyId) {
      await ensureKey(parts, call, keyId);
      const { KeyMetadata } = await call.invoke('kms', 'DescribeKey', { KeyId: inAccountOf(call, keyId) }, call.region);
      // DescribeKey's output.
      return (KeyMetadata as { readonly Arn: string }).Arn;
    },
    sealingKey,
    openingKey,
    refusalOf: (call, key, operation) => refusalOf(parts, call, key, operation),
    async seal(call, key, plaintext, additionalData) {
      const dataKey = await sealingKey(call, key);
      return {
        dataKey: Buffer.from(dataKey.encrypted, 'base64'),
        sealed: dataKey.seal(plaintext, additionalData),
      };
    },
    async sealByEncrypt(call, { keyId, context }, plaintext, additionalData) {
      const Plaintext = randomBytes(DATA_KEY_BYTES);
      const input = { KeyId: inAccountOf(call, keyId), Plaintext, EncryptionContext: context };
      const { CiphertextBlob, KeyId } = await call.invoke('kms', 'Encrypt', input, call.region);
      const sealed = sealUnder(createSecretKey(Plaintext), plaintext, additionalData);
      return { dataKey: bytesOf(CiphertextBlob), sealed, keyArn: String(KeyId) };
    },
    async open(call, key, { dataKey, sealed }, additionalData) {
      return (await openingKey(call, key, Buffer.from(dataKey).toString('base64'))).open(sealed, additionalData);
    },
  };
}

type OpeningKey = Omit<EnvelopeKey, 'keyId'>;

interface KeptKey {
  readonly dataKey: DataKey;
  readonly until: number;
}

/** Data keys in use, the oldest first. */
class KeptKeys {
  readonly #keys = new Map<string, KeptKey>();
  /** Asked for, by calls that want the same. */
  readonly #asked = new Map<string, Promise<DataKey>>();

  /** `what`: the KMS key to seal under, or the encrypted data key to open. */
  get(call: Call, key: OpeningKey, what: string, make: () => Promise<DataKey>): DataKey | Promise<DataKey> {
    const id = identityOf(call, key, what);
    const now = call.clock.now();
    const known = this.#keys.get(id);
    if (known !== undefined && known.until > now) return known.dataKey;
    const asked = this.#asked.get(id);
    if (asked !== undefined && key.reuseMilliseconds > 0) return asked;
    // Not now: a transaction may be running, and KMS's is of another partition.
    const making = Promise.resolve()
      .then(make)
      .then((dataKey) => {
        if (key.reuseMilliseconds > 0) this.#keep(id, { dataKey, until: now + key.reuseMilliseconds }, now);
        return dataKey;
      })
      .finally(() => this.#asked.delete(id));
    this.#asked.set(id, making);
    return making;
  }

  #keep(id: string, kept: KeptKey, now: number): void {
    this.#keys.delete(id);
    for (const [oldest, { until }] of this.#keys) {
      if (until > now && this.#keys.size < MOST_KEPT) break;
      this.#keys.delete(oldest);
    }
    this.#keys.set(id, kept);
  }
}

async function newDataKey(parts: KmsParts, call: Call, key: EnvelopeKey): Promise<DataKey> {
  await ensureKey(parts, call, key.keyId);
  const input = { KeyId: key.keyId, KeySpec: 'AES_256', EncryptionContext: key.context };
  const output = await call.invoke('kms', 'GenerateDataKey', input, call.region);
  const encrypted = bytesOf(output['CiphertextBlob']).toString('base64');
  return key.isVerified ? openedDataKey(call, key, encrypted) : dataKeyOf(output, encrypted);
}

async function openedDataKey(call: Call, { context }: OpeningKey, encrypted: string): Promise<DataKey> {
  const input = { CiphertextBlob: Buffer.from(encrypted, 'base64'), EncryptionContext: context };
  return dataKeyOf(await call.invoke('kms', 'Decrypt', input, call.region), encrypted);
}

async function refusalOf(
  parts: KmsParts,
  call: Call,
  { keyId, context }: Pick<EnvelopeKey, 'keyId' | 'context'>,
  operation: 'Decrypt' | 'GenerateDataKey',
): Promise<string | undefined> {
  await ensureKey(parts, call, keyId);
  const what = operation === 'Decrypt' ? { DryRunModifiers: ['IGNORE_CIPHERTEXT'] } : { KeySpec: 'AES_256' };
  const input = { KeyId: inAccountOf(call, keyId), EncryptionContext: context, DryRun: true, ...what };
  try {
    await call.invoke('kms', operation, input, call.region);
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    return error.code === 'DryRunOperationException' ? undefined : error.code;
  }
  throw new Error('a trial ends with DryRunOperationException');
}

/** Of what GenerateDataKey or Decrypt answered. */
function dataKeyOf(output: Output, encrypted: string): DataKey {
  const plain = createSecretKey(bytesOf(output['Plaintext']));
  return {
    encrypted,
    seal: (plaintext, additionalData) => sealUnder(plain, plaintext, additionalData),
    open: (sealed, additionalData) => openUnder(plain, sealed, additionalData),
  };
}

/** A resource's setting speaks of keys of its own account, whoever uses the resource. */
function inAccountOf({ account, region }: Call, keyId: string): string {
  if (keyId.startsWith('arn:')) return keyId;
  return formatArn('kms', region, account, keyId.startsWith('alias/') ? keyId : `key/${keyId}`);
}

/** The AWS managed key of a service comes into being when the service first needs it, in the account of its resource. */
async function ensureKey(parts: KmsParts, { account, region, now }: Call, keyId: string): Promise<void> {
  const service = managedService(keyId);
  if (service === undefined || (keyId.startsWith('arn:') && parseArn(keyId)?.account !== account)) return;
  const partition = await again(() => parts.partitionOf(account, region));
  await again(() => partition.transact((tx) => ensureManagedKey(parts, tx, { account, region, now }, service)));
  await partition.durable();
}

/** KMS's outputs hold bytes as such. */
const bytesOf = (value: unknown): Buffer => Buffer.from(value as Uint8Array);

function identityOf({ principal, service, account, region }: Call, { context }: OpeningKey, what: string): string {
  const whole = [requesterOf(principal), service, account, region, Object.entries(context).sort(), what];
  // Policies of sessions may be long.
  return hash('sha256', JSON.stringify(whole), 'base64url');
}

/**
 * "The same IAM role with different scoping policies will be treated as distinct requesters. However, … varying only the
 * RoleSessionName … will not create distinct requesters" (SQS Developer Guide, "Key management").
 */
function requesterOf(principal: Principal): readonly unknown[] {
  switch (principal.kind) {
    case 'anonymous':
      return [principal.kind];
    case 'service':
      return [principal.service, principal.sourceArn, principal.sourceAccount];
    case 'external':
      return [principal.provider, principal.userId];
    case 'role-session':
      return [principal.roleId, ...scopeOf(principal.session)];
    default:
      return [principal.userId, ...scopeOf(principal.session)];
  }
}

/** What makes two sessions of one user or role differ in what they may do. */
const scopeOf = (session: SessionFacts | undefined): readonly unknown[] =>
  session === undefined
    ? []
    : [
        session.policy,
        session.policyArns,
        session.taskPolicyArn,
        session.tags,
        session.sourceIdentity,
        session.issuerArn,
        session.federation,
        session.mfaAuthenticatedAt !== undefined,
      ];

function sealUnder(key: KeyObject, plaintext: Uint8Array, additionalData: string): Buffer {
  const nonce = pooledRandom(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(Buffer.from(additionalData));
  const body = cipher.update(plaintext);
  cipher.final();
  return Buffer.concat([nonce, cipher.getAuthTag(), body]);
}

function openUnder(key: KeyObject, sealed: Uint8Array, additionalData: string): Buffer {
  const bytes = Buffer.from(sealed);
  if (bytes.length < NONCE_BYTES + TAG_BYTES) throw broken();
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(additionalData));
  decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
  const plaintext = decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES));
  try {
    decipher.final();
  } catch {
    throw broken();
  }
  return plaintext;
}

const broken = (): ServiceError => new ServiceError('InvalidCiphertextException', '');
