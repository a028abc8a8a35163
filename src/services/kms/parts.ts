/** What the parts of KMS are given. */
import type { AccountId, Region } from '#platform/base/ids.ts';
import type { PageTokens } from '#platform/page-token.ts';
import type { PrincipalDirectory } from '#platform/policy/principal-ids.ts';
import type { PurposeSealer, Sealer } from '#platform/secrets/sealer.ts';
import type { Partition, Store } from '#platform/store/store.ts';

export interface KmsDeps {
  readonly store: Store;
  readonly sealer: Sealer;
  readonly pages: PageTokens;
  readonly regions: readonly string[];
  /** An account that only a request names must not get a partition. */
  readonly isAccount: (account: AccountId) => boolean;
  readonly principals: PrincipalDirectory;
}

export interface KmsParts extends KmsDeps {
  readonly grantTokens: PurposeSealer;
  readonly importTokens: PurposeSealer;
  partitionOf(account: AccountId, region: Region): Partition;
}

export const kmsParts = (deps: KmsDeps): KmsParts => ({
  ...deps,
  grantTokens: deps.sealer.purpose('kms-grant'),
  importTokens: deps.sealer.purpose('kms-import'),
  partitionOf: (account, region) => deps.store.partition({ service: 'kms', account, region }),
});
