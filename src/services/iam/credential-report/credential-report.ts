/**
 * The credential report: who has which credentials, as CSV. It is made by a timer of the account, some hundred users a run, so that no
 * request waits for it; within four hours the same report is answered again.
 */
import { hours } from '#platform/base/clock.ts';
import { fail } from '#platform/error.ts';
import { setTimer } from '#platform/jobs/timers.ts';
import type * as Model from '#platform/model/generated/iam.ts';
import type { Call, TimerJob } from '#platform/service.ts';
import { HEADER, rootLine, userLine } from '#services/iam/credential-report/columns.ts';
import { REPORT, reportParts, reports } from '#services/iam/credential-report/state.ts';
import { namedRows } from '#services/iam/paging.ts';
import { users, wholeSecond } from '#services/iam/state.ts';

/** "You can generate a credential report as often as once every four hours." */
const GOOD_FOR = hours(4);

const JOB = 'makeCredentialReport';
const USERS_AT_ONCE = 500;
const newest = reports.key(REPORT);

export function generateCredentialReport(_input: object, { tx, now }: Call): Model.GenerateCredentialReportResponse {
  const report = tx.get(reports, newest);
  if (report?.isBeingMade) return { State: 'INPROGRESS' };
  const { generatedAt } = report ?? {};
  if (generatedAt !== undefined && now < generatedAt + GOOD_FOR) return { State: 'COMPLETE' };
  tx.deleteRange(reportParts, [REPORT]);
  tx.put(reports, newest, { isBeingMade: true });
  setTimer(tx, { job: JOB, id: REPORT, due: now, payload: { part: 0 } });
  return { State: 'STARTED', Description: 'No report exists. Starting a new report generation task' };
}

/** `part`: how many are done; `after`: the user that the last one ended with. */
export const makeCredentialReport: TimerJob = (tx, payload, { account, now }) => {
  // Set here and above alone.
  const { part, after } = payload as { part: number; after?: string };
  const lines = part === 0 ? [HEADER, rootLine(tx, account)] : [];
  let last: string | undefined;
  for (const [key, row] of namedRows(tx, users, after)) {
    if (lines.push(userLine(tx, account, row)) < USERS_AT_ONCE) continue;
    last = key;
    break;
  }
  tx.put(reportParts, reportParts.key(REPORT, part), { lines });
  if (last === undefined) tx.put(reports, newest, { isBeingMade: false, generatedAt: wholeSecond(now) });
  else setTimer(tx, { job: JOB, id: REPORT, due: now, payload: { part: part + 1, after: last } });
};

export function getCredentialReport(_input: object, { tx, now }: Call): Model.GetCredentialReportResponse {
  const report = tx.get(reports, newest);
  if (report?.isBeingMade) fail('ReportInProgress', 'The credential report is still being generated.');
  const { generatedAt } = report ?? {};
  if (generatedAt === undefined) {
    return fail('ReportNotPresent', 'No credential report exists. Use GenerateCredentialReport to generate a report.');
  }
  if (now >= generatedAt + GOOD_FOR) {
    fail(
      'ReportExpired',
      'The most recent credential report has expired. Use GenerateCredentialReport to generate a new report.',
    );
  }
  const lines = tx.range(reportParts, { prefix: [REPORT] }).flatMap(({ row }) => row.lines);
  return { Content: Buffer.from(lines.join('\n')), ReportFormat: 'text/csv', GeneratedTime: generatedAt };
}
