/** What CloudTrail is told of jobs beside the calls of people ("Tracking an S3 Batch Operations job … through AWS CloudTrail"). */

import { writeAuditedEvent } from '#platform/audit/record.ts';
import { randomBytes } from '#platform/base/ids.ts';
import type { Transaction } from '#platform/store/store.ts';
import type { JobRow } from '#services/s3control/jobs/state.ts';

const ITSELF = 's3.amazonaws.com';

export function recordJobEvent(
  tx: Transaction,
  eventName: 'JobCreated' | 'JobStatusChanged',
  job: JobRow,
  jobArn: string,
  now: number,
): void {
  // Jobs are in accounts' partitions.
  const { account, region } = tx.partition.name;
  writeAuditedEvent(tx, now, {
    userIdentity: { accountId: account, invokedBy: ITSELF },
    eventSource: ITSELF,
    eventName,
    awsRegion: region,
    sourceIPAddress: ITSELF,
    userAgent: ITSELF,
    requestParameters: null,
    responseElements: null,
    readOnly: false,
    eventType: 'AwsServiceEvent',
    managementEvent: true,
    recipientAccountId: account,
    serviceEventDetails: {
      jobId: job.id,
      jobArn,
      status: job.status,
      jobEventId: randomBytes(16).toString('hex'),
      failureCodes: (job.failures ?? []).map(({ FailureCode }) => FailureCode),
      statusChangeReason: job.reason === undefined ? [] : [job.reason],
    },
    eventCategory: 'Management',
  });
}
