/** What other services may ask of S3 beside its operations. */
import type { AccountId, Region } from '#platform/base/ids.ts';
import type { CompiledPolicy } from '#platform/policy/parse.ts';
import type { CallScope } from '#platform/service.ts';

export interface BucketFacts {
  /** Where a bucket is; undefined: there is none of the name. */
  find(name: string): { readonly account: AccountId; readonly region: Region } | undefined;
  /** Whether a policy opens its resource to everybody ("The meaning of public"). */
  isPublic(policy: CompiledPolicy): boolean;
  /** What counts of a bucket's policy for the caller. */
  policyInForce(name: string, scope: Pick<CallScope, 'principal' | 'door'>): CompiledPolicy | undefined;
  tagsOf(name: string): Readonly<Record<string, string>>;
  /** On disk when the promise resolves. */
  changeTags(name: string, set: Readonly<Record<string, string>>, remove: readonly string[]): Promise<void>;
}
