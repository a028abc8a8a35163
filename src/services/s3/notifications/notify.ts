/**
 * Tells a bucket's queues what happened: in the transaction that it happens in, by the outbox, so exactly what is durable is told,
 * at least once. Source of the record: S3 User Guide, "Event message structure", version 2.5.
 */
import { parseArn } from '#platform/base/arn.ts';
import { send } from '#platform/jobs/outbox.ts';
import type { Principal } from '#platform/principal.ts';
import type { Call } from '#platform/service.ts';
import type { Transaction } from '#platform/store/store.ts';
import type { OpenBucket } from '#services/s3/buckets/open-bucket.ts';
import { bucketArn, canonicalUser } from '#services/s3/names.ts';
import { type EventName, matches, type NotificationRule } from '#services/s3/notifications/rules.ts';
import type { VersionRow } from '#services/s3/state.ts';

export interface ObjectEvent {
  readonly name: EventName;
  readonly key: string;
  readonly row: Pick<VersionRow, 'bytes' | 'etag' | 'versionId' | 'sequence' | 'isDeleteMarker'>;
  /** What events of replication tell beside the object. */
  readonly replication?: object;
}

type Cause = Pick<Call, 'account' | 'region' | 'clock' | 'principal' | 'sourceAddress' | 'requestId'>;

export function notify(tx: Transaction, bucket: OpenBucket, event: ObjectEvent, cause: Cause): void {
  for (const rule of bucket.notifications ?? []) {
    if (!matches(rule, event.name, event.key)) continue;
    const body = { Records: [recordOf(bucket, rule, event, cause)] };
    send(tx, cause.clock.now(), messageTo(bucket, rule.queue, body));
  }
}

export function messageTo(bucket: OpenBucket, queue: string, body: object) {
  const { region, account, resource } = parseArn(queue) ?? { region: '', account: '', resource: '' };
  return {
    service: 'sqs',
    operation: 'SendMessage',
    input: {
      QueueUrl: `https://sqs.${region}.amazonaws.com/${account}/${resource}`,
      MessageBody: JSON.stringify(body),
    },
    // Checked when the rule was put: the bucket's own.
    region: region as Call['region'],
    sourceArn: bucketArn(bucket.name),
    target: `${bucket.id} ${queue}`,
  };
}

function recordOf(
  bucket: OpenBucket,
  rule: NotificationRule,
  { name, key, row, replication }: ObjectEvent,
  cause: Cause,
) {
  const isThere = row.isDeleteMarker === undefined && !name.startsWith('ObjectRemoved');
  return {
    eventVersion: '2.5',
    eventSource: 'aws:s3',
    awsRegion: cause.region,
    eventTime: new Date(cause.clock.now()).toISOString(),
    eventName: name,
    userIdentity: { principalId: principalId(cause.principal) },
    requestParameters: { sourceIPAddress: cause.sourceAddress },
    responseElements: {
      'x-amz-request-id': cause.requestId,
      'x-amz-id-2': Buffer.from(cause.requestId).toString('base64'),
    },
    s3: {
      s3SchemaVersion: '1.0',
      configurationId: rule.id,
      bucket: {
        name: bucket.name,
        ownerIdentity: { principalId: customerId(cause.account) },
        arn: bucketArn(bucket.name),
      },
      object: {
        key: encodedKey(key),
        ...(isThere && { size: row.bytes }),
        ...((isThere || name.endsWith('DeleteMarkerCreated')) && { eTag: row.etag || EMPTY_ETAG }),
        ...(row.versionId !== undefined && { versionId: row.versionId }),
        sequencer: row.sequence.toString(16).toUpperCase().padStart(18, '0'),
      },
    },
    ...(replication && { replicationEventData: replication }),
  };
}

/** Of no bytes: what a delete marker is said to have. */
const EMPTY_ETAG = 'd41d8cd98f00b204e9800998ecf8427e';

/** "The object key name value is URL encoded. For example, "red flower.jpg" becomes "red+flower.jpg"." */
const encodedKey = (key: string): string => encodeURIComponent(key).replaceAll('%20', '+').replaceAll('%2F', '/');

const customerId = (account: Call['account']): string => `A${canonicalUser(account).slice(0, 13).toUpperCase()}`;

function principalId(principal: Principal): string {
  if (principal.kind === 'anonymous') return 'Anonymous';
  if (principal.kind === 'service') return principal.service;
  return `AWS:${principal.userId}`;
}
