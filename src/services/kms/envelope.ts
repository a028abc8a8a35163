/**
 * Envelope encryption for other services (api.ts). A data key is asked for as the caller; it may be used again for a bounded
 * time by the same principal for the same key and context, as SQS's KmsDataKeyReusePeriodSeconds has it: until then a principal
 * that has lost its permission may go on, as on AWS. The plain data keys are in memory only, and few.
 */
import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto';
import { pooledRandom } from '#platform/base/ids.ts';
import { ServiceError } from '#platform/error.ts';
import type { Principal } from '#platform/principal.ts';
import type { Call } from '#platform/service.ts';
import type { Envelope, EnvelopeKey, Envelopes } from '#services/kms/api.ts';
import { ensureManagedKey, managedService } from '#services/kms/managed/managed-keys.ts';
import type { KmsParts } from '#services/kms/parts.ts';

interface DataKey {
  readonly plain: KeyObject;
  readonly encrypted: Buffer;
}

const MOST_KEPT = 10_000;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

export function envelopes(parts: KmsParts): Envelopes {
  const kept = new KeptKeys();
  return {
    async keyArn(call, keyId) {
      await ensureKey(parts, call, keyId);
      const { KeyMetadata } = await call.invoke('kms', 'DescribeKey', { KeyId: keyId });
      // DescribeKey's output.
      return (KeyMetadata as { readonly Arn: string }).Arn;
    },
    async seal(call, key, plaintext, additionalData) {
      const dataKey = await kept.get(call, key, 'seal', () => newDataKey(parts, call, key));
      return { dataKey: dataKey.encrypted, sealed: sealUnder(dataKey.plain, plaintext, additionalData) };
    },
    async open(call, key, envelope, additionalData) {
      const encrypted = Buffer.from(envelope.dataKey);
      const dataKey = await kept.get(call, key, encrypted.toString('base64'), () =>
        openedDataKey(call, key, encrypted),
      );
      return openUnder(dataKey.plain, envelope, additionalData);
    },
  };
}

/** Data keys in use, the oldest first. */
class KeptKeys {
  readonly #keys = new Map<string, DataKey & { readonly until: number }>();

  async get(call: Call, key: EnvelopeKey, what: string, make: () => Promise<DataKey>): Promise<DataKey> {
    const id = `${identityOf(call, key)} ${what}`;
    const now = call.clock.now();
    const known = this.#keys.get(id);
    if (known !== undefined && known.until > now) return known;
    this.#keys.delete(id);
    const made = await make();
    if (key.reuseMilliseconds > 0) this.#keep(id, { ...made, until: now + key.reuseMilliseconds });
    return made;
  }

  #keep(id: string, key: DataKey & { readonly until: number }): void {
    const [oldest] = this.#keys.keys();
    if (this.#keys.size >= MOST_KEPT && oldest !== undefined) this.#keys.delete(oldest);
    this.#keys.set(id, key);
  }
}

async function newDataKey(parts: KmsParts, call: Call, { keyId, context }: EnvelopeKey): Promise<DataKey> {
  await ensureKey(parts, call, keyId);
  const input = { KeyId: keyId, KeySpec: 'AES_256', EncryptionContext: context };
  const output = await call.invoke('kms', 'GenerateDataKey', input);
  return { plain: createSecretKey(bytesOf(output['Plaintext'])), encrypted: bytesOf(output['CiphertextBlob']) };
}

async function openedDataKey(call: Call, { context }: EnvelopeKey, encrypted: Buffer): Promise<DataKey> {
  const output = await call.invoke('kms', 'Decrypt', { CiphertextBlob: encrypted, EncryptionContext: context });
  return { plain: createSecretKey(bytesOf(output['Plaintext'])), encrypted };
}

/** The AWS managed key of a service comes into being when the service first needs it, in the account of its resource. */
async function ensureKey(parts: KmsParts, { account, region, now }: Call, keyId: string): Promise<void> {
  const service = keyId.startsWith('arn:') ? undefined : managedService(keyId);
  if (service === undefined) return;
  const partition = parts.partitionOf(account, region);
  partition.transact((tx) => ensureManagedKey(parts, tx, { account, region, now }, service));
  await partition.durable();
}

/** KMS's outputs hold bytes as such. */
const bytesOf = (value: unknown): Buffer => Buffer.from(value as Uint8Array);

function identityOf({ principal, service, account, region }: Call, { keyId, context }: EnvelopeKey): string {
  return JSON.stringify([nameOf(principal), service, account, region, keyId, Object.entries(context).sort()]);
}

function nameOf(principal: Principal): readonly (string | undefined)[] {
  if (principal.kind === 'service') return [principal.service, principal.sourceArn];
  return 'arn' in principal ? [principal.userId, principal.arn] : [principal.kind];
}

function sealUnder(key: KeyObject, plaintext: Uint8Array, additionalData: string): Buffer {
  const nonce = pooledRandom(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(Buffer.from(additionalData));
  const body = cipher.update(plaintext);
  cipher.final();
  return Buffer.concat([nonce, cipher.getAuthTag(), body]);
}

function openUnder(key: KeyObject, { sealed }: Envelope, additionalData: string): Buffer {
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
