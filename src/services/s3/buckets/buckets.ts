/** Making, finding and removing buckets. */

import type { AccountId, Region } from '#platform/base/ids.ts';
import type {
  CreateBucketOutput,
  CreateBucketRequest,
  DeleteBucketRequest,
  GetBucketLocationOutput,
  GetBucketLocationRequest,
  HeadBucketOutput,
  HeadBucketRequest,
  ListBucketsOutput,
  ListBucketsRequest,
  Tag,
} from '#platform/model/generated/s3.ts';
import type { Call, Kind } from '#platform/service.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { checkTags as checkResourceTags, deleteTags, setTags } from '#platform/tags.ts';
import { doorOf } from '#services/s3/access-points/door.ts';
import { type AclRequest, isPrivate, isPublicAcl } from '#services/s3/acl/grants.ts';
import { checkedAcl } from '#services/s3/acl/ownership.ts';
import { dropBucket, findBucket, newSealedKey, openBucket, putBucket } from '#services/s3/buckets/open-bucket.ts';
import { fail, invalidArgument } from '#services/s3/errors.ts';
import { cancelLifecycle } from '#services/s3/lifecycle/schedule.ts';
import { abortUpload } from '#services/s3/multipart/uploads.ts';
import { bucketArn, canonicalUser, checkBucketName } from '#services/s3/names.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { BUCKETS_QUOTA } from '#services/s3/quotas.ts';
import {
  type Acl,
  type BucketRow,
  bucketIds,
  buckets,
  type NameRow,
  type Ownership,
  objects,
  type PublicAccessBlock,
  partitionOf,
  settings,
  uploads,
} from '#services/s3/state.ts';
import { scheduleCount } from '#services/s3/storage/count.ts';

/** Where `EU` and an empty constraint lead. */
const OLD_CONSTRAINTS: Readonly<Record<string, string>> = { EU: 'eu-west-1' };
const HOME = 'us-east-1';
/** New buckets since April 2023: nothing is public, nobody but the owner owns anything. */
export const ALL_BLOCKED: PublicAccessBlock = {
  BlockPublicAcls: true,
  IgnorePublicAcls: true,
  BlockPublicPolicy: true,
  RestrictPublicBuckets: true,
};

export const createBucket =
  (parts: S3Parts) =>
  (input: CreateBucketRequest, call: Call): Promise<CreateBucketOutput> => {
    checkBucketName(input.Bucket);
    return parts.directory.inTurn(input.Bucket, () => create(parts, input, call));
  };

async function create(parts: S3Parts, input: CreateBucketRequest, call: Call): Promise<CreateBucketOutput> {
  const { Bucket: name } = input;
  checkLocation(parts, input, call.region);
  const acl = firstAcl(parts, input, call.account);
  const output = {
    Location: call.region === HOME ? `/${name}` : `${call.origin}/${name}/`,
    BucketArn: bucketArn(name),
  };
  const present = await makeBucket(parts, call, {
    place: { account: call.account, region: call.region },
    fields: {
      name,
      ownership: firstOwnership(parts, input),
      ...(!parts.oldBucketDefaults && { publicAccessBlock: ALL_BLOCKED }),
      ...(acl && { acl }),
      // "If you create a bucket with Object Lock enabled, … S3 automatically enables versioning for the bucket."
      ...(input.ObjectLockEnabledForBucket && { versioning: 'Enabled', objectLock: {} }),
    },
    tags: input.CreateBucketConfiguration?.Tags ?? [],
    mostBuckets: call.quota(BUCKETS_QUOTA),
  });
  // "in the North Virginia Region … Amazon S3 returns 200 OK and resets the bucket access control lists"
  const isRight = present === undefined || (present.region === HOME && call.region === HOME);
  return isRight ? output : fail('BucketAlreadyOwnedByYou', { about: name });
}

interface BucketPlan {
  readonly place: NameRow;
  readonly fields: Omit<BucketRow, 'id' | 'createdAt' | 'sealedKey'>;
  readonly tags: readonly Tag[];
  readonly mostBuckets: number;
}

