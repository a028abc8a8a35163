/** Blocking public access: a bucket is as closed as the stricter of its own settings and its account's. */
import type { AccountId } from '#platform/base/ids.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import type { BucketRow, PublicAccessBlock } from '#services/s3/state.ts';

/** "Amazon S3 uses the most restrictive combination of the bucket-level and account-level settings." */
export const blocks = (
  { publicAccess }: Pick<S3Parts, 'publicAccess'>,
  { publicAccessBlock }: Pick<BucketRow, 'publicAccessBlock'>,
  account: AccountId,
  setting: keyof PublicAccessBlock,
): boolean => publicAccessBlock?.[setting] === true || publicAccess.blockOf(account)?.[setting] === true;
