/**
 * The keys of an object. Blobs are sealed with keys derived from a base key: the bucket's own (SSE-S3), one of the object's that
 * KMS's key protects (SSE-KMS), or the client's (SSE-C). DSSE-KMS has both: the bucket's outside, the object's inside. KMS is
 * asked as the caller, so who may not use the key gets neither bytes in nor bytes out.
 */

import { minutes } from '#platform/base/clock.ts';
import { randomBytes } from '#platform/base/ids.ts';
import { ServiceError } from '#platform/error.ts';
import type { Call } from '#platform/service.ts';
import type { EnvelopeKey } from '#services/kms/api.ts';
import type { OpenBucket } from '#services/s3/buckets/open-bucket.ts';
import { type CustomerKey, isRightKey, verifierOf } from '#services/s3/encryption/customer-keys.ts';
import type { WantedEncryption } from '#services/s3/encryption/wanted.ts';
import { fail } from '#services/s3/errors.ts';
import { objectArn } from '#services/s3/names.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import type { EncryptionRow, KmsEncryption } from '#services/s3/state.ts';

export interface ObjectKeys {
  /** What blobs' keys are derived from. */
  readonly base: Uint8Array;
  /** Of DSSE-KMS: see inner-layer.ts. */
  readonly inner?: Uint8Array;
  /** The base is the bucket's, which is at hand anyway: what it opens may be kept. Of other keys nothing stays. */
  readonly isBaseOfBucket?: true;
}

export interface NewKeys {
  readonly keys: ObjectKeys;
  /** Undefined: SSE-S3. */
  readonly encryption?: EncryptionRow;
}

/** A bucket key serves a requester for a while before KMS is asked again. */
const BUCKET_KEY_MILLISECONDS = minutes(5);

export async function newObjectKeys(
  parts: S3Parts,
  call: Call,
  bucket: OpenBucket,
  key: string,
  wanted: WantedEncryption,
): Promise<NewKeys> {
  if (wanted.kind === 'AES256') return { keys: { base: bucket.key } };
  if (wanted.kind === 'SSE-C') {
    const { customerKey } = wanted;
    return { keys: { base: customerKey.key }, encryption: { kind: 'SSE-C', verifier: verifierOf(customerKey) } };
  }
  const { kind, keyId, context, hasBucketKey } = wanted;
  const secret = randomBytes(32);
  const encryption = await sealKey(parts, call, secret, {
    kind,
    keyArn: await kmsKeyArn(parts, call, keyId),
    ...(Object.keys(context).length > 0 && { context }),
    ...(hasBucketKey && { hasBucketKey }),
    // An object of a directory bucket may get another key.
    object: bucket.zone === undefined ? objectArn(bucket.name, key) : bucket.arn,
  });
  return { keys: keysOf(kind, bucket, secret), encryption };
}

const KEY_ARN = /^arn:[^:]+:kms:[^:]+:\d{12}:key\//;

/** Writers need kms:GenerateDataKey alone: a key that is named in full is not asked about. */
export const kmsKeyArn = (parts: S3Parts, call: Call, keyId: string): Promise<string> =>
  KEY_ARN.test(keyId) ? Promise.resolve(keyId) : askingKms(() => parts.envelopes.keyArn(call, keyId));

type Sealing = Omit<KmsEncryption, 'dataKey' | 'sealed'>;

export async function sealKey(
  parts: S3Parts,
  call: Call,
  secret: Uint8Array,
  sealing: Sealing,
): Promise<KmsEncryption> {
  const envelope = await askingKms(() => parts.envelopes.seal(call, envelopeKey(sealing), secret, sealing.object));
  return {
    ...sealing,
    dataKey: base64(envelope.dataKey),
    sealed: base64(envelope.sealed),
  };
}

