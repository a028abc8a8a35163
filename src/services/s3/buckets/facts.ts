/** What other services may ask of buckets (api.ts). */
import { removeTags, setTags, tagsOf } from '#platform/tags.ts';
import type { BucketFacts } from '#services/s3/api.ts';
import { findBucket, openBucket } from '#services/s3/buckets/open-bucket.ts';
import { policyInForce } from '#services/s3/buckets/policy.ts';
import { isPublicPoint } from '#services/s3/buckets/publicity.ts';
import { bucketArn, directoryBucketArn } from '#services/s3/names.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { partitionOf } from '#services/s3/state.ts';

export function bucketFacts(parts: S3Parts): BucketFacts {
  const { directory, store, sealer } = parts;
  const partitionOfBucket = (name: string) => partitionOf(store, directory.ownerOf(name));
  const arnOf = (name: string): string => {
    const owner = directory.ownerOf(name);
    return owner.service === undefined ? bucketArn(name) : directoryBucketArn(name, owner);
  };
  return {
    find: directory.find,
    isPublicPoint,
    policyInForce(name, { principal, door }) {
      const { account } = directory.ownerOf(name);
      const bucket = partitionOfBucket(name).read((tx) => findBucket(tx, sealer, name));
      return bucket && policyInForce(parts, bucket, { principal, door, account });
    },
    arnOf,
    tagsOf: (name) => partitionOfBucket(name).read((tx) => tagsOf(tx, arnOf(name))),
    async changeTags(name, set, remove) {
      const partition = partitionOfBucket(name);
      partition.transact((tx) => {
        const { arn } = openBucket(tx, sealer, name);
        removeTags(tx, arn, remove);
        setTags(tx, arn, set);
      });
      await partition.durable();
    },
  };
}
