/** Attribute-based access control: the tags of a bucket are condition keys for it and its objects once that is enabled. */
import type { GetBucketAbacOutput, GetBucketAbacRequest, PutBucketAbacRequest } from '#platform/model/generated/s3.ts';
import type { Call, CallScope, ConditionValues } from '#platform/service.ts';
import { tagsOf } from '#platform/tags.ts';
import { type OpenBucket, openBucket, putBucket, rowOf } from '#services/s3/buckets/open-bucket.ts';
import { fail } from '#services/s3/errors.ts';
import { bucketArn } from '#services/s3/names.ts';
import type { S3Parts } from '#services/s3/parts.ts';

export const getBucketAbac =
  (parts: S3Parts) =>
  (input: GetBucketAbacRequest, call: Call): GetBucketAbacOutput => ({
    AbacStatus: { Status: openBucket(call.tx, parts.sealer, input.Bucket).hasAbac ? 'Enabled' : 'Disabled' },
  });

export const putBucketAbac =
  (parts: S3Parts) =>
  (input: PutBucketAbacRequest, call: Call): void => {
    const { hasAbac: _, ...row } = rowOf(openBucket(call.tx, parts.sealer, input.Bucket));
    const status = input.AbacStatus.Status ?? fail('MalformedXML');
    putBucket(call.tx, status === 'Enabled' ? { ...row, hasAbac: true } : row);
  };

/** "You can no longer use the PutBucketTagging and DeleteBucketTagging actions to tag your bucket." */
export function refuseOldTagging({ hasAbac }: OpenBucket): void {
  if (hasAbac)
    fail('InvalidRequest', { message: 'ABAC is enabled for this bucket: use TagResource and UntagResource.' });
}

/** `aws:ResourceTag` of what the bucket is or holds; `s3:BucketTag` of what is reached by an access point too. */
export function bucketTagConditions(
  bucket: OpenBucket | undefined,
  /** Of the bucket's partition. */
  reader: Pick<CallScope, 'read'>,
  isResource: boolean,
): ConditionValues {
  if (!bucket?.hasAbac) return {};
  const tags = Object.entries(reader.read((tx) => tagsOf(tx, bucketArn(bucket.name))));
  return Object.fromEntries(
    tags.flatMap(([key, value]) => [
      [`s3:buckettag/${key}`, value],
      ...(isResource ? [[`aws:resourcetag/${key}`, value]] : []),
    ]),
  );
}
