/** What S3's operations are made with. */
import type { Clock, Milliseconds } from '#platform/base/clock.ts';
import type { Region } from '#platform/base/ids.ts';
import type { Blobs } from '#platform/blobs/blobs.ts';
import type { CallAsRole } from '#platform/jobs/as-role.ts';
import type { Deliver } from '#platform/jobs/relay.ts';
import type { Metrics } from '#platform/metrics.ts';
import type { PageTokens } from '#platform/page-token.ts';
import type { PrincipalDirectory } from '#platform/policy/principal-ids.ts';
import type { Registry } from '#platform/registry.ts';
import type { Sealer } from '#platform/secrets/sealer.ts';
import type { Store } from '#platform/store/store.ts';
import type { Envelopes } from '#services/kms/api.ts';
import type { CanonicalUsers } from '#services/s3/canonical-users.ts';
import type { Directory } from '#services/s3/directory.ts';
import type { Hashings } from '#services/s3/hashing/hashing.ts';
import type { AccessPoints, PublicAccess } from '#services/s3control/api.ts';

export interface S3Parts {
  readonly store: Store;
  readonly registry: () => Registry;
  readonly clock: Clock;
  readonly sealer: Sealer;
  readonly pages: PageTokens;
  readonly directory: Directory;
  readonly principals: PrincipalDirectory;
  readonly envelopes: Envelopes;
  /** What accounts block in all of their buckets. */
  readonly publicAccess: PublicAccess;
  readonly accessPoints: AccessPoints;
  /** The blob store of a region, opened at first use. */
  readonly blobs: (region: Region) => Promise<Blobs>;
  readonly hashings: Hashings;
  /** A call of another service, as S3. */
  readonly deliver: Deliver;
  readonly callAsRole: CallAsRole;
  /** The operator's. */
  readonly metrics: Metrics;
  /** How fast the scrub reads. */
  readonly scrubBytesPerSecond: number;
  /** What lifecycle rules and restores call a day: shorter than one if the operator wants to see them at work. */
  readonly day: Milliseconds;
  readonly isRegion: (name: string) => boolean;
  /** Buckets are made as before April 2023: their writers own objects, lists count, nothing is blocked, nor is SSE-C. */
  readonly oldBucketDefaults: boolean;
  readonly users: CanonicalUsers;
}
