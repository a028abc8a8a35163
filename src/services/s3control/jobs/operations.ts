/** Operations of S3 Batch Operations. Their condition keys tell of the job that is there, and of what is asked for. */
import type { AccountId } from '#platform/base/ids.ts';
import type { CreateJobRequest } from '#platform/model/generated/s3control.ts';
import { type CallScope, type ConditionValues, type Kind, passRole } from '#platform/service.ts';
import { updateJobPriority, updateJobStatus } from '#services/s3control/jobs/control.ts';
import { createJob } from '#services/s3control/jobs/create.ts';
import { describeJob, listJobs, SUSPENDED_CAUSE } from '#services/s3control/jobs/describe.ts';
import { FORGET_JOB, findJob, forgetJob, jobArn, RUN_WORK } from '#services/s3control/jobs/jobs.ts';
import { AGAIN_JOB, runJob, wakeAgain } from '#services/s3control/jobs/run.ts';
import { openJobs, operationName } from '#services/s3control/jobs/state.ts';
import { deleteJobTagging, getJobTagging, putJobTagging } from '#services/s3control/jobs/tags.ts';
import type { S3ControlParts } from '#services/s3control/parts.ts';

type Owner = (input: { readonly AccountId?: string }, caller: AccountId | undefined) => { account: AccountId };

interface OnJob {
  readonly JobId: string;
  readonly Priority?: number;
}

function jobConditions({ JobId, Priority }: OnJob, scope: CallScope): ConditionValues {
  const job = scope.read((tx) => findJob(tx, JobId));
  return {
    's3:resourceaccount': scope.account,
    ...(Priority !== undefined && { 's3:requestjobpriority': String(Priority) }),
    ...(job && { 's3:existingjoboperation': operationName(job), 's3:existingjobpriority': String(job.priority) }),
    ...(job?.status === 'Suspended' && { 's3:jobsuspendedcause': SUSPENDED_CAUSE }),
  };
}

/** `own`: whose calls they are, as all of S3 Control's. */
export const jobOperations = (parts: S3ControlParts, owner: Owner) => {
  const onJob = {
    owner,
    resource: ({ JobId }: OnJob, { account, region }: CallScope) => jobArn(account, region, JobId),
    conditions: jobConditions,
  } as const;
  return {
    CreateJob: {
      handler: createJob,
      owner,
      resource: () => '*',
      action: ({ Tags = [] }: CreateJobRequest) => ['s3:CreateJob', ...(Tags.length > 0 ? ['s3:PutJobTagging'] : [])],
      further: ({ RoleArn }: CreateJobRequest) => [passRole(RoleArn, 'batchoperations.s3.amazonaws.com')],
      conditions: ({ Operation, Priority }: CreateJobRequest, scope: CallScope) => ({
        's3:resourceaccount': scope.account,
        's3:requestjoboperation': Object.keys(Operation)[0],
        's3:requestjobpriority': String(Priority),
      }),
    },
    DescribeJob: { handler: describeJob, ...onJob },
    ListJobs: { handler: listJobs(parts), owner, resource: () => '*' },
    UpdateJobPriority: { handler: updateJobPriority, ...onJob },
    UpdateJobStatus: { handler: updateJobStatus, ...onJob },
    GetJobTagging: { handler: getJobTagging, ...onJob },
    PutJobTagging: { handler: putJobTagging, ...onJob },
    DeleteJobTagging: { handler: deleteJobTagging, ...onJob },
  } as const;
};

export const jobWork = (parts: S3ControlParts) => ({ [RUN_WORK]: runJob(parts) });
export const jobTimers = { [AGAIN_JOB]: wakeAgain, [FORGET_JOB]: forgetJob };

const idOf = (arn: string): string => arn.slice(arn.lastIndexOf('/') + 1);

/** Those that have not ended: what is over goes by itself. */
export const jobKind: Kind = {
  name: 'job',
  list: (tx, after, limit) =>
    tx
      .range(openJobs, { ...(after !== undefined && { after: openJobs.key(idOf(after)) }), limit })
      // Jobs lie in partitions of accounts.
      .map(({ key }) =>
        jobArn(tx.partition.name.account as AccountId, tx.partition.name.region, openJobs.parts(key)[0]),
      ),
  exists: (tx, arn) => findJob(tx, idOf(arn)) !== undefined,
  remove: {
    operation: 'UpdateJobStatus',
    input: (arn) => ({
      AccountId: arn.split(':')[4],
      JobId: idOf(arn),
      RequestedJobStatus: 'Cancelled',
    }),
  },
  holdsData: false,
};
