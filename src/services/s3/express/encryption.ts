/**
 * Encryption of directory buckets: S3's own keys, or one customer managed key of KMS for the bucket's whole life, with S3 Bucket Keys.
 * What a session says holds for all that is written in it; a request can only repeat it.
 */
import type {
  CreateSessionRequest,
  DeleteBucketEncryptionRequest,
  GetBucketEncryptionOutput,
  GetBucketEncryptionRequest,
  PutBucketEncryptionRequest,
  ServerSideEncryptionByDefault,
} from '#platform/model/generated/s3.ts';
import type { Call } from '#platform/service.ts';
import type { ReadTransaction, Transaction } from '#platform/store/store.ts';
import { type OpenBucket, openBucket } from '#services/s3/buckets/open-bucket.ts';
import { kmsKeyArn } from '#services/s3/encryption/object-keys.ts';
import { type EncryptionHeaders, encryptionOf, putEncryption } from '#services/s3/encryption/wanted.ts';
import { fail, invalidArgument } from '#services/s3/errors.ts';
import { sessionOf } from '#services/s3/express/access.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { settings } from '#services/s3/state.ts';

const HEADER = 'x-amz-server-side-encryption';
/** The first key that the bucket was given. */
const KEY_SETTING = 'encryption-key';
const OWN_KEYS: ServerSideEncryptionByDefault = { SSEAlgorithm: 'AES256' };

const byDefaultOf = (tx: ReadTransaction, bucket: OpenBucket): ServerSideEncryptionByDefault =>
  encryptionOf(tx, bucket).Rules[0]?.ApplyServerSideEncryptionByDefault ?? OWN_KEYS;

export const getDirectoryBucketEncryption =
  (parts: S3Parts) =>
  (input: GetBucketEncryptionRequest, call: Call): GetBucketEncryptionOutput => {
    const byDefault = byDefaultOf(call.tx, openBucket(call.tx, parts.sealer, input.Bucket));
    const rule = {
      ApplyServerSideEncryptionByDefault: byDefault,
      BucketKeyEnabled: byDefault.SSEAlgorithm === 'aws:kms',
    };
    return { ServerSideEncryptionConfiguration: { Rules: [rule] } };
  };

export const putDirectoryBucketEncryption =
  (parts: S3Parts) =>
  (input: PutBucketEncryptionRequest, call: Call): void => {
    const bucket = openBucket(call.tx, parts.sealer, input.Bucket);
    const [rule, ...more] = input.ServerSideEncryptionConfiguration.Rules;
    if (rule === undefined || more.length > 0) fail('MalformedXML');
    const byDefault = rule?.ApplyServerSideEncryptionByDefault ?? OWN_KEYS;
    checkKind(byDefault);
    if (byDefault.KMSMasterKeyID !== undefined) keepKey(call.tx, bucket, byDefault.KMSMasterKeyID);
    put(call.tx, bucket, byDefault);
  };

export const deleteDirectoryBucketEncryption =
  (parts: S3Parts) =>
  (input: DeleteBucketEncryptionRequest, call: Call): void =>
    put(call.tx, openBucket(call.tx, parts.sealer, input.Bucket), OWN_KEYS);

const put = (tx: Transaction, bucket: OpenBucket, byDefault: ServerSideEncryptionByDefault): void =>
  putEncryption(tx, bucket, {
    ApplyServerSideEncryptionByDefault: byDefault,
    BucketKeyEnabled: byDefault.SSEAlgorithm === 'aws:kms',
  });

function checkKind({ SSEAlgorithm: kind, KMSMasterKeyID: key }: ServerSideEncryptionByDefault): void {
  if (kind !== 'AES256' && kind !== 'aws:kms') {
    invalidArgument('SSEAlgorithm', kind, 'Directory buckets support AES256 and aws:kms alone.');
  }
  if ((kind === 'aws:kms') !== (key !== undefined)) {
    invalidArgument(
      'KMSMasterKeyID',
      key,
      'A customer managed key is needed if, and only if, SSEAlgorithm is aws:kms.',
    );
  }
  // "only use the key ID or key ARN. The key alias format of the KMS key isn't supported."
  if (key !== undefined && /^(?:arn:[^/]*:)?alias\//.test(key)) {
    invalidArgument('KMSMasterKeyID', key, 'The key alias format of the KMS key is not supported.');
  }
}

