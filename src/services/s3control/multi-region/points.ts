/** Multi-region access points: one name for buckets of several regions. Their buckets are chosen once; routes and policy may change. */
import { type AccountId, GLOBAL_REGION, randomBytes } from '#platform/base/ids.ts';
import type {
  CreateMultiRegionAccessPointRequest,
  CreateMultiRegionAccessPointResult,
  DeleteMultiRegionAccessPointRequest,
  DeleteMultiRegionAccessPointResult,
  GetMultiRegionAccessPointRequest,
  GetMultiRegionAccessPointResult,
  ListMultiRegionAccessPointsRequest,
  ListMultiRegionAccessPointsResult,
  MultiRegionAccessPointReport,
} from '#platform/model/generated/s3control.ts';
import type { Call } from '#platform/service.ts';
import { attach, detach } from '#services/s3control/access-points/open.ts';
import { ALL_BLOCKED } from '#services/s3control/access-points/points.ts';
import { fail } from '#services/s3control/errors.ts';
import { findMultiRegion, openMultiRegion, putMultiRegion } from '#services/s3control/multi-region/open.ts';
import { take } from '#services/s3control/multi-region/requests.ts';
import type { S3ControlParts } from '#services/s3control/parts.ts';
import { type MultiRegionRow, multiRegionPoints, type RegionRow } from '#services/s3control/state.ts';

/** "There is a maximum of 100 Multi-Region Access Points per account … a limit of 17 Regions". */
const MOST_POINTS = 100;
const MOST_REGIONS = 17;

export const createMultiRegion =
  (parts: S3ControlParts) =>
  async (input: CreateMultiRegionAccessPointRequest, call: Call): Promise<CreateMultiRegionAccessPointResult> => {
    const { Name: name, PublicAccessBlock } = input.Details;
    const regions = regionsOf(parts, input, call.account);
    if (call.partition.read((tx) => findMultiRegion(tx, name)) !== undefined)
      fail('MultiRegionAccessPointAlreadyOwnedByYou');
    const alias = newAlias();
    const place = { account: call.account, region: GLOBAL_REGION, name };
    for (const { bucket } of regions) await attach(parts.store, bucket, alias, place);
    return call.transact((tx) => {
      if (findMultiRegion(tx, name) !== undefined) fail('MultiRegionAccessPointAlreadyOwnedByYou');
      if (tx.range(multiRegionPoints).length >= MOST_POINTS) fail('TooManyMultiRegionAccessPoints');
      const publicAccessBlock = { ...ALL_BLOCKED, ...PublicAccessBlock };
      putMultiRegion(tx, { name, alias, createdAt: call.now, status: 'CREATING', publicAccessBlock, regions });
      return take(tx, call, {
        operation: 'CreateMultiRegionAccessPoint',
        name,
        regions: regions.map(({ region }) => region),
        parameters: { CreateMultiRegionAccessPointRequest: input.Details },
      });
    });
  };

/** `mfzwi23gnjvgw.mrap` */
function newAlias(): string {
  const letters = [...randomBytes(13)].map((byte) => 'abcdefghijklmnopqrstuvwxyz'[byte % 26]);
  return `${letters.join('')}.mrap`;
}

/** "The Multi-Region Access Point must be associated with exactly one bucket in each of those Regions." */
function regionsOf(
  { buckets }: S3ControlParts,
  { Details }: CreateMultiRegionAccessPointRequest,
  account: AccountId,
): readonly RegionRow[] {
  const rows = Details.Regions.map(({ Bucket, BucketAccountId }): RegionRow => {
    const place = buckets.find(Bucket) ?? fail('NoSuchBucket');
    if (place.account !== (BucketAccountId ?? account)) fail('AccessDenied');
    return { region: place.region, bucket: Bucket, bucketAccount: place.account, isActive: true };
  });
  const isRight = rows.length > 0 && rows.length <= MOST_REGIONS;
  if (!isRight || new Set(rows.map(({ region }) => region)).size < rows.length) {
    fail('InvalidRequest', 'A Multi-Region Access Point must have exactly one bucket in each of its Regions.');
  }
  return rows.sort((a, b) => (a.region < b.region ? -1 : 1));
}

export const deleteMultiRegion =
  (parts: S3ControlParts) =>
  async (input: DeleteMultiRegionAccessPointRequest, call: Call): Promise<DeleteMultiRegionAccessPointResult> => {
    const { account } = call;
    const { point, token } = call.transact((tx) => {
      const found = openMultiRegion(tx, input.Details.Name);
      putMultiRegion(tx, { ...found, status: 'DELETING' });
      const regions = found.regions.map(({ region }) => region);
      const parameters = { DeleteMultiRegionAccessPointRequest: input.Details };
      return {
        point: found,
        token: take(tx, call, { operation: 'DeleteMultiRegionAccessPoint', name: found.name, regions, parameters }),
      };
    });
    await call.partition.durable();
    const { name, alias } = point;
    for (const { bucket } of point.regions) {
      await detach(parts.store, { bucket, alias, account, region: GLOBAL_REGION, name });
    }
    return token;
  };

const reportOf = (row: MultiRegionRow): MultiRegionAccessPointReport => ({
  Name: row.name,
  Alias: row.alias,
  CreatedAt: row.createdAt,
  PublicAccessBlock: row.publicAccessBlock,
  Status: row.status,
  Regions: row.regions.map(({ bucket, region, bucketAccount }) => ({
    Bucket: bucket,
    Region: region,
    BucketAccountId: bucketAccount,
  })),
});

export const getMultiRegion = (
  { Name }: GetMultiRegionAccessPointRequest,
  { tx }: Call,
): GetMultiRegionAccessPointResult => ({ AccessPoint: reportOf(openMultiRegion(tx, Name)) });

export const listMultiRegion =
  ({ pages }: S3ControlParts) =>
  (input: ListMultiRegionAccessPointsRequest, call: Call): ListMultiRegionAccessPointsResult => {
    const { NextToken: token } = input;
    const limit = input.MaxResults || MOST_POINTS;
    const after =
      token === undefined ? undefined : pages.open(call, [], token, () => fail('InvalidNextTokenException'));
    const rows = call.tx.range(multiRegionPoints, {
      limit: limit + 1,
      ...(after !== undefined && { after: multiRegionPoints.key(after) }),
    });
    const page = rows.slice(0, limit).map(({ row }) => row);
    const last = page.at(-1);
    const isMore = last !== undefined && rows.length > limit;
    return { AccessPoints: page.map(reportOf), ...(isMore && { NextToken: pages.seal(call, [], last.name) }) };
  };
