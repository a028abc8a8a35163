/**
 * Requests for a bucket of another region. One port serves all regions, so it is the signature that says which one is meant, and the
 * host where it names one. What is answered follows from how the request was sent (S3 User Guide, "Request routing"): SDKs go on to
 * the right region by the header x-amz-bucket-region, or by the error's `Region`.
 */

import type { Arrival } from '#platform/arrival.ts';
import type { Address } from '#platform/cloud.ts';
import type { FailedCall } from '#platform/error.ts';
import { fail } from '#services/s3/errors.ts';
import type { S3Parts } from '#services/s3/parts.ts';

/** Regions before March 20, 2019: "For all Regions that launched after [it], … Amazon S3 returns an HTTP 400 Bad Request error." */
const FIRST_REGIONS: ReadonlySet<string> = new Set([
  'ap-northeast-1',
  'ap-northeast-2',
  'ap-northeast-3',
  'ap-south-1',
  'ap-southeast-1',
  'ap-southeast-2',
  'ca-central-1',
  'eu-central-1',
  'eu-north-1',
  'eu-west-1',
  'eu-west-2',
  'eu-west-3',
  'sa-east-1',
  'us-east-1',
  'us-east-2',
  'us-west-1',
  'us-west-2',
]);

/** It is how clients find out where a bucket is. */
const ASKS_WHERE = 'GetBucketLocation';

/** Throws unless a client's request is for the region of its bucket, or for none. */
export function checkRegion({ directory }: S3Parts, bucket: string, { address, operation }: Arrival): void {
  const asked = address && (address.signed?.region ?? address.region);
  if (address === undefined || asked === undefined) return;
  const place = directory.find(bucket);
  if (place === undefined || operation === ASKS_WHERE) return;
  const BucketRegion = place.region;
  if (address.region === BucketRegion && asked !== BucketRegion) wrongScope(address, asked, BucketRegion);
  if (asked === BucketRegion) return;
  // The bucket's own host, without a region, is on AWS an address of the bucket's region.
  if (address.hasBucket && address.region === undefined) wrongScope(address, asked, BucketRegion);
  if (!FIRST_REGIONS.has(BucketRegion) || !FIRST_REGIONS.has(asked)) {
    fail('IllegalLocationConstraintException', {
      message: `The ${BucketRegion} location constraint is incompatible for the region specific endpoint this request was sent to.`,
      fields: { BucketRegion },
    });
  }
  const Endpoint = address.region === undefined ? address.host : address.host.replace(address.region, BucketRegion);
  fail('PermanentRedirect', { about: bucket, fields: { Endpoint, BucketRegion } });
}

function wrongScope({ signed }: Address, asked: string, BucketRegion: string): never {
  const wrong = `the region '${asked}' is wrong; expecting '${BucketRegion}'`;
  const fields = { Region: BucketRegion, BucketRegion };
  if (signed?.form === 'query') {
    const message = `Error parsing the X-Amz-Credential parameter; ${wrong}`;
    return fail('AuthorizationQueryParametersError', { message, fields });
  }
  return fail('AuthorizationHeaderMalformed', { message: `The authorization header is malformed; ${wrong}`, fields });
}

/** "calls to the HeadBucket operation always return the bucket's location …, whether access to the bucket is authorized or not" (GetBucketLocation) */
export const regionOfRefusal =
  ({ directory }: S3Parts) =>
  ({ operation, labels: { Bucket = '' } }: FailedCall) => ({
    ...(operation === 'HeadBucket' && { AccessDenied: { BucketRegion: directory.find(Bucket)?.region } }),
  });
