/** An event as LookupEvents shows it, and the attributes that it is found by. */
import type { AuditRecord } from '#platform/audit/record.ts';
import type { Event, Resource } from '#platform/model/generated/cloudtrail.ts';

export type Attribute =
  | 'AccessKeyId'
  | 'EventName'
  | 'EventSource'
  | 'ReadOnly'
  | 'ResourceName'
  | 'ResourceType'
  | 'Username';

/** What a record of either category has of these. */
export type AnyRecord = Pick<AuditRecord, 'eventID' | 'eventTime'> &
  Partial<Omit<AuditRecord, 'eventType' | 'eventCategory' | 'eventVersion'>> & {
    readonly insightDetails?: { readonly eventName: string; readonly eventSource: string };
  };

/** Each attribute's values; one of many resources has many. Long values are found by their first 2,000 characters. */
export function attributesOf(record: AnyRecord): [Attribute, string][] {
  const { eventName, eventSource } = subjectOf(record);
  const found: [Attribute, string | undefined][] = [
    ['EventName', eventName],
    ['EventSource', eventSource],
    ['ReadOnly', record.readOnly === undefined ? undefined : String(record.readOnly)],
    ['AccessKeyId', textOf(record.userIdentity?.['accessKeyId'])],
    ['Username', userOf(record)],
    ...(record.resources ?? []).flatMap(({ ARN, type }): [Attribute, string | undefined][] => [
      ['ResourceName', ARN],
      ['ResourceName', nameOfArn(ARN)],
      ['ResourceType', type],
    ]),
  ];
  return found.flatMap(([attribute, value]) => (value ? [[attribute, value.slice(0, 2000)]] : []));
}

/** What the event is about: of an insight the API whose rate is unusual. */
const subjectOf = ({ insightDetails, eventName, eventSource }: AnyRecord) =>
  insightDetails ?? { eventName, eventSource };

/** The name of the user; of a role's session the session's; `root`. */
function userOf({ userIdentity: who }: AnyRecord): string | undefined {
  if (who === undefined) return undefined;
  if (who['type'] === 'Root') return 'root';
  const name = textOf(who['userName']);
  if (name !== undefined) return name;
  const id = textOf(who['principalId']);
  return who['type'] === 'AssumedRole' || who['type'] === 'FederatedUser' ? id?.slice(id.indexOf(':') + 1) : undefined;
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

const nameOfArn = (arn: string): string => arn.split(':').slice(5).join(':').replace(/^.*\//, '') || arn;

export function eventView(text: string, record: AnyRecord): Event {
  const username = userOf(record);
  const { eventName, eventSource } = subjectOf(record);
  const accessKeyId = textOf(record.userIdentity?.['accessKeyId']);
  return {
    EventId: record.eventID,
    ...(eventName !== undefined && { EventName: eventName }),
    ...(record.readOnly !== undefined && { ReadOnly: String(record.readOnly) }),
    ...(accessKeyId !== undefined && { AccessKeyId: accessKeyId }),
    EventTime: Date.parse(record.eventTime),
    ...(eventSource !== undefined && { EventSource: eventSource }),
    ...(username !== undefined && { Username: username }),
    Resources: (record.resources ?? []).map(
      ({ ARN, type }): Resource => ({
        ...(type !== undefined && { ResourceType: type }),
        ResourceName: nameOfArn(ARN),
      }),
    ),
    CloudTrailEvent: text,
  };
}
