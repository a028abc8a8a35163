/** Operations on configurations of request metrics. */
import { configurationOperations } from '#services/s3/configurations/operations.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { METRICS } from '#services/s3/request-metrics/count.ts';

export const metricsOperations = (parts: S3Parts) => configurationOperations(parts, 'Metrics', METRICS);