/** In the name's turn: claims it and makes the bucket. Answers where the caller has one of that name already. */
export async function makeBucket(
  parts: S3Parts,
  call: Call,
  { place, fields, tags, mostBuckets }: BucketPlan,
): Promise<NameRow | undefined> {
  const { name } = fields;
  const owner = await parts.directory.claim(name, place);
  if (owner.account !== place.account) fail('BucketAlreadyExists', { about: name });
  const isThere = partitionOf(parts.store, owner).read((tx) => findBucket(tx, parts.sealer, name) !== undefined);
  if (isThere || owner.region !== place.region) return owner;
  call.transact((tx) => {
    const { next } = tx.get(bucketIds, bucketIds.key()) ?? { next: 1 };
    if (countBuckets(tx) >= mostBuckets) fail('TooManyBuckets');
    const checked = checkedTags(tags);
    tx.put(bucketIds, bucketIds.key(), { next: next + 1 });
    const sealedKey = newSealedKey(parts.sealer, place.account, next);
    putBucket(tx, { id: next, createdAt: call.now, ...fields, sealedKey });
    setTags(tx, openBucket(tx, parts.sealer, name).arn, checked);
    scheduleCount(tx, { id: next, name }, call.now);
  });
  return undefined;
}

const firstOwnership = ({ oldBucketDefaults }: S3Parts, { ObjectOwnership }: CreateBucketRequest): Ownership =>
  // Validated: one of the model's three.
  (ObjectOwnership as Ownership | undefined) ?? (oldBucketDefaults ? 'ObjectWriter' : 'BucketOwnerEnforced');

function firstAcl(parts: S3Parts, input: CreateBucketRequest, account: AccountId): Acl | undefined {
  const acl = checkedAcl(parts, {}, input as AclRequest, 'bucket', { account, door: undefined, owner: account });
  if (acl === undefined || isPrivate(acl)) return undefined;
  if (firstOwnership(parts, input) === 'BucketOwnerEnforced') fail('InvalidBucketAclWithObjectOwnership');
  // New buckets block public access before anybody can ask for another thing.
  return isPublicAcl(acl) && !parts.oldBucketDefaults ? fail('InvalidBucketAclWithBlockPublicAccessError') : acl;
}

function checkedTags(given: readonly Tag[]): Record<string, string> {
  const tags = Object.fromEntries(given.map(({ Key, Value }) => [Key, Value]));
  checkResourceTags(tags, {}, { invalid: 'InvalidTag', tooMany: 'InvalidTag' });
  return tags;
}

function checkLocation(
  parts: S3Parts,
  { CreateBucketConfiguration: configuration }: CreateBucketRequest,
  region: Region,
): void {
  const given = configuration?.LocationConstraint;
  if (given === undefined || (given as string) === '') {
    if (region !== HOME) fail('IllegalLocationConstraintException');
    return;
  }
  const wanted = OLD_CONSTRAINTS[given] ?? given;
  if (!parts.isRegion(wanted) || wanted === HOME) fail('InvalidLocationConstraint', { about: given });
  if (wanted !== region) {
    fail('IllegalLocationConstraintException', {
      message: `The ${wanted} location constraint is incompatible for the region specific endpoint this request was sent to.`,
    });
  }
}

export const deleteBucket =
  (parts: S3Parts) =>
  (input: DeleteBucketRequest, call: Call): Promise<void> =>
    parts.directory.inTurn(input.Bucket, () => remove(parts, input.Bucket, call));

