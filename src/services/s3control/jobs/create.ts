/** CreateJob: the job is checked and kept; what its manifest says is read when it is prepared. */
import { timedId } from '#platform/base/ids.ts';
import type { CreateJobRequest, CreateJobResult } from '#platform/model/generated/s3control.ts';
import type { Call } from '#platform/service.ts';
import { setTags } from '#platform/tags.ts';
import { fail } from '#services/s3control/errors.ts';
import { checkJob } from '#services/s3control/jobs/check.ts';
import { recordJobEvent } from '#services/s3control/jobs/events.ts';
import { changeStatus, jobArn, unfinished, wake } from '#services/s3control/jobs/jobs.ts';
import { tagsOfSet } from '#services/s3control/jobs/tags.ts';

/** A bound of ours on what one account and region may have waiting. */
const MOST_UNFINISHED = 1000;

export function createJob(input: CreateJobRequest, call: Call): CreateJobResult {
  checkJob(input);
  const tags = tagsOfSet(input.Tags ?? []);
  if (unfinished(call.tx).length >= MOST_UNFINISHED) fail('TooManyRequestsException');
  const id = timedId(call.now);
  const { Operation, Manifest, ManifestGenerator, Report, Description, Priority, RoleArn } = input;
  const arn = jobArn(call.account, call.region, id);
  const job = changeStatus(
    call.tx,
    {
      id,
      createdAt: call.now,
      status: 'New',
      operation: Operation,
      ...(Manifest && { manifest: Manifest }),
      ...(ManifestGenerator && { generator: ManifestGenerator }),
      report: Report,
      ...(Description !== undefined && { description: Description }),
      priority: Priority,
      roleArn: RoleArn,
      // The CLI's examples: without `--no-confirmation-required` a job waits for it.
      needsConfirmation: input.ConfirmationRequired ?? true,
      doneChunks: 0,
      succeeded: 0,
      failed: 0,
      activeMilliseconds: 0,
    },
    {},
    call.now,
  );
  recordJobEvent(call.tx, 'JobCreated', job, arn, call.now);
  setTags(call.tx, arn, tags);
  wake(call.tx, id, call.now);
  return { JobId: id };
}
