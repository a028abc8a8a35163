/** What EC2's operations are made with. */
import type { Clock } from '#platform/base/clock.ts';
import type { Host } from '#platform/compute/host.ts';
import type { PageTokens } from '#platform/page-token.ts';
import type { Store } from '#platform/store/store.ts';
import type { InstanceProfilesApi } from '#services/iam/api.ts';

export interface Ec2Parts {
  readonly pages: PageTokens;
  /** Those of this cloud. */
  readonly regions: readonly string[];
  readonly store: Store;
  readonly clock: Clock;
  /** Where machines run. Undefined: nothing can be launched here, as on AWS when there is no capacity. */
  readonly host: Host | undefined;
  readonly instanceProfiles: InstanceProfilesApi;
}
