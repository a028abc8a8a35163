/** PutBucketPolicy of a directory bucket. */
import type { PutBucketPolicyRequest } from '#platform/model/generated/s3.ts';
import { compiledPolicy } from '#platform/policy/compiled.ts';
import type { Call } from '#platform/service.ts';
import { putBucketPolicy } from '#services/s3/buckets/policy.ts';
import { fail } from '#services/s3/errors.ts';
import type { S3Parts } from '#services/s3/parts.ts';

/** "For directory buckets, the only IAM action supported in the bucket policy is s3express:CreateSession." */
const ACTIONS = new Set(['s3express:createsession', 's3express:*', '*']);

export const putDirectoryPolicy =
  (parts: S3Parts) =>
  (input: PutBucketPolicyRequest, call: Call): void => {
    putBucketPolicy(parts)(input, call);
    const { statements } = compiledPolicy(input.Policy, 'resource').document;
    const isRight = statements.every(({ action }) => action.patterns.every((each) => ACTIONS.has(each.toLowerCase())));
    if (!isRight) fail('MalformedPolicy', { message: 'Policy has invalid action' });
  };
