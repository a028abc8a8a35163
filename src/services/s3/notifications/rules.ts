/**
 * Which event goes to which queue. Pure: the rules of a bucket, as they are checked when they are put and matched when something
 * happens. Source: S3 User Guide, "Event notification types and destinations" and "Configuring event notifications using object key
 * name filtering".
 */
import type { Event, NotificationConfiguration, QueueConfiguration } from '#platform/model/generated/s3.ts';
import { fail, invalidArgument } from '#services/s3/errors.ts';

export interface NotificationRule {
  readonly id: string;
  /** ARN. */
  readonly queue: string;
  readonly events: readonly Event[];
  readonly prefix: string;
  readonly suffix: string;
}

/** What happened, without the `s3:` before it. */
export type EventName =
  | 'ObjectCreated:Put'
  | 'ObjectCreated:Post'
  | 'ObjectCreated:Copy'
  | 'ObjectCreated:CompleteMultipartUpload'
  | 'ObjectRemoved:Delete'
  | 'ObjectRemoved:DeleteMarkerCreated'
  | 'ObjectRestore:Post'
  | 'ObjectRestore:Completed'
  | 'ObjectRestore:Delete'
  | 'ObjectTagging:Put'
  | 'ObjectTagging:Delete'
  | 'ObjectAcl:Put'
  | 'ObjectAnnotation:Put'
  | 'ObjectAnnotation:Delete'
  | 'LifecycleExpiration:Delete'
  | 'LifecycleExpiration:DeleteMarkerCreated'
  | 'LifecycleTransition'
  | 'IntelligentTiering'
  | 'Replication:OperationFailedReplication'
  | 'Replication:OperationMissedThreshold'
  | 'Replication:OperationReplicatedAfterThreshold';

const MOST_RULES = 100;
const LONGEST_ID = 255;
const LONGEST_FILTER_BYTES = 1024;

/** Whether `wanted` (`s3:ObjectCreated:*`) takes in `event`. */
const covers = (wanted: string, event: string): boolean =>
  wanted.endsWith('*') ? event.startsWith(wanted.slice(0, -1)) : wanted === event;

export const matches = ({ events, prefix, suffix }: NotificationRule, event: EventName, key: string): boolean =>
  key.startsWith(prefix) && key.endsWith(suffix) && events.some((wanted) => covers(wanted, `s3:${event}`));

/** Checked, but for the queues themselves. `newId` names those that have no id. */
export function rulesOf(configuration: NotificationConfiguration, newId: () => string): readonly NotificationRule[] {
  refuseOtherTargets(configuration);
  const given = configuration.QueueConfigurations ?? [];
  if (given.length > MOST_RULES) fail('InvalidRequest', { message: 'Too many notification configurations.' });
  const rules = given.map((each) => ruleOf(each, newId));
  if (new Set(rules.map(({ id }) => id)).size < rules.length) {
    fail('InvalidArgument', { message: 'Same ID used for multiple configurations. IDs must be unique' });
  }
  for (const [index, rule] of rules.entries()) {
    for (const other of rules.slice(0, index)) refuseOverlap(rule, other);
  }
  return rules;
}

/** What this cloud has no service for. */
function refuseOtherTargets(configuration: NotificationConfiguration): void {
  const { TopicConfigurations: topics = [], LambdaFunctionConfigurations: functions = [] } = configuration;
  const missing =
    (topics.length > 0 && 'SNS topics') ||
    (functions.length > 0 && 'Lambda functions') ||
    (configuration.EventBridgeConfiguration !== undefined && 'EventBridge');
  if (missing) {
    fail('NotImplemented', { message: `This cloud has no ${missing} yet: notifications go to SQS queues.` });
  }
}

function ruleOf({ Id, QueueArn: queue, Events: events, Filter }: QueueConfiguration, newId: () => string) {
  if (events.length === 0) fail('MalformedXML');
  if (Id !== undefined && Id.length > LONGEST_ID) {
    invalidArgument('Id', Id, 'The ID is too long');
  }
  const filter = { prefix: undefined as string | undefined, suffix: undefined as string | undefined };
  for (const { Name, Value = '' } of Filter?.Key?.FilterRules ?? []) {
    const name = filterName(Name ?? fail('MalformedXML'));
    if (filter[name] !== undefined) {
      invalidArgument('FilterRule.Name', Name, `Cannot specify more than one ${name} rule in a filter.`);
    }
    if (Buffer.byteLength(Value) > LONGEST_FILTER_BYTES) {
      invalidArgument(
        'FilterRule.Value',
        Value,
        'Size of filter rule value cannot exceed 1024 bytes in UTF-8 representation',
      );
    }
    filter[name] = Value;
  }
  return { id: Id || newId(), queue, events, prefix: filter.prefix ?? '', suffix: filter.suffix ?? '' };
}

function filterName(text: string): 'prefix' | 'suffix' {
  const name = text.toLowerCase();
  if (name === 'prefix' || name === 'suffix') return name;
  return invalidArgument('FilterRule.Name', text, 'filter rule name must be either prefix or suffix');
}

/** One event may go to one target alone: whose prefixes and suffixes overlap for the same event is refused. */
function refuseOverlap(one: NotificationRule, other: NotificationRule): void {
  const sharesEvent = one.events.some((event) => other.events.some((its) => covers(event, its) || covers(its, event)));
  if (!sharesEvent) return;
  const samePrefix = one.prefix.startsWith(other.prefix) || other.prefix.startsWith(one.prefix);
  const sameSuffix = one.suffix.endsWith(other.suffix) || other.suffix.endsWith(one.suffix);
  if (!samePrefix || !sameSuffix) return;
  const isPlain = [one, other].every(({ prefix, suffix }) => prefix === '' && suffix === '');
  fail('InvalidArgument', {
    message: isPlain
      ? 'Configurations overlap. Configurations on the same bucket cannot share a common event type.'
      : 'Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if the prefixes are overlapping for the same event type.',
  });
}

export const configurationOf = (rules: readonly NotificationRule[]): NotificationConfiguration => ({
  ...(rules.length > 0 && { QueueConfigurations: rules.map(queueConfiguration) }),
});

function queueConfiguration({ id, queue, events, prefix, suffix }: NotificationRule): QueueConfiguration {
  const filters = [
    ...(prefix === '' ? [] : [{ Name: 'prefix' as const, Value: prefix }]),
    ...(suffix === '' ? [] : [{ Name: 'suffix' as const, Value: suffix }]),
  ];
  return {
    Id: id,
    QueueArn: queue,
    Events: events,
    ...(filters.length > 0 && { Filter: { Key: { FilterRules: filters } } }),
  };
}
