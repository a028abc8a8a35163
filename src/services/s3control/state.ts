/** What S3 Control keeps. An account's own settings hold in every region, so they lie in its global partition. */
import { type AccountId, GLOBAL_REGION } from '#platform/base/ids.ts';
import type { PublicAccessBlockConfiguration } from '#platform/model/generated/s3control.ts';
import { jsonRows, table } from '#platform/store/keys.ts';
import type { Partition, Store } from '#platform/store/store.ts';

/** The account's one row. */
export const publicAccessBlocks = table('public-access-block', [], jsonRows<PublicAccessBlockConfiguration>(1));

export const accountPartition = (store: Store, account: AccountId): Partition =>
  store.partition({ service: 's3control', account, region: GLOBAL_REGION });
