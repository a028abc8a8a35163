/** When reports are due. A timer for each configuration says that one is to be made; run.ts makes it. */
import type { Milliseconds } from '#platform/base/clock.ts';
import { cancelTimer, setTimer } from '#platform/jobs/timers.ts';
import type { TimerJob } from '#platform/service.ts';
import type { Transaction } from '#platform/store/store.ts';
import { dropAnalysis } from '#services/s3/analytics/count.ts';
import { findBucket } from '#services/s3/buckets/open-bucket.ts';
import { nextMidnight } from '#services/s3/lifecycle/rules.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { type ReportKind, reports } from '#services/s3/reports/state.ts';
import type { BucketRow } from '#services/s3/state.ts';

export const REPORT_JOB = 'report';

interface Due {
  readonly kind: ReportKind;
  readonly bucket: string;
  readonly bucketId: number;
  readonly configuration: string;
}

const timerId = ({ kind, bucketId, configuration }: Due): string => `${kind}/${bucketId}/${configuration}`;

export const dueOf = (kind: ReportKind, { id, name }: Pick<BucketRow, 'id' | 'name'>, configuration: string): Due => ({
  kind,
  bucket: name,
  bucketId: id,
  configuration,
});

export const scheduleReport = (tx: Transaction, due: Due, at: Milliseconds): void =>
  setTimer(tx, { job: REPORT_JOB, id: timerId(due), due: at, payload: { ...due } });

export const cancelReport = (tx: Transaction, due: Due): void => cancelTimer(tx, REPORT_JOB, timerId(due));

const WEEK = 7;
/** The first day of all was a Thursday. */
const FIRST_SUNDAY = 3;

/** "If weekly, a report is generated every Sunday (UTC time zone) after the initial report." */
export function nextSunday(now: Milliseconds, day: Milliseconds): Milliseconds {
  const tomorrow = nextMidnight(now, day);
  const wait = (FIRST_SUNDAY - tomorrow / day + WEEK * Math.ceil(tomorrow / day)) % WEEK;
  return tomorrow + wait * day;
}

/** What was kept of a bucket for its reports; its timers find that it is gone. */
export function dropReports(tx: Transaction, { id }: Pick<BucketRow, 'id'>): void {
  tx.deleteRange(reports, [id]);
  dropAnalysis(tx, [id]);
}

/** When the next report is due; undefined: never again. */
export type NextReport = (tx: Transaction, due: Due, now: Milliseconds) => Milliseconds | undefined;

export const startReport =
  (parts: S3Parts, next: Readonly<Record<ReportKind, NextReport>>): TimerJob =>
  (tx, payload, { now }) => {
    // As it was set above.
    const due = payload as unknown as Due;
    const isThere = findBucket(tx, parts.sealer, due.bucket)?.id === due.bucketId;
    const again = isThere ? next[due.kind](tx, due, now) : undefined;
    if (again === undefined) return;
    scheduleReport(tx, due, again);
    const place = reports.key(due.bucketId, due.kind, due.configuration);
    // One that is still being made is not begun anew.
    if (tx.get(reports, place) !== undefined) return;
    tx.put(reports, place, { bucket: due.bucket, startedAt: now, files: [], listed: 0 });
  };
