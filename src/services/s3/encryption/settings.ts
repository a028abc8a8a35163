/** A bucket's default encryption, and what it blocks: GetBucketEncryption, PutBucketEncryption, DeleteBucketEncryption. */
import type {
  DeleteBucketEncryptionRequest,
  GetBucketEncryptionOutput,
  GetBucketEncryptionRequest,
  PutBucketEncryptionRequest,
  ServerSideEncryptionRule,
} from '#platform/model/generated/s3.ts';
import type { Call } from '#platform/service.ts';
import { openBucket } from '#services/s3/buckets/open-bucket.ts';
import { encryptionOf, putEncryption } from '#services/s3/encryption/wanted.ts';
import { fail, invalidArgument } from '#services/s3/errors.ts';
import type { S3Parts } from '#services/s3/parts.ts';

export const getBucketEncryption =
  (parts: S3Parts) =>
  (input: GetBucketEncryptionRequest, call: Call): GetBucketEncryptionOutput => ({
    ServerSideEncryptionConfiguration: encryptionOf(call.tx, openBucket(call.tx, parts.sealer, input.Bucket)),
  });

export const putBucketEncryption =
  (parts: S3Parts) =>
  (input: PutBucketEncryptionRequest, call: Call): void => {
    const bucket = openBucket(call.tx, parts.sealer, input.Bucket);
    const [rule, ...more] = input.ServerSideEncryptionConfiguration.Rules;
    const [before] = encryptionOf(call.tx, bucket).Rules;
    if (rule === undefined || more.length > 0) fail('MalformedXML');
    else putEncryption(call.tx, bucket, checkedRule(rule, before));
  };

const KINDS: ReadonlySet<string> = new Set(['AES256', 'aws:kms', 'aws:kms:dsse']);

/** What a request does not say of SSE-C stays as it is. */
function checkedRule(rule: ServerSideEncryptionRule, before: ServerSideEncryptionRule | undefined) {
  const byDefault = rule.ApplyServerSideEncryptionByDefault ?? { SSEAlgorithm: 'AES256' };
  if (!KINDS.has(byDefault.SSEAlgorithm)) fail('MalformedXML');
  if (byDefault.SSEAlgorithm === 'AES256' && byDefault.KMSMasterKeyID !== undefined) {
    const message = 'a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse';
    return invalidArgument('ApplyServerSideEncryptionByDefault', byDefault.SSEAlgorithm, message);
  }
  const blocked = rule.BlockedEncryptionTypes ?? before?.BlockedEncryptionTypes;
  if (blocked?.EncryptionType?.includes('NONE') && blocked.EncryptionType.length > 1) fail('MalformedXML');
  return {
    ApplyServerSideEncryptionByDefault: byDefault,
    BucketKeyEnabled: rule.BucketKeyEnabled ?? false,
    ...(blocked && { BlockedEncryptionTypes: blocked }),
  };
}

/** Back to SSE-S3; what the bucket blocks stays. */
export const deleteBucketEncryption =
  (parts: S3Parts) =>
  (input: DeleteBucketEncryptionRequest, call: Call): void => {
    const bucket = openBucket(call.tx, parts.sealer, input.Bucket);
    const [before] = encryptionOf(call.tx, bucket).Rules;
    putEncryption(call.tx, bucket, checkedRule({}, before));
  };
