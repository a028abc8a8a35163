/**
 * What S3 Control keeps. An access point lies in its owner's partition of its region. An account's own settings hold in every
 * region, as its multi-region access points do, so they lie in its global partition. The directory `s3control/global` knows which access point an alias means, and which
 * ones a bucket has.
 */
import { type AccountId, GLOBAL_REGION, type Region } from '#platform/base/ids.ts';
import type {
  AsyncOperationName,
  AsyncRequestParameters,
  PublicAccessBlockConfiguration,
} from '#platform/model/generated/s3control.ts';
import type { SavedPrincipals } from '#platform/policy/principal-ids.ts';
import { jsonRows, table, text } from '#platform/store/keys.ts';
import type { Partition, Store } from '#platform/store/store.ts';

/** The account's one row. */
export const publicAccessBlocks = table('public-access-block', [], jsonRows<PublicAccessBlockConfiguration>(1));

export interface AccessPointRow {
  readonly name: string;
  readonly alias: string;
  readonly bucket: string;
  readonly bucketAccount: AccountId;
  readonly createdAt: number;
  readonly vpcId?: string;
  /** As it came. */
  readonly policy?: string;
  readonly policyPrincipals?: SavedPrincipals;
  readonly publicAccessBlock: PublicAccessBlockConfiguration;
}

/** Name -> access point. */
export const accessPoints = table('access-point', [text], jsonRows<AccessPointRow>(1));

export interface RegionRow {
  readonly region: Region;
  readonly bucket: string;
  readonly bucketAccount: AccountId;
  /** Whether requests are sent there. */
  readonly isActive: boolean;
}

export interface MultiRegionRow {
  readonly name: string;
  /** `mfzwi23gnjvgw.mrap`: never used twice. */
  readonly alias: string;
  readonly createdAt: number;
  readonly status: 'CREATING' | 'READY' | 'DELETING';
  readonly publicAccessBlock: PublicAccessBlockConfiguration;
  /** In the order of their names. */
  readonly regions: readonly RegionRow[];
  /** In force. */
  readonly policy?: string;
  readonly policyPrincipals?: SavedPrincipals;
  /** On its way to the regions. */
  readonly proposed?: string;
  readonly proposedPrincipals?: SavedPrincipals;
}

/** Name -> multi-region access point, in the account's global partition. */
export const multiRegionPoints = table('multi-region-access-point', [text], jsonRows<MultiRegionRow>(1));

export interface RequestRow {
  readonly operation: AsyncOperationName;
  readonly createdAt: number;
  /** Undefined: under way. */
  readonly isDone?: true;
  readonly name: string;
  readonly regions: readonly Region[];
  readonly parameters: AsyncRequestParameters;
}

/** Token -> what was asked for. */
export const asyncRequests = table('async-request', [text], jsonRows<RequestRow>(1));

export interface PlaceRow {
  readonly account: AccountId;
  readonly region: Region;
  readonly name: string;
}

/** In the directory: alias -> access point. */
export const aliases = table('alias', [text], jsonRows<PlaceRow>(1));
/** In the directory: bucket, account, region, name: that there is one. */
export const attached = table('attached', [text, text, text, text], jsonRows<Record<string, never>>(1));

export const accountPartition = (store: Store, account: AccountId): Partition =>
  store.partition({ service: 's3control', account, region: GLOBAL_REGION });

export const directoryOf = (store: Store): Partition =>
  store.partition({ service: 's3control', account: 'global', region: GLOBAL_REGION });
