/** What other services may ask of buckets (api.ts). */
import type { BucketFacts } from '#services/s3/api.ts';
import { isPublic } from '#services/s3/buckets/publicity.ts';
import type { Directory } from '#services/s3/directory.ts';

export const bucketFacts = ({ find }: Directory): BucketFacts => ({ find, isPublic });
