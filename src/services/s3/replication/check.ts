/** What S3 takes as a replication configuration ("Replication configuration", PutBucketReplication). Texts: README. */
import { parseArn } from '#platform/base/arn.ts';
import type { ReplicationConfiguration, ReplicationRule } from '#platform/model/generated/s3.ts';
import { fail, invalidArgument } from '#services/s3/errors.ts';
import { destinationOf, isVersion1, selectionOf } from '#services/s3/replication/rules.ts';

const MOST_RULES = 1000;
const LONGEST_ID = 255;
/** "The value must be 15." */
const MINUTES = 15;
const ROLE = /^arn:aws[a-z-]*:iam::\d{12}:role\/.+$/;
const BUCKET = /^arn:aws[a-z-]*:s3:::[^/:]+$/;
const OLD_SCHEMA = 'cannot be used for this version of the Cross Region Replication configuration schema.';
const NEW_SCHEMA =
  'must be specified for this version of Cross Region Replication configuration schema. Please refer to S3 Developer Guide for more information.';

const invalid = (message: string): never => fail('InvalidRequest', { message });
const malformed = (): never => fail('MalformedXML');

/** All that can be said without looking at the destinations. */
export function checkConfiguration({ Role: role, Rules: rules }: ReplicationConfiguration, source: string): void {
  if (!ROLE.test(role)) invalidArgument('Role', role, 'Invalid Role ARN');
  if (rules.length === 0) malformed();
  if (rules.length > MOST_RULES) invalid(`The number of rules must not exceed the allowed limit of ${MOST_RULES}`);
  checkIds(rules);
  for (const rule of rules) checkRule(rule, source);
  checkTogether(rules);
}

function checkIds(rules: readonly ReplicationRule[]): void {
  const ids = rules.flatMap(({ ID }) => ID ?? []);
  const long = ids.find((id) => id.length > LONGEST_ID);
  if (long !== undefined) invalidArgument('ID', long, `ID length should not exceed allowed limit of ${LONGEST_ID}`);
  if (new Set(ids).size < ids.length)
    fail('InvalidArgument', { message: 'Rule ID must be unique. Found same ID for more than one rule' });
}

function checkRule(rule: ReplicationRule, source: string): void {
  if (rule.Filter !== undefined && rule.Prefix !== undefined) malformed();
  if (isVersion1(rule)) checkOldForm(rule);
  else checkNewForm(rule);
  checkDestination(rule, source);
  const { SseKmsEncryptedObjects: kms } = rule.SourceSelectionCriteria ?? {};
  const key = rule.Destination.EncryptionConfiguration?.ReplicaKmsKeyID;
  if (kms?.Status === 'Enabled' && key === undefined)
    invalid('EncryptionConfiguration must be specified if SseKmsEncryptedObjects tag is enabled');
  if (kms?.Status !== 'Enabled' && key !== undefined)
    invalid('SseKmsEncryptedObjects must be specified if EncryptionConfiguration is present');
  if (key !== undefined && parseArn(key)?.service !== 'kms')
    invalidArgument('ReplicaKmsKeyID', key, 'Invalid ReplicaKmsKeyID ARN.');
}

function checkOldForm(rule: ReplicationRule): void {
  if (rule.DeleteMarkerReplication !== undefined) invalid(`DeleteMarkerReplication ${OLD_SCHEMA}`);
  if (rule.Destination.ReplicationTime !== undefined) invalid(`ReplicationTime ${OLD_SCHEMA}`);
  if (rule.Destination.Metrics !== undefined) invalid(`Metrics ${OLD_SCHEMA}`);
  if (rule.ExistingObjectReplication !== undefined) invalid(`ExistingObjectReplication ${OLD_SCHEMA}`);
}

function checkNewForm(rule: ReplicationRule): void {
  const { Filter: filter, Priority, DeleteMarkerReplication: markers } = rule;
  if (Priority === undefined) invalid(`Priority ${NEW_SCHEMA}`);
  if (Priority !== undefined && Priority < 0)
    invalidArgument('Priority', String(Priority), 'Priority must not be negative');
  if (markers?.Status === undefined) invalid(`DeleteMarkerReplication ${NEW_SCHEMA}`);
  if (filter !== undefined) {
    if ([filter.Prefix, filter.Tag, filter.And].filter((each) => each !== undefined).length > 1) malformed();
    const parts = (filter.And?.Prefix === undefined ? 0 : 1) + (filter.And?.Tags?.length ?? 0);
    if (filter.And !== undefined && parts < 2) malformed();
  }
  const { tags } = selectionOf(rule);
  if (new Set(tags.map(({ Key }) => Key)).size < tags.length) invalid('Duplicate Tag Keys are not allowed.');
  if (tags.length > 0 && markers?.Status === 'Enabled')
    invalid(
      'Delete marker replication is not supported if any Tag filter is specified. Please refer to S3 Developer Guide for more information.',
    );
}

function checkDestination(rule: ReplicationRule, source: string): void {
  const { Bucket, Account, AccessControlTranslation, ReplicationTime, Metrics } = rule.Destination;
  if (!BUCKET.test(Bucket)) invalidArgument('Bucket', Bucket, 'Invalid bucket ARN');
  if (destinationOf(rule) === source) invalid('Destination bucket cannot be the same as the source bucket.');
  if (AccessControlTranslation !== undefined && Account === undefined)
    invalid('Account must be specified if AccessControlTranslation is present');
  if (ReplicationTime?.Status === 'Enabled') {
    if (ReplicationTime.Time.Minutes !== MINUTES)
      invalidArgument('Minutes', String(ReplicationTime.Time.Minutes), `ReplicationTime minutes must be ${MINUTES}`);
    if (Metrics?.Status !== 'Enabled') invalid('Metrics must be enabled if ReplicationTime is enabled');
  }
  const threshold = Metrics?.EventThreshold?.Minutes;
  if (threshold !== undefined && threshold !== MINUTES)
    invalidArgument('EventThreshold', String(threshold), `EventThreshold minutes must be ${MINUTES}`);
}

function checkTogether(rules: readonly ReplicationRule[]): void {
  const old = rules.filter(isVersion1);
  if (old.length > 0 && old.length < rules.length) invalid('All rules must be of the same schema version.');
  const priorities = rules.flatMap(({ Priority }) => Priority ?? []);
  if (new Set(priorities).size < priorities.length) invalid('Found duplicate priority values across rules');
  const prefixes = old.map((rule) => selectionOf(rule).prefix).sort();
  // In this order a prefix stands right before one that it begins.
  const overlaps = prefixes.some((prefix, index) => index > 0 && prefix.startsWith(prefixes[index - 1] ?? ''));
  if (overlaps) invalid('Found overlapping prefixes in rules');
}
