/** Making, finding and removing buckets. */

import type { AccountId, Region } from '#platform/base/ids.ts';
import type { Blobs } from '#platform/blobs/blobs.ts';
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
} from '#platform/model/generated/s3.ts';
import type { Call, Kind } from '#platform/service.ts';
import { again } from '#platform/store/again.ts';
import type { Transaction } from '#platform/store/store.ts';
import { deleteTags } from '#platform/tags.ts';
import { doorOf } from '#services/s3/access-points/door.ts';
import { type AclRequest, isPrivate, isPublicAcl } from '#services/s3/acl/grants.ts';
import { refusePublicAcl, takesAcls, wantedAcl } from '#services/s3/acl/ownership.ts';
import { blocks } from '#services/s3/buckets/block-public-access.ts';
import { makeBucket } from '#services/s3/buckets/make.ts';
import { bucketIdsOf, dropBucket, openBucket, putBucket, rowOf } from '#services/s3/buckets/open-bucket.ts';
import { ENCRYPTION_SETTING, NOTHING_BLOCKED } from '#services/s3/encryption/wanted.ts';
import { fail, invalidArgument } from '#services/s3/errors.ts';
import { cancelLifecycle } from '#services/s3/lifecycle/schedule.ts';
import { abortUpload } from '#services/s3/multipart/uploads.ts';
import { bucketArn, canonicalUser, checkBucketName } from '#services/s3/names.ts';
import { lastModified } from '#services/s3/objects/conditions.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { BUCKETS_QUOTA } from '#services/s3/quotas.ts';
import { dropReports } from '#services/s3/reports/schedule.ts';
import {
  type Acl,
  bucketIds,
  buckets,
  type Ownership,
  objects,
  type PublicAccessBlock,
  settings,
  uploads,
} from '#services/s3/state.ts';

/** Where `EU` and an empty constraint lead. */
const OLD_CONSTRAINTS: Readonly<Record<string, string>> = { EU: 'eu-west-1' };
const HOME = 'us-east-1';
/** Each has up to 10,000 parts. */
const UPLOADS_AT_ONCE = 20;
/** A bucket of any region is made through the first one's endpoint, which was the only one once; others make their own alone. */
export const regionOfNew =
  ({ isRegion }: S3Parts) =>
  ({ CreateBucketConfiguration: wanted }: CreateBucketRequest, _: AccountId | undefined, region: Region) => {
    const constraint = wanted?.LocationConstraint ?? '';
    const named = OLD_CONSTRAINTS[constraint] ?? constraint;
    return { region: region === HOME && isRegion(named) ? (named as Region) : region };
  };

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
    const isOwn = input.BucketNamespace === 'account-regional';
    checkBucketName(input.Bucket, { isOwn, account: call.account, region: call.region });
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
    settings: parts.oldBucketDefaults ? { [ENCRYPTION_SETTING]: NOTHING_BLOCKED } : {},
    tags: input.CreateBucketConfiguration?.Tags ?? [],
    mostBuckets: call.quota(BUCKETS_QUOTA),
  });
  if (present === undefined) return output;
  if (present.region !== HOME || call.region !== HOME) fail('BucketAlreadyOwnedByYou', { about: name });
  resetAcl(parts, input, call);
  return output;
}

/** "in the North Virginia Region … Amazon S3 returns 200 OK and resets the bucket access control lists" (list of error codes) */
function resetAcl(parts: S3Parts, input: CreateBucketRequest, call: Call): void {
  call.transact((tx) => {
    const bucket = openBucket(tx, parts.sealer, input.Bucket);
    const { account } = call;
    const acl = wantedAcl(parts, input as AclRequest, 'bucket', { account, owner: account });
    refusePublicAcl(parts, bucket, acl, call, ['s3:CreateBucket', bucket.arn]);
    const wanted = acl === undefined || isPrivate(acl) ? undefined : acl;
    if (wanted !== undefined && !takesAcls(bucket)) fail('InvalidBucketAclWithObjectOwnership');
    const { acl: _, ...row } = rowOf(bucket);
    putBucket(tx, { ...row, ...(wanted && { acl: wanted }) });
  });
}

const firstOwnership = ({ oldBucketDefaults }: S3Parts, { ObjectOwnership }: CreateBucketRequest): Ownership =>
  // Validated: one of the model's three.
  (ObjectOwnership as Ownership | undefined) ?? (oldBucketDefaults ? 'ObjectWriter' : 'BucketOwnerEnforced');

function firstAcl(parts: S3Parts, input: CreateBucketRequest, account: AccountId): Acl | undefined {
  const acl = wantedAcl(parts, input as AclRequest, 'bucket', { account, owner: account });
  if (acl === undefined || isPrivate(acl)) return undefined;
  if (firstOwnership(parts, input) === 'BucketOwnerEnforced') fail('InvalidBucketAclWithObjectOwnership');
  // New buckets block public access before anybody can ask for another thing.
  const isBlocked = !parts.oldBucketDefaults || blocks(parts, {}, { account, door: undefined }, 'BlockPublicAcls');
  return isPublicAcl(acl) && isBlocked ? fail('InvalidBucketAclWithBlockPublicAccessError') : acl;
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
  // Uploads in progress don't hold a bucket of this kind. There may be any number of them.
  const drop = () => call.transact((tx) => dropOrEmpty(tx, parts, blobs, name));
  while (!(await again(drop))) await call.partition.durable();
  await call.partition.durable();
  await parts.directory.release(name);
}

/** Gives up some of the bucket's uploads, or drops the bucket: whether it is gone. */
function dropOrEmpty(tx: Transaction, { sealer, accessPoints }: S3Parts, blobs: Blobs, name: string): boolean {
  const bucket = openBucket(tx, sealer, name);
  const isEmpty = tx.range(objects, { prefix: [bucket.id], limit: 1 }).length === 0;
  if (!isEmpty) fail('BucketNotEmpty', { about: name });
  if (accessPoints.isAttached(name, tx.partition.name.account)) fail('BucketHasAccessPointsAttached');
  const begun = tx.range(uploads, { prefix: [bucket.id], limit: UPLOADS_AT_ONCE });
  // Uploads in progress hold a directory bucket.
  if (bucket.zone !== undefined && begun.length > 0) fail('BucketNotEmpty', { about: name });
  for (const { key } of begun) {
    const [, objectKey, id] = uploads.parts(key);
    abortUpload(tx, blobs, bucket, objectKey, id);
  }
  if (begun.length === UPLOADS_AT_ONCE) return false;
  const { next, count } = bucketIdsOf(tx);
  tx.put(bucketIds, bucketIds.key(), { next, count: count - 1 });
  tx.deleteRange(settings, [bucket.id]);
  dropReports(tx, bucket);
  cancelLifecycle(tx, bucket);
  deleteTags(tx, bucket.arn);
  dropBucket(tx, name);
  return true;
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
    for (const place of await again(() => parts.store.partitions({ service: 's3', account: call.account }))) {
      if (BucketRegion !== undefined && place.region !== BucketRegion) continue;
      const partition = await again(() => parts.store.partition(place));
      const rows = await again(() => partition.read((tx) => tx.range(buckets)));
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
        CreationDate: lastModified({ modifiedAt: createdAt }),
        BucketRegion: region,
        BucketArn: bucketArn(name),
      })),
      Owner: parts.users.shown(canonicalUser(call.account)),
      ...(Prefix !== '' && { Prefix }),
      ...(sorted.length > page.length &&
        last !== undefined && { ContinuationToken: parts.pages.seal(call, bound, last) }),
    };
  };

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
