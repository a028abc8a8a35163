/** What other services may ask of S3 beside its operations. */
import type { AccountId, Region } from '#platform/base/ids.ts';
import type { CompiledPolicy } from '#platform/policy/parse.ts';

export interface BucketFacts {
  /** Where a bucket is; undefined: there is none of the name. */
  find(name: string): { readonly account: AccountId; readonly region: Region } | undefined;
  /** Whether a policy opens its resource to everybody ("The meaning of public"). */
  isPublic(policy: CompiledPolicy): boolean;
}
