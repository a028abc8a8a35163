/** "Internal operations that AWS KMS calls for you" (Developer Guide, "Logging AWS KMS API calls with AWS CloudTrail"), in the audit. */
import { type AuditedEvent, writeAuditedEvent } from '#platform/audit/record.ts';
import { newRequestId } from '#platform/base/ids.ts';
import type { Transaction } from '#platform/store/store.ts';
import type { OpenKey } from '#services/kms/keys/open-key.ts';

const ITSELF = 'AWS Internal';

/** What nobody asked for at the time: a service's own key, a rotation, a deletion that fell due, material that expired. */
export function recordServiceEvent(
  tx: Transaction,
  { row, arn }: Pick<OpenKey, 'row' | 'arn'>,
  eventName: 'CreateKey' | 'RotateKey' | 'DeleteKey' | 'DeleteExpiredKeyMaterial',
  now: number,
  details: Readonly<Record<string, string>> = {},
): void {
  writeAuditedEvent(tx, now, {
    ...ofItself(tx, arn),
    eventName,
    responseElements: null,
    eventType: 'AwsServiceEvent',
    serviceEventDetails: { ...details, keyId: row.id },
  });
}

/** What a primary key and its replicas share was brought from one region to others, which are not named. AWS records it as a call. */
export function recordSynchronization(tx: Transaction, { arn }: Pick<OpenKey, 'arn'>, now: number): void {
  writeAuditedEvent(tx, now, {
    ...ofItself(tx, arn),
    eventName: 'SynchronizeMultiRegionKey',
    responseElements: { keyId: arn },
    requestID: newRequestId(),
    eventType: 'AwsApiCall',
  });
}

function ofItself(tx: Transaction, arn: string) {
  // Keys are in accounts' partitions.
  const { account, region } = tx.partition.name;
  return {
    userIdentity: { accountId: account, invokedBy: ITSELF },
    eventSource: 'kms.amazonaws.com',
    awsRegion: region,
    sourceIPAddress: ITSELF,
    userAgent: ITSELF,
    requestParameters: null,
    readOnly: false,
    resources: [{ accountId: account, type: 'AWS::KMS::Key', ARN: arn }],
    managementEvent: true,
    recipientAccountId: account,
    eventCategory: 'Management',
  } satisfies Partial<AuditedEvent>;
}
