/**
 * The bucket's policy, and what the public access block makes of it. "Public" is what grants to everybody without a condition
 * that fixes who or where from (S3 User Guide, "The meaning of public").
 */

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
import { type CompiledPolicy, parsePolicy } from '#platform/policy/parse.ts';
import type { Call, CallScope } from '#platform/service.ts';
import { bucketAclInForce } from '#services/s3/acl/ownership.ts';
import { type OpenBucket, openBucket, putBucket, rowOf } from '#services/s3/buckets/open-bucket.ts';
import { fail } from '#services/s3/errors.ts';
import type { S3Parts } from '#services/s3/parts.ts';

/** "Bucket policies are limited to 20 KB in size". */
const MOST_POLICY_BYTES = 20 * 1024;

/** The bucket's policy and access control list, as far as they count for this caller. */
export const policyInForce = (bucket: OpenBucket, caller: PolicyCaller): CompiledPolicy | undefined =>
  joinPolicies(ownPolicyInForce(bucket, caller), bucketAclInForce(bucket));

type PolicyCaller = Pick<CallScope, 'principal' | 'account'>;

function ownPolicyInForce(bucket: OpenBucket, { principal, account }: PolicyCaller): CompiledPolicy | undefined {
  if (bucket.policy === undefined) return undefined;
  const policy = compiledPolicy(bucket.policy, 'resource');
  if (!bucket.publicAccessBlock?.RestrictPublicBuckets || !isPublic(policy)) return policy;
  // "only AWS service principals and authorized users within the bucket owner's account"
  const isOwn = 'account' in principal && principal.account === account;
  return isOwn || principal.kind === 'service' ? policy : undefined;
}

const publicity = new WeakMap<CompiledPolicy, boolean>();

function isPublic(policy: CompiledPolicy): boolean {
  let known = publicity.get(policy);
  if (known === undefined) {
    known = policy.document.statements.some((statement) => {
      const { effect, principal, conditions } = statement;
      if (effect !== 'Allow' || principal === undefined || !namesEverybody(principal)) return false;
      return !conditions.some(({ operator, key, values }) => fixes(operator, key, values));
    });
    publicity.set(policy, known);
  }
  return known;
}

type Principals = NonNullable<CompiledPolicy['document']['statements'][number]['principal']>;

const namesEverybody = ({ negated, principals }: Principals): boolean =>
  negated || principals === '*' || (principals.AWS?.includes('*') ?? false);

/** Keys that say who or where from, with values that are fixed. */
const FIXING_KEYS = new Set([
  'aws:principalarn',
  'aws:principalaccount',
  'aws:principalorgid',
  'aws:principalorgpaths',
  'aws:sourcearn',
  'aws:sourceaccount',
  'aws:sourceorgid',
  'aws:sourcevpc',
  'aws:sourcevpce',
  'aws:sourceowner',
  'aws:userid',
  's3:x-amz-server-side-encryption-aws-kms-key-id',
  's3:dataaccesspointarn',
  's3:dataaccesspointaccount',
]);

function fixes(operator: string, key: string, values: readonly string[]): boolean {
  if (/Not|Null|IfExists/i.test(operator)) return false;
  const name = key.toLowerCase();
  // Wider than /8 of IPv4 or /32 of IPv6 is everywhere.
  if (name === 'aws:sourceip')
    return values.every((range) => Number(range.split('/')[1] ?? 32) >= (range.includes(':') ? 32 : 8));
  if (name === 's3:dataaccesspointarn') return values.every((value) => !/^arn:aws:s3:[^:]*:[^:]*[*?]/.test(value));
  return FIXING_KEYS.has(name) && values.every((value) => !/[*?]|\$\{/.test(value));
}

export const putBucketPolicy =
  (parts: S3Parts) =>
  (input: PutBucketPolicyRequest, call: Call): void => {
    const bucket = openBucket(call.tx, parts.sealer, input.Bucket);
    const policy = checked(input.Policy, bucket);
    if (bucket.publicAccessBlock?.BlockPublicPolicy && isPublic(policy)) fail('AccessDenied');
    putBucket(call.tx, { ...rowOf(bucket), policy: input.Policy });
  };

function checked(text: string, bucket: OpenBucket): CompiledPolicy {
  if (Buffer.byteLength(text) > MOST_POLICY_BYTES) {
    fail('InvalidArgument', { message: 'Policy exceeds the maximum allowed document size.' });
  }
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
    return policy;
  } catch (error) {
    if (error instanceof ServiceError && error.code === 'MalformedPolicyDocument') {
      return fail('MalformedPolicy', { message: error.message });
    }
    throw error;
  }
}

export const getBucketPolicy =
  (parts: S3Parts) =>
  (input: GetBucketPolicyRequest, call: Call): GetBucketPolicyOutput => {
    const { policy, name } = openBucket(call.tx, parts.sealer, input.Bucket);
    return { Policy: policy ?? fail('NoSuchBucketPolicy', { about: name }) };
  };

export const deleteBucketPolicy =
  (parts: S3Parts) =>
  (input: DeleteBucketPolicyRequest, call: Call): void => {
    const { policy: _, ...row } = rowOf(openBucket(call.tx, parts.sealer, input.Bucket));
    putBucket(call.tx, row);
  };

export const getBucketPolicyStatus =
  (parts: S3Parts) =>
  (input: GetBucketPolicyStatusRequest, call: Call): GetBucketPolicyStatusOutput => {
    const { policy, name } = openBucket(call.tx, parts.sealer, input.Bucket);
    if (policy === undefined) fail('NoSuchBucketPolicy', { about: name });
    return { PolicyStatus: { IsPublic: isPublic(compiledPolicy(policy ?? '', 'resource')) } };
  };
