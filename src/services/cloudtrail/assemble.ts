/** What CloudTrail is made of, put together: the service, and the reader of the kernel's audit. */
import type { Clock } from '#platform/base/clock.ts';
import { ServiceError } from '#platform/error.ts';
import type { Deliver } from '#platform/jobs/relay.ts';
import type { PageTokens } from '#platform/page-token.ts';
import type { Registry } from '#platform/registry.ts';
import type { Sealer } from '#platform/secrets/sealer.ts';
import type { Call } from '#platform/service.ts';
import type { Store } from '#platform/store/store.ts';
import { Collector } from './collector.ts';
import { type LogBucket, s3Bucket } from './log-bucket.ts';
import { cloudtrail } from './service.ts';
import { SigningKeys } from './signing-keys.ts';
import { TrailDirectory } from './trail-directory.ts';
import { wholeHistory } from './whole-history.ts';

export interface AssembleDeps {
  readonly store: Store;
  readonly sealer: Sealer;
  readonly pages: PageTokens;
  readonly clock: Clock;
  readonly registry: () => Registry;
  readonly deliver: Deliver;
  readonly onFault: (error: unknown) => void;
  readonly logBucket: LogBucket | undefined;
}

export function assembleCloudTrail(deps: AssembleDeps) {
  const { store, sealer, pages, clock, registry, onFault } = deps;
  const trails = new TrailDirectory(store);
  const collector = new Collector({ store, trails, clock, onFault });
  const keys = new SigningKeys(store, sealer);
  const bucket = deps.logBucket ?? s3Bucket(registry, deps.deliver);
  const keyArn = (call: Call, id: string): Promise<string | undefined> => arnOfKey(registry(), call, id);
  const declaration = cloudtrail({ trails, collector, keys, bucket, pages, keyArn });
  return { declaration, collector, history: wholeHistory(store, collector, clock) };
}

/** By KMS's own operation, as the caller. */
async function arnOfKey(registry: Registry, call: Call, KeyId: string): Promise<string | undefined> {
  if (registry.service('kms')?.operation('DescribeKey') === undefined) return undefined;
  try {
    const { KeyMetadata } = await call.invoke('kms', 'DescribeKey', { KeyId });
    // DescribeKey's output.
    return (KeyMetadata as { readonly Arn?: string } | undefined)?.Arn;
  } catch (error) {
    if (error instanceof ServiceError && error.code === 'NotFoundException') return undefined;
    throw error;
  }
}
