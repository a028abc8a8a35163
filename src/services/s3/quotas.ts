/** "General purpose buckets" of the S3 endpoints and quotas page. */
import type { QuotaDeclaration } from '#platform/service.ts';
import { bucketIdsOf } from '#services/s3/buckets/open-bucket.ts';

export const BUCKETS_QUOTA = 'L-DC2B2D3D';

export const quotas: Readonly<Record<string, QuotaDeclaration>> = {
  [BUCKETS_QUOTA]: {
    name: 'General purpose buckets',
    description: 'The number of Amazon S3 general purpose buckets that you can create in an account',
    value: 10_000,
    unit: 'None',
    adjustable: true,
    used: (tx) => bucketIdsOf(tx).count,
  },
};
