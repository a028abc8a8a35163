/** What EC2's operations are made with. */
import type { Clock } from '#platform/base/clock.ts';
import type { Host } from '#platform/compute/host.ts';
import type { CallAsService } from '#platform/jobs/deliver.ts';
import type { PageTokens } from '#platform/page-token.ts';
import type { Sealer } from '#platform/secrets/sealer.ts';
import type { Store } from '#platform/store/store.ts';
import { openPublicAddresses, type PublicAddresses } from '#services/ec2/addresses/public-addresses.ts';
import type { VpcNetworks } from '#services/ec2/networks/apply.ts';
import type { PushedKeysApi } from '#services/ec2-instance-connect/api.ts';
import type { InstanceProfilesApi, LinkedRolesApi } from '#services/iam/api.ts';
import type { Envelopes } from '#services/kms/api.ts';

/** What comes from outside. */
export interface Ec2Given {
  readonly pages: PageTokens;
  /** Those of this cloud. */
  readonly regions: readonly string[];
  readonly store: Store;
  readonly clock: Clock;
  /** Where machines run. Undefined: nothing can be launched here, as on AWS when there is no capacity. */
  readonly host: Host | undefined;
  readonly instanceProfiles: InstanceProfilesApi;
  readonly linkedRoles: LinkedRolesApi;
  readonly sealer: Sealer;
  readonly envelopes: Envelopes;
  /** Keys that EC2 Instance Connect gives guests to let in. */
  readonly pushedKeys: PushedKeysApi;
  /** Of the host, if there is one. */
  readonly networks: VpcNetworks | undefined;
  /** Where others reach this cloud. */
  readonly origin: () => string;
  /** What EC2 does with KMS's keys when nobody is there who asks. */
  readonly callAsService: CallAsService;
}

export interface Ec2Parts extends Ec2Given {
  readonly publicAddresses: PublicAddresses;
}

export const ec2Parts = (given: Ec2Given): Ec2Parts => ({
  ...given,
  publicAddresses: openPublicAddresses(given.store, given.host?.networks.publicCidr),
});
