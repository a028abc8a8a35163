/** "Internal operations that AWS KMS calls for you" (Developer Guide, "Logging AWS KMS API calls with AWS CloudTrail"), in the audit. */
import { writeAuditedEvent } from '#platform/audit/record.ts';
import type { Transaction } from '#platform/store/store.ts';
import type { OpenKey } from '#services/kms/keys/open-key.ts';

const ITSELF = 'AWS Internal';

/** What nobody asked for at the time: a rotation, a deletion that fell due, material that expired. */
export function recordServiceEvent(
  tx: Transaction,
  { row, arn }: Pick<OpenKey, 'row' | 'arn'>,
  eventName: 'RotateKey' | 'DeleteKey' | 'DeleteExpiredKeyMaterial',
  now: number,
  details: Readonly<Record<string, string>> = {},
): void {
  // Keys are in accounts' partitions.
  const { account, region } = tx.partition.name;
  writeAuditedEvent(tx, now, {
    userIdentity: { accountId: account, invokedBy: ITSELF },
    eventSource: 'kms.amazonaws.com',
    eventName,
    awsRegion: region,
    sourceIPAddress: ITSELF,
    userAgent: ITSELF,
    requestParameters: null,
    responseElements: null,
    readOnly: false,
    resources: [{ accountId: account, type: 'AWS::KMS::Key', ARN: arn }],
    eventType: 'AwsServiceEvent',
    managementEvent: true,
    recipientAccountId: account,
    serviceEventDetails: { ...details, keyId: row.id },
    eventCategory: 'Management',
  });
}
