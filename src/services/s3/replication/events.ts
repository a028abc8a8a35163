/**
 * Events of replication, to the bucket's queues. "To receive replication failure event notifications …, you must enable S3 Replication
 * metrics on your replication rule." Source of the record: "Receiving replication failure events with Amazon S3 Event Notifications".
 */
import { uuid } from '#platform/base/ids.ts';
import type { ReplicationRule } from '#platform/model/generated/s3.ts';
import type { JobCall } from '#platform/service.ts';
import type { Transaction } from '#platform/store/store.ts';
import type { OpenBucket } from '#services/s3/buckets/open-bucket.ts';
import { notify } from '#services/s3/notifications/notify.ts';
import type { FailureReason } from '#services/s3/replication/failures.ts';
import { hasTimeControl, isMeasured } from '#services/s3/replication/rules.ts';
import type { VersionRow } from '#services/s3/state.ts';

const SENDER = 's3.amazonaws.com';
const THRESHOLD_MINUTES = '15';

export interface ReplicationSubject {
  readonly bucket: OpenBucket;
  readonly key: string;
  readonly row: VersionRow;
  /** Undefined: it is there no more. */
  readonly rule: ReplicationRule | undefined;
  readonly since: number;
}

type ReplicationEvent =
  | { readonly name: 'OperationFailedReplication'; readonly reason: FailureReason }
  | { readonly name: 'OperationMissedThreshold' | 'OperationReplicatedAfterThreshold' };

export function tellReplication(
  tx: Transaction,
  { bucket, key, row, rule, since }: ReplicationSubject,
  event: ReplicationEvent,
  { account, region, clock }: Pick<JobCall, 'account' | 'region' | 'clock'>,
): void {
  if (rule === undefined || !isMeasured(rule)) return;
  const replication = {
    replicationRuleId: rule.ID ?? '',
    destinationBucket: rule.Destination.Bucket,
    s3Operation: row.isDeleteMarker ? 'OBJECT_DELETE' : 'OBJECT_PUT',
    requestTime: new Date(since).toISOString(),
    ...('reason' in event && { failureReason: event.reason }),
    ...(hasTimeControl(rule) && { threshold: THRESHOLD_MINUTES }),
    ...(event.name === 'OperationReplicatedAfterThreshold' && {
      replicationTime: String(Math.ceil((clock.now() - since) / 60_000)),
    }),
  };
  notify(
    tx,
    bucket,
    { name: `Replication:${event.name}`, key, row, replication },
    {
      account,
      region,
      clock,
      principal: { kind: 'service', service: SENDER },
      sourceAddress: SENDER,
      requestId: uuid(),
    },
  );
}
