/**
 * Requester Pays: requests of other accounts say that they know it, and are billed to them; nobody may come unsigned (S3 User Guide,
 * "Using Requester Pays buckets for storage transfers and usage").
 */
import type { AccountId } from '#platform/base/ids.ts';
import type {
  GetBucketRequestPaymentOutput,
  GetBucketRequestPaymentRequest,
  PutBucketRequestPaymentRequest,
} from '#platform/model/generated/s3.ts';
import type { Principal } from '#platform/principal.ts';
import type { Call } from '#platform/service.ts';
import { findBucket, openBucket, putBucket, rowOf } from '#services/s3/buckets/open-bucket.ts';
import { fail } from '#services/s3/errors.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { partitionOf } from '#services/s3/state.ts';

export const getBucketRequestPayment =
  (parts: S3Parts) =>
  (input: GetBucketRequestPaymentRequest, call: Call): GetBucketRequestPaymentOutput => ({
    Payer: openBucket(call.tx, parts.sealer, input.Bucket).requesterPays ? 'Requester' : 'BucketOwner',
  });

export const putBucketRequestPayment =
  (parts: S3Parts) =>
  (input: PutBucketRequestPaymentRequest, call: Call): void => {
    const { requesterPays: _, ...row } = rowOf(openBucket(call.tx, parts.sealer, input.Bucket));
    const isRequester = input.RequestPaymentConfiguration.Payer === 'Requester';
    putBucket(call.tx, isRequester ? { ...row, requesterPays: true } : row);
  };

/** Who is billed beside the bucket's owner; throws for a request that does not say that it will pay. */
export function payerOf(
  { directory, store, sealer }: S3Parts,
  name: string,
  principal: Principal,
  says: unknown,
): AccountId | undefined {
  const place = directory.find(name);
  if (place === undefined || principal.kind === 'service') return undefined;
  const account = 'account' in principal ? principal.account : undefined;
  if (account === place.account) return undefined;
  const bucket = partitionOf(store, place).read((tx) => findBucket(tx, sealer, name));
  if (!bucket?.requesterPays) return undefined;
  return says === 'requester' && account !== undefined ? account : fail('AccessDenied');
}
