/** Operations on configurations of storage class analysis. */
import type { AnalyticsConfiguration } from '#platform/model/generated/s3.ts';
import { ANALYTICS, dropAnalysis } from '#services/s3/analytics/count.ts';
import { type ConfigurationKind, configurationsOf } from '#services/s3/configurations/configurations.ts';
import { checkFilter } from '#services/s3/configurations/filters.ts';
import { configurationOperations } from '#services/s3/configurations/operations.ts';
import { nextMidnight } from '#services/s3/lifecycle/rules.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { checkDestination } from '#services/s3/reports/destination.ts';
import { dueOf, type NextReport, scheduleReport } from '#services/s3/reports/schedule.ts';

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

export const analyticsOperations = (parts: S3Parts) => configurationOperations(parts, 'Analytics', kindOf(parts));
