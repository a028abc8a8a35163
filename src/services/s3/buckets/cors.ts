/** A bucket's cross-origin rules, kept, and asked by the gateway for preflights and for answers to pages of other origins. */
import type {
  CORSConfiguration,
  DeleteBucketCorsRequest,
  GetBucketCorsOutput,
  GetBucketCorsRequest,
  PutBucketCorsRequest,
} from '#platform/model/generated/s3.ts';
import type { Call } from '#platform/service.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import type { CrossOriginRequest } from '#platform/web.ts';
import { checkRules, corsHeaders } from '#services/s3/buckets/cors-rules.ts';
import { findBucket, openBucket } from '#services/s3/buckets/open-bucket.ts';
import { fail } from '#services/s3/errors.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { type BucketRow, partitionOf, settings } from '#services/s3/state.ts';

const CORS = 'cors';
/** "The document is limited to 64 KB in size." (API Reference, PutBucketCors) */
const MOST_BYTES = 64 * 1024;

// What PutBucketCors has put there.
const rulesOf = (tx: ReadTransaction, { id }: BucketRow): CORSConfiguration | undefined =>
  tx.get(settings, settings.key(id, CORS)) as CORSConfiguration | undefined;

export const putBucketCors =
  (parts: S3Parts) =>
  ({ Bucket, CORSConfiguration: configuration }: PutBucketCorsRequest, call: Call): void => {
    const { id } = openBucket(call.tx, parts.sealer, Bucket);
    checkRules(configuration);
    if (JSON.stringify(configuration).length > MOST_BYTES) fail('MalformedXML');
    call.tx.put(settings, settings.key(id, CORS), { ...configuration });
  };

export const getBucketCors =
  (parts: S3Parts) =>
  ({ Bucket }: GetBucketCorsRequest, call: Call): GetBucketCorsOutput => {
    const rules = rulesOf(call.tx, openBucket(call.tx, parts.sealer, Bucket));
    return { ...(rules ?? fail('NoSuchCORSConfiguration', { about: Bucket })) };
  };

export const deleteBucketCors =
  (parts: S3Parts) =>
  ({ Bucket }: DeleteBucketCorsRequest, call: Call): void => {
    const { id } = openBucket(call.tx, parts.sealer, Bucket);
    call.tx.delete(settings, settings.key(id, CORS));
  };

/** Its second sentence is from memory; the rest, and what a bucket without rules says: User Guide, "Troubleshooting CORS". */
const NOT_ALLOWED =
  "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec.";

/** For the gateway. A preflight that no rule fits is refused; other answers just say nothing to the browser. */
export const crossOrigin =
  (parts: S3Parts) =>
  (request: CrossOriginRequest): Record<string, string> | undefined => {
    const rules = rulesFor(parts, request.path);
    const headers = rules && corsHeaders(rules.CORSRules, request);
    if (headers !== undefined || !request.isPreflight) return headers;
    const resource = /^\/[^/]+\/./.test(request.path) ? 'OBJECT' : 'BUCKET';
    return fail('AccessForbidden', {
      message: rules ? NOT_ALLOWED : 'CORSResponse: CORS is not enabled for this bucket.',
      fields: { Method: request.method, ResourceType: resource },
    });
  };

function rulesFor({ directory, store, sealer }: S3Parts, path: string): CORSConfiguration | undefined {
  const [, name = ''] = path.split('/', 2);
  const place = directory.find(name);
  return (
    place &&
    partitionOf(store, place).read((tx) => {
      const bucket = findBucket(tx, sealer, name);
      return bucket && rulesOf(tx, bucket);
    })
  );
}
