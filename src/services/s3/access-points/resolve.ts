/**
 * Which bucket a request means by another name: an access point's ARN, its alias, or `<name>-<account>`, which SDKs make of the ARN
 * and put before the host. And what an access point lets through: not every operation, nobody without a signature.
 */
import { parseArn } from '#platform/base/arn.ts';
import { type AccountId, isAccountId, type Region } from '#platform/base/ids.ts';
import type { Arrival, Input, Resolved } from '#platform/service.ts';
import { checkRegion } from '#services/s3/buckets/regions.ts';
import { fail } from '#services/s3/errors.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import type { AccessPoint } from '#services/s3control/api.ts';

/** "Access point compatibility" (S3 User Guide). */
const COMPATIBLE: ReadonlySet<string> = new Set([
  'AbortMultipartUpload',
  'CompleteMultipartUpload',
  'CopyObject',
  'CreateMultipartUpload',
  'DeleteObject',
  'DeleteObjects',
  'DeleteObjectTagging',
  'GetBucketAcl',
  'GetBucketCors',
  'GetBucketLocation',
  'GetBucketNotificationConfiguration',
  'GetBucketPolicy',
  'GetObject',
  'GetObjectAcl',
  'GetObjectAttributes',
  'GetObjectLegalHold',
  'GetObjectRetention',
  'GetObjectTagging',
  'HeadBucket',
  'HeadObject',
  'ListMultipartUploads',
  'ListObjects',
  'ListObjectsV2',
  'ListObjectVersions',
  'ListParts',
  'PutObject',
  'PutObjectAcl',
  'PutObjectLegalHold',
  'PutObjectRetention',
  'PutObjectTagging',
  'RestoreObject',
  'UploadPart',
  'UploadPartCopy',
]);

const ALIAS_END = '-s3alias';
/** As SDKs write an access point before a host. */
const HOST_LABEL = /^(?<name>.+)-(?<account>\d{12})$/;

export const resolveBucket =
  (parts: S3Parts) =>
  (input: Input, arrival: Arrival): Resolved => {
    const { Bucket: given } = input;
    // What is made means itself.
    if (typeof given !== 'string' || arrival.operation === 'CreateBucket') return { input };
    const point = findPoint(parts, given, arrival);
    if (point === undefined) {
      checkRegion(parts, given, arrival);
      return { input };
    }
    if (!COMPATIBLE.has(arrival.operation)) fail('MethodNotAllowed', { about: 'ACCESSPOINT' });
    admit(parts, point, arrival.principal);
    return { input: { ...input, Bucket: point.bucket }, door: point };
  };

/** The access point that a name means; undefined: a bucket's own name. */
export function findPoint(
  { accessPoints, directory }: S3Parts,
  given: string,
  { region, address }: Pick<Arrival, 'region' | 'address'>,
): AccessPoint | undefined {
  if (given.startsWith('arn:')) return pointOfArn(accessPoints, given);
  if (given.endsWith(ALIAS_END)) return accessPoints.findAlias(given) ?? fail('NoSuchBucket', { about: given });
  const { name, account } = HOST_LABEL.exec(given)?.groups ?? {};
  if (name === undefined || account === undefined || !isAccountId(account)) return undefined;
  if (address?.service === 's3-accesspoint')
    return accessPoints.find(account, region, name) ?? fail('NoSuchAccessPoint');
  // On a host of no service a bucket may bear the name; that one is older than any meaning of it.
  return directory.find(given) === undefined ? accessPoints.find(account, region, name) : undefined;
}

function pointOfArn(accessPoints: S3Parts['accessPoints'], arn: string): AccessPoint {
  const { service, account = '', region, resource = '' } = parseArn(arn) ?? {};
  const name = /^accesspoint[/:]([^/:]+)$/.exec(resource)?.[1];
  if (service !== 's3' || name === undefined || !isAccountId(account)) return fail('InvalidAccessPoint');
  // A region that is none has no access points.
  return accessPoints.find(account as AccountId, region as Region, name) ?? fail('NoSuchAccessPoint');
}

/** Throws unless requests of this caller may come through. */
export function admit({ directory }: S3Parts, point: AccessPoint, principal: Arrival['principal']): void {
  // "Access points don't support anonymous access."
  if (principal.kind === 'anonymous') fail('AccessDenied');
  // There is no network here that a request could come from.
  if (point.vpcId !== undefined) fail('AccessDenied');
  const { account, region } = directory.ownerOf(point.bucket);
  if (account !== point.bucketAccount || region !== point.region) fail('AccessDenied');
}
