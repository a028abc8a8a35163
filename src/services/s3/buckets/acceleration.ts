/**
 * Transfer Acceleration: the hosts `<bucket>.s3-accelerate.<domain>`. There are no edge locations, so they lead where all others do;
 * what a bucket and a request must be for them is as on AWS (S3 User Guide, "Configuring fast, secure file transfers").
 */

import type { Arrival } from '#platform/arrival.ts';
import type { ServiceError } from '#platform/error.ts';
import type {
  GetBucketAccelerateConfigurationOutput,
  GetBucketAccelerateConfigurationRequest,
  PutBucketAccelerateConfigurationRequest,
} from '#platform/model/generated/s3.ts';
import type { Call } from '#platform/service.ts';
import { findBucket, openBucket, putBucket, rowOf } from '#services/s3/buckets/open-bucket.ts';
import { fail, s3Error } from '#services/s3/errors.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { partitionOf } from '#services/s3/state.ts';

/** "InvalidRequest" of the list of error codes, which has these texts. */
const REFUSALS = {
  periods: 'Amazon S3 Transfer Acceleration is not supported for buckets with periods (.) in their names.',
  path: 'Amazon S3 Transfer Accelerate endpoint only supports virtual style requests.',
  unset: 'Amazon S3 Transfer Accelerate is not configured on this bucket.',
  suspended: 'Amazon S3 Transfer Accelerate is disabled on this bucket.',
} as const;

const refusal = (why: keyof typeof REFUSALS): ServiceError => s3Error('InvalidRequest', { message: REFUSALS[why] });

export const getBucketAccelerateConfiguration =
  (parts: S3Parts) =>
  (input: GetBucketAccelerateConfigurationRequest, call: Call): GetBucketAccelerateConfigurationOutput => {
    const { acceleration } = openBucket(call.tx, parts.sealer, input.Bucket);
    return acceleration === undefined ? {} : { Status: acceleration };
  };

export const putBucketAccelerateConfiguration =
  (parts: S3Parts) =>
  (input: PutBucketAccelerateConfigurationRequest, call: Call): void => {
    const bucket = openBucket(call.tx, parts.sealer, input.Bucket);
    if (bucket.name.includes('.')) throw refusal('periods');
    const acceleration = input.AccelerateConfiguration.Status ?? fail('MalformedXML');
    putBucket(call.tx, { ...rowOf(bucket), acceleration });
  };

/** "Transfer Acceleration supports all bucket-level operations, except …" */
const NOT_ACCELERATED = new Set(['CreateBucket', 'DeleteBucket', 'ListBuckets']);

/** Throws unless a request to an accelerated host may be made there. */
export function checkAcceleration(
  { directory, store, sealer }: S3Parts,
  name: string | undefined,
  { address, operation }: Arrival,
): void {
  if (address?.service !== 's3-accelerate') return;
  if (name === undefined || !address.hasBucket || NOT_ACCELERATED.has(operation)) throw refusal('path');
  if (name.includes('.')) throw refusal('periods');
  const place = directory.ownerOf(name);
  const bucket = partitionOf(store, place).read((tx) => findBucket(tx, sealer, name));
  if (bucket?.acceleration === undefined) throw refusal('unset');
  if (bucket?.acceleration === 'Suspended') throw refusal('suspended');
}
