/**
 * Makes the reports that are due: reads the bucket page by page, so neither a transaction nor memory is held, and writes what it
 * found as objects of the destination. Where it stands is a row, so after a crash it goes on from the last file.
 */
import { type Milliseconds, minutes } from '#platform/base/clock.ts';
import { isAccountId } from '#platform/base/ids.ts';
import { ServiceError } from '#platform/error.ts';
import type { JobCall, Reconciler } from '#platform/service.ts';
import { again } from '#platform/store/again.ts';
import type { Key } from '#platform/store/keys.ts';
import { findBucket, type OpenBucket } from '#services/s3/buckets/open-bucket.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { type ReportKind, type ReportRow, reports } from '#services/s3/reports/state.ts';

const EVERY: Milliseconds = minutes(5);

export interface Report {
  readonly parts: S3Parts;
  readonly job: JobCall;
  readonly bucket: OpenBucket;
  readonly configuration: string;
  readonly row: ReportRow;
  /** Keeps how far it is. */
  readonly save: (row: ReportRow) => Promise<void>;
  readonly signal: AbortSignal;
}

/** Ends when the report is delivered, or nobody wants it any more; throws what the destination answers. */
export type MakeReport = (report: Report) => Promise<void>;

export const makeReports =
  (parts: S3Parts, makers: Readonly<Record<ReportKind, MakeReport>>): Reconciler =>
  async (job, signal) => {
    if (!isAccountId(job.account)) return undefined;
    let after: Key | undefined;
    while (!signal.aborted) {
      const next = { limit: 1, ...(after && { after }) };
      const [due] = await again(() => job.partition.read((tx) => tx.range(reports, next)));
      if (due === undefined) break;
      after = due.key;
      await makeReport(parts, makers, job, due.key, due.row, signal);
    }
    return EVERY;
  };

async function makeReport(
  parts: S3Parts,
  makers: Readonly<Record<ReportKind, MakeReport>>,
  job: JobCall,
  place: Key,
  row: ReportRow,
  signal: AbortSignal,
): Promise<void> {
  const { partition, log } = job;
  const [bucketId, kind, configuration] = reports.parts(place);
  const bucket = await again(() => partition.read((tx) => findBucket(tx, parts.sealer, row.bucket)));
  const save = async (changed: ReportRow): Promise<void> => {
    partition.transact((tx) => tx.put(reports, place, changed));
    await partition.durable();
  };
  try {
    const report = { parts, job, bucket, configuration, row, save, signal };
    // The key's kind is one of those that the timers write.
    if (bucket?.id === bucketId) await makers[kind as ReportKind]({ ...report, bucket });
  } catch (error) {
    // A destination that refuses gets no report; one that fails is tried again.
    if (!(error instanceof ServiceError) || (error.status ?? 400) >= 500) throw error;
    log.log('info', 'a report was refused', { kind, bucket: row.bucket, configuration, code: error.code });
  }
  if (signal.aborted) return;
  partition.transact((tx) => tx.delete(reports, place));
  await partition.durable();
}
