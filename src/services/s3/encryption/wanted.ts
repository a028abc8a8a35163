/** Which encryption a write gets: what its headers ask for, else the bucket's default. */
import type { ServerSideEncryptionConfiguration, ServerSideEncryptionRule } from '#platform/model/generated/s3.ts';
import type { Call } from '#platform/service.ts';
import { keptRows } from '#platform/store/kept-rows.ts';
import type { ReadTransaction, Transaction } from '#platform/store/store.ts';
import type { OpenBucket } from '#services/s3/buckets/open-bucket.ts';
import { type CustomerKey, type CustomerKeyHeaders, customerKeyOf } from '#services/s3/encryption/customer-keys.ts';
import { invalidArgument } from '#services/s3/errors.ts';
import { failBlocked } from '#services/s3/refusals.ts';
import { settings } from '#services/s3/state.ts';

export interface EncryptionHeaders extends CustomerKeyHeaders {
  readonly Key: string;
  readonly ServerSideEncryption?: string;
  readonly SSEKMSKeyId?: string;
  readonly SSEKMSEncryptionContext?: string;
  readonly BucketKeyEnabled?: boolean;
}

export type KmsKind = 'aws:kms' | 'aws:kms:dsse';

export type WantedEncryption =
  | { readonly kind: 'AES256' }
  | {
      readonly kind: KmsKind;
      readonly keyId: string;
      readonly context: Readonly<Record<string, string>>;
      readonly hasBucketKey: boolean;
    }
  | { readonly kind: 'SSE-C'; readonly customerKey: CustomerKey };

const MANAGED_KEY = 'alias/aws/s3';
export const ENCRYPTION_SETTING = 'encryption';
const HEADER = 'x-amz-server-side-encryption';

const OWN_KEYS = { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' as const }, BucketKeyEnabled: false };

/** What every bucket has that nobody changed: keys of S3's own, and since April 2026 no SSE-C. */
const DEFAULT_ENCRYPTION: ServerSideEncryptionConfiguration = {
  Rules: [{ ...OWN_KEYS, BlockedEncryptionTypes: { EncryptionType: ['SSE-C'] } }],
};

/** What buckets of before have. */
export const NOTHING_BLOCKED = { Rules: [OWN_KEYS] } satisfies ServerSideEncryptionConfiguration;

/** Each write of an object asks. */
const kept = keptRows<ServerSideEncryptionConfiguration>('s3-encryption', 10_000);

export function encryptionOf(tx: ReadTransaction, { id }: OpenBucket): ServerSideEncryptionConfiguration {
  const known = kept.get(tx.partition, String(id));
  if (known !== undefined) return known;
  // Written below, or with the bucket.
  const row = tx.get(settings, settings.key(id, ENCRYPTION_SETTING)) as ServerSideEncryptionConfiguration | undefined;
  return kept.keep(tx.partition, String(id), row ?? DEFAULT_ENCRYPTION);
}

export function putEncryption(tx: Transaction, { id }: OpenBucket, rule: ServerSideEncryptionRule): void {
  tx.put(settings, settings.key(id, ENCRYPTION_SETTING), { Rules: [rule] });
  kept.forget(tx, String(id));
}

/** Throws for headers that don't go together, and AccessDenied for SSE-C where the bucket blocks it. */
export function wantedEncryption(
  tx: ReadTransaction,
  bucket: OpenBucket,
  given: EncryptionHeaders,
  call: Call,
): WantedEncryption {
  const [rule] = encryptionOf(tx, bucket).Rules;
  const customerKey = customerKeyOf(given, call.origin);
  if (customerKey !== undefined) {
    if (given.ServerSideEncryption !== undefined) {
      const message =
        'Server Side Encryption with Customer provided key is incompatible with the encryption method specified';
      return invalidArgument(HEADER, given.ServerSideEncryption, message);
    }
    if (rule?.BlockedEncryptionTypes?.EncryptionType?.includes('SSE-C')) {
      failBlocked(call, 's3:PutObject', `${bucket.arn}/${given.Key}`, 'customerKey');
    }
    return { kind: 'SSE-C', customerKey };
  }
  const byDefault = rule?.ApplyServerSideEncryptionByDefault;
  const kind = given.ServerSideEncryption ?? byDefault?.SSEAlgorithm ?? 'AES256';
  if (kind !== 'aws:kms' && kind !== 'aws:kms:dsse') {
    if (kind !== 'AES256') return invalidArgument(HEADER, kind, 'The encryption method specified is not supported');
    if (given.SSEKMSKeyId !== undefined) {
      const message = `Server Side Encryption with AWS KMS managed key requires HTTP header ${HEADER} : aws:kms`;
      return invalidArgument(HEADER, given.ServerSideEncryption, message);
    }
    return { kind };
  }
  const isDefault = given.ServerSideEncryption === undefined;
  return {
    kind,
    keyId: given.SSEKMSKeyId ?? (isDefault ? byDefault?.KMSMasterKeyID : undefined) ?? MANAGED_KEY,
    context: contextOf(given.SSEKMSEncryptionContext),
    // "S3 Bucket Keys aren't supported for DSSE-KMS."
    hasBucketKey: kind === 'aws:kms' && (given.BucketKeyEnabled ?? rule?.BucketKeyEnabled ?? false),
  };
}

const MOST_CONTEXT_BYTES = 8192;

function contextOf(header: string | undefined): Readonly<Record<string, string>> {
  if (header === undefined) return {};
  const text = Buffer.from(header, 'base64').toString('utf8');
  try {
    const parsed: unknown = text.length > MOST_CONTEXT_BYTES ? undefined : JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) {
      const entries = Object.entries(parsed);
      if (entries.every(([, value]) => typeof value === 'string')) return Object.fromEntries(entries);
    }
  } catch {
    // No JSON: refused like other things that are no map.
  }
  return invalidArgument(
    'x-amz-server-side-encryption-context',
    header,
    "The header 'x-amz-server-side-encryption-context' shall be Base64-encoded UTF-8 string holding JSON which represents a string-string map",
  );
}
