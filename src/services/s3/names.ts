/** Names of buckets, keys and their ARNs. */

import { hash } from 'node:crypto';
import type { AuditedResource } from '#platform/audit/resources.ts';
import type { AccountId, Region } from '#platform/base/ids.ts';
import { fail } from '#services/s3/errors.ts';
import type { NameRow } from '#services/s3/state.ts';

/** "Bucket naming rules" (S3 User Guide). */
const FORM = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const IP_ADDRESS = /^\d{1,3}(?:\.\d{1,3}){3}$/;
const RESERVED_BEGINNINGS = ['xn--', 'sthree-', 'amzn-s3-demo-'];
const RESERVED_ENDS = ['-s3alias', '--ol-s3', '.mrap', '--x-s3', '--table-s3', '-an'];
const LONGEST_KEY_BYTES = 1024;

/**
 * A name in an account's own namespace says whose it is and where: `<prefix>-<account>-<region>-an`, and nobody else can have it
 * ("Namespaces for general purpose buckets").
 */
export interface Namespace {
  readonly isOwn: boolean;
  readonly account: AccountId;
  readonly region: Region;
}

const OWN_END = '-an';

export function checkBucketName(name: string, { isOwn, account, region }: Namespace): void {
  const suffix = `-${account}-${region}${OWN_END}`;
  if (isOwn && (!name.endsWith(suffix) || name.length === suffix.length)) fail('InvalidBucketName', { about: name });
  const reserved = RESERVED_ENDS.filter((end) => !isOwn || end !== OWN_END);
  const isRight =
    FORM.test(name) &&
    !name.includes('..') &&
    !IP_ADDRESS.test(name) &&
    !RESERVED_BEGINNINGS.some((beginning) => name.startsWith(beginning)) &&
    !reserved.some((end) => name.endsWith(end));
  if (!isRight) fail('InvalidBucketName', { about: name });
}

export function checkKey(key: string): void {
  const bytes = Buffer.byteLength(key);
  if (bytes > LONGEST_KEY_BYTES) {
    fail('KeyTooLongError', { about: String(bytes), fields: { MaxSizeAllowed: String(LONGEST_KEY_BYTES) } });
  }
}

/** Names tell the types of buckets apart: `base--use1-az4--x-s3`. */
export const isDirectoryBucketName = (name: string): boolean => name.endsWith('--x-s3');

export const bucketArn = (bucket: string): string => `arn:aws:s3:::${bucket}`;
/** A directory bucket's; policies name its objects by it too ("Actions, resources, and condition keys for Amazon S3 Express"). */
export const directoryBucketArn = (bucket: string, { account, region }: Pick<NameRow, 'account' | 'region'>): string =>
  `arn:aws:s3express:${region}:${account}:bucket/${bucket}`;
export const objectArn = (bucket: string, key: string): string => `arn:aws:s3:::${bucket}/${key}`;

/** Of a bucket's ARN, or an object's. */
export function bucketOfArn(arn: string): string {
  const end = arn.indexOf('/');
  return end < 0 ? arn : arn.slice(0, end);
}

/** S3's own name for an account: 64 hexadecimal digits that say nothing of it. */
export const canonicalUser = (account: AccountId): string =>
  hash('sha256', `makonis/s3/canonical-user/${account}`, 'hex');

const POINT_ARN = /^(arn:aws:s3:[^:]*:(\d{12}):accesspoint\/[^/]+)/;

/** An object is named with its bucket ("CloudTrail log file entries for Amazon S3"). */
export function auditedResources(arn: string, accountId: AccountId): readonly AuditedResource[] {
  const [, point, owner] = POINT_ARN.exec(arn) ?? [];
  if (point !== undefined && owner !== undefined) {
    return [{ accountId: owner, type: 'AWS::S3::AccessPoint', ARN: point }];
  }
  const bucket = { accountId, type: 'AWS::S3::Bucket', ARN: bucketOfArn(arn) };
  return bucket.ARN === arn ? [bucket] : [{ type: 'AWS::S3::Object', ARN: arn }, bucket];
}
