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
  /** What decides: by unique ids. */
  readonly policy?: string;
  readonly publicAccessBlock: PublicAccessBlockConfiguration;
  readonly createdAt: Milliseconds;
}

export interface AccessPoints {
  find(account: AccountId, region: Region, name: string): AccessPoint | undefined;
  findAlias(alias: string): AccessPoint | undefined;
  /** By the alias of a multi-region access point: with the bucket that a request from a region is sent to. */
  routeTo(alias: string, near: Region): AccessPoint | undefined;
  tagsOf(point: AccessPoint): Readonly<Record<string, string>>;
  /** Whether the bucket's own account has any for it: those of others don't hold it. */
  isAttached(bucket: string, account: string): boolean;
}
