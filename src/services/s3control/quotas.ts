/** "Amazon S3 endpoints and quotas". */
import type { QuotaDeclaration } from '#platform/service.ts';
import { countAccessPoints } from '#services/s3control/access-points/open.ts';

export const ACCESS_POINTS_QUOTA = 'L-FAABEEBA';

export const quotas: Readonly<Record<string, QuotaDeclaration>> = {
  [ACCESS_POINTS_QUOTA]: {
    name: 'Access Points',
    description: 'The number of Amazon S3 Access Points that you can create per Region in an account',
    value: 10_000,
    unit: 'None',
    adjustable: true,
    used: countAccessPoints,
  },
};
