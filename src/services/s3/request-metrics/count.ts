/**
 * Request metrics: what each configuration of a bucket counts of its answers, under CloudWatch's names. Until there is a CloudWatch they
 * are the operator's, on the metrics port, and in memory alone, as all that stands there. Source: S3 User Guide, "Amazon S3
 * request metrics in CloudWatch", "CloudWatch metrics configurations".
 */
import type { Region } from '#platform/base/ids.ts';
import type { Metrics } from '#platform/metrics.ts';
import type { MetricsConfiguration } from '#platform/model/generated/s3.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import type { AnsweredRequest } from '#platform/web.ts';
import { findPoint } from '#services/s3/access-points/resolve.ts';
import { findBucket, type OpenBucket } from '#services/s3/buckets/open-bucket.ts';
import { type ConfigurationKind, configurationsOf } from '#services/s3/configurations/configurations.ts';
import { checkFilter, type Selection, selectionOf, selects } from '#services/s3/configurations/filters.ts';
import { newest } from '#services/s3/objects/versions.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { partitionOf } from '#services/s3/state.ts';

export const METRICS: ConfigurationKind<MetricsConfiguration> = {
  name: 'metrics',
  check: ({ Filter }) => checkFilter(Filter),
};

/** "Paginated list-oriented requests" are none of GetRequests. */
const BY_OPERATION: Readonly<Record<string, string>> = {
  ListObjects: 'ListRequests',
  ListObjectsV2: 'ListRequests',
  ListObjectVersions: 'ListRequests',
  ListMultipartUploads: 'ListRequests',
  ListParts: 'ListRequests',
  DeleteObjects: 'DeleteRequests',
  SelectObjectContent: 'SelectRequests',
};
const BY_METHOD: Readonly<Record<string, string>> = {
  GET: 'GetRequests',
  PUT: 'PutRequests',
  DELETE: 'DeleteRequests',
  HEAD: 'HeadRequests',
  POST: 'PostRequests',
};

/** Metric -> amount, of one answer; undefined for operations on the bucket itself, which are not counted. */
function metricsOf(answered: AnsweredRequest): Readonly<Record<string, number>> | undefined {
  const { operation, method, labels, status, bytesSent, contentLength = 0, milliseconds } = answered;
  const kind = BY_OPERATION[operation] ?? (labels['Key'] === undefined ? undefined : BY_METHOD[method]);
  if (kind === undefined) return undefined;
  return {
    AllRequests: 1,
    [kind]: 1,
    BytesDownloaded: method === 'HEAD' ? 0 : bytesSent,
    BytesUploaded: contentLength,
    '4xxErrors': status >= 400 && status < 500 ? 1 : 0,
    '5xxErrors': status >= 500 ? 1 : 0,
    FirstByteLatency: milliseconds,
  };
}

/** Labels -> metric -> sum. */
type Counts = Map<string, Map<string, number>>;

/** Throws nothing: an answer is given, whether it can be counted or not. */
export function requestMetrics(parts: S3Parts): (answered: AnsweredRequest) => void {
  const counts: Counts = new Map();
  showCounts(parts.metrics, counts);
  return (answered) => {
    try {
      count(parts, counts, answered);
    } catch {
      // The store fails, or the access point that was asked by is none.
    }
  };
}

function count(parts: S3Parts, counts: Counts, answered: AnsweredRequest): void {
  const { Bucket: given = '', Key: key } = answered.labels;
  // Of the scope's form, or none: then no access point is found.
  const point = findPoint(parts, given, { region: answered.region as Region, address: undefined });
  const name = point?.bucket ?? given;
  const owner = name === '' ? undefined : parts.directory.find(name);
  if (owner === undefined) return;
  const ids = partitionOf(parts.store, owner).read((tx) => {
    const bucket = findBucket(tx, parts.sealer, name);
    return bucket === undefined ? [] : countedBy(tx, bucket, key, point?.arn);
  });
  const amounts = ids.length === 0 ? undefined : metricsOf(answered);
  if (amounts === undefined) return;
  for (const id of ids) {
    add(counts, `account="${owner.account}",region="${owner.region}",bucket="${name}",filter="${id}"`, amounts);
  }
}

/** "If you specify a filter, only requests that operate on single objects can match the filter". */
function countedBy(
  tx: ReadTransaction,
  bucket: OpenBucket,
  key: string | undefined,
  point: string | undefined,
): string[] {
  const all = configurationsOf<MetricsConfiguration>(tx, bucket, METRICS);
  if (all.length === 0) return [];
  return all
    .filter(({ Filter }) => {
      if (Filter === undefined) return true;
      const selection = selectionOf(Filter);
      const isPoint = selection.accessPoint === undefined || selection.accessPoint === point;
      return isPoint && key !== undefined && isOf(tx, bucket, selection, key);
    })
    .map(({ Id }) => Id);
}

const isOf = (tx: ReadTransaction, bucket: OpenBucket, selection: Selection, key: string): boolean =>
  selects(selection, key, selection.tags.length === 0 ? {} : newest(tx, bucket, key)?.tags);

/** Configurations are their users' to make, and memory is everybody's. */
const MOST_COUNTED = 10_000;

function add(counts: Counts, labels: string, amounts: Readonly<Record<string, number>>): void {
  let sums = counts.get(labels);
  if (sums === undefined) {
    if (counts.size >= MOST_COUNTED) return;
    sums = new Map();
    counts.set(labels, sums);
  }
  for (const [metric, amount] of Object.entries(amounts)) sums.set(metric, (sums.get(metric) ?? 0) + amount);
}

const showCounts = (metrics: Metrics, counts: Counts): void =>
  metrics.counters('s3_request_metrics_total', 'Request metrics of S3 buckets, under their CloudWatch names.', () =>
    [...counts].flatMap(([labels, sums]) =>
      [...sums].map(([metric, sum]) => [`${labels},metric="${metric}"`, sum] as const),
    ),
  );
