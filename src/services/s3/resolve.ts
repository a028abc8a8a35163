/** What is asked of each request before it is judged: which bucket it means, whether it came to the right place, who pays. */
import type { Arrival, Resolved } from '#platform/arrival.ts';
import type { Input } from '#platform/service.ts';
import { throughPoint } from '#services/s3/access-points/resolve.ts';
import { checkAcceleration } from '#services/s3/buckets/acceleration.ts';
import { checkRegion } from '#services/s3/buckets/regions.ts';
import { payerOf } from '#services/s3/buckets/request-payment.ts';
import type { S3Parts } from '#services/s3/parts.ts';

export const resolveBucket =
  (parts: S3Parts) =>
  (input: Input, arrival: Arrival): Resolved => {
    const { Bucket: given } = input;
    const named = typeof given === 'string' ? given : undefined;
    checkAcceleration(parts, named, arrival);
    // What is made means itself.
    if (named === undefined || arrival.operation === 'CreateBucket') return { input };
    const door = throughPoint(parts, named, arrival);
    if (door === undefined) checkRegion(parts, named, arrival);
    const bucket = door?.bucket ?? named;
    const payer = payerOf(parts, bucket, arrival.principal, input['RequestPayer']);
    return {
      input: door === undefined ? input : { ...input, Bucket: bucket },
      ...(door && { door }),
      ...(payer !== undefined && { payer, adds: { RequestCharged: 'requester' } }),
    };
  };