/** `key/1234` and its ARN are one key. */
const idOf = (key: string): string => key.slice(key.lastIndexOf('/') + 1);

const isOnlyKey = (tx: ReadTransaction, bucket: OpenBucket, key: string): boolean => {
  const first = tx.get(settings, settings.key(bucket.id, KEY_SETTING))?.['key'];
  return typeof first !== 'string' || idOf(first) === idOf(key);
};

/** "Only 1 customer managed key is supported per directory bucket for the lifetime of the bucket." */
function keepKey(tx: Transaction, bucket: OpenBucket, key: string): void {
  if (!isOnlyKey(tx, bucket, key)) invalidArgument('KMSMasterKeyID', key, ONE_KEY);
  tx.put(settings, settings.key(bucket.id, KEY_SETTING), { key });
}

const ONE_KEY = 'Only 1 customer managed key is supported per directory bucket for the lifetime of the bucket.';

/** What a new session writes with, and how its answer shows it. */
export async function sessionEncryption(parts: S3Parts, call: Call, bucket: OpenBucket, input: CreateSessionRequest) {
  const byDefault = call.partition.read((tx) => byDefaultOf(tx, bucket));
  const { ServerSideEncryption: kind = byDefault.SSEAlgorithm, SSEKMSEncryptionContext: context } = input;
  const key = input.SSEKMSKeyId ?? (kind === byDefault.SSEAlgorithm ? byDefault.KMSMasterKeyID : undefined);
  checkKind({ SSEAlgorithm: kind as 'AES256', ...(key !== undefined && { KMSMasterKeyID: key }) });
  if (key === undefined) {
    return { encryption: { ServerSideEncryption: kind }, shown: { ServerSideEncryption: 'AES256' } } as const;
  }
  if (!call.partition.read((tx) => isOnlyKey(tx, bucket, key)))
    invalidArgument(`${HEADER}-aws-kms-key-id`, key, ONE_KEY);
  const SSEKMSKeyId = await kmsKeyArn(parts, call, key);
  const given = { SSEKMSKeyId, ...(context !== undefined && { SSEKMSEncryptionContext: context }) };
  return {
    encryption: { ServerSideEncryption: kind, ...given },
    shown: { ServerSideEncryption: 'aws:kms', ...given, BucketKeyEnabled: true },
  } as const;
}

interface Written extends EncryptionHeaders {
  readonly Bucket: string;
}

/** What a write is encrypted with: that of the session, or of the bucket where keys of IAM's sign. */
export function inheritedEncryption<In extends Written>(parts: S3Parts, input: In, call: Call): In {
  const own = sessionOf(call.principal)?.encryption ?? call.partition.read((tx) => headersOf(parts, tx, input.Bucket));
  const { ServerSideEncryption: kind, SSEKMSKeyId: key } = input;
  const isSame =
    (kind === undefined || kind === own['ServerSideEncryption']) &&
    (key === undefined || idOf(key) === idOf(own['SSEKMSKeyId'] ?? ''));
  if (!isSame) {
    const message = 'The encryption settings of a request must match those of the session, or of the directory bucket.';
    fail('InvalidRequest', { message });
  }
  return { ...input, ...own, ...(own['ServerSideEncryption'] === 'aws:kms' && { BucketKeyEnabled: true }) };
}

function headersOf(parts: S3Parts, tx: ReadTransaction, name: string): Readonly<Record<string, string>> {
  const { SSEAlgorithm, KMSMasterKeyID: key } = byDefaultOf(tx, openBucket(tx, parts.sealer, name));
  return { ServerSideEncryption: SSEAlgorithm, ...(key !== undefined && { SSEKMSKeyId: key }) };
}
