/** Questions beside an operation's own permissions: asked of the bucket, and of the access point that the call came through. */
import type { AccountId } from '#platform/base/ids.ts';
import type { CompiledPolicy } from '#platform/policy/parse.ts';
import type { Call, ConditionValues } from '#platform/service.ts';
import { doorOf, pointPolicyInForce, pointTagConditions, resourcesOf } from '#services/s3/access-points/door.ts';
import { bucketTagConditions } from '#services/s3/buckets/abac.ts';
import type { OpenBucket } from '#services/s3/buckets/open-bucket.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { requestConditions } from '#services/s3/request-conditions.ts';
import { partitionOf } from '#services/s3/state.ts';
import type { AccessPoint } from '#services/s3control/api.ts';

interface Asked {
  readonly bucket: OpenBucket;
  /** Undefined: of the bucket itself. */
  readonly key?: string;
  /** The bucket's policy as it counts for the caller. */
  readonly policy: CompiledPolicy | undefined;
  /** Whose it is, where that is not the call's account. */
  readonly account?: AccountId;
  /** The default is the call's own. */
  readonly door?: AccessPoint | undefined;
  /** What policies may ask of it, beside tags of the bucket and the access point. */
  readonly conditions?: ConditionValues;
}

export function may(parts: S3Parts, call: Call, action: string, asked: Asked): boolean {
  const { bucket, key, policy, account } = asked;
  const door = 'door' in asked ? asked.door : doorOf(call);
  const conditions = (isOfPoint: boolean): ConditionValues => ({
    ...asked.conditions,
    ...requestConditions(call, door),
    ...tagConditions(parts, bucket, !isOfPoint),
    ...(door && pointTagConditions(parts, door, isOfPoint)),
  });
  const [own = '', ofPoint] = resourcesOf(door, bucket.name, key);
  if (!call.allows(action, own, policy, account, conditions(false))) return false;
  if (door === undefined || ofPoint === undefined) return true;
  return call.allows(action, ofPoint, pointPolicyInForce(parts, door, call), door.account, conditions(true));
}

/** The bucket may be another's than the call's: the source of a copy. */
const tagConditions = (parts: S3Parts, bucket: OpenBucket, isResource: boolean): ConditionValues =>
  bucket.hasAbac
    ? bucketTagConditions(bucket, partitionOf(parts.store, parts.directory.ownerOf(bucket.name)), isResource)
    : {};

/** Where a key is not there: who may list a prefix may know what is below it (seen of AWS by kopia's developers, pull request 3072). */
export const listingOf = (key: string): ConditionValues => ({ 's3:prefix': key });
