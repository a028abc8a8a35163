/** S3 Batch Operations in the event history: what CloudTrail is told of a job beside the calls of people. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CloudTrailClient, LookupEventsCommand } from '@aws-sdk/client-cloudtrail';
import { UpdateJobStatusCommand } from '@aws-sdk/client-s3-control';
import { startJobs } from '#test/sdk/jobs.ts';
import { SOURCE } from '#test/sdk/replication.ts';

test('each status of a job is an event of the service', async (t) => {
  const { c, control, AccountId, create, ends, manifest, put } = await startJobs(t);
  await put('a');
  const JobId = await create({ Manifest: await manifest(`${SOURCE},a\n`), ConfirmationRequired: true });
  await ends(JobId, 'Suspended');
  const cancel = { AccountId, JobId, RequestedJobStatus: 'Cancelled', StatusUpdateReason: 'not needed' } as const;
  await control.send(new UpdateJobStatusCommand(cancel));
  await ends(JobId, 'Cancelled');
  c.advance(1000);
  const told = async (AttributeValue: string) => {
    const LookupAttributes = [{ AttributeKey: 'EventName' as const, AttributeValue }];
    const { Events = [] } = await c.client(CloudTrailClient).send(new LookupEventsCommand({ LookupAttributes }));
    return Events.map(({ CloudTrailEvent = '' }) => JSON.parse(CloudTrailEvent)).reverse();
  };
  const [created] = await told('JobCreated');
  assert.deepEqual([created.eventType, created.eventSource], ['AwsServiceEvent', 's3.amazonaws.com']);
  const { jobEventId, ...details } = created.serviceEventDetails;
  assert.match(jobEventId, /^[0-9a-f]{32}$/);
  const jobArn = `arn:aws:s3:us-east-1:${AccountId}:job/${JobId}`;
  assert.deepEqual(details, { jobId: JobId, jobArn, status: 'New', failureCodes: [], statusChangeReason: [] });
  const changes = (await told('JobStatusChanged')).map(({ serviceEventDetails }) => serviceEventDetails);
  assert.deepEqual(
    changes.map(({ status }) => status),
    ['Preparing', 'Suspended', 'Cancelling', 'Cancelled'],
  );
  assert.deepEqual(changes.at(-1)?.statusChangeReason, ['not needed']);
});
