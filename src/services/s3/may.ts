/** Questions beside an operation's own permissions: asked of the bucket, and of the access point that the call came through. */
import type { AccountId } from '#platform/base/ids.ts';
import type { CompiledPolicy } from '#platform/policy/parse.ts';
import type { Call, ConditionValues } from '#platform/service.ts';
import { doorOf, pointPolicyInForce, resourcesOf } from '#services/s3/access-points/door.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { requestConditions } from '#services/s3/request-conditions.ts';
import type { AccessPoint } from '#services/s3control/api.ts';

interface Asked {
  readonly bucket: string;
  /** Undefined: of the bucket itself. */
  readonly key?: string;
  /** The bucket's policy as it counts for the caller. */
  readonly policy: CompiledPolicy | undefined;
  /** Whose it is, where that is not the call's account. */
  readonly account?: AccountId;
  /** The default is the call's own. */
  readonly door?: AccessPoint | undefined;
  /** What policies may ask of it, beside the access point. */
  readonly conditions?: ConditionValues;
}

export function may(parts: S3Parts, call: Call, action: string, asked: Asked): boolean {
  const { bucket, key, policy, account } = asked;
  const door = 'door' in asked ? asked.door : doorOf(call);
  const conditions = { ...asked.conditions, ...requestConditions(call, door) };
  const [own = '', ofPoint] = resourcesOf(door, bucket, key);
  if (!call.allows(action, own, policy, account, conditions)) return false;
  if (door === undefined || ofPoint === undefined) return true;
  return call.allows(action, ofPoint, pointPolicyInForce(parts, door, call), door.account, conditions);
}

/** Where a key is not there: who may list a prefix may know what is below it (seen of AWS by kopia's developers, pull request 3072). */
export const listingOf = (key: string): ConditionValues => ({ 's3:prefix': key });
