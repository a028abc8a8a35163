/**
 * A job's way through its statuses ("Tracking job status and completion reports"), a step at a time: each ends with a row that is on disk, so a
 * crash costs the tasks of one chunk, which run again. Who changes a job from outside writes its status and wakes its runner.
 */
import { type Clock, type Milliseconds, seconds } from '#platform/base/clock.ts';
import type { AccountId } from '#platform/base/ids.ts';
import { ServiceError } from '#platform/error.ts';
import type { Assumption } from '#platform/jobs/as-role.ts';
import { setTimer } from '#platform/jobs/timers.ts';
import { meterIn } from '#platform/metering/usage.ts';
import type { JobStatus } from '#platform/model/generated/s3control.ts';
import type { Input, JobCall, Output, TimerJob, Work } from '#platform/service.ts';
import { again } from '#platform/store/again.ts';
import type { Partition, Transaction } from '#platform/store/store.ts';
import { changeStatus, findJob, jobArn, unfinished, wake } from '#services/s3control/jobs/jobs.ts';
import { ManifestProblem } from '#services/s3control/jobs/manifest.ts';
import { prepareTasks } from '#services/s3control/jobs/prepare.ts';
import { writeManifest, writeReport } from '#services/s3control/jobs/report.ts';
import { inTurn } from '#services/s3control/jobs/schedule.ts';
import {
  hasEnded,
  type JobRow,
  resultChunks,
  TASKS_IN_CHUNK,
  type TaskResult,
  taskChunks,
} from '#services/s3control/jobs/state.ts';
import { perform } from '#services/s3control/jobs/tasks.ts';
import type { S3ControlParts } from '#services/s3control/parts.ts';

export const AGAIN_JOB = 'run-job-again';
const PAUSE: Milliseconds = seconds(5);
const SERVICE = 'batchoperations.s3.amazonaws.com';
const SESSION = 's3-batch-operations';
/** Tasks of a chunk that run beside each other. */
const AT_ONCE = 10;
/** "When a job has run at least 1,000 tasks … if the failure rate … exceeds 50 percent, the job fails." */
const THRESHOLD_TASKS = 1000;
const THRESHOLD_RATE = 0.5;

export interface Run {
  readonly id: string;
  readonly job: JobRow;
  readonly partition: Partition;
  readonly clock: Clock;
  readonly parts: S3ControlParts;
  readonly assumption: Assumption;
  /** An operation of S3's on a bucket, as the job's role. */
  ask(operation: string, bucket: string, input: Input, isInternal?: true): Promise<Output>;
  /** Throws when the cloud stops. */
  checkStop(): void;
}

export const runJob =
  (parts: S3ControlParts): Work =>
  async (input, call, signal) => {
    const id = String(input['id']);
    try {
      while (await step(parts, id, call, signal)) await call.partition.durable();
    } catch (error) {
      if (signal.aborted) throw error;
      call.log.log('warn', 'a job waits', { id, reason: String(error) });
      const due = call.clock.now() + PAUSE;
      const timer = { job: AGAIN_JOB, id, due, payload: { id } };
      await again(() => call.partition.transact((tx) => setTimer(tx, timer)));
    }
  };

export const wakeAgain: TimerJob = (tx, payload, { now }) => wake(tx, String(payload['id']), now);

/** Whether there is more to do now. */
async function step(parts: S3ControlParts, id: string, call: JobCall, signal: AbortSignal): Promise<boolean> {
  signal.throwIfAborted();
  const job = await again(() => call.partition.read((tx) => findJob(tx, id)));
  const next = job && STEPS[job.status];
  return job !== undefined && next !== undefined && (await next(runOf(parts, job, call, signal)));
}

function runOf(
  parts: S3ControlParts,
  job: JobRow,
  { partition, clock, account, region }: JobCall,
  signal: AbortSignal,
): Run {
  const assumption: Assumption = {
    role: job.roleArn,
    sessionName: SESSION,
    servicePrincipal: SERVICE,
    sourceArn: jobArn(account as AccountId, region, job.id),
    sourceAccount: account,
    region,
  };
  return {
    id: job.id,
    job,
    partition,
    clock,
    parts,
    assumption,
    ask: (operation, bucket, input, isInternal) =>
      parts.callAsRole(assumption, {
        service: 's3',
        operation,
        input,
        region: parts.buckets.find(bucket)?.region ?? region,
        ...(isInternal && { isInternal }),
      }),
    checkStop: () => signal.throwIfAborted(),
  };
}

/** Changes the job if its status is still what the step began with. */
const change = (run: Run, changes: Partial<JobRow>): boolean | Promise<boolean> =>
  again(() => run.partition.transact((tx) => changeIn(tx, run, changes)));

function changeIn(tx: Transaction, run: Run, changes: Partial<JobRow>): boolean {
  const now = findJob(tx, run.id);
  if (now === undefined || now.status !== run.job.status) return now !== undefined;
  const changed = changeStatus(tx, now, changes, run.clock.now());
  if (hasEnded(changed)) meterIn(tx, run.clock.now(), usage(run.assumption, 'BatchOperations-Jobs'), 1);
  return true;
}

