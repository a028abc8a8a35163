/**
 * Which bucket a request means by another name: an access point's ARN, its alias, or `<name>-<account>`, which SDKs make of the ARN
 * and put before the host. And what an access point lets through: not every operation, nobody without a signature.
 */

import type { Arrival } from '#platform/arrival.ts';
import { parseArn } from '#platform/base/arn.ts';
import { type AccountId, isAccountId, type Region } from '#platform/base/ids.ts';
import type { Call } from '#platform/service.ts';
import { fail } from '#services/s3/errors.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import type { AccessPoint } from '#services/s3control/api.ts';

/**
 * "Access point compatibility" (S3 User Guide), which is "a partial list", and what else has objects behind access points among its
 * resources (service authorization reference, `accesspointobject`): annotations and UpdateObjectEncryption.
 */
const COMPATIBLE: ReadonlySet<string> = new Set([
  'AbortMultipartUpload',
  'CompleteMultipartUpload',
  'CopyObject',
  'CreateMultipartUpload',
  'DeleteObject',
  'DeleteObjectAnnotation',
  'DeleteObjects',
  'DeleteObjectTagging',
  'GetBucketAcl',
  'GetBucketCors',
  'GetBucketLocation',
  'GetBucketNotificationConfiguration',
  'GetBucketPolicy',
  'GetObject',
  'GetObjectAcl',
  'GetObjectAnnotation',
  'GetObjectAttributes',
  'GetObjectLegalHold',
  'GetObjectRetention',
  'GetObjectTagging',
  'HeadBucket',
  'HeadObject',
  'ListMultipartUploads',
  'ListObjectAnnotations',
  'ListObjects',
  'ListObjectsV2',
  'ListObjectVersions',
  'ListParts',
  'PutObject',
  'PutObjectAcl',
  'PutObjectAnnotation',
  'PutObjectLegalHold',
  'PutObjectRetention',
  'PutObjectTagging',
  'RestoreObject',
  'UpdateObjectEncryption',
  'UploadPart',
  'UploadPartCopy',
]);

/** Not in "Multi-Region Access Point compatibility with S3 operations". */
const ONE_REGION_ONLY: ReadonlySet<string> = new Set([
  'CopyObject',
  'DeleteObjectAnnotation',
  'GetBucketAcl',
  'GetBucketCors',
  'GetBucketLocation',
  'GetBucketNotificationConfiguration',
  'GetBucketPolicy',
  'GetObjectAnnotation',
  'HeadBucket',
  'ListObjectAnnotations',
  'PutObjectAnnotation',
  'UpdateObjectEncryption',
  'UploadPartCopy',
]);

const MULTI_REGION_END = '.mrap';
const ALIAS_END = '-s3alias';
/** As SDKs write an access point before a host. */
const HOST_LABEL = /^(?<name>.+)-(?<account>\d{12})$/;

/** The access point that an operation comes through; throws where it may not. */
export function throughPoint(parts: S3Parts, given: string, arrival: Arrival): AccessPoint | undefined {
  const point = findPoint(parts, given, arrival);
  if (point === undefined) return undefined;
  const isThroughOneRegion = !point.alias.endsWith(MULTI_REGION_END);
  const isCompatible =
    COMPATIBLE.has(arrival.operation) && (isThroughOneRegion || !ONE_REGION_ONLY.has(arrival.operation));
  if (!isCompatible) fail('MethodNotAllowed', { about: 'ACCESSPOINT' });
  checkSignature(point, arrival.address);
  admit(parts, point, arrival.principal);
  return point;
}

/**
 * "You must use AWS Signature Version 4 when making requests to an access point by using the REST APIs"; to one of many regions,
 * "Requests must be signed using Signature Version 4A" (S3 User Guide). How the refusal is worded is from memory.
 */
function checkSignature({ alias }: AccessPoint, address: Arrival['address']): void {
  const algorithm = address?.signed?.algorithm;
  const wanted = alias.endsWith(MULTI_REGION_END) ? 'AWS4-ECDSA-P256-SHA256' : 'AWS4-HMAC-SHA256';
  // Version 4A serves one region as well as many.
  if (algorithm === undefined || algorithm === wanted || algorithm === 'AWS4-ECDSA-P256-SHA256') return;
  fail('InvalidRequest', {
    message: `The authorization mechanism you have provided is not supported. Please use ${wanted}.`,
  });
}

/** The access point that a name means; undefined: a bucket's own name. */
export function findPoint(
  { accessPoints, directory }: S3Parts,
  given: string,
  { region, address }: Pick<Arrival, 'region' | 'address'>,
): AccessPoint | undefined {
  if (address?.service === 's3-global') {
    const alias = given.replace(/\.accesspoint$/, '');
    return accessPoints.routeTo(alias, region) ?? fail('NoSuchAccessPoint');
  }
  if (given.startsWith('arn:')) return pointOfArn(accessPoints, given, region);
  if (given.endsWith(ALIAS_END)) return accessPoints.findAlias(given) ?? fail('NoSuchBucket', { about: given });
  const { name, account } = HOST_LABEL.exec(given)?.groups ?? {};
  if (name === undefined || account === undefined || !isAccountId(account)) return undefined;
  if (address?.service === 's3-accesspoint')
    return accessPoints.find(account, region, name) ?? fail('NoSuchAccessPoint');
  // On a host of no service a bucket may bear the name; that one is older than any meaning of it.
  return directory.find(given) === undefined ? accessPoints.find(account, region, name) : undefined;
}

function pointOfArn(accessPoints: S3Parts['accessPoints'], arn: string, near: Region): AccessPoint {
  const { service, account = '', region, resource = '' } = parseArn(arn) ?? {};
  const name = /^accesspoint[/:]([^/:]+)$/.exec(resource)?.[1];
  if (service !== 's3' || name === undefined || !isAccountId(account)) return fail('InvalidAccessPoint');
  if (region === '') {
    const point = accessPoints.routeTo(name, near);
    return point?.account === account ? point : fail('NoSuchAccessPoint');
  }
  // A region that is none has no access points.
  return accessPoints.find(account as AccountId, region as Region, name) ?? fail('NoSuchAccessPoint');
}

/** Of a copy's source. */
export function sourcePoint(
  parts: S3Parts,
  given: string,
  call: Pick<Call, 'region' | 'principal'>,
): AccessPoint | undefined {
  const point = findPoint(parts, given, { region: call.region, address: undefined });
  if (point === undefined) return undefined;
  if (point.alias.endsWith(MULTI_REGION_END)) fail('MethodNotAllowed', { about: 'ACCESSPOINT' });
  admit(parts, point, call.principal);
  return point;
}

/** Throws unless requests of this caller may come through. */
function admit({ directory }: S3Parts, point: AccessPoint, principal: Arrival['principal']): void {
  // "Access points don't support anonymous access."
  if (principal.kind === 'anonymous') fail('AccessDenied');
  // There is no network here that a request could come from.
  if (point.vpcId !== undefined) fail('AccessDenied');
  const { account, region } = directory.ownerOf(point.bucket);
  if (account !== point.bucketAccount || region !== point.region) fail('AccessDenied');
}
