/** Each midnight: what the day that ended has stored, by class and age, is counted, and the whole history is written to the export. */
import { meter } from '#platform/metering/usage.ts';
import type { AnalyticsConfiguration } from '#platform/model/generated/s3.ts';
import { again } from '#platform/store/again.ts';
import { ageGroupOf, analysisFile, type Observation } from '#services/s3/analytics/analysis.ts';
import { ANALYTICS } from '#services/s3/analytics/count.ts';
import { type AccessRow, accesses, type StoredRow, stored } from '#services/s3/analytics/state.ts';
import { configurationsOf } from '#services/s3/configurations/configurations.ts';
import { selectionOf, selects } from '#services/s3/configurations/filters.ts';
import { pageAfter, positionOf } from '#services/s3/inventory/walk.ts';
import { bucketArn } from '#services/s3/names.ts';
import { destinationFolder, putReport } from '#services/s3/reports/destination.ts';
import type { Report } from '#services/s3/reports/run.ts';
import type { ReportPosition } from '#services/s3/reports/state.ts';

/** So much of the past stands in the file. */
const KEPT_DAYS = 730;
const NO_ACCESS: AccessRow = { requests: 0, retrieved: 0, uploaded: 0 };
const NOTHING_STORED: StoredRow = { objects: 0, bytes: 0 };

export async function makeAnalysis(report: Report): Promise<void> {
  const { bucket, configuration, job, parts, signal, row } = report;
  const all = await again(() =>
    job.partition.read((tx) => configurationsOf<AnalyticsConfiguration>(tx, bucket, ANALYTICS)),
  );
  const found = all.find(({ Id }) => Id === configuration);
  if (found === undefined) return;
  const ended = Math.floor(row.startedAt / parts.day) - 1;
  const sums = await countStored(report, found);
  if (signal.aborted) return;
  await again(() => keepDay(report, ended, sums));
  await job.partition.durable();
  const count = [...sums.values()].reduce((sum, { objects }) => sum + objects, 0);
  const dimension = {
    usageType: 'StorageAnalytics-ObjCount',
    operation: 'Analytics',
    resource: bucketArn(bucket.name),
  };
  meter(job.partition, job.clock.now(), dimension, count);
  const destination = found.StorageClassAnalysis.DataExport?.Destination.S3BucketDestination;
  if (destination === undefined) return;
  const body = Buffer.from(analysisFile(found, observationsOf(report), parts.day));
  const source = { bucket: bucket.name, account: job.account, region: job.region };
  await putReport(parts, source, destination, {
    key: `${destinationFolder(destination)}${bucket.name}/${found.Id}.csv`,
    body,
    contentType: 'text/csv',
    ...(destination.BucketAccountId && { further: { ExpectedBucketOwner: destination.BucketAccountId } }),
  });
}

type ByClassAndGroup = Map<string, StoredRow>;

async function countStored({ job, bucket, parts, row, signal }: Report, { Filter }: AnalyticsConfiguration) {
  const selection = selectionOf(Filter);
  const scope = { prefix: selection.prefix, withVersions: true };
  const sums: ByClassAndGroup = new Map();
  let position: ReportPosition | undefined;
  while (!signal.aborted) {
    const from = position;
    const page = await again(() => job.partition.read((tx) => pageAfter(tx, bucket, scope, from)));
    const last = page.at(-1);
    if (last === undefined) break;
    for (const { key, row: version } of page) {
      if (version.isDeleteMarker || !selects(selection, key, version.tags)) continue;
      const group = ageGroupOf(version, row.startedAt, parts.day);
      const place = `${version.storageClass ?? 'STANDARD'} ${group}`;
      const { objects, bytes } = sums.get(place) ?? NOTHING_STORED;
      sums.set(place, { objects: objects + 1, bytes: bytes + version.bytes });
    }
    position = positionOf(last);
    // Others have their turn between pages.
    await new Promise((resolve) => setImmediate(resolve));
  }
  return sums;
}

function keepDay({ job, bucket, configuration }: Report, day: number, sums: ByClassAndGroup): void {
  job.partition.transact((tx) => {
    for (const [place, row] of sums) {
      const [storageClass = '', group] = place.split(' ');
      tx.put(stored, stored.key(bucket.id, configuration, day, storageClass, Number(group)), row);
    }
    const before = [bucket.id, configuration, Math.max(0, day - KEPT_DAYS)] as const;
    for (const table of [stored, accesses]) {
      const old = tx.range<object, [number, string, number, string, number]>(table, {
        prefix: [bucket.id, configuration],
        before: table.key(...before, '', 0),
      });
      for (const { key } of old) tx.delete(table, key);
    }
  });
}

/** Days that have ended. */
function observationsOf({ job, bucket, configuration, row, parts }: Report): readonly Observation[] {
  const today = Math.floor(row.startedAt / parts.day);
  const found = new Map<string, Observation>();
  const add = (day: number, storageClass: string, group: number, amounts: AccessRow | StoredRow): void => {
    if (day >= today) return;
    const place = `${day} ${storageClass} ${group}`;
    const before = found.get(place) ?? { ...NO_ACCESS, ...NOTHING_STORED, day, storageClass, group };
    found.set(place, { ...before, ...amounts });
  };
  const prefix: [number, string] = [bucket.id, configuration];
  job.partition.read((tx) => {
    for (const { key, row: amounts } of tx.range(stored, { prefix })) {
      const [, , day, storageClass, group] = stored.parts(key);
      add(day, storageClass, group, amounts);
    }
    for (const { key, row: amounts } of tx.range(accesses, { prefix })) {
      const [, , day, storageClass, group] = accesses.parts(key);
      add(day, storageClass, group, amounts);
    }
  });
  return [...found.values()];
}
