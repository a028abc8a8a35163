/** Blocking public access: a bucket is as closed as the strictest of its own settings, its account's, and those of the access point. */
import type { CallScope } from '#platform/service.ts';
import { doorOf } from '#services/s3/access-points/door.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import type { BucketRow, PublicAccessBlock } from '#services/s3/state.ts';

/** "Amazon S3 uses the most restrictive combination of the bucket-level and account-level settings." */
export const blocks = (
  { publicAccess }: Pick<S3Parts, 'publicAccess'>,
  { publicAccessBlock }: Pick<BucketRow, 'publicAccessBlock'>,
  { account, door }: Pick<CallScope, 'account' | 'door'>,
  setting: keyof PublicAccessBlock,
): boolean =>
  publicAccessBlock?.[setting] === true ||
  publicAccess.blockOf(account)?.[setting] === true ||
  doorOf({ door })?.publicAccessBlock[setting] === true;
