/**
 * The access point that a call came through. It is asked as the bucket is: each action must be allowed on the bucket, by its own
 * policy, and on the access point, by that one's (S3 User Guide, "Configuring IAM policies for using access points").
 */
import { compiledPolicy } from '#platform/policy/compiled.ts';
import type { CompiledPolicy } from '#platform/policy/parse.ts';
import type { CallScope, ConditionValues } from '#platform/service.ts';
import { isPublicPoint } from '#services/s3/buckets/publicity.ts';
import { bucketArn, objectArn } from '#services/s3/names.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import type { AccessPoint } from '#services/s3control/api.ts';

/** Set by `resolveBucket` alone. */
export const doorOf = ({ door }: Pick<CallScope, 'door'>): AccessPoint | undefined => door as AccessPoint | undefined;

/** The bucket or object, and the same as the access point names it. */
export function resourcesOf(door: AccessPoint | undefined, bucket: string, key?: string): readonly string[] {
  const arn = key === undefined ? bucketArn(bucket) : objectArn(bucket, key);
  if (door === undefined) return [arn];
  return [arn, key === undefined ? door.arn : `${door.arn}/object/${key}`];
}

/** What counts of an access point's policy for this caller. */
export function pointPolicyInForce(
  { publicAccess }: S3Parts,
  point: AccessPoint,
  { principal }: Pick<CallScope, 'principal'>,
): CompiledPolicy | undefined {
  const { policy: text, publicAccessBlock, account } = point;
  if (text === undefined) return undefined;
  const policy = compiledPolicy(text, 'resource');
  const isRestricted = publicAccessBlock.RestrictPublicBuckets || publicAccess.blockOf(account)?.RestrictPublicBuckets;
  if (!isRestricted || !isPublicPoint(policy, point)) return policy;
  const isOwn = 'account' in principal && principal.account === account;
  return isOwn || principal.kind === 'service' ? policy : undefined;
}

/** What both policies are told of it. */
export const doorConditions = (door: AccessPoint | undefined): ConditionValues =>
  door === undefined
    ? {}
    : {
        's3:dataaccesspointarn': door.arn,
        's3:dataaccesspointaccount': door.account,
        's3:accesspointnetworkorigin': door.vpcId === undefined ? 'Internet' : 'VPC',
      };

export const pointTagConditions = (
  { accessPoints }: S3Parts,
  door: AccessPoint,
  isResource: boolean,
): ConditionValues =>
  Object.fromEntries(
    Object.entries(accessPoints.tagsOf(door)).flatMap(([key, value]) => [
      [`s3:accesspointtag/${key}`, value],
      ...(isResource ? [[`aws:resourcetag/${key}`, value]] : []),
    ]),
  );
