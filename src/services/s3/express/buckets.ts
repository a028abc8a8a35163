/** Directory buckets: made, listed, kept as a kind of resource. Their other operations are S3's. */
import type {
  CreateBucketOutput,
  CreateBucketRequest,
  ListDirectoryBucketsOutput,
  ListDirectoryBucketsRequest,
} from '#platform/model/generated/s3.ts';
import type { Call, Kind } from '#platform/service.ts';
import { ALL_BLOCKED } from '#services/s3/buckets/buckets.ts';
import { makeBucket } from '#services/s3/buckets/make.ts';
import { fail, invalidArgument } from '#services/s3/errors.ts';
import { isZoneOf, zoneOfName } from '#services/s3/express/zones.ts';
import { directoryBucketArn } from '#services/s3/names.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { buckets } from '#services/s3/state.ts';

/** "You can create up to 100 directory buckets in each of your AWS accounts" (User Guide, "Directory buckets overview"). */
const MOST_BUCKETS = 100;
const MOST_LISTED = 1000;

export const createDirectoryBucket =
  (parts: S3Parts) =>
  async (input: CreateBucketRequest, call: Call): Promise<CreateBucketOutput> => {
    const { Bucket: name, CreateBucketConfiguration: configuration } = input;
    const zone = zoneOfName(name);
    checkConfiguration(configuration ?? fail('MalformedXML'), zone, call);
    const plan = {
      place: { account: call.account, region: call.region, service: 's3express' },
      fields: { name, zone, ownership: 'BucketOwnerEnforced', publicAccessBlock: ALL_BLOCKED },
      settings: {},
      tags: configuration?.Tags ?? [],
      mostBuckets: MOST_BUCKETS,
    } as const;
    const present = await parts.directory.inTurn(name, () => makeBucket(parts, call, plan));
    if (present !== undefined) fail('BucketAlreadyOwnedByYou', { about: name });
    return { Location: `${call.origin}/${name}/`, BucketArn: directoryBucketArn(name, call) };
  };

type Configuration = NonNullable<CreateBucketRequest['CreateBucketConfiguration']>;

function checkConfiguration({ LocationConstraint, Location, Bucket }: Configuration, zone: string, call: Call): void {
  if (LocationConstraint !== undefined || Location === undefined || Bucket?.Type !== 'Directory') fail('MalformedXML');
  if (Location?.Type !== 'AvailabilityZone') invalidArgument('Type', Location?.Type, 'There are no Local Zones.');
  if (Bucket?.DataRedundancy !== 'SingleAvailabilityZone') {
    const message = 'The data redundancy of a bucket in an Availability Zone is SingleAvailabilityZone.';
    invalidArgument('DataRedundancy', Bucket?.DataRedundancy, message);
  }
  if (Location?.Name !== zone)
    invalidArgument('Name', Location?.Name, 'The zone is not the one in the name of the bucket.');
  if (!isZoneOf(call.region, zone)) invalidArgument('Name', zone, 'The region has no such zone.');
}

/** Those of the region that the request is sent to. */
export const listDirectoryBuckets =
  (parts: S3Parts) =>
  (input: ListDirectoryBucketsRequest, call: Call): ListDirectoryBucketsOutput => {
    const { MaxDirectoryBuckets: most = MOST_LISTED, ContinuationToken: token } = input;
    const limit = Math.min(most, MOST_LISTED);
    const refuse = () => invalidArgument('continuation-token', token, 'The continuation token provided is incorrect');
    const after = token ? parts.pages.open(call, [], token, refuse) : '';
    const rows = call.tx.range(buckets, { ...(after !== '' && { after: buckets.key(after) }), limit: limit + 1 });
    const page = rows.slice(0, limit);
    const last = page.at(-1)?.row.name;
    return {
      Buckets: page.map(({ row: { name, createdAt } }) => ({
        Name: name,
        CreationDate: createdAt,
        BucketArn: directoryBucketArn(name, call),
      })),
      ...(rows.length > page.length && last !== undefined && { ContinuationToken: parts.pages.seal(call, [], last) }),
    };
  };

const nameOfArn = (arn: string): string => arn.slice(arn.lastIndexOf('/') + 1);

export const directoryBucketKind: Kind = {
  name: 'bucket',
  cloudFormationType: 'AWS::S3Express::DirectoryBucket',
  list(tx, after, limit) {
    const { account, region } = tx.partition.name;
    if (account === 'global') return [];
    const from = after === undefined ? {} : { after: buckets.key(nameOfArn(after)) };
    return tx
      .range(buckets, { ...from, limit })
      .map(({ row: { name } }) => directoryBucketArn(name, { account, region }));
  },
  exists: (tx, arn) => tx.get(buckets, buckets.key(nameOfArn(arn))) !== undefined,
  remove: { operation: 'DeleteBucket', input: (arn) => ({ Bucket: nameOfArn(arn) }) },
  holdsData: true,
};
