/** Operations on configurations of storage class analysis. */
import type {
  AnalyticsConfiguration,
  DeleteBucketAnalyticsConfigurationRequest,
  GetBucketAnalyticsConfigurationOutput,
  GetBucketAnalyticsConfigurationRequest,
  ListBucketAnalyticsConfigurationsOutput,
  ListBucketAnalyticsConfigurationsRequest,
  PutBucketAnalyticsConfigurationRequest,
} from '#platform/model/generated/s3.ts';
import type { Call } from '#platform/service.ts';
import { accessOf } from '#services/s3/access.ts';
import { ANALYTICS, dropAnalysis } from '#services/s3/analytics/count.ts';
import { type ConfigurationKind, configurationsOf, keeperOf } from '#services/s3/configurations/configurations.ts';
import { checkFilter } from '#services/s3/configurations/filters.ts';
import { nextMidnight } from '#services/s3/lifecycle/rules.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { checkDestination } from '#services/s3/reports/destination.ts';
import { dueOf, type NextReport, scheduleReport } from '#services/s3/reports/schedule.ts';
import { TIER_1, TIER_2 } from '#services/s3/rows.ts';

const kindOf = (parts: S3Parts): ConfigurationKind<AnalyticsConfiguration> => ({
  ...ANALYTICS,
  check({ Filter, StorageClassAnalysis }, call) {
    checkFilter(Filter);
    const destination = StorageClassAnalysis.DataExport?.Destination.S3BucketDestination;
    if (destination !== undefined) checkDestination(parts, destination, call);
  },
  onPut: (tx, bucket, { Id }, now) =>
    scheduleReport(tx, dueOf(ANALYTICS.name, bucket, Id), nextMidnight(now, parts.day)),
  onRemove: (tx, { id }, configuration) => dropAnalysis(tx, [id, configuration]),
});

export const nextAnalysis =
  ({ day }: S3Parts): NextReport =>
  (tx, { bucketId: id, configuration }, now) => {
    const all = configurationsOf<AnalyticsConfiguration>(tx, { id }, ANALYTICS);
    return all.some(({ Id }) => Id === configuration) ? nextMidnight(now, day) : undefined;
  };

export const analyticsOperations = (parts: S3Parts) => {
  const { bucket } = accessOf(parts);
  const keeper = keeperOf(parts, kindOf(parts));
  const write = { ...bucket, usage: TIER_1, action: 's3:PutAnalyticsConfiguration' } as const;
  const read = { ...bucket, usage: TIER_2, access: 'read', action: 's3:GetAnalyticsConfiguration' } as const;
  return {
    GetBucketAnalyticsConfiguration: {
      handler: (input: GetBucketAnalyticsConfigurationRequest, call: Call): GetBucketAnalyticsConfigurationOutput => ({
        AnalyticsConfiguration: keeper.get(input, call),
      }),
      ...read,
    },
    PutBucketAnalyticsConfiguration: {
      handler: (input: PutBucketAnalyticsConfigurationRequest, call: Call): void =>
        keeper.put(input, input.AnalyticsConfiguration, call),
      ...write,
    },
    DeleteBucketAnalyticsConfiguration: {
      handler: (input: DeleteBucketAnalyticsConfigurationRequest, call: Call): void => keeper.remove(input, call),
      ...write,
    },
    ListBucketAnalyticsConfigurations: {
      handler: (
        input: ListBucketAnalyticsConfigurationsRequest,
        call: Call,
      ): ListBucketAnalyticsConfigurationsOutput => {
        const { configurations, paging } = keeper.list(input, call);
        return { AnalyticsConfigurationList: configurations, ...paging };
      },
      ...read,
    },
  } as const;
};
