/**
 * What Batch Operations keeps, in the partition of the job's region. A manifest of any kind becomes rows of tasks while a job is
 * prepared, so what is done later depends on nothing that may change; the row of a job says how many of them are done. What lies in
 * tasks and results are users' keys: sealed.
 */
import type {
  JobFailure,
  JobManifest,
  JobManifestGenerator,
  JobOperation,
  JobReport,
  JobStatus,
  S3GeneratedManifestDescriptor,
} from '#platform/model/generated/s3control.ts';
import { jsonRows, table, text, u64 } from '#platform/store/keys.ts';

/** Milliseconds since 1970. */
type Time = number;

export interface JobRow {
  readonly id: string;
  readonly createdAt: Time;
  readonly status: JobStatus;
  readonly operation: JobOperation;
  readonly manifest?: JobManifest;
  readonly generator?: JobManifestGenerator;
  readonly generated?: S3GeneratedManifestDescriptor;
  readonly report: JobReport;
  readonly description?: string;
  readonly priority: number;
  readonly roleArn: string;
  readonly needsConfirmation: boolean;
  readonly suspendedAt?: Time;
  /** As the last change of status gave it. */
  readonly reason?: string;
  readonly failures?: readonly JobFailure[];
  readonly terminatedAt?: Time;
  /** Undefined until it is prepared. */
  readonly total?: number;
  /** Chunks of tasks that are done. */
  readonly doneChunks: number;
  readonly succeeded: number;
  readonly failed: number;
  /** While it is Active: since when. */
  readonly activeSince?: Time;
  readonly activeMilliseconds: number;
}

export interface Task {
  readonly bucket: string;
  readonly key: string;
  readonly versionId?: string;
}

export interface TaskResult extends Task {
  /** Empty: it succeeded. */
  readonly code: string;
  readonly status: number;
  readonly message: string;
}

/** By id, which begins with the time of its making. */
export const jobs = table('job', [text], jsonRows<JobRow>(1));
/** Job's id, number of the chunk. */
export const taskChunks = table('job-tasks', [text, u64], jsonRows<{ readonly tasks: readonly Task[] }>(1), {
  isSealed: true,
});
/** Job's id, number of the chunk: what its report is to have. */
export const resultChunks = table(
  'job-results',
  [text, u64],
  jsonRows<{ readonly results: readonly TaskResult[] }>(1),
  {
    isSealed: true,
  },
);

/** Job's id, of those that have not ended. */
export const openJobs = table('job-open', [text], jsonRows<Record<string, never>>(1));

export const TASKS_IN_CHUNK = 100;

const ENDED: ReadonlySet<JobStatus> = new Set(['Complete', 'Cancelled', 'Failed']);
export const hasEnded = ({ status }: Pick<JobRow, 'status'>): boolean => ENDED.has(status);

/** The only member that is there: checked when the job was made. */
export const operationName = ({ operation }: Pick<JobRow, 'operation'>): keyof JobOperation =>
  Object.keys(operation)[0] as keyof JobOperation;
