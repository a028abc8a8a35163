/** UpdateJobStatus and UpdateJobPriority: what people may do with a job while it lives. */
import type {
  UpdateJobPriorityRequest,
  UpdateJobPriorityResult,
  UpdateJobStatusRequest,
  UpdateJobStatusResult,
} from '#platform/model/generated/s3control.ts';
import type { Call } from '#platform/service.ts';
import { badRequest, fail } from '#services/s3control/errors.ts';
import { changeStatus, openJob, unfinished, wake } from '#services/s3control/jobs/jobs.ts';
import { inTurn } from '#services/s3control/jobs/schedule.ts';
import { hasEnded, type JobRow } from '#services/s3control/jobs/state.ts';

/** Requested status -> from which statuses it may be asked for, and what the job becomes. */
const CHANGES = {
  Ready: { from: ['Suspended'], to: 'Ready' },
  Cancelled: { from: ['New', 'Preparing', 'Suspended', 'Ready', 'Active', 'Pausing', 'Paused'], to: 'Cancelling' },
} as const satisfies Record<string, { from: readonly JobRow['status'][]; to: JobRow['status'] }>;

export function updateJobStatus(input: UpdateJobStatusRequest, call: Call): UpdateJobStatusResult {
  const job = openJob(call.tx, input.JobId);
  // Validated: one of the model's two.
  const { from, to } = CHANGES[input.RequestedJobStatus as keyof typeof CHANGES];
  if (!(from as readonly string[]).includes(job.status))
    fail('JobStatusException', `The job is ${job.status} and can't become ${input.RequestedJobStatus}.`);
  const { StatusUpdateReason: reason } = input;
  changeStatus(call.tx, job, { status: to, ...(reason !== undefined && { reason }) }, call.now);
  wake(call.tx, job.id, call.now);
  return { JobId: job.id, Status: to, ...(reason !== undefined && { StatusUpdateReason: reason }) };
}

export function updateJobPriority({ JobId, Priority }: UpdateJobPriorityRequest, call: Call): UpdateJobPriorityResult {
  const job = openJob(call.tx, JobId);
  if (hasEnded(job)) badRequest(`The job is ${job.status}: its priority can't be changed.`);
  changeStatus(call.tx, job, { priority: Priority }, call.now);
  // Its turn may have come, or that of one that it was before.
  for (const { id, status } of inTurn(unfinished(call.tx))) if (status !== 'Active') wake(call.tx, id, call.now);
  return { JobId, Priority };
}