const STEPS: Readonly<Partial<Record<JobStatus, (run: Run) => boolean | Promise<boolean>>>> = {
  New: (run) => change(run, { status: 'Preparing' }),
  Preparing: prepare,
  Ready: start,
  Paused: start,
  Active: work,
  Pausing: (run) => change(run, { status: 'Paused' }),
  Completing: (run) => end(run, 'Complete'),
  Cancelling: (run) => end(run, 'Cancelled'),
  Failing: (run) => end(run, 'Failed'),
};

const failing = (code: string, reason: string): Partial<JobRow> => ({
  status: 'Failing',
  failures: [{ FailureCode: code.slice(0, 64), FailureReason: reason.slice(0, 256) }],
});

async function prepare(run: Run): Promise<boolean> {
  try {
    const total = await prepareTasks(run);
    if (total === undefined) return true;
    const generated = await writeManifest(run);
    const ready = run.job.needsConfirmation
      ? ({ status: 'Suspended', suspendedAt: run.clock.now() } as const)
      : ({ status: 'Ready' } as const);
    return change(run, { total, ...(generated && { generated }), ...ready });
  } catch (error) {
    if (error instanceof ManifestProblem) return change(run, failing(error.code, error.message));
    if (isRefusal(error)) return change(run, failing(error.code, `The manifest could not be written: ${error.code}`));
    throw error;
  }
}

const isRefusal = (error: unknown): error is ServiceError =>
  error instanceof ServiceError && (error.status ?? 400) < 500;

const hasTurn = ({ partition, id }: Run): boolean | Promise<boolean> =>
  again(() => partition.read((tx) => inTurn(unfinished(tx)).some((job) => job.id === id)));

async function start(run: Run): Promise<boolean> {
  return (await hasTurn(run)) && change(run, { status: 'Active', activeSince: run.clock.now() });
}

/** One chunk of tasks. */
async function work(run: Run): Promise<boolean> {
  if (!(await hasTurn(run))) return change(run, { status: 'Pausing' });
  const { partition, id, job } = run;
  const place = taskChunks.key(id, job.doneChunks);
  const chunk = await again(() => partition.read((tx) => tx.get(taskChunks, place)));
  if (chunk === undefined) return change(run, { status: 'Completing' });
  const results: TaskResult[] = [];
  for (let at = 0; at < chunk.tasks.length; at += AT_ONCE) {
    const some = chunk.tasks.slice(at, at + AT_ONCE);
    results.push(...(await Promise.all(some.map((task) => perform(run.parts, run.assumption, job.operation, task)))));
    run.checkStop();
  }
  await again(() => noteResults(run, results));
  return true;
}

/** "BatchOperations-Jobs" and "-Objects" are of the usage reports; that a job counts when it ends is from memory. */
const usage = ({ sourceArn }: Assumption, usageType: string) => ({
  usageType,
  operation: 'BatchOperations',
  resource: sourceArn,
});

/** What was done counts, even if the job was cancelled meanwhile. */
function noteResults({ partition, id, job, clock, assumption }: Run, results: readonly TaskResult[]): void {
  const failed = results.filter(({ code }) => code !== '');
  partition.transact((tx) => {
    const now = findJob(tx, id);
    if (now === undefined || now.doneChunks !== job.doneChunks) return;
    const reported = now.report.ReportScope === 'FailedTasksOnly' ? failed : results;
    if (now.report.Enabled && reported.length > 0)
      tx.put(resultChunks, resultChunks.key(id, job.doneChunks), { results: reported });
    tx.delete(taskChunks, taskChunks.key(id, job.doneChunks));
    const counted = {
      ...now,
      doneChunks: now.doneChunks + 1,
      failed: now.failed + failed.length,
      succeeded: now.succeeded + results.length - failed.length,
    };
    const isDone = counted.doneChunks * TASKS_IN_CHUNK >= (counted.total ?? 0);
    const changes =
      now.status !== 'Active'
        ? {}
        : isOverThreshold(counted)
          ? failing('TaskFailureThresholdExceeded', 'The job failed because more than 50 percent of its tasks failed.')
          : isDone
            ? ({ status: 'Completing' } as const)
            : {};
    changeStatus(tx, now, { ...counted, ...changes }, clock.now());
    meterIn(tx, clock.now(), usage(assumption, 'BatchOperations-Objects'), results.length);
  });
}

function isOverThreshold({ succeeded, failed }: JobRow): boolean {
  const all = succeeded + failed;
  return all >= THRESHOLD_TASKS && failed / all > THRESHOLD_RATE;
}

/** "As long as S3 Batch Operations successfully invoke at least one task, Amazon S3 generates a completion report". */
async function end(run: Run, status: 'Complete' | 'Cancelled' | 'Failed'): Promise<boolean> {
  try {
    await writeReport(run);
    return change(run, { status });
  } catch (error) {
    if (!isRefusal(error)) throw error;
    const FailureReason = 'The job report could not be written to your report bucket. Please check your permissions.';
    const failures = [...(run.job.failures ?? []), { FailureCode: error.code, FailureReason }];
    return change(run, { status: status === 'Complete' ? 'Failed' : status, failures });
  }
}
