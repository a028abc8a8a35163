/** What S3 asks of S3 Control, and what it is asked. Asked on the way of many requests: answers come from memory. */
import type { Milliseconds } from '#platform/base/clock.ts';
import type { AccountId, Region } from '#platform/base/ids.ts';
import type { PublicAccessBlockConfiguration } from '#platform/model/generated/s3control.ts';

export interface PublicAccess {
  /** What the account blocks in all of its buckets. */
  blockOf(account: AccountId): PublicAccessBlockConfiguration | undefined;
}

export interface AccessPoint {
  readonly arn: string;
  readonly account: AccountId;
  readonly region: Region;
  readonly name: string;
  readonly alias: string;
  readonly bucket: string;
  /** Whose bucket it was made for: another one of the name is not reached by it. */
  readonly bucketAccount: AccountId;
  /** The one network that requests may come from; undefined: all. */
  readonly vpcId?: string;
  readonly policy?: string;
  readonly publicAccessBlock: PublicAccessBlockConfiguration;
  readonly createdAt: Milliseconds;
}

export interface AccessPoints {
  find(account: AccountId, region: Region, name: string): AccessPoint | undefined;
  findAlias(alias: string): AccessPoint | undefined;
  /** Whether a bucket has any, of whatever account. */
  isAttached(bucket: string): boolean;
}
