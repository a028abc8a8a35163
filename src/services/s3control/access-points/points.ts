/**
 * Access points: further names of a bucket, each with a policy of its own. They are made for a bucket of the same region, of whatever
 * account: it is the bucket's policy that lets their requests in.
 */
import { type AccountId, randomBytes } from '#platform/base/ids.ts';
import type {
  CreateAccessPointRequest,
  CreateAccessPointResult,
  DeleteAccessPointRequest,
  GetAccessPointRequest,
  GetAccessPointResult,
  ListAccessPointsRequest,
  ListAccessPointsResult,
  PublicAccessBlockConfiguration,
} from '#platform/model/generated/s3control.ts';
import type { Call } from '#platform/service.ts';
import { checkTags, deleteTags, setTags } from '#platform/tags.ts';
import {
  accessPointArn,
  attach,
  countAccessPoints,
  detach,
  dropAccessPoint,
  findAccessPoint,
  openAccessPoint,
  putAccessPoint,
} from '#services/s3control/access-points/open.ts';
import type { AccessPoint } from '#services/s3control/api.ts';
import { fail } from '#services/s3control/errors.ts';
import type { S3ControlParts } from '#services/s3control/parts.ts';
import { ACCESS_POINTS_QUOTA } from '#services/s3control/quotas.ts';
import { type AccessPointRow, accessPoints } from '#services/s3control/state.ts';

/** "Naming rules for access points" (S3 User Guide). */
const NAME = /^[a-z0-9](?:[a-z0-9-]{1,48})[a-z0-9]$/;
/** "-s3alias", and the ends of names that mean other things. */
const RESERVED_ENDS = ['-s3alias', '--x-s3', '-ext-s3alias', '--xa-s3'];

/** "All block public access settings are enabled by default for access points." */
export const ALL_BLOCKED: PublicAccessBlockConfiguration = {
  BlockPublicAcls: true,
  IgnorePublicAcls: true,
  BlockPublicPolicy: true,
  RestrictPublicBuckets: true,
};

export const createAccessPoint =
  (parts: S3ControlParts) =>
  async (input: CreateAccessPointRequest, call: Call): Promise<CreateAccessPointResult> => {
    const { account, region, now } = call;
    const { Name: name, Bucket: bucket } = input;
    if (!NAME.test(name) || RESERVED_ENDS.some((end) => name.endsWith(end))) fail('InvalidAccessPointName');
    if (input.Scope !== undefined)
      fail('InvalidRequest', 'Scope is only supported for directory bucket access points.');
    const tags = Object.fromEntries((input.Tags ?? []).map(({ Key, Value }) => [Key, Value]));
    checkTags(tags, {}, { invalid: 'InvalidTag', tooMany: 'TooManyTagsException' });
    const bucketAccount = ownerOf(parts, input, call);
    if (call.partition.read((tx) => findAccessPoint(tx, name)) !== undefined) fail('AccessPointAlreadyOwnedByYou');
    const alias = newAlias(name);
    await attach(parts.store, bucket, alias, { account, region, name });
    const arn = accessPointArn(account, region, name);
    call.transact((tx) => {
      if (findAccessPoint(tx, name) !== undefined) fail('AccessPointAlreadyOwnedByYou');
      if (countAccessPoints(tx) >= call.quota(ACCESS_POINTS_QUOTA)) fail('TooManyAccessPoints');
      const { VpcId: vpcId } = input.VpcConfiguration ?? {};
      const publicAccessBlock = { ...ALL_BLOCKED, ...input.PublicAccessBlockConfiguration };
      const row: AccessPointRow = { name, alias, bucket, bucketAccount, createdAt: now, publicAccessBlock };
      putAccessPoint(tx, vpcId === undefined ? row : { ...row, vpcId });
      setTags(tx, arn, tags);
    });
    return { AccessPointArn: arn, Alias: alias };
  };

