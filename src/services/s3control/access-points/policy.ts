/** The policy of an access point: with the bucket's own it decides on each request that comes through. */
import { ServiceError } from '#platform/error.ts';
import type {
  DeleteAccessPointPolicyRequest,
  GetAccessPointPolicyRequest,
  GetAccessPointPolicyResult,
  GetAccessPointPolicyStatusRequest,
  GetAccessPointPolicyStatusResult,
  PutAccessPointPolicyRequest,
} from '#platform/model/generated/s3control.ts';
import { compiledPolicy } from '#platform/policy/compiled.ts';
import { type CompiledPolicy, parsePolicy } from '#platform/policy/parse.ts';
import {
  asOfNow,
  type PrincipalDirectory,
  type SavedPrincipals,
  savedPrincipals,
} from '#platform/policy/principal-ids.ts';
import type { Call } from '#platform/service.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { openAccessPoint, putAccessPoint } from '#services/s3control/access-points/open.ts';
import { fail } from '#services/s3control/errors.ts';
import type { S3ControlParts } from '#services/s3control/parts.ts';
import { type AccessPointRow, accessPoints } from '#services/s3control/state.ts';

/** "Access point policies are limited to 20 KB in size". */
const MOST_POLICY_BYTES = 20 * 1024;

const rowOf = (tx: ReadTransaction, name: string): AccessPointRow =>
  tx.get(accessPoints, accessPoints.key(name)) ?? fail('NoSuchAccessPoint');

export const putAccessPointPolicy =
  ({ buckets, publicAccess, principals }: S3ControlParts) =>
  ({ Name, Policy }: PutAccessPointPolicyRequest, { tx, account }: Call): void => {
    const point = openAccessPoint(tx, Name);
    const { arn, publicAccessBlock } = point;
    const policy = checkedPolicy(Policy, arn);
    const policyPrincipals = principalsIn(policy, principals);
    const isBlocked = publicAccessBlock.BlockPublicPolicy || publicAccess.blockOf(account)?.BlockPublicPolicy;
    if (isBlocked && buckets.isPublicPoint(policy, point)) fail('AccessDenied');
    putAccessPoint(tx, { ...rowOf(tx, Name), policy: Policy, policyPrincipals });
  };

/** Speaks of the access point, and of objects behind it. */
export function checkedPolicy(text: string, arn: string): CompiledPolicy {
  if (Buffer.byteLength(text) > MOST_POLICY_BYTES) {
    fail('InvalidRequest', 'Policy exceeds the maximum allowed document size.');
  }
  try {
    const policy = parsePolicy(text, 'resource');
    for (const { resource } of policy.document.statements) {
      const isOwn = resource?.patterns.every((pattern) => pattern === arn || pattern.startsWith(`${arn}/object/`));
      if (!isOwn) fail('MalformedPolicy', 'Policy has invalid resource');
    }
    return policy;
  } catch (error) {
    if (error instanceof ServiceError && error.code === 'MalformedPolicyDocument') {
      return fail('MalformedPolicy', error.message);
    }
    throw error;
  }
}

export const principalsIn = (policy: CompiledPolicy, directory: PrincipalDirectory): SavedPrincipals =>
  savedPrincipals(directory, policy, () => fail('MalformedPolicy', 'Invalid principal in policy'));

export const getAccessPointPolicy =
  ({ principals }: S3ControlParts) =>
  ({ Name }: GetAccessPointPolicyRequest, { tx }: Call): GetAccessPointPolicyResult => {
    const { policy, policyPrincipals = {} } = rowOf(tx, Name);
    return { Policy: asOfNow(policy ?? fail('NoSuchAccessPointPolicy'), policyPrincipals, principals) };
  };

export const deleteAccessPointPolicy = ({ Name }: DeleteAccessPointPolicyRequest, { tx }: Call): void => {
  const { policy: _, policyPrincipals: __, ...row } = rowOf(tx, Name);
  putAccessPoint(tx, row);
};

export const getAccessPointPolicyStatus =
  ({ buckets }: S3ControlParts) =>
  ({ Name }: GetAccessPointPolicyStatusRequest, { tx }: Call): GetAccessPointPolicyStatusResult => {
    const point = openAccessPoint(tx, Name);
    const policy = compiledPolicy(point.policy ?? fail('NoSuchAccessPointPolicy'), 'resource');
    return { PolicyStatus: { IsPublic: buckets.isPublicPoint(policy, point) } };
  };
