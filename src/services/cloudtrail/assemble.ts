/** What CloudTrail is made of, put together. The reader of the kernel's audit is there before: it works from the start. */
import { ServiceError } from '#platform/error.ts';
import type { Deliver } from '#platform/jobs/relay.ts';
import type { PageTokens } from '#platform/page-token.ts';
import type { Registry } from '#platform/registry.ts';
import type { Sealer } from '#platform/secrets/sealer.ts';
import type { Call } from '#platform/service.ts';
import type { Store } from '#platform/store/store.ts';
import type { Collector } from './collector.ts';
import { type LogBucket, s3Bucket } from './log-bucket.ts';
import { cloudtrail } from './service.ts';
import { SigningKeys } from './signing-keys.ts';
import type { TrailDirectory } from './trail-directory.ts';

export interface AssembleDeps {
  readonly store: Store;
  readonly sealer: Sealer;
  readonly pages: PageTokens;
  readonly registry: () => Registry;
  readonly deliver: Deliver;
  readonly trails: TrailDirectory;
  readonly collector: Collector;
  readonly logBucket: LogBucket | undefined;
}

export function assembleCloudTrail(deps: AssembleDeps) {
  const { store, sealer, pages, registry, trails, collector } = deps;
  const keys = new SigningKeys(store, sealer);
  const bucket = deps.logBucket ?? s3Bucket(registry, deps.deliver);
  const keyArn = (call: Call, id: string): Promise<string | undefined> => arnOfKey(registry(), call, id);
  return cloudtrail({ trails, collector, keys, bucket, pages, keyArn });
}

/** By KMS's own operation, as the caller. */
async function arnOfKey(registry: Registry, call: Call, KeyId: string): Promise<string | undefined> {
  if (registry.service('kms') === undefined) return undefined;
  try {
    const { KeyMetadata } = await call.invoke('kms', 'DescribeKey', { KeyId });
    // DescribeKey's output.
    return (KeyMetadata as { readonly Arn?: string } | undefined)?.Arn;
  } catch (error) {
    if (error instanceof ServiceError && error.code === 'NotFoundException') return undefined;
    throw error;
  }
}