/** Who has the bucket: the caller, unless another account is named. */
function ownerOf({ buckets }: S3ControlParts, input: CreateAccessPointRequest, call: Call): AccountId {
  const place = buckets.find(input.Bucket) ?? fail('NoSuchBucket');
  if (place.account !== (input.BucketAccountId ?? call.account)) fail('AccessDenied');
  if (place.region !== call.region) {
    fail('InvalidRequest', 'The access point must be created in the same Region as its bucket.');
  }
  return place.account;
}

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz012345';
const METADATA = 34;
const END = '-s3alias';
/** Of a bucket's name, which an alias can stand for. */
const LONGEST = 63;

/** `my-access-point-hrzrlukc5m36ft7okagglf3gmwluquse1b-s3alias`: as much of the name as there is room for, and chance. */
function newAlias(name: string): string {
  const prefix = name.slice(0, LONGEST - METADATA - END.length - 1).replace(/-$/, '');
  const metadata = [...randomBytes(METADATA)].map((byte) => ALPHABET[byte % ALPHABET.length]).join('');
  return `${prefix}-${metadata}${END}`;
}

export const deleteAccessPoint =
  (parts: S3ControlParts) =>
  async ({ Name }: DeleteAccessPointRequest, call: Call): Promise<void> => {
    const point = call.transact((tx) => {
      const found = openAccessPoint(tx, Name);
      dropAccessPoint(tx, Name);
      deleteTags(tx, found.arn);
      return found;
    });
    await call.partition.durable();
    await detach(parts.store, point);
  };

const originOf = ({ vpcId }: AccessPoint) =>
  vpcId === undefined
    ? ({ NetworkOrigin: 'Internet' } as const)
    : ({ NetworkOrigin: 'VPC', VpcConfiguration: { VpcId: vpcId } } as const);

export const getAccessPoint = ({ Name }: GetAccessPointRequest, { tx, origin }: Call): GetAccessPointResult => {
  const point = openAccessPoint(tx, Name);
  return {
    ...summaryOf(point),
    PublicAccessBlockConfiguration: point.publicAccessBlock,
    CreationDate: point.createdAt,
    Endpoints: endpointsOf(origin, point),
  };
};

const summaryOf = (point: AccessPoint) => ({
  Name: point.name,
  ...originOf(point),
  Bucket: point.bucket,
  AccessPointArn: point.arn,
  Alias: point.alias,
  BucketAccountId: point.bucketAccount,
});

const HOST =
  /^[a-z]+:\/\/(?:\d{12}\.)?(?:s3-control\.(?:dualstack\.)?(?:[a-z]{2}(?:-[a-z]+)+-\d+\.)?)?(?<domain>[^/]+)$/;

/** Below the domain that the request came to; an address has no names below it. */
function endpointsOf(origin: string, { region }: AccessPoint): Record<string, string> {
  const domain = HOST.exec(origin)?.groups?.['domain'] ?? '';
  return /^[\d.:[\]]*$/.test(domain) ? {} : { ipv4: `s3-accesspoint.${region}.${domain}` };
}

const MOST_LISTED = 1000;

export const listAccessPoints =
  ({ pages }: S3ControlParts) =>
  (input: ListAccessPointsRequest, call: Call): ListAccessPointsResult => {
    const { Bucket, NextToken: token, DataSourceId, DataSourceType } = input;
    const limit = input.MaxResults || MOST_LISTED;
    const bound = [Bucket, DataSourceId, DataSourceType];
    let after =
      token === undefined ? undefined : pages.open(call, bound, token, () => fail('InvalidNextTokenException'));
    // Volumes and recovery points have none here.
    if (DataSourceId !== undefined || DataSourceType !== undefined) return { AccessPointList: [] };
    const found: AccessPoint[] = [];
    for (;;) {
      const rows = call.tx.range(accessPoints, {
        limit: MOST_LISTED,
        ...(after !== undefined && { after: accessPoints.key(after) }),
      });
      for (const { row } of rows)
        if (Bucket === undefined || row.bucket === Bucket) found.push(openAccessPoint(call.tx, row.name));
      after = rows.at(-1)?.row.name;
      if (rows.length < MOST_LISTED || found.length > limit) break;
    }
    const page = found.slice(0, limit);
    const last = page.at(-1);
    const isMore = last !== undefined && found.length > limit;
    return {
      AccessPointList: page.map(summaryOf),
      ...(isMore && { NextToken: pages.seal(call, bound, last.name) }),
    };
  };