async function remove(parts: S3Parts, name: string, call: Call): Promise<void> {
  const blobs = await parts.blobs(call.region);
  call.transact((tx) => {
    const bucket = openBucket(tx, parts.sealer, name);
    const isEmpty = tx.range(objects, { prefix: [bucket.id], limit: 1 }).length === 0;
    if (!isEmpty) fail('BucketNotEmpty', { about: name });
    if (parts.accessPoints.isAttached(name)) fail('BucketHasAccessPointsAttached');
    const begun = tx.range(uploads, { prefix: [bucket.id] });
    // Uploads in progress hold a directory bucket, and no other.
    if (bucket.zone !== undefined && begun.length > 0) fail('BucketNotEmpty', { about: name });
    for (const { key } of begun) {
      const [, objectKey, id] = uploads.parts(key);
      abortUpload(tx, blobs, bucket, objectKey, id);
    }
    tx.deleteRange(settings, [bucket.id]);
    cancelLifecycle(tx, bucket);
    deleteTags(tx, bucket.arn);
    dropBucket(tx, name);
  });
  await call.partition.durable();
  await parts.directory.release(name);
}

export const headBucket =
  (parts: S3Parts) =>
  (input: HeadBucketRequest, call: Call): HeadBucketOutput => {
    const { arn, zone } = openBucket(call.tx, parts.sealer, input.Bucket);
    return {
      BucketRegion: call.region,
      BucketArn: arn,
      AccessPointAlias: doorOf(call) !== undefined,
      ...(zone !== undefined && { BucketLocationType: 'AvailabilityZone', BucketLocationName: zone }),
    };
  };

export const getBucketLocation =
  (parts: S3Parts) =>
  (input: GetBucketLocationRequest, call: Call): GetBucketLocationOutput => {
    openBucket(call.tx, parts.sealer, input.Bucket);
    // Validated by what is in the directory: a region of the model's; the first one answers nothing.
    return call.region === HOME ? {} : ({ LocationConstraint: call.region } as GetBucketLocationOutput);
  };

const MOST_LISTED = 10_000;

/** An account's buckets in all regions, in the order of their names. */
export const listBuckets =
  (parts: S3Parts) =>
  async (input: ListBucketsRequest, call: Call): Promise<ListBucketsOutput> => {
    const { Prefix = '', BucketRegion, MaxBuckets: limit = MOST_LISTED, ContinuationToken: token } = input;
    const bound = [Prefix, BucketRegion];
    const refuse = () => invalidArgument('continuation-token', token, 'The continuation token provided is incorrect');
    const after = token === undefined ? '' : parts.pages.open(call, bound, token, refuse);
    const found = [];
    for (const place of parts.store.partitions({ service: 's3', account: call.account })) {
      if (BucketRegion !== undefined && place.region !== BucketRegion) continue;
      const partition = parts.store.partition(place);
      const rows = partition.read((tx) => tx.range(buckets));
      await partition.durable();
      found.push(...rows.map(({ row }) => ({ ...row, region: place.region })));
    }
    const sorted = found
      .filter(({ name }) => name.startsWith(Prefix) && name > after)
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    const page = sorted.slice(0, limit);
    const last = page.at(-1)?.name;
    return {
      Buckets: page.map(({ name, createdAt, region }) => ({
        Name: name,
        CreationDate: createdAt,
        BucketRegion: region,
        BucketArn: bucketArn(name),
      })),
      Owner: { ID: canonicalUser(call.account) },
      ...(Prefix !== '' && { Prefix }),
      ...(sorted.length > page.length &&
        last !== undefined && { ContinuationToken: parts.pages.seal(call, bound, last) }),
    };
  };

const countBuckets = (tx: ReadTransaction): number => tx.range(buckets).length;

const nameOfArn = (arn: string): string => arn.slice(bucketArn('').length);

export const bucketKind: Kind = {
  name: 'bucket',
  cloudFormationType: 'AWS::S3::Bucket',
  list: (tx, after, limit) =>
    tx
      .range(buckets, { ...(after !== undefined && { after: buckets.key(nameOfArn(after)) }), limit })
      .map(({ row }) => bucketArn(row.name)),
  exists: (tx, arn) => tx.get(buckets, buckets.key(nameOfArn(arn))) !== undefined,
  remove: { operation: 'DeleteBucket', input: (arn) => ({ Bucket: nameOfArn(arn) }) },
  holdsData: true,
};
