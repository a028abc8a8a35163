/** The bucket's policy, and what the public access block makes of it. */

import { ServiceError } from '#platform/error.ts';
import type {
  DeleteBucketPolicyRequest,
  GetBucketPolicyOutput,
  GetBucketPolicyRequest,
  GetBucketPolicyStatusOutput,
  GetBucketPolicyStatusRequest,
  PutBucketPolicyRequest,
} from '#platform/model/generated/s3.ts';
import { compiledPolicy, joinPolicies } from '#platform/policy/compiled.ts';
import { type FaultWords, reworded } from '#platform/policy/names.ts';
import { type CompiledPolicy, parsePolicy } from '#platform/policy/parse.ts';
import { asOfNow, savedPrincipals } from '#platform/policy/principal-ids.ts';
import type { Call, CallScope } from '#platform/service.ts';
import { bucketAclInForce } from '#services/s3/acl/ownership.ts';
import { blocks } from '#services/s3/buckets/block-public-access.ts';
import { type OpenBucket, openBucket, putBucket, rowOf } from '#services/s3/buckets/open-bucket.ts';
import { checkRules } from '#services/s3/buckets/policy-rules.ts';
import { isPublic } from '#services/s3/buckets/publicity.ts';
import { fail } from '#services/s3/errors.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { failBlocked } from '#services/s3/refusals.ts';

/** "Bucket policies are limited to 20 KB in size". */
const MOST_POLICY_BYTES = 20 * 1024;

/** The bucket's policy and access control list, as far as they count for this caller. */
export const policyInForce = (parts: S3Parts, bucket: OpenBucket, caller: PolicyCaller): CompiledPolicy | undefined =>
  joinPolicies(ownPolicyInForce(parts, bucket, caller), bucketAclInForce(parts, bucket, caller));

type PolicyCaller = Pick<CallScope, 'principal' | 'account' | 'door'>;

function ownPolicyInForce(parts: S3Parts, bucket: OpenBucket, caller: PolicyCaller): CompiledPolicy | undefined {
  if (bucket.policyById === undefined) return undefined;
  const policy = compiledPolicy(bucket.policyById, 'resource');
  if (!isPublic(policy) || !blocks(parts, bucket, caller, 'RestrictPublicBuckets')) return policy;
  const { principal, account } = caller;
  // "only AWS service principals and authorized users within the bucket owner's account"
  const isOwn = 'account' in principal && principal.account === account;
  return isOwn || principal.kind === 'service' ? policy : undefined;
}

export const putBucketPolicy =
  (parts: S3Parts) =>
  (input: PutBucketPolicyRequest, call: Call): void => {
    const bucket = openBucket(call.tx, parts.sealer, input.Bucket);
    const policy = checked(parts, input.Policy, bucket);
    if (isPublic(policy) && blocks(parts, bucket, call, 'BlockPublicPolicy')) {
      failBlocked(call, 's3:PutBucketPolicy', bucket.arn, 'policy');
    }
    const saved = savedPrincipals(parts.principals, policy, () =>
      fail('MalformedPolicy', { message: 'Invalid principal in policy' }),
    );
    putBucket(call.tx, { ...rowOf(bucket), policy: input.Policy, policyPrincipals: saved });
  };

/** S3's words for faults that the grammar of policies has other words for. */
const WORDS: FaultWords = [
  ['Syntax errors in policy', 'Invalid policy syntax.'],
  ['Policy document must be version', 'The policy must contain a valid version string'],
  ['Invalid principal in policy', 'Invalid principal in policy'],
  ['Statement IDs (SID) in a single policy', 'Statement IDs (SID) in a single policy must be unique'],
];

function checked({ registry }: S3Parts, text: string, bucket: OpenBucket): CompiledPolicy {
  if (Buffer.byteLength(text) > MOST_POLICY_BYTES) {
    fail('InvalidArgument', { message: 'Policy exceeds the maximum allowed document size.' });
  }
  if (!text.startsWith('{')) fail('MalformedPolicy');
  if (!isJson(text)) fail('MalformedPolicy', { message: 'This policy contains invalid Json' });
  try {
    const policy = parsePolicy(text, 'resource');
    const { arn, zone } = bucket;
    for (const { resource } of policy.document.statements) {
      const isOwn = resource?.patterns.every(
        (pattern) =>
          pattern === arn ||
          pattern.startsWith(`${arn}/`) ||
          pattern.startsWith(`${arn}*`) ||
          // "Example bucket policies for directory buckets" has it so.
          (zone !== undefined && pattern === '*'),
      );
      if (!isOwn) fail('MalformedPolicy', { message: 'Policy has invalid resource' });
    }
    const model = zone === undefined ? registry().service('s3')?.model.authorization : undefined;
    if (model !== undefined) checkRules(policy.document, arn, model);
    return policy;
  } catch (error) {
    if (error instanceof ServiceError && error.code === 'MalformedPolicyDocument') {
      return fail('MalformedPolicy', { message: reworded(error.message, WORDS) });
    }
    throw error;
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

export const getBucketPolicy =
  (parts: S3Parts) =>
  (input: GetBucketPolicyRequest, call: Call): GetBucketPolicyOutput => {
    const { policy, policyPrincipals = {}, name } = openBucket(call.tx, parts.sealer, input.Bucket);
    if (policy === undefined) return fail('NoSuchBucketPolicy', { about: name });
    return { Policy: asOfNow(policy, policyPrincipals, parts.principals) };
  };

export const deleteBucketPolicy =
  (parts: S3Parts) =>
  (input: DeleteBucketPolicyRequest, call: Call): void => {
    const { policy: _, policyPrincipals: __, ...row } = rowOf(openBucket(call.tx, parts.sealer, input.Bucket));
    putBucket(call.tx, row);
  };

export const getBucketPolicyStatus =
  (parts: S3Parts) =>
  (input: GetBucketPolicyStatusRequest, call: Call): GetBucketPolicyStatusOutput => {
    const { policy, name } = openBucket(call.tx, parts.sealer, input.Bucket);
    if (policy === undefined) fail('NoSuchBucketPolicy', { about: name });
    return { PolicyStatus: { IsPublic: isPublic(compiledPolicy(policy ?? '', 'resource')) } };
  };
