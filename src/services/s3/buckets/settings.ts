/** The small settings of a bucket that lie in its row: versioning, ownership, the public access block; and its tags. */
import type {
  DeleteBucketOwnershipControlsRequest,
  DeleteBucketTaggingRequest,
  DeletePublicAccessBlockRequest,
  GetBucketOwnershipControlsOutput,
  GetBucketOwnershipControlsRequest,
  GetBucketTaggingOutput,
  GetBucketTaggingRequest,
  GetBucketVersioningOutput,
  GetBucketVersioningRequest,
  GetPublicAccessBlockOutput,
  GetPublicAccessBlockRequest,
  PutBucketOwnershipControlsRequest,
  PutBucketTaggingRequest,
  PutBucketVersioningRequest,
  PutPublicAccessBlockRequest,
} from '#platform/model/generated/s3.ts';
import type { Call } from '#platform/service.ts';
import { checkTags, deleteTags, setTags, tagsOf } from '#platform/tags.ts';
import { isOwnersOnly } from '#services/s3/acl/grants.ts';
import { refuseOldTagging } from '#services/s3/buckets/abac.ts';
import { openBucket, putBucket, rowOf } from '#services/s3/buckets/open-bucket.ts';
import { fail, s3Error } from '#services/s3/errors.ts';
import { bucketArn } from '#services/s3/names.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import type { BucketRow, Ownership, PublicAccessBlock } from '#services/s3/state.ts';

const change = (parts: S3Parts, call: Call, name: string, changes: Partial<BucketRow>): void =>
  putBucket(call.tx, { ...rowOf(openBucket(call.tx, parts.sealer, name)), ...changes });

export const getBucketVersioning =
  (parts: S3Parts) =>
  (input: GetBucketVersioningRequest, call: Call): GetBucketVersioningOutput => {
    const { versioning } = openBucket(call.tx, parts.sealer, input.Bucket);
    return versioning === undefined ? {} : { Status: versioning };
  };

export const putBucketVersioning =
  (parts: S3Parts) =>
  ({ Bucket, VersioningConfiguration }: PutBucketVersioningRequest, call: Call): void => {
    const { Status, MFADelete } = VersioningConfiguration;
    if (MFADelete === 'Enabled') fail('NotImplemented', { about: 'x-amz-mfa' });
    if (Status === undefined) fail('IllegalVersioningConfigurationException');
    else {
      const { objectLock, hasReplication } = openBucket(call.tx, parts.sealer, Bucket);
      if (objectLock !== undefined && Status !== 'Enabled') {
        fail('InvalidBucketState', {
          message: 'An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.',
        });
      }
      if (hasReplication && Status !== 'Enabled') {
        fail('InvalidBucketState', {
          message: 'A replication configuration is present on this bucket, so the versioning state cannot be changed.',
        });
      }
      change(parts, call, Bucket, { versioning: Status });
    }
  };

export const getBucketOwnershipControls =
  (parts: S3Parts) =>
  (input: GetBucketOwnershipControlsRequest, call: Call): GetBucketOwnershipControlsOutput => {
    const { ownership, name } = openBucket(call.tx, parts.sealer, input.Bucket);
    const found = ownership ?? fail('OwnershipControlsNotFoundError', { about: name });
    return { OwnershipControls: { Rules: [{ ObjectOwnership: found }] } };
  };

export const putBucketOwnershipControls =
  (parts: S3Parts) =>
  ({ Bucket, OwnershipControls }: PutBucketOwnershipControlsRequest, call: Call): void => {
    const [rule, ...more] = OwnershipControls.Rules;
    if (rule === undefined || more.length > 0) throw s3Error('MalformedXML');
    const { acl } = openBucket(call.tx, parts.sealer, Bucket);
    if (rule.ObjectOwnership === 'BucketOwnerEnforced' && acl && !isOwnersOnly(acl)) {
      fail('InvalidBucketAclWithObjectOwnership');
    }
    // Validated: one of the model's three.
    change(parts, call, Bucket, { ownership: rule.ObjectOwnership as Ownership });
  };

export const deleteBucketOwnershipControls =
  (parts: S3Parts) =>
  ({ Bucket }: DeleteBucketOwnershipControlsRequest, call: Call): void => {
    const { ownership: _, ...row } = rowOf(openBucket(call.tx, parts.sealer, Bucket));
    putBucket(call.tx, row);
  };

const BLOCKS = ['BlockPublicAcls', 'IgnorePublicAcls', 'BlockPublicPolicy', 'RestrictPublicBuckets'] as const;

export const getPublicAccessBlock =
  (parts: S3Parts) =>
  (input: GetPublicAccessBlockRequest, call: Call): GetPublicAccessBlockOutput => {
    const { publicAccessBlock, name } = openBucket(call.tx, parts.sealer, input.Bucket);
    const found = publicAccessBlock ?? fail('NoSuchPublicAccessBlockConfiguration', { about: name });
    return { PublicAccessBlockConfiguration: found };
  };

export const putPublicAccessBlock =
  (parts: S3Parts) =>
  ({ Bucket, PublicAccessBlockConfiguration: given }: PutPublicAccessBlockRequest, call: Call): void => {
    const publicAccessBlock: PublicAccessBlock = Object.fromEntries(BLOCKS.map((name) => [name, given[name] ?? false]));
    change(parts, call, Bucket, { publicAccessBlock });
  };

export const deletePublicAccessBlock =
  (parts: S3Parts) =>
  ({ Bucket }: DeletePublicAccessBlockRequest, call: Call): void => {
    const { publicAccessBlock: _, ...row } = rowOf(openBucket(call.tx, parts.sealer, Bucket));
    putBucket(call.tx, row);
  };

export const getBucketTagging =
  (parts: S3Parts) =>
  (input: GetBucketTaggingRequest, call: Call): GetBucketTaggingOutput => {
    const { name } = openBucket(call.tx, parts.sealer, input.Bucket);
    const tags = Object.entries(tagsOf(call.tx, bucketArn(name)));
    if (tags.length === 0) fail('NoSuchTagSet', { about: name });
    return { TagSet: tags.map(([Key, Value]) => ({ Key, Value })) };
  };

/** The whole set is replaced. */
export const putBucketTagging =
  (parts: S3Parts) =>
  (input: PutBucketTaggingRequest, call: Call): void => {
    const bucket = openBucket(call.tx, parts.sealer, input.Bucket);
    refuseOldTagging(bucket);
    const arn = bucketArn(bucket.name);
    const pairs = input.Tagging.TagSet.map(({ Key, Value }) => [Key, Value] as const);
    const tags = Object.fromEntries(pairs);
    if (Object.keys(tags).length < pairs.length) {
      fail('InvalidTag', { message: 'Cannot provide multiple Tags with the same key' });
    }
    checkTags(tags, {}, { invalid: 'InvalidTag', tooMany: 'InvalidTag' });
    deleteTags(call.tx, arn);
    setTags(call.tx, arn, tags);
  };

export const deleteBucketTagging =
  (parts: S3Parts) =>
  (input: DeleteBucketTaggingRequest, call: Call): void => {
    const bucket = openBucket(call.tx, parts.sealer, input.Bucket);
    refuseOldTagging(bucket);
    deleteTags(call.tx, bucketArn(bucket.name));
  };
