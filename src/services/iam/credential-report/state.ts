/** The account's newest credential report: one row says how far it is, its text is in parts. */
import { jsonRows, table, text, u64 } from '#platform/store/keys.ts';

export interface ReportRow {
  readonly isBeingMade: boolean;
  readonly generatedAt?: number;
}

export const reports = table('credential-report', [text], jsonRows<ReportRow>(1));
export const REPORT = 'newest';

/** `newest`, number of the part from 0. */
export const reportParts = table(
  'credential-report-part',
  [text, u64],
  jsonRows<{ readonly lines: readonly string[] }>(1),
);
