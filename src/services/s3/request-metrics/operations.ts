/** Operations on configurations of request metrics. */
import type {
  DeleteBucketMetricsConfigurationRequest,
  GetBucketMetricsConfigurationOutput,
  GetBucketMetricsConfigurationRequest,
  ListBucketMetricsConfigurationsOutput,
  ListBucketMetricsConfigurationsRequest,
  PutBucketMetricsConfigurationRequest,
} from '#platform/model/generated/s3.ts';
import type { Call } from '#platform/service.ts';
import { accessOf } from '#services/s3/access.ts';
import { keeperOf } from '#services/s3/configurations/configurations.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { METRICS } from '#services/s3/request-metrics/count.ts';
import { TIER_1, TIER_2 } from '#services/s3/rows.ts';

export const metricsOperations = (parts: S3Parts) => {
  const { bucket } = accessOf(parts);
  const keeper = keeperOf(parts, METRICS);
  const write = { ...bucket, usage: TIER_1, action: 's3:PutMetricsConfiguration' } as const;
  const read = { ...bucket, usage: TIER_2, access: 'read', action: 's3:GetMetricsConfiguration' } as const;
  return {
    GetBucketMetricsConfiguration: {
      handler: (input: GetBucketMetricsConfigurationRequest, call: Call): GetBucketMetricsConfigurationOutput => ({
        MetricsConfiguration: keeper.get(input, call),
      }),
      ...read,
    },
    PutBucketMetricsConfiguration: {
      handler: (input: PutBucketMetricsConfigurationRequest, call: Call): void =>
        keeper.put(input, input.MetricsConfiguration, call),
      ...write,
    },
    DeleteBucketMetricsConfiguration: {
      handler: (input: DeleteBucketMetricsConfigurationRequest, call: Call): void => keeper.remove(input, call),
      ...write,
    },
    ListBucketMetricsConfigurations: {
      handler: (input: ListBucketMetricsConfigurationsRequest, call: Call): ListBucketMetricsConfigurationsOutput => {
        const { configurations, paging } = keeper.list(input, call);
        return { MetricsConfigurationList: configurations, ...paging };
      },
      ...read,
    },
  } as const;
};
