/** What S3 asks of S3 Control. */
import type { AccountId } from '#platform/base/ids.ts';
import type { PublicAccessBlockConfiguration } from '#platform/model/generated/s3control.ts';

export interface PublicAccess {
  /** What the account blocks in all of its buckets. Asked on the way of most requests: answers from memory. */
  blockOf(account: AccountId): PublicAccessBlockConfiguration | undefined;
}
