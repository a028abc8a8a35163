/** Jobs as rows: reading them, and changing their status with all that hangs on it. */
import { days, type Milliseconds } from '#platform/base/clock.ts';
import type { AccountId, Region } from '#platform/base/ids.ts';
import { send } from '#platform/jobs/outbox.ts';
import { setTimer } from '#platform/jobs/timers.ts';
import type { TimerJob } from '#platform/service.ts';
import type { Partition, ReadTransaction, Transaction } from '#platform/store/store.ts';
import { deleteTags } from '#platform/tags.ts';
import { fail } from '#services/s3control/errors.ts';
import { recordJobEvent } from '#services/s3control/jobs/events.ts';
import { inTurn } from '#services/s3control/jobs/schedule.ts';
import { hasEnded, type JobRow, jobs, openJobs, resultChunks, taskChunks } from '#services/s3control/jobs/state.ts';

export const RUN_WORK = 'RunJob';
export const FORGET_JOB = 'forget-job';
/** "jobs that have ended within the last 90 days" (ListJobs). */
const KEPT_FOR: Milliseconds = days(90);

export const jobArn = (account: AccountId, region: Region, id: string): string =>
  `arn:aws:s3:${region}:${account}:job/${id}`;

const arnIn = ({ name: { account, region } }: Partition, id: string): string =>
  // Jobs lie in partitions of accounts.
  jobArn(account as AccountId, region, id);

export const findJob = (tx: ReadTransaction, id: string): JobRow | undefined => tx.get(jobs, jobs.key(id));
export const openJob = (tx: ReadTransaction, id: string): JobRow => findJob(tx, id) ?? fail('NoSuchJob');

/** Those that have not ended. */
export const unfinished = (tx: ReadTransaction): readonly JobRow[] =>
  tx.range(openJobs).flatMap(({ key }) => findJob(tx, openJobs.parts(key)[0]) ?? []);

/** Tells the job's runner (run.ts) that there is something to do. */
export const wake = (tx: Transaction, id: string, now: number): void =>
  send(tx, now, {
    service: 's3control',
    operation: RUN_WORK,
    input: { id },
    region: tx.partition.name.region,
    sourceArn: arnIn(tx.partition, id),
    target: `job ${id}`,
  });

/** Writes a job whose status changes. One that ends lets others have its turn. */
export function changeStatus(tx: Transaction, before: JobRow, changes: Partial<JobRow>, now: number): JobRow {
  const row = { ...before, ...changes };
  const job = before.status === 'Active' && row.status !== 'Active' ? stopped(row, now) : row;
  const ended = hasEnded(job) ? { ...job, terminatedAt: now } : job;
  tx.put(jobs, jobs.key(job.id), ended);
  if (ended.status !== before.status) recordJobEvent(tx, 'JobStatusChanged', ended, arnIn(tx.partition, ended.id), now);
  if (!hasEnded(ended)) {
    tx.put(openJobs, openJobs.key(job.id), {});
    return ended;
  }
  tx.delete(openJobs, openJobs.key(job.id));
  tx.deleteRange(taskChunks, [job.id]);
  tx.deleteRange(resultChunks, [job.id]);
  setTimer(tx, { job: FORGET_JOB, id: job.id, due: now + KEPT_FOR, payload: { id: job.id } });
  for (const { id, status } of inTurn(unfinished(tx))) if (status !== 'Active') wake(tx, id, now);
  return ended;
}

/** Without the time since when it was active, which counts now. */
function stopped({ activeSince, ...job }: JobRow, now: number): JobRow {
  return { ...job, activeMilliseconds: job.activeMilliseconds + now - (activeSince ?? now) };
}

export const forgetJob: TimerJob = (tx, payload) => {
  const id = String(payload['id']);
  tx.delete(jobs, jobs.key(id));
  deleteTags(tx, arnIn(tx.partition, id));
};