/** A replica's: who replicates may encrypt with the destination's key, and not more. `keyArn` may be an alias's. */
export async function replicaKey(parts: S3Parts, call: Call, bucket: OpenBucket, sealing: Sealing): Promise<NewKeys> {
  const secret = randomBytes(32);
  const { dataKey, sealed, keyArn } = await askingKms(() =>
    parts.envelopes.sealByEncrypt(call, envelopeKey(sealing), secret, sealing.object),
  );
  const encryption = { ...sealing, keyArn, dataKey: base64(dataKey), sealed: base64(sealed) };
  return { keys: keysOf(sealing.kind, bucket, secret), encryption };
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

export async function openKey(parts: S3Parts, call: Call, encryption: KmsEncryption): Promise<Buffer> {
  const envelope = {
    dataKey: Buffer.from(encryption.dataKey, 'base64'),
    sealed: Buffer.from(encryption.sealed, 'base64'),
  };
  return askingKms(() => parts.envelopes.open(call, envelopeKey(encryption), envelope, encryption.object));
}

/** The encryption context is the object's ARN; with S3 Bucket Keys the bucket's. */
function envelopeKey({ keyArn, context, hasBucketKey, object }: Sealing): EnvelopeKey {
  const [bucket = object] = /^arn:aws:s3:::[^/]+/.exec(object) ?? [];
  return {
    keyId: keyArn,
    context: { ...context, 'aws:s3:arn': hasBucketKey ? bucket : object },
    reuseMilliseconds: hasBucketKey ? BUCKET_KEY_MILLISECONDS : 0,
  };
}

const keysOf = (kind: KmsEncryption['kind'], bucket: OpenBucket, secret: Uint8Array): ObjectKeys =>
  kind === 'aws:kms' ? { base: secret } : { base: bucket.key, inner: secret };

/** The keys of what is stored. Throws as S3 does if the client's headers don't suit it. */
export async function storedKeys(
  parts: S3Parts,
  call: Call,
  bucket: OpenBucket,
  encryption: EncryptionRow | undefined,
  customerKey: CustomerKey | undefined,
): Promise<ObjectKeys> {
  checkCustomerKey(encryption, customerKey);
  if (encryption === undefined) return { base: bucket.key, isBaseOfBucket: true };
  if (encryption.kind === 'SSE-C') return { base: customerKey?.key ?? fail('AccessDenied') };
  return keysOf(encryption.kind, bucket, await openKey(parts, call, encryption));
}

export function checkCustomerKey(encryption: EncryptionRow | undefined, customerKey: CustomerKey | undefined): void {
  if (encryption?.kind !== 'SSE-C') {
    if (customerKey === undefined) return;
    fail('InvalidRequest', { message: 'The encryption parameters are not applicable to this object.' });
  }
  if (customerKey === undefined) {
    fail('InvalidRequest', {
      message:
        'The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.',
    });
  } else if (!isRightKey(customerKey, encryption.verifier)) fail('AccessDenied');
}

/** KMS's refusals are S3's `AccessDenied`, and its other errors `KMS.<code>`, with KMS's words. */
async function askingKms<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    const { code, message } = error;
    if (code === 'AccessDenied' || code === 'AccessDeniedException') return fail('AccessDenied', { message });
    throw new ServiceError(`KMS.${code}`, message, { status: 400 });
  }
}

/** What answers say of an object's encryption. */
export function shownEncryption(encryption: EncryptionRow | undefined, customerKeyMd5?: string) {
  if (encryption === undefined) return { ServerSideEncryption: 'AES256' } as const;
  if (encryption.kind === 'SSE-C') {
    return {
      SSECustomerAlgorithm: 'AES256',
      ...(customerKeyMd5 !== undefined && { SSECustomerKeyMD5: customerKeyMd5 }),
    } as const;
  }
  const { kind, keyArn, hasBucketKey } = encryption;
  return { ServerSideEncryption: kind, SSEKMSKeyId: keyArn, ...(hasBucketKey && { BucketKeyEnabled: true }) } as const;
}

/** Of a write: with the context that it was given. */
export const writtenEncryption = (encryption: EncryptionRow | undefined, customerKeyMd5?: string) => ({
  ...shownEncryption(encryption, customerKeyMd5),
  ...(encryption !== undefined &&
    'context' in encryption &&
    encryption.context && {
      SSEKMSEncryptionContext: Buffer.from(JSON.stringify(encryption.context)).toString('base64'),
    }),
});

/**
 * Objects "encrypted by SSE-C or SSE-KMS, have ETags that are not an MD5 digest of their object data" (API Reference, Object); in
 * directory buckets ETags are "random alphanumeric strings unique to the object" (User Guide, "Differences for directory buckets").
 */
export const etagFor = ({ zone }: OpenBucket, encryption: EncryptionRow | undefined, md5: string): string =>
  encryption === undefined && zone === undefined ? md5 : randomBytes(16).toString('hex');
