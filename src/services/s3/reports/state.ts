/** Reports that are being made: inventories and analyses of a bucket. */
import { jsonRows, table, text, u64 } from '#platform/store/keys.ts';

/** Of the settings and timers too. */
export type ReportKind = 'inventory' | 'analytics';

export interface ReportFile {
  readonly key: string;
  readonly size: number;
  readonly MD5checksum: string;
}

/** The last version that was listed. */
export interface ReportPosition {
  readonly key: string;
  readonly sequence: number;
}

export interface ReportRow {
  readonly bucket: string;
  readonly startedAt: number;
  /** Where it goes on after a file, or after a crash. */
  readonly position?: ReportPosition;
  readonly files: readonly ReportFile[];
  readonly listed: number;
}

/** Bucket's id, kind, configuration's id. */
export const reports = table('report', [u64, text, text], jsonRows<ReportRow>(1));
