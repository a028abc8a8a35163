/** DescribeJob and ListJobs. */
import type {
  DescribeJobRequest,
  DescribeJobResult,
  JobDescriptor,
  JobListDescriptor,
  JobProgressSummary,
  ListJobsRequest,
  ListJobsResult,
} from '#platform/model/generated/s3control.ts';
import type { Call } from '#platform/service.ts';
import { fail } from '#services/s3control/errors.ts';
import { jobArn, openJob } from '#services/s3control/jobs/jobs.ts';
import { type JobRow, jobs, operationName } from '#services/s3control/jobs/state.ts';
import type { S3ControlParts } from '#services/s3control/parts.ts';

export function describeJob({ JobId }: DescribeJobRequest, call: Call): DescribeJobResult {
  return { Job: descriptorOf(openJob(call.tx, JobId), call) };
}

function descriptorOf(job: JobRow, { account, region, now }: Call): JobDescriptor {
  return {
    JobId: job.id,
    ConfirmationRequired: job.needsConfirmation,
    ...(job.description !== undefined && { Description: job.description }),
    JobArn: jobArn(account, region, job.id),
    Status: job.status,
    ...(job.manifest && { Manifest: job.manifest }),
    Operation: job.operation,
    Priority: job.priority,
    ProgressSummary: progressOf(job, now),
    ...(job.reason !== undefined && { StatusUpdateReason: job.reason }),
    ...(job.failures && { FailureReasons: job.failures }),
    Report: job.report,
    CreationTime: job.createdAt,
    ...(job.terminatedAt !== undefined && { TerminationDate: job.terminatedAt }),
    RoleArn: job.roleArn,
    ...(job.suspendedAt !== undefined && { SuspendedDate: job.suspendedAt, SuspendedCause: SUSPENDED_CAUSE }),
    ...(job.generator && { ManifestGenerator: job.generator }),
    ...(job.generated && { GeneratedManifestDescriptor: job.generated }),
  };
}

/** The one cause that there is ("Granting permissions for Amazon S3 Batch Operations", of s3:JobSuspendedCause). */
export const SUSPENDED_CAUSE = 'AWAITING_CONFIRMATION';

function progressOf({ total = 0, succeeded, failed, activeMilliseconds, activeSince }: JobRow, now: number) {
  const active = activeMilliseconds + (activeSince === undefined ? 0 : now - activeSince);
  return {
    TotalNumberOfTasks: total,
    NumberOfTasksSucceeded: succeeded,
    NumberOfTasksFailed: failed,
    Timers: { ElapsedTimeInActiveSeconds: Math.floor(active / 1000) },
  } satisfies JobProgressSummary;
}

const MOST_LISTED = 1000;
const ROWS_AT_ONCE = 1000;

/** The newest first. */
export const listJobs =
  ({ pages }: S3ControlParts) =>
  (input: ListJobsRequest, call: Call): ListJobsResult => {
    const { JobStatuses: statuses = [], NextToken: token } = input;
    const limit = input.MaxResults || MOST_LISTED;
    const bound = [...statuses];
    const before =
      token === undefined ? undefined : pages.open(call, bound, token, () => fail('InvalidNextTokenException'));
    const after = before === undefined ? {} : { after: jobs.key(before) };
    // A page looks at so many, whatever it finds.
    const rows = call.tx.range(jobs, { ...after, reverse: true, limit: ROWS_AT_ONCE }).map(({ row }) => row);
    const found = rows.filter(({ status }) => statuses.length === 0 || statuses.includes(status));
    const page = found.slice(0, limit);
    const last = found.length > page.length ? page.at(-1) : rows.length === ROWS_AT_ONCE ? rows.at(-1) : undefined;
    return {
      Jobs: page.map((job) => listed(job, call.now)),
      ...(last && { NextToken: pages.seal(call, bound, last.id) }),
    };
  };

const listed = (job: JobRow, now: number): JobListDescriptor => ({
  JobId: job.id,
  ...(job.description !== undefined && { Description: job.description }),
  Operation: operationName(job),
  Priority: job.priority,
  Status: job.status,
  CreationTime: job.createdAt,
  ...(job.terminatedAt !== undefined && { TerminationDate: job.terminatedAt }),
  ProgressSummary: progressOf(job, now),
});
